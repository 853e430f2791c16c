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
//	password.go   the pool's own password, and the first choice of one
//	wish.go       what the app asks for beyond scopes: whom, which claims, how strong
//	device.go     a sign-in for a device that has no browser
//	profile.go    details that only the person can give
//	finish.go     session and code in one transaction, and the way to the app
//	failure.go    what stopped it: a word, a sentence, an explanation
//	trace.go      the explanation, kept for `isthmus explain`
//	trial.go      what a changed mapping would do, for `isthmus mapping try`
//
// Every step returns a Next, which web turns into a redirect or a page, or an
// *Error. It refuses to write anything for a browser that has proven nothing,
// but for traces of failures, which are bounded and rate limited. It knows
// nothing of HTTP. Called by web/oidc and web/login.
package signin
