// Package directory knows the people who have an account of the pool's own:
// it makes, finds, changes and removes users, and checks passwords.
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
// Called by hub/signin for people, by web/admin and cmd for administrators.
package directory
