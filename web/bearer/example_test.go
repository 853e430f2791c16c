package bearer_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/isthmus-hub/isthmus/web/bearer"
)

func Example() {
	guard, err := bearer.New(context.Background(), "https://id.example", bearer.Config{Clients: []string{"app"}})
	if err != nil {
		log.Fatal(err)
	}
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "orders of", bearer.Token(r.Context()).Subject)
	})
	http.Handle("/orders", guard.Require("orders/read")(orders))
}

// An API that Amazon's API Gateway guarded: apps send the token without "Bearer",
// and one of the listed scopes is enough.
func ExampleGuard_RequireAny() {
	guard, err := bearer.New(context.Background(), "https://id.example", bearer.Config{
		Clients: []string{bearer.AnyClient}, RawToken: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/awesomeapi", guard.RequireAny("awesomeapi-resource-server/awesomeapi.read")(http.NotFoundHandler()))
}

// One verifier for nginx and Traefik, which name the scopes in the query, and for
// Envoy, which names them in a header.
func ExampleGuard_ForwardAuth() {
	guard, err := bearer.New(context.Background(), "https://id.example", bearer.Config{
		Audience:   []string{"https://api.example/orders"},
		Introspect: &bearer.Introspect{ClientID: "gateway", ClientSecret: "from-a-file"},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/-/verify", guard.ForwardAuth(bearer.Forward{}))
	http.Handle("/-/verify/", guard.ForwardAuth(bearer.Forward{ScopeHeader: "X-Required-Scope"}))
}
