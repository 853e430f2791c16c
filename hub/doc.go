// Package hub says what exists: Pool, Client, Provider, User, Link, Session,
// Interaction, Pending, Joining, Code, Grant, Logout, Merge, Key, Trace, Sample and
// Event, the rules each of them keeps on its own, and the collections they are
// stored in.
//
// What is done with them lives one floor up: hub/signin lets people in,
// hub/directory knows who they are, hub/grant gives apps their tokens, hub/logout
// gets everybody out, hub/merge makes one pool of two, hub/register lets apps become
// clients. Those packages take a *Pool as an argument; nothing here is global and
// nothing travels in a context.
//
// A Pool is an immutable snapshot. A changed configuration makes a new Pool
// over the same Space and Keys, and the next request sees it whole.
//
// Decisions kept here:
//
//   - A user is found by link (provider, issuer, subject), compared byte for
//     byte, or by name. Names of local users are folded; names of federated
//     users are not, because subjects are case sensitive (OIDC Core §2).
//   - Groups remember which provider gave them. What nobody gave came from an
//     administrator or a merge, and no provider takes it away.
//   - Claims that providers sent are kept in a fixed number of sealed slots
//     (sample.go), without an index, within the transaction of the sign-in.
//   - A session's cookie is "id.secret". The id is never a credential; the store
//     keeps only the secret's hash. A client knows the session by a sid of its own
//     (SID).
//   - A session is remembered for as long as apps go on with what it gave (Kept),
//     which is longer than it signs anybody in (Expires): a late sign-out reaches
//     them too.
//   - A session ends in one transaction (EndSession), whoever ends it. It leaves its
//     end, where what came of it looks (Ended), and the record of who must hear of
//     it (Logout), so that nothing is swept and nobody is forgotten.
//   - A code is unique in the interaction that made it, so an interaction ends
//     once however often its last step is sent again.
//   - Ids of what every sign-in makes begin with the time (id.go), for the sake
//     of the store. People's do not: they are nobody's business.
//   - A refresh token is derived (grant, generation, MAC), so nothing that
//     signs anybody in is stored, and a lost answer can be given again.
package hub
