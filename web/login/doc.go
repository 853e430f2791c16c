// Package login serves what browsers see of a pool: the authorization endpoint,
// the way to a provider and back, the hosted pages, and sign-out.
//
// A handler takes a request apart, makes one call to hub/signin or hub/logout,
// and hands the answer to show, the one place where a signin.Next becomes a
// redirect or a page; an error becomes a page in fail. Nothing here decides who
// may come in.
//
// A pool or a client may name a login application of its own (login_app). People
// then meet that instead of the hosted pages: handOver sends the browser there, and
// the application calls the interaction API (interaction.go), whose handlers make
// the same calls to hub/signin as those of the forms and end in the same show. The
// writer of such a call is an answer, on which every page is written as its
// document (page.Document), so there is one way of signing in and two of telling
// it. isthmus help login-app is the reference.
//
// What protects the API: only the origin that is configured for the interaction's
// client, to the letter (middleware.FrontEnd); only JSON, which no form can send;
// only this browser's interaction, by its cookie; only the step whose proof is
// there, for each service asks for it. A code never goes through the API: a
// sign-in that is done leaves it sealed in the cookie, and the browser takes it to
// the app from finish, once. Failures go to the application by their help desk
// code alone.
//
// Decision: the application must be of the hub's site. Cookies stay SameSite=Lax;
// SameSite=None would send them from every site, and browsers keep even those back
// more and more. config refuses another site, and the API says so to a browser
// that comes from one.
//
// Decision: the address of the application carries no issuer. An application that
// took its hub from a link would give passwords to whoever wrote the link.
//
// Decision: documents are 200 whatever the step, also a wrong password's, so that
// a status tells nothing apart and browsers do not complain of an answer.
//
// Decision: signing out, the page for a device's code and the page of the ways into
// an account stay hosted. A Next that handOver does not know ends on a hosted page,
// and as a document in an error: a new step is added to both, and to Look.
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
