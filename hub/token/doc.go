// Package token owns a pool's signing keys: making them, keeping them in a ring, signing with them, verifying what they signed,
// publishing their public halves, and saying when they change.
//
// A Ring is immutable. A change of keys makes a new one, which replaces the old in the pool's snapshot; so neither Sign nor Verify
// takes a lock, and the JWKS document and every header a token can have are made once, when the ring is.
//
// Verify is for our own tokens only, and is strict because of it: a token's header must be, byte for byte, one that this ring writes.
// There is no parsing of foreign headers, hence no choice of algorithm by the token, no crit, no jwk, no zip, no repeated member, and
// nothing to decode before the kind of key is settled (RFC 8725 §3.1 and §3.2). Verify proves origin, not meaning: which kind of
// token it is says Use.Check, and times, issuer and audience are the caller's to judge.
//
// It refuses: RSA under 2048 or over 8192 bits, curves other than P-256 and Ed25519, symmetric keys, "none", two keys of one id.
// Refresh tokens, codes and session ids are not JWTs and not here.
//
// The compact JWS is built on crypto/* directly. Time above the bare signature, Go 1.26, go-jose 4.1.8, payload 600 bytes, the three
// timed in turns, median (BenchmarkSign, BenchmarkVerify; five runs agree to three points):
//
//	            RS256  PS256  ES256  EdDSA
//	sign        +2 %   +1 %   +7 %   +3 %      go-jose  +3 %   +2 %   +26 %  +23 %
//	verify      +6 %   +6 %   +4 %   +2 %      go-jose  +31 %  +31 %  +15 %  +17 %
//
// In the tests go-jose and go-oidc are the judges of what it writes.
//
// Callers: hub/grant (ID and access tokens, introspection, userinfo), hub/logout (logout tokens, id_token_hint), web/oidc (JWKS),
// hub (keeping and rotating keys).
package token
