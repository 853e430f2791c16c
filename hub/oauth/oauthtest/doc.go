// Package oauthtest derives hostile input from good input, for tests: spellings of a redirect URI that look like the registered one, or
// that careless parsers take for it. hub/oauth tests its matching with them, web/oidc the running endpoints (security row A01).
//
// It owns no judgement: every text it returns differs from what it was given, and that is all it promises.
package oauthtest
