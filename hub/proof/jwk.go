package proof

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/signature"
)

// minRSA is the least length of an RSA modulus in bits (RFC 7518 §3.3). The greatest is go-jose's: jose.MaxRSAModulusBits, 4096.
const minRSA = 2048

// errUnsuited marks a key that is in order but not for the signatures that are verified here.
var errUnsuited = errors.New("not for signatures of clients")

// key is a public key that a client signs with.
type key struct {
	id        string          // "" when it has none
	algorithm token.Algorithm // "" when the key is not bound to one
	public    crypto.PublicKey
}

// parseKey reads one JWK (RFC 7517 §4). Only the members that make the public key reach go-jose, so that no certificate is parsed.
func parseKey(members map[string]any) (key, error) {
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, ok := members[name]; ok {
			return key{}, fmt.Errorf("holds a private or symmetric part (%s)", name)
		}
	}
	text := map[string]string{}
	for _, name := range []string{"kty", "kid", "alg", "use", "crv", "n", "e", "x", "y"} {
		if v, ok := members[name]; ok {
			if text[name], ok = v.(string); !ok {
				return key{}, fmt.Errorf("%s is not a string", name)
			}
		}
	}
	if err := checkPurpose(text, members); err != nil {
		return key{}, err
	}
	public, err := publicKey(text)
	if err != nil {
		return key{}, err
	}
	k := key{id: text["kid"], public: public, algorithm: algorithmOf(text["alg"])}
	if k.algorithm != "" && !k.suits(k.algorithm) {
		return key{}, fmt.Errorf("alg does not go with the key: %w", errUnsuited)
	}
	return k, nil
}

// checkPurpose sorts out keys of other kinds and for other things (RFC 7517 §4.1 to §4.3).
func checkPurpose(text map[string]string, members map[string]any) error {
	switch text["kty"] {
	case "RSA":
	case "EC", "OKP":
		if crv := text["crv"]; crv != "P-256" && crv != "Ed25519" {
			return fmt.Errorf("crv is neither P-256 nor Ed25519: %w", errUnsuited)
		}
	case "oct":
		return errors.New("a symmetric key")
	default:
		return fmt.Errorf("kty is not RSA, EC or OKP: %w", errUnsuited)
	}
	if use, ok := text["use"]; ok && use != "sig" {
		return fmt.Errorf("use is not sig: %w", errUnsuited)
	}
	if operations, ok := members["key_ops"]; ok {
		list, isList := operations.([]any)
		if !isList {
			return errors.New("key_ops is not a list")
		}
		if !slices.Contains(list, any("verify")) {
			return fmt.Errorf("key_ops lacks verify: %w", errUnsuited)
		}
	}
	return nil
}

// publicKey reads the members that RFC 7638 §3.2 hashes. go-jose refuses points off the curve and Ed25519 keys of low order, which
// would verify signatures that nobody made.
func publicKey(text map[string]string) (crypto.PublicKey, error) {
	shown := map[string]string{"kty": text["kty"]}
	for _, name := range []string{"crv", "n", "e", "x", "y"} {
		v, ok := text[name]
		if !ok {
			continue
		}
		if _, canonical := signature.Decode(v); name != "crv" && !canonical {
			return nil, fmt.Errorf("%s is not base64url", name)
		}
		shown[name] = v
	}
	data, err := json.Marshal(shown)
	if err != nil {
		return nil, err
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(data); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "go-jose/go-jose: "))
	}
	switch public := parsed.Key.(type) {
	case *rsa.PublicKey:
		switch {
		case public.N.BitLen() < minRSA:
			return nil, fmt.Errorf("an RSA key of %d bits, where %d are the least", public.N.BitLen(), minRSA)
		case public.N.Bit(0) == 0, public.E < 3, public.E%2 == 0, public.E > 1<<31-1:
			return nil, errors.New("not an RSA key: modulus or exponent is even or out of range")
		}
		return public, nil
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			return public, nil
		}
	case ed25519.PublicKey:
		return public, nil
	}
	return nil, errors.New("kty and crv do not go together")
}

// suits reports whether the key can have made a signature of the algorithm.
func (k key) suits(a token.Algorithm) bool {
	if k.algorithm != "" && k.algorithm != a {
		return false
	}
	switch k.public.(type) {
	case *rsa.PublicKey:
		return a == token.RS256 || a == token.PS256
	case *ecdsa.PublicKey:
		return a == token.ES256
	case ed25519.PublicKey:
		return a == token.EdDSA
	}
	return false
}

// thumbprint is the SHA-256 thumbprint of RFC 7638 §3 in base64url, the jkt of RFC 9449 §6.1.
func (k key) thumbprint() (string, error) {
	sum, err := (&jose.JSONWebKey{Key: k.public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
