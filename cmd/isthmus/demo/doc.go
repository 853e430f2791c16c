// Package demo is two linked pools and two apps on one machine, ready to click:
// the first minute with this hub.
//
// In one process run a corporate pool with people and passwords of its own, the
// master pool, empty of users, and two sample apps with a protected API each
// (package app). The pools are two hubs with a store and a configuration file
// each. The master pool knows of the corporate one what any client of a provider
// knows: issuer, client id and secret. Not a value passes between them but by
// OpenID Connect, and the guard on the master pool's calls is open for that one
// host and port and for the apps, which it tells of sign-outs.
//
// The configurations are written beside the stores, so that every verb that
// takes -c works on a running demo. Secrets are made at each start, passwords
// once for a folder. Without a folder of its own a demo leaves nothing behind.
//
// A Fault breaks one thing on purpose, to show how a failure explains itself.
//
// Called by the verb `isthmus demo` and by the tests that drive a browser.
package demo
