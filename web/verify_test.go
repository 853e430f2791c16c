package web_test

import (
	"net/http"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
)

// A proxy whose question has a slip in it, or whose client writes the question,
// lets nobody in with less scope than was meant.
func TestA175_QuestionsToTheHub(t *testing.T) {
	s := machines(t)
	good := "Bearer " + s.machine(t).Access
	const scope = "https://orders.example/read"
	ask := func(method, path string, headers ...string) (int, http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), method, hubtest.Issuer+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", good)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		res, err := transport{hub: s.server}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header
	}
	for path, want := range map[string]int{
		"/-/verify?scope=" + scope:              200,
		"/-/verify?scope=x;y=z":                 400,
		"/-/verify?scope=x&y=%zz":               400,
		"/-/verify?Scope=x":                     400,
		"/-/verify?scope=" + scope + "&scope=x": 403,
		"/-/verify?access_token=x":              401,
	} {
		status, h := ask("GET", path)
		if status != want || h.Get("Cache-Control") != "no-store" || len(h["X-Auth-Request-Email"]) != 1 {
			t.Errorf("%s: %d, want %d; %v", path, status, want, h)
		}
	}
	for _, path := range []string{"/-/verify/", "/-/verify/orders/1?scope=x", "/-/verify/../.well-known/openid-configuration", "/-/verify/%2e%2e/x", "/-/verify//x", "/-/verify/a/../../oauth2/token"} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS", "HEAD"} {
			for header, want := range map[string]int{scope: 200, "x": 403, "": 400} {
				if status, _ := ask(method, path, "X-Required-Scope", header); status != want {
					t.Errorf("%s %s for %q: %d, want %d", method, path, header, status, want)
				}
			}
		}
	}
}
