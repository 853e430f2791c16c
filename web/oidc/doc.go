// Package oidc serves what machines call under a pool's issuer: discovery, keys,
// token, userInfo, registration and what else the specifications name. What browsers call (authorize, callback, the hosted pages)
// is in web/login.
//
// Handlers parse, make one call to hub/grant, and write. One place turns errors
// into JSON: OAuth's body, the status of RFC 6749 §5.2 or RFC 6750 §3, the
// challenge that goes with a 401, and no-store throughout. Nothing here decides
// who may have what.
package oidc
