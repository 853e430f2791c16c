// Package migration asks the system that people come from whether a user name and
// a password are right there: an HTTP hook of the operator's, or a Cognito-style
// pool by its API. The hub then has the person and the password, and does not ask
// again (product M5).
//
// The other side may be down, slow or lying (security row A154): each question has
// a deadline, an answer is bounded and strict JSON, and whatever is not plainly yes
// or plainly no is an *Error. Nothing here keeps, logs or prints a password; even a
// Question that is printed by mistake does not show it.
//
// It decides nothing about users: package hub/directory asks, and makes of the
// answer what the pool's schema allows. It calls nobody but by the client that it
// is given, which is package outbound's.
package migration
