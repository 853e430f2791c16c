// Package admin is the administrator's API: people and their groups, stopped
// sign-ins, logouts, trials of mappings, signing keys, clients, and taking up a
// changed configuration, as JSON over a Unix socket.
//
// It owns its route table (routes.go), the socket with its permissions
// (socket.go), and the client that the command line uses (client.go). There is
// one code path: with a hub running the client speaks to its socket; without
// one, cmd opens the store and the client calls the same handler in its own
// process (Local).
//
// Whoever may use the socket is the administrator of every pool, so the socket
// is its owner's alone (0600), the peer's user is asked of the kernel where it
// tells, and a request that came by any other way is refused, whatever listener
// the handler was mounted on. Nothing that a browser sends is taken.
//
// It refuses bodies with fields it does not know, and names them; it never
// answers with a secret, a hash or a key, save for a temporary password or a
// registration token at the moment it is made, and for the password hashes of an
// export that asks for them. An act is written to the audit log before it is tried: if
// that cannot be done, neither is the act.
//
// Called by cmd/isthmus. It is never part of package web's public routes.
package admin
