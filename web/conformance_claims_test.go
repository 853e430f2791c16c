package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
)

// basicClaims are the modules about what userInfo and ID tokens say.
var basicClaims = map[string]func(*testing.T, *rp){
	"oidcc-userinfo-get":         bySending(func(token string) *http.Request { return infoRequest("GET", token) }),
	"oidcc-userinfo-post-header": bySending(func(token string) *http.Request { return infoRequest("POST", token) }),
	"oidcc-userinfo-post-body": bySending(func(token string) *http.Request {
		r, _ := http.NewRequest("POST", hubtest.Issuer+"/oauth2/userInfo", strings.NewReader("access_token="+token))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}),
	"oidcc-scope-profile": released("openid profile", scopeClaims["profile"]),
	"oidcc-scope-email":   released("openid email", scopeClaims["email"]),
	"oidcc-scope-address": released("openid address", scopeClaims["address"]),
	"oidcc-scope-phone":   released("openid phone", scopeClaims["phone"]),
	"oidcc-scope-all": released("openid profile email address phone",
		slices.Concat(scopeClaims["profile"], scopeClaims["email"], scopeClaims["address"], scopeClaims["phone"])),
	"oidcc-claims-essential": func(t *testing.T, a *rp) {
		code := a.signIn(a.ask("scope", "openid email", "claims", `{"userinfo":{"name":{"essential":true}}}`))
		got := a.site.token(t, redeem(code))
		if claims := a.site.info(t, infoRequest("GET", got.Access)); claims["name"] != "Ada Vale" {
			t.Errorf("userInfo %v", claims)
		}
		if claims := claimsOf(t, a.site, got.ID); claims["name"] != nil {
			t.Errorf("ID token, where it was not asked for: %v", claims)
		}
	},
}

// bySending calls userInfo in one of three ways.
func bySending(request func(token string) *http.Request) func(*testing.T, *rp) {
	return func(t *testing.T, a *rp) {
		got := a.site.token(t, redeem(a.signIn(a.ask())))
		claims := a.site.info(t, request(got.Access))
		if claims["sub"] == nil || claims["sub"] != claimsOf(t, a.site, got.ID)["sub"] || claims["email"] != "ada@corp.example" {
			t.Errorf("userInfo %v", claims)
		}
	}
}

// scopeClaims are the claims of each scope (OpenID Connect Core §5.4).
var scopeClaims = map[string][]string{
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
		"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// released holds userInfo to exactly the claims of a scope, in the types of
// OpenID Connect Core §5.1.
func released(scope string, want []string) func(*testing.T, *rp) {
	return func(t *testing.T, a *rp) {
		got := a.site.token(t, redeem(a.signIn(a.ask("scope", scope))))
		claims := a.site.info(t, infoRequest("GET", got.Access))
		for _, name := range want {
			if claims[name] == nil {
				t.Errorf("%s is not there", name)
			}
		}
		for name, value := range claims {
			if name != "sub" && name != "username" && !slices.Contains(want, name) {
				t.Errorf("%s was not asked for", name)
			}
			switch value.(type) {
			case bool:
				if name != "email_verified" && name != "phone_number_verified" {
					t.Errorf("%s is a boolean", name)
				}
			case float64:
				if name != "updated_at" {
					t.Errorf("%s is a number", name)
				}
			case map[string]any:
				if name != "address" {
					t.Errorf("%s is an object", name)
				}
			case string:
				if slices.Contains([]string{"email_verified", "phone_number_verified", "updated_at", "address"}, name) {
					t.Errorf("%s is a string", name)
				}
			default:
				t.Errorf("%s is %T", name, value)
			}
		}
	}
}

// claimsOf are the claims of a token of the hub's, verified by its own ring;
// whether others can verify it, other tests say.
func claimsOf(t *testing.T, s *site, raw string) map[string]any {
	t.Helper()
	payload, _, err := s.Pool.Keys.Ring().Verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
