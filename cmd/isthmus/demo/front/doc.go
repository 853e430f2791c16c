// Package front is the demo's login application: the pages of a sign-in, made by
// somebody else than the hub.
//
// It is one page, one style sheet and one script, served from an origin of its
// own, and runs the whole sign-in over the hub's interaction API (isthmus help
// login-app). It has no server side to speak of: whoever signs in is known by the
// cookies between the browser and the hub, and this server never sees a password,
// a code or a cookie.
//
// It refuses to be framed, and its script puts nothing on the page but text.
//
// Called by the demo.
package front
