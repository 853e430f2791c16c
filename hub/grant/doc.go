// Package grant is what apps get: it redeems codes, refreshes, and tells what an
// access token is worth. Every token names its grant, and the grant is looked
// up wherever a token is used here, so a revoked one is dead at once.
//
// It refuses to sign before the transaction that grants has committed, and to
// treat a replay as a mistake: a code or a rotated refresh token that comes a
// second time revokes everything that the first use gave (RFC 9700 §4.5, §4.14).
//
// A refresh token is base64url(grant id, generation, MAC). Nothing of it is
// stored: the grant knows which generation is live, and inside the grace the
// last predecessor is answered with the same successor, so a lost answer harms
// nobody and there are never two live branches.
//
// Called by web/oidc.
package grant
