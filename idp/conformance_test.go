package idp_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// TestConformanceRP walks the OpenID Foundation's list of modules for relying parties; names are theirs without the
// prefix oidcc-client-test.
func TestConformanceRP(t *testing.T) {
	edit := func(f func(*idptest.Token)) func(*rig) {
		return func(r *rig) { r.op.SetHooks(idptest.Hooks{IDToken: f}) }
	}
	for _, c := range []struct {
		module string
		op     idptest.Config
		rp     func(*idp.Config)
		script func(*rig)
		step   idp.Step // empty: accept
		check  string
	}{
		{module: "plain"},
		{module: "scope-userinfo-claims", op: idptest.Config{Thin: true}, rp: func(c *idp.Config) { c.Scopes = []string{"openid", "email"} }},
		{module: "client-secret-basic", rp: func(c *idp.Config) { c.AuthMethod = idp.AuthBasic }},
		{module: "client-secret-post", rp: func(c *idp.Config) { c.AuthMethod = idp.AuthPost }},
		{module: "invalid-iss", script: edit(func(t *idptest.Token) { t.Claims["iss"] = t.Claims["iss"].(string) + "1" }), step: idp.StepIDToken, check: "iss"},
		{module: "missing-sub", script: edit(func(t *idptest.Token) { delete(t.Claims, "sub") }), step: idp.StepIDToken, check: "sub"},
		{module: "invalid-aud", script: edit(func(t *idptest.Token) { t.Claims["aud"] = "client1" }), step: idp.StepIDToken, check: "aud"},
		{module: "missing-aud", script: edit(func(t *idptest.Token) { delete(t.Claims, "aud") }), step: idp.StepIDToken, check: "aud"},
		{module: "missing-iat", script: edit(func(t *idptest.Token) { delete(t.Claims, "iat") }), step: idp.StepIDToken, check: "iat"},
		{module: "invalid-sig-rs256", script: mutation("signature bit flipped"), step: idp.StepIDToken, check: "signature"},
		{module: "invalid-sig-es256", op: idptest.Config{Algorithm: "ES256"}, script: mutation("signature bit flipped"), step: idp.StepIDToken, check: "signature"},
		{module: "nonce-invalid", script: edit(func(t *idptest.Token) { t.Claims["nonce"] = t.Claims["nonce"].(string) + "1" }), step: idp.StepIDToken, check: "nonce"},
		{module: "userinfo-invalid-sub", op: idptest.Config{Thin: true}, script: func(r *rig) {
			r.op.SetHooks(idptest.Hooks{UserInfo: func(m map[string]any) { m["sub"] = "alice1" }})
		}, step: idp.StepUserInfo, check: "sub"},
		{module: "kid-absent-single-jwks", script: edit(func(t *idptest.Token) { delete(t.Header, "kid") })},
		{module: "kid-absent-single-jwks, key without kid", script: func(r *rig) {
			r.op.SetHooks(idptest.Hooks{
				IDToken: func(t *idptest.Token) { delete(t.Header, "kid") },
				JWKS:    func(doc map[string]any) { delete(doc["keys"].([]any)[0].(map[string]any), "kid") },
			})
		}},
		{module: "kid-absent-multiple-jwks", script: func(r *rig) {
			if err := r.op.Rotate(true); err != nil {
				r.t.Error(err)
			}
			r.op.SetHooks(idptest.Hooks{IDToken: func(t *idptest.Token) { delete(t.Header, "kid") }})
		}},
		{module: "idtoken-sig-rs256"},
		{module: "idtoken-sig-es256", op: idptest.Config{Algorithm: "ES256"}},
		{module: "idtoken-sig-none", script: mutation("alg none"), step: idp.StepIDToken, check: "alg"},
		{module: "discovery-openid-config"},
		{module: "discovery-issuer-mismatch", script: func(r *rig) {
			r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { doc["issuer"] = r.op.Issuer() + "/other" }})
		}, step: idp.StepDiscovery, check: "issuer"},
		{module: "discovery-jwks-uri-keys", script: func(r *rig) {
			r.mustSignIn()
			fresh := idptest.New(r.t, idptest.Config{})
			if err := fresh.Rotate(false); err != nil {
				r.t.Error(err)
			}
			r.op.SetKeys(fresh.SigningKey())
			r.op.Fail(idptest.JWKSEndpoint, idptest.Fault{Reset: true})
			r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { doc["jwks_uri"] = fresh.URL(idptest.JWKSEndpoint) }})
		}},
		{module: "signing-key-rotation", script: func(r *rig) {
			r.mustSignIn()
			if err := r.op.Rotate(false); err != nil {
				r.t.Error(err)
			}
		}},
		{module: "signing-key-rotation-just-before-signing", script: func(r *rig) {
			r.mustSignIn()
			var once sync.Once
			r.op.SetHooks(idptest.Hooks{Signing: func() { once.Do(func() { _ = r.op.Rotate(false) }) }})
		}},
		{module: "a fresh provider under the same issuer, same kid", script: func(r *rig) {
			r.mustSignIn()
			key, err := idptest.NewKey("RS256", 2)
			if err != nil {
				r.t.Error(err)
			}
			key.ID = r.op.SigningKey().ID
			r.op.SetKeys(key)
		}},
	} {
		t.Run(c.module, func(t *testing.T) {
			r := newRig(t, setup{op: c.op, rp: c.rp})
			if c.script != nil {
				c.script(r)
			}
			r.op.Forget()
			id, err := r.signIn("email")
			if c.step == "" {
				if err != nil || id.Subject != "alice" || id.Claims["email"] != "alice@upstream.example" {
					t.Errorf("identity %+v, %v", id, err)
				}
				if c.rp != nil && c.op.Thin {
					if got := r.op.Requests(idptest.AuthorizationEndpoint)[0].Query.Get("scope"); got != "openid email" {
						t.Errorf("scope is %q", got)
					}
				}
				return
			}
			e := refused(t, err, c.step, c.check)
			if c.step == idp.StepIDToken && r.op.Count(idptest.UserInfoEndpoint) != 0 {
				t.Error("userinfo was called all the same")
			}
			if strings.TrimSpace(e.Error()) == "" {
				t.Error("no error to show")
			}
		})
	}
}

// mutation applies one of the catalogue.
func mutation(name string) func(*rig) {
	return func(r *rig) {
		for _, m := range idptest.Mutations() {
			if m.Name == name {
				r.op.SetHooks(idptest.Hooks{IDToken: m.Apply})
				return
			}
		}
		r.t.Errorf("no mutation %q", name)
	}
}
