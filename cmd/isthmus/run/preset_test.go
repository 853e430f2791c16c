package run_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/preset"
	"github.com/isthmus-hub/isthmus/idp/preset/presettest"
)

const presetText = `
listen: %[1]s
store: %[2]s/hub.db
outbound: {allow: [127.0.0.1]}
pools:
  - name: master
    issuer: http://%[1]s
    signing: {algorithm: ES256}
    providers:
%[3]s    clients:
      - id: app
        secret: app-secret-0123456789-0123456789
        callback_urls: [http://localhost:3000/callback]
        scopes: [openid, email, profile]
`

// site is a hub with providers of a file.
type site struct {
	t    *testing.T
	hub  *run.Hub
	base string
}

func presetSite(t *testing.T, providers string) *site {
	t.Helper()
	dir, listen := t.TempDir(), address(t)
	path := filepath.Join(dir, "isthmus.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, presetText, listen, dir, providers), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, config.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := run.Start(t.Context(), cfg, run.Options{Cost: directory.Cost{Memory: 64, Time: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return &site{t, h, "http://" + listen}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// signIn walks a sign-in in a browser of its own and returns the app's ID token, or the page on which it ended.
func (s *site) signIn(provider string) (claims map[string]any, page string) {
	s.t.Helper()
	c := client(s.t)
	res, err := c.Get(s.base + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"http://localhost:3000/callback"}, "state": {"s"},
		"scope": {"openid email profile"}, "identity_provider": {provider},
	}.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	text := s.read(res)
	if to := formAction.FindStringSubmatch(text); res.StatusCode == http.StatusOK && to != nil && res.Request.URL.Host != strings.TrimPrefix(s.base, "http://") {
		form := url.Values{} // a form that the provider's page sends by itself
		for _, f := range formField.FindAllStringSubmatch(text, -1) {
			form.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
		}
		post, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, html.UnescapeString(to[1]), strings.NewReader(form.Encode()))
		if err != nil {
			s.t.Fatal(err)
		}
		for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://appleid.apple.com", "Sec-Fetch-Site": "cross-site"} {
			post.Header.Set(name, value)
		}
		if res, err = c.Do(post); err != nil {
			s.t.Fatal(err)
		}
		text = s.read(res)
	}
	app, err := url.Parse(res.Header.Get("Location"))
	if err != nil || app.Port() != "3000" {
		return nil, fmt.Sprintf("%d %s", res.StatusCode, text)
	}
	if app.Query().Get("code") == "" {
		return nil, app.RawQuery
	}
	return s.redeem(app.Query().Get("code")), ""
}

func (s *site) read(res *http.Response) string {
	s.t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

func (s *site) redeem(code string) map[string]any {
	s.t.Helper()
	res, err := http.PostForm(s.base+"/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"http://localhost:3000/callback"},
		"client_id": {"app"}, "client_secret": {"app-secret-0123456789-0123456789"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	body := s.read(res)
	var tokens struct {
		ID string `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(body), &tokens); err != nil || tokens.ID == "" {
		s.t.Fatalf("token: %s", body)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(tokens.ID, ".")[1])
	if err != nil {
		s.t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		s.t.Fatal(err)
	}
	return claims
}

// user finds the one user whose identity has that subject.
func (s *site) user(subject string) *hub.User {
	s.t.Helper()
	users, _, err := directory.List(s.t.Context(), s.hub.Pools()[0], "", 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, u := range users {
		if len(u.Links) == 1 && u.Links[0].Subject == subject {
			return u
		}
	}
	s.t.Fatalf("nobody has the subject %s", subject)
	return nil
}

// TestPresets walks every preset from the file to the app's ID token, at a stand-in that answers as documented: who it
// is, what becomes of names and addresses, whether an address is proven, and what the user looks like afterwards.
func TestPresets(t *testing.T) {
	ana := presettest.Person{ID: "583231", Login: "ana", First: "Ana", Last: "Berg", Email: "ana@mail.example", Verified: true}
	with := func(change func(*presettest.Person)) presettest.Person {
		who := ana
		change(&who)
		return who
	}
	partner := "1a2b3c4d-5e6f-4788-99aa-bbccddeeff00"
	unproven := with(func(p *presettest.Person) { p.Verified = false })
	nameless := with(func(p *presettest.Person) { p.Email = "" })
	all := "email=ana@mail.example email_verified=true family_name=Berg given_name=Ana name=Ana Berg"
	const picture = " picture=https://img.example/583231"
	for _, c := range []struct {
		preset, name string
		who          presettest.Person
		more         []string // lines of the file
		want         string   // the user's attributes, sorted
	}{
		{"google", "", ana, nil, all + picture},
		{"google", "unverified address", unproven, nil, strings.Replace(all, "=true", "=false", 1) + picture},

		{"entra", "address of no known owner", ana, nil, strings.Replace(all, "=true", "=false", 1)},
		{"entra", "xms_edov is not believed by itself", with(func(p *presettest.Person) { p.DomainOwned = true }), nil, strings.Replace(all, "=true", "=false", 1)},
		{"entra", "xms_edov", with(func(p *presettest.Person) { p.DomainOwned = true }), []string{"verified_email: xms_edov"}, all},
		{"entra", "xms_edov absent", ana, []string{"verified_email: xms_edov"}, strings.Replace(all, "=true", "=false", 1)},
		{"entra", "xms_edov in one answer, the address in another", with(func(p *presettest.Person) { p.DomainOwned, p.Thin = true, true }), []string{"verified_email: xms_edov"}, strings.Replace(all, "=true", "=false", 1)},
		{"entra", "many tenants", with(func(p *presettest.Person) { p.Tenant = partner }), []string{"tenants: [" + presettest.EntraTenant + ", " + partner + "]"}, strings.Replace(all, "=true", "=false", 1)},

		{"apple", "", ana, nil, all},
		{"apple", "unverified address", unproven, nil, strings.Replace(all, "=true", "=false", 1)},
		{"apple", "no address", nameless, nil, "family_name=Berg given_name=Ana name=Ana Berg"},

		{"github", "", ana, nil, "email=ana@mail.example email_verified=true name=Ana Berg" + picture + " preferred_username=ana"},
		{"github", "private address", with(func(p *presettest.Person) { p.Private = true }), nil, "email=ana@mail.example email_verified=true name=Ana Berg" + picture + " preferred_username=ana"},
		{"github", "unverified address", unproven, nil, "email=ana@mail.example email_verified=false name=Ana Berg" + picture + " preferred_username=ana"},
		{"github", "list not allowed, profile shown", with(func(p *presettest.Person) { p.Unlisted = true }), nil, "name=Ana Berg" + picture + " preferred_username=ana"},
		{"github", "no addresses", nameless, nil, "name=Ana Berg" + picture + " preferred_username=ana"},

		{"gitlab", "", ana, nil, "email=ana@mail.example email_verified=true name=Ana Berg" + picture + " preferred_username=ana"},
		{"gitlab", "unverified address", unproven, nil, "email=ana@mail.example email_verified=false name=Ana Berg" + picture + " preferred_username=ana"},

		{"facebook", "", ana, nil, "email=ana@mail.example email_verified=false family_name=Berg given_name=Ana name=Ana Berg" + picture},
		{"facebook", "no address", nameless, nil, "family_name=Berg given_name=Ana name=Ana Berg" + picture},

		{"amazon", "", ana, nil, "email=ana@mail.example email_verified=false name=Ana Berg"},
		{"amazon", "no address", nameless, nil, "name=Ana Berg"},

		{"linkedin", "", ana, nil, all + picture},
		{"linkedin", "unverified address", unproven, nil, strings.Replace(all, "=true", "=false", 1) + picture},

		{"okta", "", ana, nil, strings.Replace(all, " name=", " locale=en_US name=", 1)},
		{"okta", "unverified address", unproven, nil, strings.NewReplacer("=true", "=false", " name=", " locale=en_US name=").Replace(all)},
		{"auth0", "", ana, nil, all + picture},
		{"auth0", "unverified address", unproven, nil, strings.Replace(all, "=true", "=false", 1) + picture},
		{"keycloak", "", ana, nil, all},
		{"keycloak", "unverified address", unproven, nil, strings.Replace(all, "=true", "=false", 1)},
		{"cognito", "", ana, nil, all + picture},
		{"cognito", "unverified address", unproven, nil, strings.Replace(all, "=true", "=false", 1) + picture},
		{"cognito", "the flag as text", with(func(p *presettest.Person) { p.Thin = true }), nil, all + picture},
		{"cognito", "unverified, as text", with(func(p *presettest.Person) { p.Thin, p.Verified = true, false }), nil, strings.Replace(all, "=true", "=false", 1) + picture},
	} {
		t.Run(strings.TrimSuffix(c.preset+" "+c.name, " "), func(t *testing.T) {
			known := preset.Find(c.preset)
			up := presettest.New(t, c.preset, c.who)
			s := presetSite(t, up.YAML(c.more...))
			claims, page := s.signIn(known.As)
			if claims == nil {
				t.Fatal(page)
			}
			u := s.user(c.who.ID)
			var got []string
			for _, name := range []string{"email", "email_verified", "family_name", "given_name", "locale", "name", "picture", "preferred_username"} {
				if v := u.Attributes[name]; v != "" {
					got = append(got, name+"="+v)
				}
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("attributes:\n got %s\nwant %s", text, c.want)
			}
			identity, _ := claims["identities"].([]any)[0].(map[string]any)
			if identity["providerName"] != known.As || identity["providerType"] != known.Type || identity["userId"] != c.who.ID {
				t.Errorf("identities: %v", identity)
			}
			if u.Username != known.As+"_"+c.who.ID || claims["cognito:username"] != u.Username {
				t.Errorf("user name is %s, %v", u.Username, claims["cognito:username"])
			}
			if claims["email"] != nil && fmt.Sprint(claims["email_verified"]) != u.Attributes["email_verified"] {
				t.Errorf("the app is told email_verified %v", claims["email_verified"])
			}
			// The second time it is the same person, and nothing of them is lost.
			if _, page := s.signIn(known.As); page != "" {
				t.Fatal(page)
			}
			if again := s.user(c.who.ID); again.Sub != u.Sub || fmt.Sprint(again.Attributes) != fmt.Sprint(u.Attributes) {
				t.Errorf("afterwards:\n%v, was\n%v", again.Attributes, u.Attributes)
			}
		})
	}
}

// TestPresetsHaveStandIns: no preset without one.
func TestPresetsHaveStandIns(t *testing.T) {
	if have, known := len(presettest.Names()), len(preset.Names()); have != known {
		t.Errorf("%d stand-ins for %d presets", have, known)
	}
	for _, name := range presettest.Names() {
		if preset.Find(name) == nil {
			t.Errorf("a stand-in for %s, which is no preset", name)
		}
	}
}

// TestA74_OtherTenants: of many tenants those that are listed come in, each under its own issuer.
func TestA74_OtherTenants(t *testing.T) {
	const partner, stranger = "1a2b3c4d-5e6f-4788-99aa-bbccddeeff00", "2b3c4d5e-6f70-4812-93a4-b5c6d7e8f900"
	up := presettest.New(t, "entra", presettest.Person{ID: "AAAAsub", First: "Ana", Email: "ana@corp.example", Tenant: stranger})
	s := presetSite(t, up.YAML("tenants: ["+presettest.EntraTenant+", "+partner+"]"))
	if claims, page := s.signIn("Microsoft"); claims != nil || !strings.Contains(page, "502") {
		t.Fatalf("a stranger: %v %s", claims, page)
	}
	up.SetPerson(presettest.Person{ID: "AAAAsub", First: "Ana", Email: "ana@corp.example", Tenant: partner})
	if claims, page := s.signIn("Microsoft"); claims == nil {
		t.Fatal(page)
	}
	if link := s.user("AAAAsub").Links[0]; !strings.HasSuffix(link.Issuer, "/"+partner+"/v2.0") {
		t.Errorf("the link keeps %s", link.Issuer)
	}
	// A token that names a listed tenant and bears the issuer of another.
	up.OIDC.SetHooks(idptest.Hooks{
		Discovery: func(doc map[string]any) {
			doc["issuer"] = strings.Replace(up.OIDC.Issuer(), "organizations", "{tenantid}", 1)
		},
		IDToken: func(token *idptest.Token) {
			token.Claims["tid"], token.Claims["iss"] = partner, strings.Replace(up.OIDC.Issuer(), "organizations", stranger, 1)
		},
	})
	if claims, page := s.signIn("Microsoft"); claims != nil || !strings.Contains(page, "502") {
		t.Errorf("a borrowed tid: %v %s", claims, page)
	}
}
