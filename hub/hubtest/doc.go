// Package hubtest is a hub for tests, ours and importers': one pool on a real
// store in a temporary file, a clock that stands still until it is moved, events
// that are remembered, and a scripted provider linked to it.
//
//	h := hubtest.New(t)
//	up := h.Link(idptest.New(t, idptest.Config{}))
//	h.Advance(time.Hour)
//
// The store is bbolt, and every transaction function runs twice, so that one
// with a side effect cannot pass. Nothing here is a stand-in for the store.
// Serve Pool with web.New to drive it over HTTP.
package hubtest
