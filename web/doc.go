// Package web is the public HTTP of a hub: it finds the pool a request is for,
// runs the middleware, and holds the route table on one screen (routes.go).
//
// A pool is found by the host and the first path of its configured issuer, and
// by nothing else: a request for any other host is 421, and no address, cookie
// or issuer is ever made from what a request says of itself. What is served is
// an immutable table that Mount replaces as a whole.
//
// The endpoints themselves are in web/oidc (machines) and web/login (browsers);
// web/page renders, web/admin is the administrator's own listener. Nothing here
// knows the store. cmd calls it.
package web
