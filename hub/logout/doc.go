// Package logout is how people get out: it ends the session of a browser, so
// that neither the cookie nor a copy of it opens anything again. Tokens live on
// until they end or are revoked, as at Cognito.
//
// It refuses to send anybody to an address that is not registered, byte for
// byte. Called by web/login.
package logout
