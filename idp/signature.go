package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"
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

// signed verifies one token's signature for go-oidc. It keeps what go-oidc flattens to text: the named error, and the
// payload for checks of our own.
type signed struct {
	p       *Provider
	t       *trace
	header  jwsHeader
	payload []byte
	failed  *Error
}

var _ oidc.KeySet = (*signed)(nil)

// VerifySignature implements oidc.KeySet.
func (s *signed) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	if s.payload, s.failed = s.verify(ctx, raw); s.failed != nil {
		return nil, s.failed
	}
	return s.payload, nil
}

// verify tries the keys at hand, and if none fits the keys fetched anew: the provider may have changed them a moment
// ago, under a new kid or under the old one (OpenID Connect Core §10.1.1).
func (s *signed) verify(ctx context.Context, raw string) ([]byte, *Error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.header.alg)})
	if err != nil {
		return nil, &Error{Step: StepIDToken, Check: "format", Kind: KindInvalid, Cause: errors.New("not a compact JWS")}
	}
	var payload []byte
	opens := func(set *keySet) bool {
		var ok bool
		payload, ok = try(jws, set.candidates(s.header))
		return ok
	}
	set, failed := s.p.keys.get(ctx, s.t)
	if failed != nil {
		return nil, failed
	}
	if opens(set) {
		return payload, nil
	}
	if set, failed = s.p.refreshKeys(ctx, s.t, opens); failed != nil {
		return nil, failed
	}
	if opens(set) {
		return payload, nil
	}
	if len(set.candidates(s.header)) == 0 {
		return nil, &Error{Step: StepIDToken, Check: "kid", Kind: KindInvalid,
			Cause: fmt.Errorf("no key of the provider fits kid %q and %s", cut(s.header.kid), s.header.alg)}
	}
	return nil, &Error{Step: StepIDToken, Check: "signature", Kind: KindInvalid, Cause: errors.New("signature is wrong")}
}

// refreshKeys fetches the keys once more, after the metadata, which may name another place for them by now. Both happen
// at most once in refetchGap, whatever tokens arrive (A64). The metadata are no condition: if they do not come soon, the
// known place is asked.
func (p *Provider) refreshKeys(ctx context.Context, t *trace, good func(*keySet) bool) (*keySet, *Error) {
	if p.cfg.discovers() {
		soon, cancel := context.WithTimeout(ctx, p.cfg.Timeout/4)
		defer cancel()
		_, _ = p.metadata.refetch(soon, t, func(*Metadata) bool { return true })
	}
	return p.keys.refetch(ctx, t, good)
}

func try(jws *jose.JSONWebSignature, keys []verificationKey) ([]byte, bool) {
	for _, k := range keys {
		if payload, err := jws.Verify(k.public); err == nil {
			return payload, true
		}
	}
	return nil, false
}
