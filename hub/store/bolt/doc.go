// Package bolt is the storage engine in a single file, by bbolt. It implements store.Engine.
//
// It owns the file: how it is made, locked, examined before use, written in groups and copied while in
// use. It knows nothing of records. Only the program's start opens it; everything else sees store.Engine.
//
// Group commit: one goroutine gives each waiting Update its turn and commits whatever queued during the
// last sync together. A lone writer waits for nobody. A function runs on the goroutine that called
// Update, on an overlay of its own, so that its error or panic is its own affair.
//
// Damage (decided 2026-11-20): bbolt has checksums on its two header pages only, falls back silently to
// the older header, and ends the process on pages that make no sense. So every value carries a checksum of
// key and value, the bucket carries the sum of all of them, and Open walks the whole tree before bbolt
// sees the file: any wrong byte is found or means nothing, and so is an old page in the place of a new one. A
// file with one bad header is refused too, since the older one would bring back codes already used. The
// walk takes less time than bbolt's own search for free pages that follows it.
//
// A failed write (decided 2026-11-20): want of space while pages are written leaves the file as it was,
// and writing resumes by itself. After any other failure of a commit, and any failed sync, nobody knows
// what the disk holds: the engine answers store.ErrUnknown, refuses all further writes, and asks, by Health,
// to be restarted. Reads go on. A fault of the disk while a mapped page is read ends the process at once.
package bolt
