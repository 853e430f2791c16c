// Package register is how apps become clients of a pool by themselves: dynamic
// registration (RFC 7591) and the management of what was registered (RFC 7592).
//
// It is closed unless the pool opens it, and open only to whoever shows a token
// that an operator made: a token makes one client, within a day, and is used up
// in the transaction that makes it. What a client may be is bounded: the code
// and device flows, the scopes about a person, addresses by the rules of the
// configuration, public subjects. Nothing else is granted to it: scopes of
// APIs, client credentials, token exchange and introspection are an operator's
// to give, in the file.
//
// It refuses by name what it knows and does not do; what it does not know it
// ignores and leaves out of its answer (RFC 7591 §2). No address of the metadata
// is fetched here. jwks_uri is fetched when the client first proves itself, by
// the hub's guarded client; logo, policy and terms are links, never pictures.
//
// A client that is changed or deleted is so for the next request: its sign-ins,
// codes and tokens are judged with the client as it is.
//
// Called by web/oidc, and by web/admin for what operators do.
package register
