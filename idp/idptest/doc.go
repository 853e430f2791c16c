// Package idptest is an OpenID Provider for tests: a real HTTP server on loopback that signs in whom it is told to, and
// fails in whatever way it is told to.
//
//	op := idptest.New(t, idptest.Config{RedirectURIs: []string{"http://app.test/callback"}})
//	op.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@upstream.example"}})
//	op.Fail(idptest.TokenEndpoint, idptest.Fault{Hang: true})
//
// By default it is a correct provider that approves every request at once: discovery, JWKS, authorization with PKCE,
// token, userinfo, end of session with back- and front-channel logout. Claims of ID token and userinfo, discovery document, authorization response and keys
// can be changed by hooks; Mutations lists ready-made wrong ID tokens with the check that must refuse each, LogoutMutations
// wrong logout tokens, Faults ready-made failures of an endpoint. Every request is recorded.
//
// It needs no *testing.T: Start serves benchmarks and demonstrations, with a page for choosing a user. It must never
// face a network: it has no passwords. Signing keys are made at run time and shared by all providers of a process,
// because making RSA keys would dominate a test's time.
package idptest
