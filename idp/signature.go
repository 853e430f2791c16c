package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/isthmus-hub/isthmus/idp/signature"
)

func (p *Provider) fetchKeys(ctx context.Context, t *trace) (*keySet, *Error) {
	m, failed := p.discover(ctx, t)
	if failed != nil {
		return nil, failed
	}
	set, _, failed := p.keysAt(ctx, t, m.JWKSURI)
	return set, failed
}

// keysAt fetches and reads a key set; one without a usable key is an error.
func (p *Provider) keysAt(ctx context.Context, t *trace, uri string) (*keySet, *answer, *Error) {
	a, failed := p.document(ctx, t, StepKeys, uri)
	if failed != nil {
		return nil, a, failed
	}
	set, err := parseKeys(a.body)
	if err != nil {
		return nil, a, a.fault(StepKeys, "json", err)
	}
	if len(set.keys) == 0 {
		return nil, a, a.fault(StepKeys, "keys", fmt.Errorf("no usable key: %s", strings.Join(set.dropped, "; ")))
	}
	return set, a, nil
}

// signed verifies one token's signature for go-oidc. It keeps what go-oidc flattens to text: the named error, and
// whether the signature was good.
type signed struct {
	p      *Provider
	t      *trace
	token  *jws
	good   bool
	failed *Error
}

var _ oidc.KeySet = (*signed)(nil)

// VerifySignature implements oidc.KeySet. go-oidc hands over the text that parseJWS took apart.
func (s *signed) VerifySignature(ctx context.Context, _ string) ([]byte, error) {
	if s.failed = s.p.verifySignature(ctx, s.t, StepIDToken, s.token); s.failed != nil {
		return nil, s.failed
	}
	s.good = true
	return s.token.payload, nil
}

// verifySignature tries the keys at hand, and if none fits the keys fetched anew: the provider may have changed them a
// moment ago, under a new kid or under the old one (OpenID Connect Core §10.1.1).
func (p *Provider) verifySignature(ctx context.Context, t *trace, step Step, token *jws) *Error {
	set, failed := p.keys.get(ctx, t)
	if failed != nil {
		return failed
	}
	signedBy := func(set *keySet) bool { return set.verifies(token) }
	if signedBy(set) {
		return nil
	}
	if set, failed = p.refreshKeys(ctx, t, step, signedBy); failed != nil {
		return failed
	}
	if signedBy(set) {
		return nil
	}
	if len(set.candidates(token.jwsHeader)) == 0 {
		return &Error{Step: step, Check: "kid", Kind: KindInvalid,
			Cause: fmt.Errorf("no key of the provider fits kid %q and %s", cut(token.kid), token.alg)}
	}
	return &Error{Step: step, Check: "signature", Kind: KindInvalid, Cause: errors.New("signature is wrong")}
}

// refreshKeys fetches the keys once more, after the metadata, which may name another place for them by now. Both happen
// at most once in refetchGap, whatever tokens arrive (A64). The metadata are no condition: if they do not come soon, the
// known place is asked.
func (p *Provider) refreshKeys(ctx context.Context, t *trace, step Step, good func(*keySet) bool) (*keySet, *Error) {
	by := exchanged
	if step == StepLogoutToken {
		by = delivered
	}
	if p.cfg.discovers() {
		soon, cancel := context.WithTimeout(ctx, p.cfg.Timeout/4)
		defer cancel()
		_, _ = p.metadata.refetch(soon, t, by, func(*Metadata) bool { return true })
	}
	return p.keys.refetch(ctx, t, by, good)
}

// verifies tells whether one of the keys made the signature.
func (s *keySet) verifies(token *jws) bool {
	return slices.ContainsFunc(s.candidates(token.jwsHeader), func(k *verificationKey) bool {
		return signature.Check(k.public, token.alg, token.input, token.signature)
	})
}
