package idp_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// manyTenants is the relying party of a provider whose metadata hold a pattern, as Entra's do, with two tenants let in.
func manyTenants(t *testing.T) *tenants {
	t.Helper()
	return &tenants{rig: newRig(t, setup{op: idptest.Config{Path: "/organizations/v2.0", NoIss: true}, rp: func(c *idp.Config) {
		c.Discovery = c.Issuer + "/.well-known/openid-configuration"
		c.Issuer, c.Tenants = strings.Replace(c.Issuer, "organizations", "{tenantid}", 1), []string{"t-one", "t-two"}
	}})}
}

// tenants is such a provider, with the hooks that it has.
type tenants struct {
	*rig
	hooks idptest.Hooks
}

// TestA74_KeysOfATenant: a key that the set gives to one issuer signs for no other.
func TestA74_KeysOfATenant(t *testing.T) {
	for _, c := range []struct {
		issuer func(*tenants) any
		good   bool
	}{
		{func(r *tenants) any { return r.issuerOf("{tenantid}") }, true},
		{func(r *tenants) any { return r.issuerOf("t-one") }, true},
		{func(r *tenants) any { return r.issuerOf("t-two") }, false},
		{func(*tenants) any { return 7 }, true}, // says nothing
	} {
		r := manyTenants(t)
		r.of("t-one", r.issuerOf("t-one"))
		hooks := r.hooks
		hooks.JWKS = func(doc map[string]any) { doc["keys"].([]any)[0].(map[string]any)["issuer"] = c.issuer(r) }
		r.op.SetHooks(hooks)
		_, err := r.signIn()
		if c.good && err != nil {
			t.Errorf("%v: %v", c.issuer(r), err)
		} else if !c.good {
			refused(t, err, idp.StepIDToken, "kid")
		}
	}
}

// of makes tokens of a tenant under an issuer's; empty leaves a claim out.
func (r *tenants) of(tid, iss any) {
	r.hooks = idptest.Hooks{
		Discovery: func(doc map[string]any) {
			doc["issuer"] = strings.Replace(r.op.Issuer(), "organizations", "{tenantid}", 1)
		},
		IDToken: func(token *idptest.Token) {
			token.Claims["tid"], token.Claims["iss"] = tid, iss
			if tid == "" {
				delete(token.Claims, "tid")
			}
		},
	}
	r.op.SetHooks(r.hooks)
}

func (r *tenants) issuerOf(tenant string) string {
	return strings.Replace(r.op.Issuer(), "organizations", tenant, 1)
}

// TestA74_TenantsOfTheList: a token is of a listed tenant by tid, and bears that one's issuer to the letter; the
// identity keeps it.
func TestA74_TenantsOfTheList(t *testing.T) {
	r := manyTenants(t)
	for _, tenant := range []string{"t-one", "t-two"} {
		r.of(tenant, r.issuerOf(tenant))
		if id := r.mustSignIn(); id.Issuer != r.issuerOf(tenant) {
			t.Errorf("identity of %s has the issuer %s", tenant, id.Issuer)
		}
	}
	for _, c := range []struct {
		name     string
		tid, iss any
		check    string
	}{
		{"another tenant", "t-three", r.issuerOf("t-three"), "tid"},
		{"a listed issuer, another tid", "t-three", r.issuerOf("t-one"), "tid"},
		{"a listed tid, another issuer", "t-one", r.issuerOf("t-three"), "iss"},
		{"two listed ones, mixed", "t-one", r.issuerOf("t-two"), "iss"},
		{"the pattern itself", "{tenantid}", r.issuerOf("{tenantid}"), "tid"},
		{"the pattern as issuer", "t-one", r.issuerOf("{tenantid}"), "iss"},
		{"the authority as issuer", "t-one", r.op.Issuer(), "iss"},
		{"no tid", "", r.issuerOf("t-one"), "tid"},
		{"tid as a list", []string{"t-one"}, r.issuerOf("t-one"), "tid"},
		{"capitals", "T-ONE", r.issuerOf("T-ONE"), "tid"},
		{"a longer one", "t-one/x", r.issuerOf("t-one/x"), "tid"},
	} {
		r.of(c.tid, c.iss)
		_, err := r.signIn()
		if e := refused(t, err, idp.StepIDToken, c.check); c.check == "tid" && !strings.Contains(e.Mend, "tenants") {
			t.Errorf("%s: %s", c.name, e.Mend)
		}
	}
}

// TestA74_CallbackAndLogout: iss of a callback, and of a front-channel call, is one of the listed tenants' as well.
func TestA74_CallbackAndLogout(t *testing.T) {
	r := manyTenants(t)
	r.of("t-one", r.issuerOf("t-one"))
	for iss, want := range map[string]bool{r.issuerOf("t-two"): true, r.issuerOf("t-three"): false, r.issuerOf("{tenantid}"): false, "": false} {
		if _, err := r.p.Callback(t.Context(), url.Values{"code": {"c"}, "iss": {iss}}); (err == nil) != want {
			t.Errorf("callback of %s: %v", iss, err)
		}
		if r.p.Issues(iss) != want {
			t.Errorf("Issues(%s) is %v", iss, !want)
		}
	}
}

// TestA81_WhatCountsAsVerified: each rule in every kind of JSON; whatever is not the one spelling is no.
func TestA81_WhatCountsAsVerified(t *testing.T) {
	kinds := []any{true, false, "true", "false", "True", "1", 1, 0, nil, []any{true}, map[string]any{"true": true}, "absent"}
	for rule, want := range map[idp.Verified][]any{
		idp.VerifiedAsText:   {true, "true"},
		idp.VerifiedByDomain: {},
		idp.VerifiedNever:    {},
	} {
		for _, kind := range kinds {
			for _, thin := range []bool{false, true} {
				claims := map[string]any{"email": "alice@upstream.example", "email_verified": kind}
				if kind == "absent" {
					delete(claims, "email_verified")
				}
				r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256", Thin: thin}, rp: func(c *idp.Config) { c.Verified = rule }})
				r.op.SetUser(idptest.User{Subject: "alice", Claims: claims})
				id := r.mustSignIn("email")
				proven := false
				for _, w := range want {
					proven = proven || kind == w
				}
				if got := id.Claims["email_verified"] == true; got != proven {
					t.Errorf("rule %q, thin %v: %#v gives %v", rule, thin, kind, id.Claims["email_verified"])
				}
			}
		}
	}
	for _, kind := range kinds {
		r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}, rp: func(c *idp.Config) { c.Verified = idp.VerifiedByDomain }})
		r.op.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"email": "alice@upstream.example", "xms_edov": kind, "email_verified": true}})
		if id := r.mustSignIn("email"); (id.Claims["email_verified"] == true) != (kind == true) {
			t.Errorf("xms_edov %#v gives %v", kind, id.Claims["email_verified"])
		}
	}
}
