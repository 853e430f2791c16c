package proof

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// jws is a compact JWS (RFC 7515 §7.1) whose form, header and claims can be read. Its signature is not checked yet.
type jws struct {
	algorithm token.Algorithm
	keyID     string // "" when absent
	typ       string // as in the header; "" when absent
	key       map[string]any
	claims    claims
	input     []byte // what was signed
	signature []byte
}

// parse judges what can be judged without a key. embedded says whether the header may, and then must, hold the key itself.
func parse(raw string, algorithms []token.Algorithm, embedded bool) (*jws, error) {
	parts, err := split(raw)
	if err != nil {
		return nil, err
	}
	j := &jws{input: []byte(raw[:strings.LastIndexByte(raw, '.')]), signature: parts[2]}
	var header map[string]any
	if err := strictjson.Decode(parts[0], &header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := j.readHeader(header, algorithms, embedded); err != nil {
		return nil, err
	}
	if err := strictjson.Decode(parts[1], (*map[string]any)(&j.claims)); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	return j, nil
}

// split decodes the three parts. Sizes and dots are looked at first: nothing is spent on what can not be a JWS (A200).
func split(raw string) ([3][]byte, error) {
	var decoded [3][]byte
	if len(raw) > token.MaxSize {
		return decoded, fmt.Errorf("longer than %d bytes", token.MaxSize)
	}
	switch strings.Count(raw, ".") {
	case 2:
	case 4:
		return decoded, errors.New("encrypted, which is not supported")
	default:
		return decoded, errors.New("not a JWS of three parts")
	}
	for i, part := range strings.Split(raw, ".") {
		var ok bool
		if decoded[i], ok = decode(part); !ok {
			return decoded, errors.New("not canonical base64url without padding")
		}
	}
	return decoded, nil
}

func (j *jws) readHeader(header map[string]any, algorithms []token.Algorithm, embedded bool) error {
	for _, name := range []string{"crit", "b64", "zip"} {
		if _, ok := header[name]; ok {
			return fmt.Errorf("the header has %s", name)
		}
	}
	// RFC 8725 §3.10: keys come from the client's registration. Thumbprints of certificates (x5t) are mere names and are left alone.
	for _, name := range []string{"jku", "x5u", "x5c"} {
		if _, ok := header[name]; ok {
			return fmt.Errorf("the header has %s, but keys are not taken from there", name)
		}
	}
	key, ok := header["jwk"]
	if j.key, _ = key.(map[string]any); embedded && j.key == nil {
		return errors.New("the header lacks a jwk")
	}
	if ok && !embedded {
		return errors.New("the header has jwk, but keys are not taken from there")
	}
	names := map[string]string{}
	for _, name := range []string{"alg", "kid", "typ"} {
		if v, ok := header[name]; ok {
			if names[name], ok = v.(string); !ok {
				return fmt.Errorf("%s is not a string", name)
			}
		}
	}
	j.algorithm, j.keyID, j.typ = algorithmOf(names["alg"]), names["kid"], names["typ"]
	if !allowed(algorithms, j.algorithm) {
		return errors.New("the algorithm is not allowed here")
	}
	return nil
}

// hasType reports whether typ is one of types, compared as media types: without regard to case, "application/" understood where there
// is no slash (RFC 7515 §4.1.9). "" in types stands for an absent typ.
func (j *jws) hasType(types ...string) bool {
	typ, full := strings.CutPrefix(strings.ToLower(j.typ), "application/")
	return slices.Contains(types, typ) && !(full && typ == "")
}

// verifiedBy checks the signature. An algorithm never meets a key of another kind (RFC 8725 §3.1).
func (j *jws) verifiedBy(public crypto.PublicKey) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(j.input)
		switch j.algorithm {
		case token.RS256:
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], j.signature) == nil
		case token.PS256: // the salt is as long as the hash (RFC 7518 §3.5)
			return rsa.VerifyPSS(public, crypto.SHA256, digest[:], j.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case *ecdsa.PublicKey:
		const size = 32 // of each half: R and S of P-256 (RFC 7518 §3.4)
		if j.algorithm != token.ES256 || len(j.signature) != 2*size {
			return false
		}
		digest := sha256.Sum256(j.input)
		r, s := new(big.Int).SetBytes(j.signature[:size]), new(big.Int).SetBytes(j.signature[size:])
		return ecdsa.Verify(public, digest[:], r, s)
	case ed25519.PublicKey:
		return j.algorithm == token.EdDSA && ed25519.Verify(public, j.input, j.signature)
	}
	return false
}

// decode reads base64url in its one spelling: no padding, unused bits zero, and no line ends, which the standard decoder would skip.
func decode(text string) ([]byte, bool) {
	b64 := base64.RawURLEncoding.Strict()
	plain, err := b64.DecodeString(text)
	return plain, err == nil && len(plain) == b64.DecodedLen(len(text))
}
