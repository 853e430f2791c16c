// Package app is the sample app of the demo: an ordinary relying party, and the
// API it calls. It runs twice, as two samples: Expenses and Travel.
//
// It is written as anybody's app would be, with coreos/go-oidc and
// golang.org/x/oauth2, and for its API web/bearer, so that what works here works in any
// app. It owns its pages, its sessions (in memory, by a random cookie), the
// sign-ins and sign-outs that a browser has begun, and what is left of sessions
// that the pool ended.
//
// It refuses answers that belong to no sign-in begun in the same browser, that
// name another issuer (RFC 9207), whose nonce is not the one that was sent, or
// whose access token is not the one the ID token was issued with. Errors of the
// pool are shown only after that, so nobody can put words on its pages.
//
// It signs out by RP-Initiated Logout and is told of sign-outs elsewhere by
// Back-Channel Logout, whose tokens it verifies whole and takes once. It can be
// told to misbehave then, to show what that looks like at the hub.
//
// The API trusts nothing but the pool's published keys: it checks signature,
// issuer, expiry, token_use, client and scope of the access token.
//
// Called by the demo. The pages need no script, and have no style but the one
// sheet; the one script reloads the page when the session ended elsewhere.
package app
