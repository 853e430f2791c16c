package proof

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/signature"
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
		if decoded[i], ok = signature.Decode(part); !ok {
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

// verifiedBy checks the signature.
func (j *jws) verifiedBy(public crypto.PublicKey) bool {
	return signature.Check(public, string(j.algorithm), j.input, j.signature)
}
