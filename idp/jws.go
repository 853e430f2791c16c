package idp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/signature"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// maxToken bounds a JWT in bytes, before anything is decoded (A200).
const maxToken = 64 << 10

// jws is a compact JWS whose shape and header are in order; its signature is another matter. Keys, URLs and certificates
// that a header may carry (jwk, jku, x5u, x5c) are not kept: keys come from jwks_uri only (RFC 8725 §3.10).
type jws struct {
	jwsHeader
	input     []byte // what was signed, as received
	payload   []byte // decoded
	signature []byte
}

// jwsHeader is the part of a protected header that is heeded.
type jwsHeader struct {
	alg, kid string
	hasKid   bool
	// Of a provider with many tenants, what the payload claims: the key must serve them.
	tenant, issuer string
}

// checkError is a failed check under the name an *Error shows.
type checkError struct {
	check string
	cause error
}

func refuse(check, format string, args ...any) *checkError {
	return &checkError{check: check, cause: fmt.Errorf(format, args...)}
}

// parseJWS judges a token's shape and header before any key is looked up or any cost is spent: three parts of strict
// base64url, an algorithm from the configured list, no critical extension, no sort of JWT but those that typ takes.
func parseJWS(raw string, algorithms []string, typ typing) (*jws, *checkError) {
	if len(raw) > maxToken {
		return nil, refuse("size", "token is longer than %d bytes", maxToken)
	}
	switch dots := strings.Count(raw, "."); dots {
	case 2:
	case 4:
		return nil, refuse("encryption", "token is encrypted, which was not agreed")
	default:
		return nil, refuse("format", "token has %d parts", dots+1)
	}
	parts := strings.Split(raw, ".")
	var decoded [3][]byte
	for i, part := range parts {
		b, ok := signature.Decode(part)
		if !ok {
			return nil, refuse("format", "token is not base64url")
		}
		decoded[i] = b
	}
	var members map[string]any
	if err := strictjson.Decode(decoded[0], &members); err != nil {
		return nil, &checkError{"format", fmt.Errorf("token header: %w", err)}
	}
	header, bad := headerOf(members, algorithms, typ)
	if bad != nil {
		return nil, bad
	}
	return &jws{jwsHeader: header, input: []byte(raw[:len(raw)-len(parts[2])-1]), payload: decoded[1], signature: decoded[2]}, nil
}

// typing tells which values of typ, in lower case, a verifier takes (RFC 8725 §3.11); a header without typ passes.
type typing func(typ string) bool

// untyped refuses what is explicitly another sort: an access or logout token of the same issuer is no ID token.
func untyped(typ string) bool { return !strings.HasSuffix(typ, "+jwt") }

func headerOf(members map[string]any, algorithms []string, typ typing) (jwsHeader, *checkError) {
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
	if v, ok := members["typ"]; ok {
		if s, isString := v.(string); !isString || !typ(strings.ToLower(s)) {
			return h, refuse("typ", "typ is %q", cut(fmt.Sprint(v)))
		}
	}
	return h, nil
}
