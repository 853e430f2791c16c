// Package logout is how people get out: it ends the session of a browser, so
// that neither the cookie nor a copy of it opens anything again. Tokens live on
// until they end or are revoked, as at Cognito.
//
// A request comes in one of three forms: two of Cognito's, which act at once, and
// that of OpenID Connect RP-Initiated Logout 1.0, whose hint must name the person
// who is signed in; otherwise the person is asked.
//
// It refuses to send anybody to an address that is not registered, byte for
// byte. Called by web/login.
package logout
