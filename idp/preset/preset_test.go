package preset

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestAll: what everybody who reads the table counts on.
func TestAll(t *testing.T) {
	types := []string{"OIDC", "Google", "Facebook", "LoginWithAmazon", "SignInWithApple"}
	var names, as []string
	for _, p := range All() {
		if Find(p.Name) != p || slices.Contains(names, p.Name) || slices.Contains(as, p.As) {
			t.Errorf("%s is not alone with its names", p.Name)
		}
		names, as = append(names, p.Name), append(as, p.As)
		if !slices.Contains(types, p.Type) {
			t.Errorf("%s: ProviderType %q is none of Cognito's", p.Name, p.Type)
		}
		if u, err := url.Parse(p.Docs); err != nil || u.Scheme != "https" || p.Console == "" || p.Proven == "" || p.Title == "" {
			t.Errorf("%s does not say where things are", p.Name)
		}
		e := p.Endpoints
		if p.OAuth2 != (p.Subject != "") || p.OAuth2 != (e.Authorization != "" && e.Token != "" && e.UserInfo != "") {
			t.Errorf("%s: plain OAuth 2 has endpoints and a subject, OpenID Connect neither", p.Name)
		}
		if !p.OAuth2 && !slices.Contains(p.Scopes, "openid") {
			t.Errorf("%s lacks the scope openid", p.Name)
		}
		if slices.Contains([]string{"email", "login", "name", "username"}, p.Subject) {
			t.Errorf("A58: %s is known by %s", p.Name, p.Subject)
		}
		for _, k := range p.Keys {
			if k.Form != nil && !strings.Contains(k.Example, "[") && !k.Form.MatchString(k.Example) {
				t.Errorf("%s: the example of %s is refused", p.Name, k.Name)
			}
		}
	}
	if Find("gogle") != nil {
		t.Error("found what is not there")
	}
}

// TestFill: addresses that depend on what is filled in.
func TestFill(t *testing.T) {
	const tenant, guest = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", entraConsumers
	for _, c := range []struct {
		name    string
		values  map[string]string
		tenants []string
		want    string // issuer, discovery, userinfo, emails
	}{
		{"github", nil, nil, "https://github.com  https://api.github.com/user https://api.github.com/user/emails"},
		{"github", map[string]string{"base_url": "https://git.corp.example/"}, nil, "https://git.corp.example  https://git.corp.example/api/v3/user https://git.corp.example/api/v3/user/emails"},
		{"gitlab", nil, nil, "https://gitlab.com   "},
		{"entra", map[string]string{"tenant": tenant}, nil, "https://login.microsoftonline.com/" + tenant + "/v2.0   "},
		{"entra", nil, []string{tenant}, "https://login.microsoftonline.com/{tenantid}/v2.0 https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration  "},
		{"entra", map[string]string{"base_url": "https://login.microsoftonline.us"}, []string{tenant, guest}, "https://login.microsoftonline.us/{tenantid}/v2.0 https://login.microsoftonline.us/common/v2.0/.well-known/openid-configuration  "},
		{"cognito", map[string]string{"user_pool_id": "us-gov-west-1_Ab1"}, nil, "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_Ab1   "},
		{"auth0", map[string]string{"domain": "corp.eu.auth0.com"}, nil, "https://corp.eu.auth0.com/   "},
		{"okta", map[string]string{"domain": "corp.okta.com"}, nil, "https://corp.okta.com   "},
		{"keycloak", map[string]string{"realm": "https://sso.corp.example/realms/corp/"}, nil, "https://sso.corp.example/realms/corp   "},
	} {
		f := Find(c.name).Fill(c.values, c.tenants)
		if got := strings.Join([]string{f.Issuer, f.Discovery, f.Endpoints.UserInfo, f.Endpoints.Emails}, " "); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}
