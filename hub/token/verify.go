package token

import (
	"errors"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/signature"
)

// MaxSize is the greatest length of a token in bytes. Longer ones are refused before anything is read.
const MaxSize = 16 << 10

// The reasons of Verify.
var (
	ErrMalformed = errors.New("token is not a compact JWS of this size and form")
	ErrForeign   = errors.New("token has a header that no key of this ring writes")
	ErrSignature = errors.New("token has a wrong signature")
)

// Header is the JWS header of a token (RFC 7515 §4.1).
type Header struct {
	KeyID     string    `json:"kid"`
	Algorithm Algorithm `json:"alg"`
	Type      Type      `json:"typ,omitempty"`
}

// Verify proves that raw was signed by a key of the ring, of whatever state, and returns its payload and header. Nothing in the payload is
// judged; not the times, not the issuer, not the use (see Use.Check). It is safe for concurrent use. Errors are ErrMalformed,
// ErrForeign and ErrSignature.
func (r *Ring) Verify(raw string) ([]byte, Header, error) {
	if len(raw) > MaxSize {
		return nil, Header{}, ErrMalformed
	}
	segment, rest, ok1 := strings.Cut(raw, ".")
	body, mark, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(mark, ".") {
		return nil, Header{}, ErrMalformed
	}
	writer, ok := r.headers[segment]
	if !ok {
		return nil, Header{}, ErrForeign
	}
	payload, ok1 := signature.Decode(body)
	made, ok2 := signature.Decode(mark)
	if !ok1 || !ok2 {
		return nil, Header{}, ErrMalformed
	}
	if !signature.Check(writer.key.Public(), string(writer.key.Algorithm), []byte(raw[:len(segment)+1+len(body)]), made) {
		return nil, Header{}, ErrSignature
	}
	return payload, writer.header, nil
}
