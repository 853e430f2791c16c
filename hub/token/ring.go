package token

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrNoActiveKey means that the ring has no active key of the algorithm asked for.
var ErrNoActiveKey = errors.New("no active signing key")

// Ring is the immutable set of a pool's keys. The zero value has none: it signs nothing, verifies nothing and publishes an empty set.
type Ring struct {
	keys    []*Key // active, next, retired
	active  []*entry
	headers map[string]known // the first segment of a token -> who can have written it
	jwks    []byte
}

// entry is a key with the encoded headers, each with its dot, of the tokens it signs.
type entry struct {
	key  *Key
	sign map[Type]string
}

type known struct {
	key    *Key
	header Header
}

// NewRing makes a ring of keys in any order. At most one key of an algorithm may be active; the first active one in the arguments is the
// default of Sign. Keys with the same id are refused: an RSA key serves RS256 or PS256, not both. So is a state that is none of the three.
func NewRing(keys ...*Key) (*Ring, error) {
	r := &Ring{headers: make(map[string]known)}
	ids := make(map[string]bool)
	for _, k := range keys {
		if ids[k.ID] {
			return nil, fmt.Errorf("key ring: key %s is there twice", k.ID)
		}
		ids[k.ID] = true
		if err := r.add(k); err != nil {
			return nil, fmt.Errorf("key ring: %w", err)
		}
	}
	// Clients that ignore kid take the first key that fits: the one that signs now.
	order := map[State]int{Active: 0, Next: 1, Retired: 2}
	slices.SortStableFunc(r.keys, func(a, b *Key) int { return cmp.Compare(order[a.State], order[b.State]) })
	jwks, err := marshalJWKS(r.keys)
	if err != nil {
		return nil, fmt.Errorf("key ring: %w", err)
	}
	r.jwks = jwks
	return r, nil
}

func (r *Ring) add(k *Key) error {
	if k.private == nil {
		return fmt.Errorf("key %s has no private half", k.ID)
	}
	k = new(*k)
	e := &entry{key: k, sign: make(map[Type]string, len(types))}
	for _, typ := range types {
		header := Header{Algorithm: k.Algorithm, KeyID: k.ID, Type: typ}
		text, err := json.Marshal(header)
		if err != nil {
			return err
		}
		segment := base64.RawURLEncoding.EncodeToString(text)
		e.sign[typ] = segment + "."
		r.headers[segment] = known{key: k, header: header}
	}
	r.keys = append(r.keys, k)
	switch k.State {
	case Active:
		if r.find(k.Algorithm) != nil {
			return fmt.Errorf("two active keys for %s", k.Algorithm)
		}
		r.active = append(r.active, e)
	case Next, Retired:
	default:
		return fmt.Errorf("key %s has the unknown state %q", k.ID, k.State)
	}
	return nil
}

// find returns the active entry of the algorithm, or of the default when that is "".
func (r *Ring) find(a Algorithm) *entry {
	for _, e := range r.active {
		if a == "" || e.key.Algorithm == a {
			return e
		}
	}
	return nil
}

// JWKS returns the JWK set of all keys as JSON, active ones first. The bytes are shared and must not be changed.
func (r *Ring) JWKS() []byte {
	if r.jwks == nil {
		return []byte(`{"keys":[]}`)
	}
	return r.jwks
}

// Algorithms lists what the ring can sign with, the default first: id_token_signing_alg_values_supported.
func (r *Ring) Algorithms() []Algorithm {
	algorithms := make([]Algorithm, len(r.active))
	for i, e := range r.active {
		algorithms[i] = e.key.Algorithm
	}
	return algorithms
}

// Keys returns copies of the ring's keys, active ones first.
func (r *Ring) Keys() []*Key {
	keys := make([]*Key, len(r.keys))
	for i, k := range r.keys {
		keys[i] = new(*k)
	}
	return keys
}
