package idp_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"testing"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestUserInfoOnlyWhenNeeded(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy string
		thin   bool
		needs  []string
		asked  int
	}{
		{"nothing needed", idp.UserInfoWhenNeeded, true, nil, 0},
		{"all in the ID token", idp.UserInfoWhenNeeded, false, []string{"email", "name", "sub"}, 0},
		{"one lacking", idp.UserInfoWhenNeeded, false, []string{"email", "phone_number"}, 1},
		{"thin token", idp.UserInfoWhenNeeded, true, []string{"email"}, 1},
		{"everything", idp.UserInfoWhenNeeded, false, []string{"*"}, 1},
		{"always", idp.UserInfoAlways, false, nil, 1},
		{"never", idp.UserInfoNever, true, []string{"email"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Thin: c.thin}, rp: func(cfg *idp.Config) { cfg.UserInfo = c.policy }})
			id := r.mustSignIn(c.needs...)
			if n := r.op.Count(idptest.UserInfoEndpoint); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
			if _, ok := id.Claims["email"]; ok != (!c.thin || c.asked > 0) {
				t.Errorf("claims are %v", id.Claims)
			}
		})
	}
}

func TestUserInfoMethods(t *testing.T) {
	for _, method := range []string{"GET", "POST", "post"} {
		r := newRig(t, setup{rp: func(c *idp.Config) { c.UserInfo, c.UserInfoMethod = idp.UserInfoAlways, method }})
		r.mustSignIn()
		got := r.op.Requests(idptest.UserInfoEndpoint)[0]
		if want := map[string]string{"GET": "GET", "POST": "POST", "post": "POST"}[method]; got.Method != want {
			t.Errorf("method is %s, want %s", got.Method, want)
		}
		if method != "GET" && got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("content type is %q", got.Header.Get("Content-Type"))
		}
		if got.Header.Get("Authorization") == "" || len(got.Query)+len(got.Form) != 0 {
			t.Errorf("token went another way: %+v", got)
		}
	}
}

func TestUserInfoAbsent(t *testing.T) {
	r := newRig(t, setup{op: idptest.Config{Thin: true}})
	r.op.SetHooks(idptest.Hooks{Discovery: func(doc map[string]any) { delete(doc, "userinfo_endpoint") }})
	if id := r.mustSignIn("email"); id.Subject != "alice" {
		t.Errorf("identity is %+v", id)
	}
}

func TestA56_UserInfo(t *testing.T) {
	for _, c := range []struct {
		name, check string
		hook        func(map[string]any)
		fault       *idptest.Fault
	}{
		{name: "another sub", check: "sub", hook: func(m map[string]any) { m["sub"] = "mallory" }},
		{name: "sub in capitals", check: "sub", hook: func(m map[string]any) { m["sub"] = "ALICE" }},
		{name: "sub empty", check: "sub", hook: func(m map[string]any) { m["sub"] = "" }},
		{name: "sub absent", check: "sub", hook: func(m map[string]any) { delete(m, "sub") }},
		{name: "sub a number", check: "sub", hook: func(m map[string]any) { m["sub"] = 1 }},
		{name: "sub a list", check: "sub", hook: func(m map[string]any) { m["sub"] = []string{"alice"} }},
		{name: "sub null", check: "sub", hook: func(m map[string]any) { m["sub"] = nil }},
		{name: "HTML", check: "content_type", fault: &idptest.Fault{Body: "<title>Sign in</title>", ContentType: "text/html"}},
		{name: "JSON called HTML", check: "content_type", fault: &idptest.Fault{ContentType: "text/html"}},
		{name: "JSON called text", check: "content_type", fault: &idptest.Fault{ContentType: "text/plain"}},
		{name: "no content type", check: "content_type", fault: &idptest.Fault{ContentType: "/"}},
		{name: "signed though not asked", check: "content_type", fault: &idptest.Fault{Body: "a.b.c", ContentType: "application/jwt"}},
		{name: "a list", check: "json", fault: &idptest.Fault{Body: `[{"sub":"alice"}]`, ContentType: "application/json"}},
		{name: "sub twice", check: "json", fault: &idptest.Fault{Body: `{"sub":"mallory","sub":"alice"}`, ContentType: "application/json"}},
		{name: "malformed", check: "json", fault: &idptest.Fault{Body: `{"sub":"alice"`, ContentType: "application/json"}},
		{name: "two objects", check: "json", fault: &idptest.Fault{Body: `{"sub":"alice"}{"sub":"mallory"}`, ContentType: "application/json"}},
		{name: "token refused", check: "error", fault: &idptest.Fault{Error: "invalid_token"}},
		{name: "not found", check: "status", fault: &idptest.Fault{Status: 404, Body: "no"}},
		{name: "no content", check: "status", fault: &idptest.Fault{Status: 204, Body: " "}},
		{name: "created", check: "status", fault: &idptest.Fault{Status: 201}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Thin: true}})
			r.op.SetHooks(idptest.Hooks{UserInfo: c.hook})
			if c.fault != nil {
				r.op.Fail(idptest.UserInfoEndpoint, *c.fault)
			}
			id, err := r.signIn("email")
			refused(t, err, idp.StepUserInfo, c.check)
			if id != nil {
				t.Errorf("identity is %+v", id)
			}
		})
	}
}

// TestA56_SignedUserInfo: where a signed answer is configured, an unsigned one, one for another client and one by
// another key are refused.
func TestA56_SignedUserInfo(t *testing.T) {
	for _, c := range []struct {
		name, check string
		step        idp.Step // empty: userinfo
		hook        func(map[string]any)
		script      func(*rig)
		fault       func(*rig) idptest.Fault
	}{
		{name: "right"},
		{name: "another sub", check: "sub", hook: func(m map[string]any) { m["sub"] = "mallory" }},
		{name: "another audience", check: "aud", hook: func(m map[string]any) { m["aud"] = "other" }},
		{name: "no audience", check: "aud", hook: func(m map[string]any) { m["aud"] = nil }},
		{name: "another issuer", check: "iss", hook: func(m map[string]any) { m["iss"] = "https://attacker.example" }},
		{name: "expired", check: "exp", hook: func(m map[string]any) { m["exp"] = 1000 }},
		{name: "unsigned", check: "content_type", fault: func(*rig) idptest.Fault {
			return idptest.Fault{Body: `{"sub":"alice"}`, ContentType: "application/json"}
		}},
		{name: "alg none", check: "alg", fault: func(*rig) idptest.Fault {
			return idptest.Fault{Body: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.", ContentType: "application/jwt"}
		}},
		{name: "right under a key not fetched yet", script: func(r *rig) {
			r.op.SetHooks(idptest.Hooks{UserInfo: func(map[string]any) { _ = r.op.Rotate(false) }})
		}},
		{name: "keys down", step: idp.StepKeys, check: "reset", script: func(r *rig) {
			r.op.SetHooks(idptest.Hooks{UserInfo: func(map[string]any) {
				_ = r.op.Rotate(false)
				r.op.Fail(idptest.JWKSEndpoint, idptest.Fault{Reset: true})
			}})
		}},
		{name: "another key", check: "signature", fault: func(r *rig) idptest.Fault {
			key, err := idptest.NewKey("RS256", 1000)
			if err != nil {
				r.t.Fatal(err)
			}
			token := idptest.Token{Key: key, Header: map[string]any{"alg": "RS256", "kid": r.op.SigningKey().ID},
				Claims: map[string]any{"sub": "alice", "iss": r.op.Issuer(), "aud": "client"}}
			compact, err := token.Compact()
			if err != nil {
				r.t.Fatal(err)
			}
			return idptest.Fault{Body: compact, ContentType: "application/jwt"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{op: idptest.Config{Thin: true}, rp: func(cfg *idp.Config) { cfg.UserInfoSigned = true }})
			r.op.SetHooks(idptest.Hooks{UserInfo: c.hook})
			if c.fault != nil {
				r.op.Fail(idptest.UserInfoEndpoint, c.fault(r))
			}
			if c.script != nil {
				c.script(r)
			}
			id, err := r.signIn("email")
			if c.check != "" {
				refused(t, err, cmp.Or(c.step, idp.StepUserInfo), c.check)
			} else if err != nil || id.Claims["email"] != "alice@upstream.example" {
				t.Errorf("identity %+v, %v", id, err)
			}
		})
	}
}

// TestA57_OneSource: a value and the flag that vouches for it come from one answer.
func TestA57_OneSource(t *testing.T) {
	type claims = map[string]any
	for _, c := range []struct {
		name              string
		token, info, want claims
	}{
		{"flag only at userinfo", claims{"email": "a@x.example"}, claims{"email_verified": true}, claims{"email": "a@x.example"}},
		{"both at userinfo, another value in the token", claims{"email": "a@x.example"}, claims{"email": "b@x.example", "email_verified": true},
			claims{"email": "b@x.example", "email_verified": true}},
		{"token whole, userinfo contradicts", claims{"email": "a@x.example", "email_verified": false}, claims{"email": "b@x.example", "email_verified": true},
			claims{"email": "a@x.example", "email_verified": false}},
		{"flag only in the token, value at userinfo", claims{"email_verified": true}, claims{"email": "b@x.example"}, claims{"email": "b@x.example"}},
		{"flag in both, value at userinfo", claims{"email_verified": true}, claims{"email": "b@x.example", "email_verified": false},
			claims{"email": "b@x.example", "email_verified": false}},
		{"value in both, flag in neither", claims{"email": "a@x.example"}, claims{"email": "b@x.example"}, claims{"email": "a@x.example"}},
		{"flags alone", claims{"email_verified": true}, claims{"email_verified": true}, claims{}},
		{"phone likewise", claims{"phone_number": "+1"}, claims{"phone_number": "+2", "phone_number_verified": true},
			claims{"phone_number": "+2", "phone_number_verified": true}},
		{"phone flag only at userinfo", claims{"phone_number": "+1"}, claims{"phone_number_verified": true}, claims{"phone_number": "+1"}},
		{"others are filled in", claims{"name": "A"}, claims{"name": "B", "nickname": "bee"}, claims{"name": "A", "nickname": "bee"}},
		{"protocol claims are not", claims{}, claims{"iss": "x", "aud": "y", "exp": 1, "nonce": "z", "sid": "s", "acr": "high", "amr": []string{"mfa"}, "auth_time": 1}, claims{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{rp: func(cfg *idp.Config) { cfg.UserInfo = idp.UserInfoAlways }})
			r.op.SetUser(idptest.User{Subject: "alice", Claims: c.token})
			r.op.SetHooks(idptest.Hooks{UserInfo: func(m map[string]any) {
				clear(m)
				maps.Copy(m, c.info)
				m["sub"] = "alice"
			}})
			id := r.mustSignIn()
			got := maps.Clone(id.Claims)
			if got["iss"] != r.op.Issuer() || got["aud"] != "client" || got["sub"] != "alice" || got["acr"] != nil || id.ACR != "" || id.AMR != nil {
				t.Errorf("protocol claims are %v", got)
			}
			for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "nonce", "sid", "auth_time", "at_hash"} {
				delete(got, name)
			}
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(c.want)
			if string(a) != string(b) {
				t.Errorf("claims are %s, want %s", a, b)
			}
		})
	}
}

// TestDistributedClaimsAreNotFetched: references in a token lead nowhere.
func TestDistributedClaimsAreNotFetched(t *testing.T) {
	canary := newCanary(t, "127.0.0.1:0")
	r := newRig(t, setup{})
	r.op.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{
		"_claim_names":   map[string]any{"groups": "src1"},
		"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "http://" + canary.address + "/groups", "access_token": "t"}},
	}})
	id := r.mustSignIn("groups")
	if canary.hits.Load() != 0 || id.Claims["_claim_sources"] != nil || id.Claims["_claim_names"] != nil {
		t.Errorf("%d fetches, claims %v", canary.hits.Load(), id.Claims)
	}
}
