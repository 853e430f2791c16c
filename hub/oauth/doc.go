// Package oauth is the vocabulary of OAuth 2.0 and OpenID Connect as the hub speaks it to its clients: parameters, error codes,
// authorization and token requests and responses, PKCE, scope, redirect URIs, client credentials, bearer tokens.
//
// It owns syntax. Everything here is a pure function of its arguments: no storage, no clock, no network, no http.Request.
// Whether a client exists, may use a grant, or must use PKCE is decided in hub and above.
//
// It refuses what the specifications allow but the hub never wants: a parameter twice, the plain PKCE method, implicit and hybrid
// response types, fragments, secrets in a URL, control characters in any value. A value that can not be returned byte for byte
// (broken UTF-8 does not survive a sealed cookie or a form_post page) is refused rather than altered.
//
// Errors that reach a client are *Error: Code and Description go out, Cause goes to the log. Functions return them as error, so that
// a nil stays nil; every error of this package is an *Error unless its comment says otherwise.
//
// ParseAuthorization deserves a warning. It returns a request beside its error, because an error may have to travel to the client's
// redirect URI. ClientID and RedirectURI in it are claims, not facts: only the check against the registered client makes them
// something to redirect to.
//
// Callers: hub/signin and hub/grant for the rules, web/oidc for reading requests and writing answers. Standard library only.
package oauth
