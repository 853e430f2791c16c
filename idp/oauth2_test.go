package idp_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/preset/presettest"
)

// plainProvider is the relying party of a stand-in of plain OAuth 2 with these paths and what is not the same for all.
func plainProvider(t *testing.T, up *presettest.Provider, change func(*idp.Config)) *idp.Provider {
	t.Helper()
	cfg := idp.Config{
		Name: "corp", Issuer: up.URL(""), ClientID: presettest.ClientID, ClientSecret: presettest.ClientSecret, RedirectURI: callbackURL,
		AuthMethod: idp.AuthPost, OAuth2: &idp.OAuth2{},
	}
	switch up.Name {
	case "github":
		cfg.Scopes = []string{"read:user", "user:email"}
		cfg.Endpoints = idp.Endpoints{Authorization: up.URL("/login/oauth/authorize"), Token: up.URL("/login/oauth/access_token"), UserInfo: up.URL("/api/v3/user")}
		cfg.OAuth2.Subject, cfg.OAuth2.Emails = "id", up.URL("/api/v3/user/emails")
	case "facebook":
		cfg.Scopes = []string{"public_profile", "email"}
		cfg.Endpoints = idp.Endpoints{Authorization: up.URL("/dialog/oauth"), Token: up.URL("/oauth/access_token"), UserInfo: up.URL("/me?fields=id,name,email")}
		cfg.OAuth2.Subject, cfg.OAuth2.SecretProof, cfg.Verified = "id", true, idp.VerifiedNever
	}
	if change != nil {
		change(&cfg)
	}
	p, err := idp.New(cfg, client(t, "127.0.0.0/8"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// plainSignIn goes all the way; edit changes the callback's parameters.
func plainSignIn(t *testing.T, p *idp.Provider, q idp.Request, edit func(url.Values)) (*idp.Identity, error) {
	t.Helper()
	to, err := p.AuthorizationURL(t.Context(), q)
	if err != nil {
		return nil, err
	}
	params, err := (&idptest.Provider{}).Approve(to)
	if err != nil {
		return nil, err
	}
	if edit != nil {
		edit(params)
	}
	code, err := p.Callback(t.Context(), params)
	if err != nil {
		return nil, err
	}
	return p.Exchange(t.Context(), q, code, []string{"email"})
}

var ana = presettest.Person{ID: "583231", Login: "ana", First: "Ana", Last: "Berg", Email: "ana@mail.example", Verified: true}

// TestA58_OnlyOurOwnExchange: at a provider of plain OAuth 2 a person is who the token of our own exchange speaks for. A
// token that another app was given opens nothing, wherever it is put, and a name that changes hands changes nobody.
func TestA58_OnlyOurOwnExchange(t *testing.T) {
	for _, name := range []string{"github", "facebook"} {
		up := presettest.New(t, name, ana)
		p := plainProvider(t, up, nil)
		r := &rig{t: t, clock: &clock{}}
		resource := map[string]string{"github": "/api/v3/user", "facebook": "/me"}[name]
		stolen := up.Grant()
		for _, put := range []func(url.Values){
			func(v url.Values) { v.Set("code", stolen) },
			func(v url.Values) { v.Del("code"); v.Set("access_token", stolen) },
			func(v url.Values) { v.Del("code"); v.Set("token", stolen); v.Set("id_token", stolen) },
		} {
			if id, err := plainSignIn(t, p, r.request(), put); err == nil {
				t.Errorf("%s: somebody came in as %s", name, id.Subject)
			}
		}
		if n := up.Calls(resource); n > 0 {
			t.Errorf("%s: %d times the provider was asked about a token of somebody else", name, n)
		}
		// A code that was made for another verifier, as one stolen from another browser is.
		q := r.request()
		to, err := p.AuthorizationURL(t.Context(), r.request())
		if err != nil {
			t.Fatal(err)
		}
		params, err := (&idptest.Provider{}).Approve(to)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Exchange(t.Context(), q, params.Get("code"), nil)
		if e := refused(t, err, idp.StepToken, "error"); name == "github" && e.Code != "invalid_grant" {
			t.Errorf("%s: %v", name, e)
		}

		id, err := plainSignIn(t, p, r.request(), func(v url.Values) { v.Set("access_token", stolen) })
		if err != nil || id.Subject != "583231" || id.Issuer != up.URL("") || id.IDToken != "" {
			t.Fatalf("%s: %+v, %v", name, id, err)
		}
		// The login and the address go to somebody else.
		up.SetPerson(presettest.Person{ID: "777", Login: ana.Login, First: "Eve", Email: ana.Email, Verified: true})
		if other, err := plainSignIn(t, p, r.request(), nil); err != nil || other.Subject != "777" {
			t.Errorf("%s: %+v, %v", name, other, err)
		}
	}
}

// TestA58_VerifiedAddresses: of GitHub's list the primary address, with its own flag; of Facebook's none is proven,
// whatever the answer says.
func TestA58_VerifiedAddresses(t *testing.T) {
	r := &rig{t: t, clock: &clock{}}
	for _, c := range []struct {
		name     string
		who      presettest.Person
		email    any
		verified any
	}{
		{"github", ana, "ana@mail.example", true},
		{"github", presettest.Person{ID: "1", Login: "a", Email: "a@mail.example"}, "a@mail.example", false},
		{"github", presettest.Person{ID: "1", Login: "a"}, nil, nil},
		{"facebook", ana, "ana@mail.example", false},
	} {
		id, err := plainSignIn(t, plainProvider(t, presettest.New(t, c.name, c.who), nil), r.request(), nil)
		if err != nil || id.Claims["email"] != c.email || id.Claims["email_verified"] != c.verified {
			t.Errorf("%s: %v, %v, want %v, %v: %v", c.name, id.Claims["email"], id.Claims["email_verified"], c.email, c.verified, err)
		}
	}
}

// TestOAuth2Subjects: what names a person for good, in every kind of JSON.
func TestOAuth2Subjects(t *testing.T) {
	for _, c := range []struct{ where, answer, want string }{
		{"id", `{"id": 583231}`, "583231"},
		{"id", `{"id": 9007199254740993}`, "9007199254740993"}, // more than a float64 holds
		{"id", `{"id": 123456789012345678901234567890}`, "123456789012345678901234567890"},
		{"id", `{"id": "amzn1.account.K2LI23KL2LK2"}`, "amzn1.account.K2LI23KL2LK2"},
		{"id", `{"id": "007", "sub": "other"}`, "007"},
		{"/data/id", `{"data": {"id": "42"}}`, "42"},
		{"/a~1b/~0c", `{"a/b": {"~c": 7}}`, "7"},
		{"id", `{}`, ""}, {"id", `{"id": null}`, ""}, {"id", `{"id": ""}`, ""}, {"id", `{"id": true}`, ""}, {"id", `{"id": 1.5}`, ""},
		{"id", `{"id": 1e3}`, ""}, {"id", `{"id": -1}`, ""}, {"id", `{"id": [1]}`, ""}, {"id", `{"id": {"id": 1}}`, ""},
		{"id", `{"id": "a\u0000b"}`, ""}, {"id", `{"id": "` + strings.Repeat("x", 256) + `"}`, ""}, {"id", `{"ID": 1}`, ""},
		{"/data/id", `{"data": [1]}`, ""}, {"/data/id", `{"data": {"id": {}}}`, ""}, {"id", `[]`, ""}, {"id", `{"id": 1, "id": 2}`, ""},
	} {
		up := presettest.New(t, "github", ana)
		profile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(c.answer))
		}))
		t.Cleanup(profile.Close)
		p := plainProvider(t, up, func(cfg *idp.Config) {
			cfg.Endpoints.UserInfo, cfg.OAuth2.Subject, cfg.OAuth2.Emails = profile.URL, c.where, ""
		})
		r := &rig{t: t, clock: &clock{}}
		id, err := plainSignIn(t, p, r.request(), nil)
		var e *idp.Error
		switch {
		case c.want == "" && (!errors.As(err, &e) || e.Step != idp.StepUserInfo || e.Mend == ""):
			t.Errorf("%s: %+v, %v", c.answer, id, err)
		case c.want != "" && (err != nil || id.Subject != c.want || id.Claims["sub"] != c.want):
			t.Errorf("%s: %+v, %v", c.answer, id, err)
		}
	}
}

// TestOAuth2Fresh: nothing shows how fresh a sign-in there is, so who demands that is refused (A76).
func TestOAuth2Fresh(t *testing.T) {
	p := plainProvider(t, presettest.New(t, "github", ana), nil)
	r := &rig{t: t, clock: &clock{}}
	q := r.request()
	q.Prompt = "login"
	_, err := plainSignIn(t, p, q, nil)
	refused(t, err, idp.StepUserInfo, "auth_time")
}

// TestOAuth2Errors: what goes wrong is named by the standard's words where the provider has others.
func TestOAuth2Errors(t *testing.T) {
	r := &rig{t: t, clock: &clock{}}
	for _, c := range []struct {
		name        string
		change      func(*idp.Config)
		step        idp.Step
		check, code string
	}{
		{"github", func(c *idp.Config) { c.ClientSecret = "wrong" }, idp.StepToken, "error", "invalid_client"},
		{"facebook", func(c *idp.Config) { c.ClientSecret = "wrong" }, idp.StepToken, "error", "OAuthException"},
		{"facebook", func(c *idp.Config) { c.OAuth2.SecretProof = false }, idp.StepUserInfo, "status", ""},
		{"github", func(c *idp.Config) { c.Endpoints.UserInfo += "/none" }, idp.StepUserInfo, "status", ""},
		{"github", func(c *idp.Config) { c.OAuth2.Emails = c.Endpoints.UserInfo }, idp.StepUserInfo, "json", ""},
	} {
		up := presettest.New(t, c.name, ana)
		_, err := plainSignIn(t, plainProvider(t, up, c.change), r.request(), nil)
		if e := refused(t, err, c.step, c.check); e.Code != c.code || strings.Contains(e.Error(), presettest.ClientSecret) {
			t.Errorf("%s: %v", c.name, e)
		}
	}
}

// TestOAuth2Probe: the doctor asks what there is to ask.
func TestOAuth2Probe(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*idp.Config)
		want   string // all findings
	}{
		{"github", nil, "discovery:ok client:ok userinfo:ok userinfo:ok clock:ok callback:warn"},
		{"github", func(c *idp.Config) { c.ClientSecret = "wrong" }, "discovery:ok client:fail userinfo:ok userinfo:ok clock:ok callback:warn"},
		{"github", func(c *idp.Config) { c.OAuth2.Emails = c.Issuer + "/none" }, "discovery:ok client:ok userinfo:ok userinfo:fail clock:ok callback:warn"},
		{"facebook", nil, "discovery:ok client:warn userinfo:ok clock:ok callback:warn"},
	} {
		var got []string
		for _, f := range plainProvider(t, presettest.New(t, c.name, ana), c.change).Probe(t.Context()) {
			got = append(got, f.Check+":"+string(f.Level))
			if f.Level != idp.OK && f.Mend == "" {
				t.Errorf("no remedy: %+v", f)
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s", c.name, text)
		}
	}
}

// TestOAuth2Config: what contradicts itself is refused.
func TestOAuth2Config(t *testing.T) {
	good := func() idp.Config {
		return idp.Config{Name: "corp", Issuer: "https://forum.example", ClientID: "hub", ClientSecret: "s", RedirectURI: callbackURL,
			OAuth2:    &idp.OAuth2{Subject: "id"},
			Endpoints: idp.Endpoints{Authorization: "https://forum.example/a", Token: "https://forum.example/t", UserInfo: "https://forum.example/u"}}
	}
	for _, c := range []struct {
		change func(*idp.Config)
		want   string
	}{
		{func(*idp.Config) {}, ""},
		{func(c *idp.Config) { c.OAuth2.Subject = "" }, "what names a person"},
		{func(c *idp.Config) { c.Endpoints.UserInfo = "" }, "needs authorization, token and userinfo"},
		{func(c *idp.Config) { c.OAuth2.Emails = "http://forum.example/e" }, "emails endpoint"},
		{func(c *idp.Config) { c.UserInfoSigned = true }, "neither signed userinfo"},
		{func(c *idp.Config) { c.Verified = "sometimes" }, "sometimes"},
		{func(c *idp.Config) { c.Tenants = []string{"a"} }, "{tenantid}"},
		{func(c *idp.Config) { c.Issuer = "https://forum.example/{tenantid}" }, "{tenantid}"},
		{func(c *idp.Config) { c.AuthMethod = idp.AuthPrivateKey }, "needs a key"},
		{func(c *idp.Config) { c.Assertion = &idp.Assertion{} }, "neither RSA"},
	} {
		cfg := good()
		c.change(&cfg)
		_, err := idp.New(cfg, nil, nil)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
}

// TestCallbackNameBesideSigned: what is signed is not overwritten, and what is not there is filled in, at the provider
// that is known for it alone.
func TestCallbackNameBesideSigned(t *testing.T) {
	for _, known := range []bool{true, false} {
		r := newRig(t, setup{op: idptest.Config{Algorithm: "ES256"}, rp: func(c *idp.Config) { c.NameInCallback = known }})
		r.op.SetUser(idptest.User{Subject: "alice", Claims: map[string]any{"given_name": "Alice", "name": "Alice Signed"}})
		q := r.request()
		q.User = `{"name":{"firstName":"Eve","lastName":"Berg"},"email":"eve@mail.example"}`
		id, err := r.with(q)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]any{true: "Berg", false: nil}[known]
		if id.Claims["given_name"] != "Alice" || id.Claims["name"] != "Alice Signed" || id.Claims["family_name"] != want || id.Claims["email"] != nil {
			t.Errorf("known %v: %v", known, id.Claims)
		}
	}
}

// TestCallbackName: of what comes unsigned a name goes on, and nothing else (A73).
func TestCallbackName(t *testing.T) {
	for user, want := range map[string]string{
		`{"name":{"firstName":"Ana","lastName":"Berg"},"email":"a@mail.example"}`:                  `{"name":{"firstName":"Ana","lastName":"Berg"}}`,
		`{"name":{"firstName":" Ana ","middleName":"M"},"email":"a@mail.example","roles":["all"]}`: `{"name":{"firstName":"Ana","lastName":""}}`,
		`{"name":{"firstName":"Añá 日"}}`:                                                           `{"name":{"firstName":"Añá 日","lastName":""}}`,
		`{"email":"a@mail.example"}`:                                                               "", `{"name":"Ana"}`: "", `{}`: "", ``: "", `[]`: "", `null`: "", `{"name":null}`: "", `{"name":{"firstName":1}}`: "",
		`{"name":{"firstName":"A","firstName":"B"}}`:                         "",
		`{"name":{"firstname":"A"}}`:                                         "",
		`{"name":{"firstName":"a\u0000b\u202e"}}`:                            "",
		`{"name":{"firstName":"` + strings.Repeat("x", 101) + `"}}`:          "",
		`{"name":{"firstName":"A"},"x":"` + strings.Repeat("x", 4096) + `"}`: "",
	} {
		if got := idp.CallbackName(user); got != want {
			t.Errorf("%.80s: %s, want %s", user, got, want)
		}
		if got := idp.CallbackName(user); got != "" && !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON", got)
		}
	}
}
