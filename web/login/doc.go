// Package login serves what browsers see of a pool: the authorization endpoint,
// the way to a provider and back, the hosted pages, and sign-out.
//
// A handler takes a request apart, makes one call to hub/signin or hub/logout,
// and hands the answer to show, the one place where a signin.Next becomes a
// redirect or a page; an error becomes a page in fail. Nothing here decides who
// may come in.
//
// The interaction travels in a sealed cookie of its own, named by its id, so
// that two tabs do not meet. The session cookie holds an id and a secret.
//
// Divergences:
//
//   - An upstream's form_post answer (OAuth 2.0 Form Post Response Mode) arrives
//     by a cross-site POST, on which browsers send no Lax cookie. It is answered
//     with a redirect to the same address by GET, on which they do.
//   - form-action in the Content-Security-Policy of a form lists schemes, not
//     only origins: Chromium applies it to every redirect that follows the form,
//     and an app that is itself a hub sends the browser on to addresses that
//     nobody here can know.
package login
