// Package store keeps records: typed collections with expiry, indexes and pages, above an ordered
// key/value engine with serializable transactions.
//
// It owns the layout of keys, the format version, expiry, and the truth of every index: all of it is
// written once, here, so that an engine is five small methods with one executable contract (package
// storetest). Engines are in the packages below; package bolt is the one in a single file.
//
// It refuses what would let an engine leak into a rule: no engine has expiry, counters, locks or watches.
// It refuses keys with NUL bytes and data of a newer format. Spaces are isolated by construction: a Tx
// cannot name a key outside of its space. Whether a secret is hashed or sealed is decided above; what is
// handed to the store stands in the file as it is.
//
// Its callers are package hub and the packages below it, which declare collections and open transactions;
// package web never sees it. A function given to Update may run twice: see Engine.Update.
package store
