// Package signature checks the signatures of compact JWS (RFC 7515), for all who
// hold a public key: of the hub, of its clients, of an issuer. How a key is found,
// and which are let in, is theirs.
package signature
