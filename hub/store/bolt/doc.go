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
// the older header, and crashes the process on pages that make no sense. So every value carries a
// checksum of key and value, and Open walks the whole tree itself before bbolt may see the file. A file with one
// bad header is refused too: the older header would bring back codes already used. The walk costs about
// what bbolt's own search for free pages costs (0.2 s for 100,000 records of 1 KiB).
//
// A failed write (decided 2026-11-20): no space while pages are written leaves the file as it was, and
// writing resumes by itself. Any other failure of a commit, and any failed sync, leaves what the disk
// holds unknown: the engine answers store.ErrUnknown, refuses all further writes and asks, by Health, to be
// restarted. Reads go on.
package bolt
