package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// Limits of a client's key set.
const (
	MaxKeys = 20       // keys, usable or not
	MaxJWKS = 64 << 10 // bytes of its JSON
)

// ErrSignature is the cause of a refusal by Assertion or RequestObject when none of the keys at hand made the signature, and nothing
// else was wrong. A caller that fetched the keys may fetch them anew, within its limits, and try once more.
var ErrSignature = errors.New("no key of the client made the signature")

// Keys are the public keys that a client has registered. They are immutable. A nil *Keys has none: it verifies nothing.
type Keys struct{ keys []key }

// ParseKeys reads a client's JWK set (RFC 7517 §5). A key for something else (use, key_ops, a kind or curve that is not supported) is
// left out. Refused, with a plain error that names the key by its place, from 0: what is not strict JSON, more than MaxKeys or MaxJWKS,
// a private or symmetric key, a weak or broken one, the same kid twice, a key without kid among several, and a set of which nothing is
// left.
func ParseKeys(jwks []byte) (*Keys, error) {
	if len(jwks) > MaxJWKS {
		return nil, fmt.Errorf("key set: longer than %d bytes", MaxJWKS)
	}
	var set map[string]any
	if err := strictjson.Decode(jwks, &set); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	list, ok := set["keys"].([]any)
	if !ok {
		return nil, errors.New("key set: no array of keys")
	}
	if len(list) > MaxKeys {
		return nil, fmt.Errorf("key set: more than %d keys", MaxKeys)
	}
	parsed := &Keys{}
	var unsuited []error
	for i, v := range list {
		members, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("key set: key %d: not an object", i)
		}
		k, err := parseKey(members)
		if errors.Is(err, errUnsuited) {
			unsuited = append(unsuited, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		if err == nil && parsed.has(k.id) {
			err = errors.New("another key has its kid, or none as well")
		}
		if err != nil {
			return nil, fmt.Errorf("key set: key %d: %w", i, err)
		}
		parsed.keys = append(parsed.keys, k)
	}
	if len(parsed.keys) == 0 {
		return nil, fmt.Errorf("key set: no key for %v: %w", token.Algorithms(), errors.Join(unsuited...))
	}
	if len(parsed.keys) > 1 && parsed.has("") {
		return nil, errors.New("key set: a key has no kid, which each of several needs")
	}
	return parsed, nil
}

// IDs lists the kid of each key, "" for a single one without.
func (k *Keys) IDs() []string {
	if k == nil {
		return nil
	}
	ids := make([]string, len(k.keys))
	for i := range k.keys {
		ids[i] = k.keys[i].id
	}
	return ids
}

func (k *Keys) has(id string) bool {
	return slices.ContainsFunc(k.keys, func(o key) bool { return o.id == id })
}

// verify checks the signature with the one key that its header means: the one of its kid or, without kid, the only one that suits the
// algorithm. A single key without kid answers to any.
func (k *Keys) verify(j *jws) error {
	var found []key
	if k != nil {
		for _, candidate := range k.keys {
			if candidate.suits(j.algorithm) && (j.keyID == "" || candidate.id == "" || candidate.id == j.keyID) {
				found = append(found, candidate)
			}
		}
	}
	switch {
	case len(found) == 0:
		return fmt.Errorf("%w: none suits %s and kid %.64q", ErrSignature, j.algorithm, j.keyID)
	case len(found) > 1:
		return fmt.Errorf("%w: several suit %s, and the header has no kid", ErrSignature, j.algorithm)
	case !j.verifiedBy(found[0].public):
		return fmt.Errorf("%w: it is not by the key of kid %.64q", ErrSignature, found[0].id)
	}
	return nil
}
