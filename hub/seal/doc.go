// Package seal keeps secrets closed outside memory: what the store holds, what a browser's cookie holds, what a token's MAC proves.
//
// It owns the master sealing key, 32 random bytes that come from the environment or from a file of mode 0600, and everything that is
// derived from it: for each purpose a Sealer with two keys of its own (HKDF-SHA256, RFC 5869), one for AES-256-GCM and one for
// HMAC-SHA256. What was sealed for one purpose does not open for another.
//
// Rotation: a key text may hold several keys, newest first. The first seals; all of them open. A box begins with the id of the key that
// sealed it, so that Open needs one try and a key that is not at hand is told apart (ErrWrongKey) from a box that was altered
// (ErrAltered). Rewrap brings an old box under the newest key.
//
// It refuses: a key that is not 32 bytes or plainly no random ones, a key file that others may read, and to replace a file that is
// there. A key is made only by Generate or Create, which somebody has to call: a hub that finds none must not start, and one whose
// store was sealed by another finds out by opening a box it left there (ErrWrongKey).
//
// Nonces are random: 2^32 boxes under one purpose and key keep the chance of a repeated one under 2^-32 (NIST SP 800-38D §8.3). At a
// hundred boxes a second that is sixteen months, by when the key ought to have been rotated.
//
// Callers: hub (private keys, client secrets), web/middleware (cookies), hub/grant (MAC of refresh tokens), cmd (loading).
// Keys and Sealers are immutable and safe for concurrent use; they print as their id only.
package seal
