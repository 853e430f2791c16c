// Package bearer protects an API: it verifies the access tokens that a hub, or
// any issuer of Cognito's kind, gave to an app, and lets a request through to
// your handler only with the scopes you name.
//
//	guard, err := bearer.New(ctx, "https://id.example", bearer.Config{Clients: []string{"app"}})
//	if err != nil {
//		log.Fatal(err)
//	}
//	mux.Handle("/orders", guard.Require("orders/read")(orders))   // in orders: bearer.Token(r.Context())
//
// A token passes if a key of the issuer signed it, its header names an allowed
// algorithm, iss is the issuer, token_use is access, the times hold, and its
// client_id or its aud is one that Config lists. All else is refused as RFC 6750
// §3 says: 401 with a challenge, 403 naming the scope that lacks. One answer is
// stricter than the RFC: a token in the URL, or two of them, is 401 too, because
// proxies that ask for a decision take 400 for a fault of ours.
//
// Also refused: a token bound to a key of its client (cnf; RFC 9449 §7.2, RFC
// 8705 §3), since a bearer shows no key; a token with an aud where Config has no
// Audience, since it was meant for another API (RFC 7519 §4.1.3, RFC 8707); a
// token without kid.
//
// Keys are fetched once and kept. They are fetched again behind requests' backs,
// and, for a token with an unknown kid, in front of that request, at most once in
// 30 seconds, whoever asks. While the issuer is down the keys at hand go on
// serving, for a day; no token lives longer. New needs no issuer that is up.
// Verifying reads one atomic pointer and takes no lock.
//
// ForwardAuth is the same decision for nginx, Traefik and Envoy. Recipes for the
// three are in testdata: nginx.conf, which the tests run, traefik.yaml and
// envoy.yaml. Each hides the client's own identity headers; see Identity.
//
// It is made to be imported, so it depends on the standard library and on
// idp/strictjson alone. go-oidc's RemoteKeySet has no pace for refetching;
// hub/token verifies with private keys at hand; go-jose would be a dependency and
// slower (hub/token has the figures). In the tests go-jose judges what is accepted
// here, and a real hub makes the tokens. A request with an ES256 token takes 52 µs,
// 1.07 times what hub/token takes for the signature alone (BenchmarkRequire).
//
// It is no part of the hub and keeps nothing global. The hub mounts ForwardAuth
// with its own ring as KeySource and its own Live check; APIs import the rest.
package bearer
