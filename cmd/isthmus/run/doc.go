// Package run is a running hub: it takes a checked configuration, opens the
// store, turns what the file says into hub values, and listens.
//
// It is the only place where config's structs become hub's, and where engines
// are chosen. Start returns when every listener answers; Reload replaces the
// pools as a whole or leaves them as they were; Close drains what is under way.
//
// The verbs of the command, the demo and the benchmarks start a hub by it.
package run
