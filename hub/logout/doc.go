// Package logout is how people get out, and how everybody hears of it.
//
// A session ends in one transaction (hub.EndSession), whoever ends it: an app or
// the person at /logout (Request, Service.End), a provider that tells us
// (Service.Receive, ReceiveFront), an administrator, another person on the same
// browser, its age (Expire). The same transaction leaves the record of the
// logout, which is both what is left to be done and, in the end, what was done:
// the ledger. What came of the session (codes, tokens) looks for its end and is
// dead at once.
//
// Then the word goes
//
//   - downstream by Service.Run: OpenID Connect Back-Channel Logout to every
//     client of the session, in parallel, again and again until a deadline;
//   - downstream through the browser, if one is there: Frames and Framed, OpenID
//     Connect Front-Channel Logout;
//   - upstream through the browser: Send and Returned, the provider's
//     end_session_endpoint (RP-Initiated Logout).
//
// Decisions kept here:
//
//   - Nothing fans out in the store. A logout is one record with a hop for each
//     party. Several may write to it, each in a transaction and to its own hops.
//   - An attempt is on record before it is made. A hub that dies meanwhile makes
//     another: at least once, each time with a fresh token.
//   - 400 is a client's own word that it did not sign the person out
//     (Back-Channel Logout §2.8), and final. Whatever else is no success may pass,
//     and is tried again.
//   - A client that does not answer is left alone for a while (lane), and a call
//     that takes long moves aside (slot), so that silence costs the others nothing.
//     Only calls that were made are attempts.
//   - A front-channel outcome is never more than unknown: no browser tells what a
//     frame did.
//
// It refuses to send anybody to an address that is not registered, byte for
// byte. Called by web/login, web/admin and cmd.
package logout
