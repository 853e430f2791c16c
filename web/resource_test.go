package web_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
)

// The resources of the authorization request are the audience of its access
// tokens; the token endpoint narrows them on request and widens them never.
func TestResourceNarrows(t *testing.T) {
	const orders, stock = "https://orders.example", "https://stock.example"
	h := hubtest.New(t)
	h.Pool.Resources = []hub.Resource{{Identifier: orders}, {Identifier: stock}, {Identifier: "https://payroll.example"}}
	s := serve(t, h)
	b := s.browser(t)
	code := func() string {
		q := hubtest.Authorization()
		q["resource"] = []string{orders, stock}
		page := b.get(hubtest.Issuer + "/oauth2/authorize?" + q.Encode())
		if params, ok := page.app(); ok {
			return params.Get("code")
		}
		params, _ := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app()
		return params.Get("code")
	}
	audience := func(got *tokens) string {
		t.Helper()
		payload, _, err := h.Pool.Keys.Ring().Verify(got.Access)
		if err != nil {
			t.Fatalf("%+v: %v", got, err)
		}
		var claims struct {
			Audience json.RawMessage `json:"aud"`
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		return string(claims.Audience)
	}
	const both = `["` + orders + `","` + stock + `"]`

	whole := s.token(t, redeem(code()))
	if got := audience(whole); got != both {
		t.Errorf("without a word at the token endpoint: %s", got)
	}
	some := s.token(t, redeem(code(), "resource", stock))
	if got := audience(some); got != `"`+stock+`"` {
		t.Errorf("narrowed with the code: %s", got)
	}
	if got := audience(s.token(t, refresh(some.Fresh))); got != both {
		t.Errorf("the grant was narrowed with the token: %s", got)
	}
	again := refresh(whole.Fresh)
	again.Set("resource", orders)
	if got := audience(s.token(t, again)); got != `"`+orders+`"` {
		t.Errorf("narrowed at a refresh: %s", got)
	}
	again.Set("resource", "https://payroll.example")
	if got := s.token(t, again); got.Error != "invalid_target" || got.status != http.StatusBadRequest {
		t.Errorf("widened at a refresh: %+v", got)
	}
	if got := s.token(t, redeem(code(), "resource", "https://payroll.example")); got.Error != "invalid_grant" {
		t.Errorf("widened with the code: %+v", got)
	}
}
