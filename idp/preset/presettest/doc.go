// Package presettest holds a stand-in for each provider of package preset: a server on loopback that answers as the
// provider documents, with what it has of its own and without what it lacks. Those that speak OpenID Connect are
// idptest's with other claims; the others are written out here.
//
//	up := presettest.New(t, "github", presettest.Person{ID: "583231", Login: "ana", Email: "ana@mail.example", Verified: true})
//	yaml := up.YAML() // the provider in a hub's file
//
// It approves every request at once, for the one person it has, and must never face a network.
package presettest
