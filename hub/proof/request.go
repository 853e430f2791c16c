package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// RequestLife is how long before now a request object's nbf may lie, and how long after its nbf its exp (FAPI 2.0 Message Signing
// §5.3.1).
const RequestLife = 60 * time.Minute

// RequestRules say what a signed request object is held against.
type RequestRules struct {
	ClientID   string            // the client_id parameter beside the request object, whose client's keys they are
	Issuer     string            // the pool's issuer: in aud
	Algorithms []token.Algorithm // empty: those of FAPI
	FAPI       bool              // nbf is wanted, and RequestLife holds
	Now        time.Time
}

// envelope names the claims about the request object itself, which are no parameters.
var envelope = []string{"iss", "aud", "exp", "nbf", "iat", "jti"}

// RequestObject verifies a signed request object (RFC 9101 §6) and returns the parameters in it for oauth.ParseAuthorization: they, and
// none beside the object, are the request (§6.3). Numbers and booleans come as their JSON text, resource as one value for each member
// of its list (RFC 8707 §2), any other list or object as JSON (OpenID Connect Core §6.1). Every error is invalid_request_object; see
// ErrSignature for one that other keys might mend. exp is demanded even where RFC 9101 is content without.
func RequestObject(raw string, keys *Keys, rules RequestRules) (url.Values, error) {
	j, err := parse(raw, rules.Algorithms, false)
	if err != nil {
		return nil, refuseRequest(err)
	}
	if err := rules.check(j); err != nil {
		return nil, refuseRequest(err)
	}
	v, err := parameters(j.claims)
	if err != nil {
		return nil, refuseRequest(err)
	}
	if err := keys.verify(j); err != nil {
		return nil, refuseRequest(err)
	}
	return v, nil
}

func (r RequestRules) check(j *jws) error {
	if !j.hasType("", "jwt", "oauth-authz-req+jwt") {
		return errors.New("typ is of another kind of token")
	}
	for _, name := range []string{"iss", "client_id"} {
		if err := j.claims.equal(name, r.ClientID); err != nil {
			return err
		}
	}
	// A client assertion has it; a request object that had it could pass for one (RFC 9101 §10.8).
	if _, ok := j.claims["sub"]; ok {
		return errors.New("sub has no place in a request object")
	}
	audience, _, err := j.claims.audience()
	if err != nil {
		return err
	}
	if !slices.Contains(audience, r.Issuer) {
		return errors.New("the issuer is not in aud")
	}
	t, err := j.claims.times()
	if err != nil {
		return err
	}
	if err := t.current(r.Now, Skew); err != nil {
		return err
	}
	if !r.FAPI {
		return nil
	}
	switch {
	case t.notBefore.IsZero():
		return errors.New("nbf is missing")
	case t.notBefore.Before(r.Now.Add(-RequestLife - Skew)):
		return fmt.Errorf("nbf is more than %s ago", RequestLife)
	case t.expires.After(t.notBefore.Add(RequestLife)):
		return fmt.Errorf("exp is more than %s after nbf", RequestLife)
	}
	return nil
}

// parameters turns claims into parameters.
func parameters(c claims) (url.Values, error) {
	v := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if slices.Contains(envelope, name) {
			continue
		}
		if name == "request" || name == "request_uri" { // RFC 9101 §4
			return nil, fmt.Errorf("%s has no place in a request object", name)
		}
		values, err := valuesOf(name, c[name])
		if err != nil {
			return nil, err
		}
		v[name] = values
	}
	return v, nil
}

func valuesOf(name string, member any) ([]string, error) {
	switch member := member.(type) {
	case string:
		return []string{member}, nil
	case json.Number:
		return []string{member.String()}, nil
	case nil:
		return nil, fmt.Errorf("%.64q is null", name)
	case []any:
		if name == "resource" {
			return resources(member)
		}
	}
	text, err := json.Marshal(member)
	if err != nil {
		return nil, err
	}
	return []string{string(text)}, nil
}

func resources(list []any) ([]string, error) {
	values := make([]string, len(list))
	for i := range list {
		var ok bool
		if values[i], ok = list[i].(string); !ok {
			return nil, errors.New("resource is not a list of strings")
		}
	}
	return values, nil
}

func refuseRequest(reason error) error {
	return refuse(oauth.InvalidRequestObject, "request object", reason)
}
