// Package storetest is the contract of store.Engine as an executable suite, with two engines made to be unkind.
//
// Run is the contract. It has no options and skips nothing: an engine that cannot pass is not an engine.
// It also runs everything a second time on Twice. What the portable layer above promises of uniqueness,
// takeover and expiry is part of it, because an engine can break it.
//
// Twice and Fault are for tests of the layers above: on Twice a transaction with a side effect
// cannot pass, and with Fault every storage call of an operation can be made to fail in turn.
package storetest
