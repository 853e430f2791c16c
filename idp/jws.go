package idp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// maxToken bounds a JWT in bytes, before anything is decoded (A200).
const maxToken = 64 << 10

// jwsHeader is the protected header of a compact JWS, as far as it is heeded. Keys, URLs and certificates that a header
// may carry (jwk, jku, x5u, x5c) are never used: keys come from jwks_uri only (RFC 8725 §3.10).
type jwsHeader struct {
	alg, kid string
	hasKid   bool
}

// check names are the ones an *Error shows.
type checkError struct {
	check string
	cause error
}

func refuse(check, format string, args ...any) *checkError {
	return &checkError{check: check, cause: fmt.Errorf(format, args...)}
}

// parseHeader judges a token's shape and header before any key is looked up or any cost is spent: three parts of strict
// base64url, an algorithm from the configured list, no critical extension, no other sort of JWT.
func parseHeader(raw string, algorithms []string) (jwsHeader, *checkError) {
	var h jwsHeader
	if len(raw) > maxToken {
		return h, refuse("size", "token is longer than %d bytes", maxToken)
	}
	switch dots := strings.Count(raw, "."); dots {
	case 2:
	case 4:
		return h, refuse("encryption", "token is encrypted, which was not agreed")
	default:
		return h, refuse("format", "token has %d parts", dots+1)
	}
	first, rest, _ := strings.Cut(raw, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if !isBase64URL(first) || !isBase64URL(payload) || !isBase64URL(signature) {
		return h, refuse("format", "token is not base64url")
	}
	text, err := strictBase64.DecodeString(first)
	if err != nil {
		return h, refuse("format", "token header is not base64url")
	}
	var members map[string]any
	if err := strictjson.Decode(text, &members); err != nil {
		return h, &checkError{"format", fmt.Errorf("token header: %w", err)}
	}
	return headerOf(members, algorithms)
}

func headerOf(members map[string]any, algorithms []string) (jwsHeader, *checkError) {
	var h jwsHeader
	alg, _ := members["alg"].(string)
	if !slices.Contains(algorithms, alg) {
		return h, refuse("alg", "algorithm is %q, allowed are %s", cut(fmt.Sprint(members["alg"])), strings.Join(algorithms, ", "))
	}
	h.alg = alg
	for _, name := range []string{"crit", "b64", "zip"} {
		if _, ok := members[name]; ok {
			return h, refuse("crit", "token header has %s", name)
		}
	}
	if kid, ok := members["kid"]; ok {
		if h.kid, h.hasKid = kid.(string); !h.hasKid {
			return h, &checkError{"kid", errors.New("kid is not a string")}
		}
	}
	// Explicit typing (RFC 8725 §3.11): an access or logout token of the same issuer is no ID token.
	if v, ok := members["typ"]; ok {
		typ, isString := v.(string)
		typ = strings.ToLower(typ)
		if !isString || strings.HasSuffix(typ, "+jwt") {
			return h, refuse("typ", "typ is %q", cut(fmt.Sprint(v)))
		}
	}
	return h, nil
}

var strictBase64 = base64.RawURLEncoding.Strict()

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// base64Value is a character's six bits, 64 where it has none.
var base64Value = func() (v [256]byte) {
	for i := range v {
		v[i] = 64
	}
	for i := range len(base64Alphabet) {
		v[base64Alphabet[i]] = byte(i)
	}
	return v
}()

// isBase64URL tells whether s is unpadded base64url in its one canonical spelling. The decoder of encoding/base64 skips
// line ends, even when strict.
func isBase64URL(s string) bool {
	for i := range len(s) {
		if base64Value[s[i]] == 64 {
			return false
		}
	}
	switch len(s) % 4 {
	case 1:
		return false
	case 2:
		return base64Value[s[len(s)-1]]&0x0f == 0
	case 3:
		return base64Value[s[len(s)-1]]&0x03 == 0
	}
	return true
}
