// Package proof verifies what a client proves with a key of its own: client assertions (RFC 7523, OpenID Connect Core §9), DPoP proofs
// (RFC 9449) and signed request objects (RFC 9101, FAPI 2.0 Message Signing). It also makes and knows again the nonces of DPoP.
//
// It owns the checks, and nothing that lasts: no store, no network, no clock of its own. A value that may be used once comes back with
// the time until which it has to be remembered; to remember it, and to do so in the transaction that grants, is the caller's part. So
// is fetching a jwks_uri: ErrSignature tells that nothing but the keys stood in the way.
//
// What comes in is a compact JWS of at most token.MaxSize bytes, each part in the one canonical spelling of base64url, header and
// claims in strict JSON. Refused: an algorithm that the rules do not name, so always "none" and every symmetric one (RFC 8725 §3.1);
// crit, b64 and zip; encryption; a typ of another kind of token (RFC 8725 §3.11); keys, certificates and addresses of keys in the
// header (§3.10), but for the jwk that a DPoP proof consists of. Nothing is ever fetched. Registered keys are RSA of 2048 to 4096 bits,
// P-256 and Ed25519; a set that holds a private or symmetric part is refused whole, since whoever could read it can sign.
//
// The claims of assertions and request objects are judged before the signature, and what is wrong with that is told to the log only.
// So an assertion is refused in the same words whether its client exists or not, if the caller passes no Keys for one that does not.
//
// Signatures are checked by crypto/* on the bytes received, as in hub/token and idp; go-jose reads keys and makes thumbprints. To have
// it read the JWS too would set a second parser beside the strict one, parse certificates that a stranger put there, take a PSS salt of
// any length, and leave out the algorithm name Ed25519 of RFC 9864. In the tests it is the judge of what was accepted. Time above the
// bare verification of the signature, Go 1.26, in turns, median; three runs agree to two points (go test -bench .):
//
//	                RS256  PS256  ES256  EdDSA
//	assertion       +10 %  +10 %   +5 %   +6 %
//	request object  +23 %  +21 %   +9 %  +12 %
//	DPoP proof      +56 %  +55 %  +20 %  +19 %     of which the key in the header takes the most: 10 µs
//
// Errors are *oauth.Error: invalid_client, invalid_dpop_proof, use_dpop_nonce, invalid_request_object. ParseKeys returns a plain one.
//
// Callers: hub (a client's keys), hub/grant and hub/signin (assertions, proofs and request objects), web/bearer (proofs at an API).
package proof
