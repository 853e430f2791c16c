// Package outbound is the one HTTP client for everything that leaves the house: discovery, key sets, token and
// userinfo calls, logout deliveries, hooks.
//
// Addresses that others chose must not make the hub reach inside (server-side request forgery). So every address is
// judged after resolution, at the moment of the dial, for each redirect anew: a name that resolves to one thing for a
// check and to another for the connection gains nothing. Loopback, private, link-local, multicast, unspecified, shared
// (100.64/10), documentation, benchmarking and reserved ranges are refused, also in their IPv4-in-IPv6 spellings (mapped,
// compatible, NAT64, 6to4, Teredo, ISATAP). An operator may list exceptions by host, host:port or CIDR.
//
// It speaks https; http only to hosts that the operator listed. It uses no proxy from the environment, follows no
// redirect of a POST and at most three of a GET, never to another scheme, never to another host with credentials, and
// gives up after 5 s without a header and 10 s in all. Bodies are limited after decompression.
//
// A refusal is a *Refused, found with errors.As under the *url.Error of the client. Package idp is the chief caller.
package outbound
