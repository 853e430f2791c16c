// Package directory knows the people who have an account of the pool's own:
// it makes, finds, changes and removes users, checks passwords, joins identities
// to users and takes them off, and finds users who look like one person.
//
// It refuses to tell names apart: an absent, a disabled, a federated and a
// mistyped account take the same time and give the same answer. Every try is
// counted before it is checked, on the canonical user, whatever spelling or
// way was used.
//
// Counters of failed tries live in a bounded table in memory, not in the store:
// whoever is not signed in must not be able to cause a write. They start anew
// with the process, which a guesser cannot bring about.
//
// Identities are joined to users in one place, Join, which wants evidence and
// takes no identity that anybody has. Divergences from Cognito's
// AdminLinkProviderForUser:
//
//   - A source is named by its subject only. A pending link by another attribute,
//     such as email, would join whoever comes first with that claim, and this hub
//     takes no address for a person.
//   - The identity that made a user, and whose name the user bears, cannot be
//     taken off: its next sign-in would want that name. Delete the user instead.
//   - The last way in that is open cannot be taken off (A89).
//
// Called by hub/signin for people, by web/admin and cmd for administrators.
package directory
