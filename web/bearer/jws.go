package bearer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/signature"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// maxToken bounds a token in bytes before anything is decoded.
const maxToken = 16 << 10

// Header is what counts of a token's JWS header (RFC 7515 §4.1).
type Header struct {
	Algorithm string // alg
	KeyID     string // kid
	Type      string // typ; "" if the token has none
}

// jws is a compact JWS whose form is in order; its signature is another matter.
type jws struct {
	Header
	input     []byte // what was signed
	payload   []byte
	signature []byte
}

// parseJWS takes a token apart: three parts of base64url in its one spelling, a
// header that names an algorithm of ours and a key, nothing critical. Keys and
// certificates in a header are not looked at (RFC 8725 §3.10).
func parseJWS(raw string) (*jws, error) {
	if len(raw) > maxToken {
		return nil, fmt.Errorf("token is longer than %d bytes", maxToken)
	}
	first, rest, ok1 := strings.Cut(raw, ".")
	second, third, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(third, ".") {
		return nil, errors.New("token is no compact JWS")
	}
	t := &jws{input: []byte(raw[:len(first)+1+len(second)])}
	var header []byte
	for _, part := range []struct {
		text string
		to   *[]byte
	}{{first, &header}, {second, &t.payload}, {third, &t.signature}} {
		plain, ok := signature.Decode(part.text)
		if !ok {
			return nil, errors.New("token is not base64url")
		}
		*part.to = plain
	}
	err := t.readHeader(header)
	return t, err
}

func (t *jws) readHeader(text []byte) error {
	var members map[string]any
	if err := strictjson.Decode(text, &members); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	for _, name := range []string{"crit", "b64", "zip"} {
		if _, ok := members[name]; ok {
			return fmt.Errorf("header has %s", name)
		}
	}
	r := reader{claims: members}
	t.Header = Header{Algorithm: r.text("alg"), KeyID: r.text("kid"), Type: r.text("typ")}
	switch {
	case r.err != nil:
		return errors.New("header has a member of the wrong type")
	case family(t.Algorithm) == "":
		return fmt.Errorf("algorithm is %.20q", t.Algorithm)
	case t.KeyID == "":
		return errors.New("header has no kid")
	}
	return nil
}
