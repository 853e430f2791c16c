// Package rehearse tries out how a configuration signs people out, before people
// do: somebody made up signs in to every app, the session is ended from each end
// from which it can be, and it is seen who learns of it, how, and how fast.
//
// Nothing of the operator's is touched and nothing leaves the machine. Each end
// has a hub of its own, made of the file, with store and keys in a temporary
// folder. It listens nowhere: the made-up person's browser and the apps reach it
// in the process, at the issuer that the file names. Providers are scripted ones
// (idptest), and where the file has a logout URI of an app a scripted relying
// party stands (logouttest); both can be told to misbehave. What is put in their
// place are addresses, keys and secrets; providers' mappings, the apps' ways in,
// lifetimes and everything about logout are the file's own.
//
// So it says what the hub does, and what becomes of an app that behaves as it
// was told to. Whether the real app does, only the record of a real logout says.
//
// The verb `isthmus logout test` calls it.
package rehearse
