// Package middleware holds what happens to every request before and after its
// handler: one middleware per file, each a Middleware, put together by Chain.
//
// It owns the request's event (id and log line), the client's address, the
// protective headers, the limits on size and pace, the cross-origin rules and
// every cookie the hub sets. It knows nothing of pools, clients or users: what
// it must know about them comes in as a value or a callback. It refuses to take
// host, request id or (unless a listed proxy sends them) address and scheme from
// a request, and it never writes a query, a cookie or a token to the log.
//
// The web package mounts it. The order that the parts are written for, from the
// outside in:
//
//	Address, Log, Metrics, Recover, Headers     around the whole router
//	Route                                       on the router, names the route
//	Rate, Limit, CrossOrigin, CORS or FrontEnd  per kind of route
//
// Address comes first because the log line, the HSTS header and the rate limit
// all ask for what it found. Machine endpoints get CORS, forms get CrossOrigin,
// what a login application calls gets FrontEnd; no route gets two, and no pattern
// is exempt from any.
package middleware
