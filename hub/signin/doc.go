// Package signin is how a person gets in: an authorization request is judged,
// a way in is chosen, a provider or a password proves who it is, the user is
// found or made, and the app gets a code.
//
// It reads in the order in which it happens:
//
//	object.go     requests that an app signs
//	push.go       requests that an app sends ahead of the browser
//	authorize.go  the checks on a request, in order; the only makers of a Target
//	choose.go     who is signed in already, which ways in there are
//	federate.go   to the provider and back
//	provision.go  claims to attributes, identity to user
//	match.go      an account with the same proven address: joined by rule, or asked about
//	join.go       the account is proven, claimed or left alone, in the same sign-in
//	account.go    the person's own page of ways in, which is signed in to like an app
//	password.go   the pool's own password, and the first choice of one
//	wish.go       what the app asks for beyond scopes: whom, which claims, how strong
//	device.go     a sign-in for a device that has no browser
//	profile.go    details that only the person can give
//	finish.go     session and code in one transaction, and the way to the app
//	failure.go    what stopped it: a word, a sentence, an explanation
//	trace.go      the explanation, kept for `isthmus explain`
//	trial.go      what a changed mapping would do, for `isthmus mapping try`
//
// Two identities meet in one user by proof only (security rows A79 to A89):
//
//   - by the rule, without a word: the provider is trusted for the whole domain,
//     its claim of the address is JSON true, and the account has proven the address
//     too, which no provider but those trusted for it could have written;
//   - by the person: a password that is right, or an identity that the account
//     has, shown now, upstream too (prompt=login, held to auth_time, so a provider
//     that sends none cannot serve as proof), in the browser and the sign-in that
//     ask for it, once, within ten minutes; or, signed in for five minutes at most,
//     on the page of ways in, after a yes to both names.
//
// An account whose address nobody has proven is nobody's by that address. To its
// owner, whom a provider trusted for the domain has proven, it is offered: as a
// choice on the page, never by itself, for what a stranger has put into it comes
// along. If she takes it, password, links, sessions, codes, tokens and the other
// identifiers of before are gone in the same transaction (A86, A87, A88). It is not
// offered where the account is itself an identity's own, whose name it bears.
//
// What the page tells is about an address that a provider has just proven, and
// masked. Which ways the account has it tells only to whom a provider trusted for
// the domain vouches; others see all that the client offers.
//
// Every step returns a Next, which web turns into a redirect or a page, or an
// *Error. It refuses to write anything for a browser that has proven nothing,
// but for traces of failures, which are bounded and rate limited. It knows
// nothing of HTTP. Called by web/oidc and web/login.
package signin
