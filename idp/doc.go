// Package idp is the hub as relying party of one upstream: an OpenID Provider, or one of plain OAuth 2 (see OAuth2).
//
// It owns everything between "send this person upstream" and "this is who came back": discovery and its cache, the
// authorization URL, the callback's parameters, the code exchange, the whole verification of the ID token, keys and
// their rotation, userinfo, signing people out there, the logout tokens that tell of sign-outs there, and probes that
// tell an operator what is wrong before a person finds out.
//
// It refuses to guess. The issuer is compared exactly, algorithms come from configuration and not from the token, every
// check that fails has a name in *Error (Step, Check) and a remedy (Mend), and no error holds a secret, code or token.
// JSON from upstream goes through idp/strictjson, requests through idp/outbound. go-oidc's verifier must accept each ID
// token too; what it leaves to its caller (OpenID Connect Core §3.1.3.7: azp, iat, nonce, at_hash, strict JSON, pace of
// key fetches) is done here. Logout tokens are verified here alone, for go-oidc takes none without exp.
//
// The code exchange is our own POST rather than x/oauth2's: that library cuts a long body in silence, decodes loosely,
// and keeps whole bodies in its errors. Its PKCE functions are used.
//
// What a known provider has of its own is data of package preset; here are the abilities it needs, each by itself: a
// provider without ID tokens, a secret that is made, tenants under one issuer, a name in the callback's form, and what
// counts as a verified address.
//
// Nothing here touches the network at construction, so the hub starts when its upstreams are down, and nothing here
// knows pools, users, links or HTTP handlers: package hub/signin calls it, and cmd's doctor.
package idp
