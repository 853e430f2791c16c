package proof

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// AssertionLife is how far ahead the end of a client assertion may lie unless the rules say otherwise (A23).
const AssertionLife = 5 * time.Minute

// AssertionRules say what a client assertion is held against.
type AssertionRules struct {
	ClientID string // the client whose keys they are: iss and sub
	Issuer   string // the pool's issuer: aud

	// Endpoints are URLs of ours that may stand in aud in the issuer's place, or beside it in a list, as OpenID Connect Core §9 lets
	// clients do. Empty, aud is the issuer in one string and nothing else, as FAPI 2.0 Security Profile §5.3.2.1 wants it. An assertion
	// that names anybody else is refused either way: he could use it here.
	Endpoints []string

	Algorithms []token.Algorithm // empty: those of FAPI
	MaxLife    time.Duration     // 0: AssertionLife
	Now        time.Time
}

// AssertionClaims is what a client assertion proves.
type AssertionClaims struct {
	ClientID string
	ID       string    // jti, to be taken once from this client
	Expires  time.Time // from when on Assertion refuses it, so until when ID has to be remembered
}

// maxClientID is the length in bytes that the parameter client_id may have.
const maxClientID = 256

// ClientID returns the iss of a client assertion, of which nothing is proven: it says whose keys to try. The error is invalid_client.
func ClientID(raw string) (string, error) {
	j, err := parse(raw, token.Algorithms(), false)
	if err != nil {
		return "", refuseAssertion(err)
	}
	id, err := j.claims.text("iss")
	if err == nil && len(id) > maxClientID {
		err = fmt.Errorf("iss is longer than %d bytes", maxClientID)
	}
	if err != nil {
		return "", refuseAssertion(err)
	}
	return id, nil
}

// Assertion verifies a client assertion (RFC 7523 §3, OpenID Connect Core §9). Every error is invalid_client; see ErrSignature for one
// that other keys might mend.
func Assertion(raw string, keys *Keys, rules AssertionRules) (*AssertionClaims, error) {
	j, err := parse(raw, rules.Algorithms, false)
	if err != nil {
		return nil, refuseAssertion(err)
	}
	c, err := rules.check(j)
	if err != nil {
		return nil, refuseAssertion(err)
	}
	if err := keys.verify(j); err != nil {
		return nil, refuseAssertion(err)
	}
	return c, nil
}

func (r AssertionRules) check(j *jws) (*AssertionClaims, error) {
	if !j.hasType("", "jwt", "client-authentication+jwt") {
		return nil, errors.New("typ is of another kind of token")
	}
	for _, name := range []string{"iss", "sub"} {
		if err := j.claims.equal(name, r.ClientID); err != nil {
			return nil, err
		}
	}
	if err := r.checkAudience(j.claims); err != nil {
		return nil, err
	}
	t, err := j.claims.times()
	if err != nil {
		return nil, err
	}
	if err := t.current(r.Now, Skew); err != nil {
		return nil, err
	}
	life := r.MaxLife
	if life <= 0 {
		life = AssertionLife
	}
	if t.expires.After(r.Now.Add(life + Skew)) {
		return nil, fmt.Errorf("exp is more than %s ahead", life)
	}
	if !t.issued.IsZero() && t.issued.Before(r.Now.Add(-life-Skew)) {
		return nil, fmt.Errorf("iat is more than %s ago", life)
	}
	id, err := j.claims.id()
	if err != nil {
		return nil, err
	}
	return &AssertionClaims{ClientID: r.ClientID, ID: id, Expires: t.expires.Add(Skew)}, nil
}

func (r AssertionRules) checkAudience(c claims) error {
	audience, single, err := c.audience()
	if err != nil {
		return err
	}
	if !single && len(r.Endpoints) == 0 {
		return errors.New("aud must be one string, the issuer")
	}
	for _, name := range audience {
		if name != r.Issuer && !slices.Contains(r.Endpoints, name) {
			return errors.New("aud must be the issuer")
		}
	}
	return nil
}

func refuseAssertion(reason error) error {
	return refuse(oauth.InvalidClient, "client assertion", reason)
}
