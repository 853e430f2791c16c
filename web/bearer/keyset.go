package bearer

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/isthmus-hub/isthmus/idp/signature"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// KeySource proves who signed a token. *KeySet is one for keys that are at hand;
// a program that holds the issuer's keys itself brings its own.
type KeySource interface {
	// Verify checks the signature of a compact JWS with a key of the issuer and
	// returns payload and header. It judges nothing in the payload. An error that
	// is ErrNoKeys says that no token can be judged now; any other, that this one
	// is bad. It must be safe for concurrent use.
	Verify(ctx context.Context, raw string) (payload []byte, h Header, err error)
}

// ErrNoKeys means that there are no keys to judge a token with. Requests are then
// answered with 503, not 401, lest clients throw good tokens away.
var ErrNoKeys = errors.New("the issuer's keys are not at hand")

var (
	errUnknownKey = errors.New("no key of the issuer has this kid and serves this algorithm")
	errSignature  = errors.New("the signature is wrong")
)

// algorithms are the JWS algorithms that are verified (RFC 7518 §3.1, RFC 8037).
var algorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}

const maxKeys = 100

// KeySet is an immutable set of public keys.
type KeySet struct{ keys map[slot]publicKey }

// slot is what a key is found by: keys of different types may share a kid (RFC
// 7517 §4.5).
type slot struct{ kid, family string }

type publicKey struct {
	algorithm string // that the set binds the key to; "": any of its family
	key       crypto.PublicKey
}

// ParseKeySet reads a JWK set (RFC 7517 §5). Keys that can not verify one of our
// algorithms, have no kid, are weak or hold a private part are left out; that
// none remains, or that the text is not sound, is an error.
func ParseKeySet(jwks []byte) (*KeySet, error) {
	var set map[string]any
	if err := strictjson.Decode(jwks, &set); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	list, ok := set["keys"].([]any)
	if !ok {
		return nil, errors.New("key set: it has no array of keys")
	}
	s := &KeySet{keys: map[slot]publicKey{}}
	reason := errors.New("it is empty")
	for _, v := range list[:min(len(list), maxKeys)] {
		members, _ := v.(map[string]any)
		at, key, err := parseJWK(members)
		if err != nil {
			reason = err
			continue
		}
		if _, taken := s.keys[at]; !taken {
			s.keys[at] = key
		}
	}
	if len(s.keys) == 0 {
		return nil, fmt.Errorf("key set: no usable key: %w", reason)
	}
	return s, nil
}

// Verify implements KeySource.
func (s *KeySet) Verify(_ context.Context, raw string) ([]byte, Header, error) {
	t, err := parseJWS(raw)
	if err != nil {
		return nil, Header{}, err
	}
	return s.verify(t)
}

func (s *KeySet) verify(t *jws) ([]byte, Header, error) {
	k, ok := s.find(t)
	if !ok {
		return nil, Header{}, errUnknownKey
	}
	if !signature.Check(k.key, t.Algorithm, t.input, t.signature) {
		return nil, Header{}, errSignature
	}
	return t.payload, t.Header, nil
}

func (s *KeySet) find(t *jws) (publicKey, bool) {
	k, ok := s.keys[slot{t.KeyID, family(t.Algorithm)}]
	return k, ok && (k.algorithm == "" || k.algorithm == t.Algorithm)
}

// family is the type of key that an algorithm needs (RFC 8725 §3.1); "" for an
// algorithm that is not ours, among them none and the symmetric ones.
func family(algorithm string) string {
	switch algorithm {
	case "RS256", "PS256":
		return "RSA"
	case "ES256":
		return "EC"
	case "EdDSA":
		return "OKP"
	}
	return ""
}
