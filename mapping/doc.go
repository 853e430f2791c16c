// Package mapping turns the claims an upstream provider sent into the attributes of a pool, and attributes into the
// claims a client receives. It owns the [Schema] of attributes (Cognito's standard ones and the pool's custom ones),
// the rules that fill them, and which scope releases which attribute.
//
// It is pure: no network, no files, no clock, no randomness. The same claims and the same current attributes give the
// same [Result], so a mapping can be replayed over recorded claims to see what a change of rules would do.
//
// What it refuses: names outside the schema, so that no rule can write sub, identities, cognito:* or another claim the
// hub itself vouches for (A34, A94); values that are too long, of the wrong type or form, or that hold control or
// bidirectional override characters (A95); expressions that cannot be bounded (A96). Rules are checked when they are
// compiled and all problems come back at once; at a sign-in nothing is ever half mapped: an attribute is set, kept, or
// named in Result.Missing with the reason (A97).
//
// A verified flag is never stronger than the address it stands beside: see [Rule].TrustVerification and flag.go.
//
// Groups ride on a rule of their own, which nothing but an operator's file makes (group.go): the Result says which ones
// the claims name and how they are to be written; hub knows where a user's groups came from, and does it.
//
// Divergences from Cognito, on purpose: equal values are not written again; an immutable attribute keeps its value and
// the sign-in goes on; a claim that cannot be used counts as absent; lists become JSON text, not [a,b]; the scope email
// releases the address and its flag and nothing of the profile; required attributes may be custom ones.
//
// Callers: config checks rules with [Compile]; hub/signin calls [Mapping.Apply] once per federated sign-in, on claims
// that idp has verified and merged from one subject's answers; hub/directory calls [Schema.Check] before it writes
// what a person typed; hub/grant calls [ScopeAttributes] and [Release] for ID tokens and userInfo, and [Claims.Apply] for
// the claims that a pool or a client adds to tokens, which config has checked with [CompileClaims].
package mapping
