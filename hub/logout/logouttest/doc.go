// Package logouttest is a relying party for tests: a real HTTP server on loopback
// that hears of sessions that end, by OpenID Connect Back-Channel and
// Front-Channel Logout, and behaves in whatever way it is told to.
//
//	rp := logouttest.New(t, logouttest.Config{Issuer: issuer, ClientID: "expenses"})
//	client.BackchannelLogoutURI = rp.BackchannelURI()
//	rp.Behave(logouttest.Behaviour{Status: 500, Times: 2})
//	words, err := rp.Wait(ctx, 3)
//
// By default it is a correct relying party: it finds the hub's keys by itself,
// verifies every logout token in full, answers 200 to a good one and 400 to any
// other. Behaviours lists ready-made ways of being a bad one, by name. Every word
// that it heard is on record, with what was wrong about it.
//
// It needs no *testing.T: Start serves rehearsals, benchmarks and users'
// programs. It must never face a network.
package logouttest
