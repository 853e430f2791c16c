package oauth_test

import (
	"encoding/json"
	"io"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

const issuer = "https://hub.example/eu_1"

func TestA14_EveryResponseNamesTheIssuer(t *testing.T) {
	for name, c := range map[string]struct {
		response oauth.AuthorizationResponse
		want     []oauth.Field
	}{
		"success": {
			oauth.AuthorizationResponse{Code: "c1", State: "s1", Issuer: issuer},
			[]oauth.Field{{"code", "c1"}, {"state", "s1"}, {"iss", issuer}},
		},
		"without state": {
			oauth.AuthorizationResponse{Code: "c1", Issuer: issuer},
			[]oauth.Field{{"code", "c1"}, {"iss", issuer}},
		},
		"error": {
			oauth.AuthorizationResponse{Err: oauth.Errorf(oauth.LoginRequired, "nobody is signed in"), State: "s1", Issuer: issuer},
			[]oauth.Field{{"error", "login_required"}, {"error_description", "nobody is signed in"}, {"state", "s1"}, {"iss", issuer}},
		},
		"error of ours": {
			oauth.AuthorizationResponse{Err: oauth.Internal(io.EOF), Issuer: issuer},
			[]oauth.Field{{"error", "server_error"}, {"iss", issuer}},
		},
		"error wins over a code": {
			oauth.AuthorizationResponse{Code: "c1", Err: oauth.Errorf(oauth.AccessDenied, ""), Issuer: issuer},
			[]oauth.Field{{"error", "access_denied"}, {"iss", issuer}},
		},
	} {
		if diff := cmp.Diff(c.want, c.response.Fields()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRedirectURL(t *testing.T) {
	fields := []oauth.Field{{"code", "c&1"}, {"state", "a b+é"}}
	for uri, want := range map[string]string{
		"https://app.example":          "https://app.example?code=c%261&state=a+b%2B%C3%A9",
		"https://app.example/cb":       "https://app.example/cb?code=c%261&state=a+b%2B%C3%A9",
		"https://app.example/cb?":      "https://app.example/cb?code=c%261&state=a+b%2B%C3%A9",
		"https://app.example/cb?x=%7e": "https://app.example/cb?x=%7e&code=c%261&state=a+b%2B%C3%A9",
		"https://app.example/cb?x=1&":  "https://app.example/cb?x=1&code=c%261&state=a+b%2B%C3%A9",
		"https://app.example/cb?x=a?b": "https://app.example/cb?x=a?b&code=c%261&state=a+b%2B%C3%A9",
		"myapp://":                     "myapp://?code=c%261&state=a+b%2B%C3%A9",
		"com.example.app:/cb":          "com.example.app:/cb?code=c%261&state=a+b%2B%C3%A9",
	} {
		if got, err := oauth.RedirectURL(uri, fields); err != nil || got != want {
			t.Errorf("%s becomes %s, %v; want %s", uri, got, err, want)
		}
		if got, err := oauth.RedirectURL(uri, nil); err != nil || got != uri {
			t.Errorf("%s without fields becomes %s, %v", uri, got, err)
		}
	}
	for name, c := range map[string]struct {
		uri    string
		fields []oauth.Field
	}{
		"a field twice":     {"https://app.example", []oauth.Field{{"code", "1"}, {"code", "2"}}},
		"a name it has":     {"https://app.example?state=x", fields},
		"a broken query":    {"https://app.example?x=%", fields},
		"an empty fragment": {"https://app.example#", nil},
	} {
		if got, err := oauth.RedirectURL(c.uri, c.fields); codeOf(t, err) != oauth.ServerError || got != "" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestTokenResponseJSON(t *testing.T) {
	for want, r := range map[string]oauth.TokenResponse{
		`{"access_token":"a","expires_in":3600,"token_type":"Bearer"}`: {AccessToken: "a", ExpiresIn: 3600, TokenType: oauth.TokenTypeBearer},
		`{"id_token":"i","access_token":"a","refresh_token":"r","expires_in":300,"token_type":"Bearer","scope":"openid email"}`: {
			IDToken: "i", AccessToken: "a", RefreshToken: "r", ExpiresIn: 300, TokenType: oauth.TokenTypeBearer, Scope: oauth.Scope{"openid", "email"},
		},
	} {
		if got, err := json.Marshal(r); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

func TestParseTokenRequest(t *testing.T) {
	got, err := oauth.ParseTokenRequest(url.Values{
		"grant_type": {"authorization_code"}, "code": {"c1"}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {"short"},
		"scope": {"openid"}, "resource": {"https://api.example"}, "client_id": {"app"}, "extra": {"1", "2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &oauth.TokenRequest{
		GrantType: "authorization_code", Code: "c1", RedirectURI: "https://app.example/cb", CodeVerifier: "short", Scope: oauth.Scope{"openid"},
		Resource: []string{"https://api.example"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, form := range []url.Values{
		{"grant_type": {"refresh_token"}, "refresh_token": {"r1"}}, {"grant_type": {"client_credentials"}},
		{"grant_type": {oauth.GrantDeviceCode}, "device_code": {"d1"}}, {"grant_type": {oauth.GrantTokenExchange}, "subject_token": {"t1"}},
	} {
		if _, err := oauth.ParseTokenRequest(form); err != nil {
			t.Errorf("%v: %v", form, err)
		}
	}
}

func TestA06_OtherGrants(t *testing.T) {
	for _, grant := range []string{
		"password", "implicit", "code", "AUTHORIZATION_CODE", "authorization_code ", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x",
	} {
		form := url.Values{"grant_type": {grant}, "code": {"c"}, "refresh_token": {"r"}, "username": {"u"}, "password": {"p"}}
		if r, err := oauth.ParseTokenRequest(form); codeOf(t, err) != oauth.UnsupportedGrantType || r != nil {
			t.Errorf("%s: %v, %v", grant, r, err)
		}
	}
}

func TestParseTokenRequestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		form url.Values
		want oauth.Code
	}{
		"nothing":            {nil, oauth.InvalidRequest},
		"no code":            {url.Values{"grant_type": {"authorization_code"}}, oauth.InvalidRequest},
		"empty code":         {url.Values{"grant_type": {"authorization_code"}, "code": {""}}, oauth.InvalidRequest},
		"no refresh_token":   {url.Values{"grant_type": {"refresh_token"}, "code": {"c"}}, oauth.InvalidRequest},
		"code twice":         {url.Values{"grant_type": {"authorization_code"}, "code": {"c", "c"}}, oauth.InvalidRequest},
		"client_id twice":    {url.Values{"grant_type": {"client_credentials"}, "client_id": {"a", "b"}}, oauth.InvalidRequest},
		"scope out of form":  {url.Values{"grant_type": {"client_credentials"}, "scope": {"ä"}}, oauth.InvalidScope},
		"resource of no use": {url.Values{"grant_type": {"client_credentials"}, "resource": {"api"}}, oauth.InvalidTarget},
	} {
		if r, err := oauth.ParseTokenRequest(c.form); codeOf(t, err) != c.want || r != nil {
			t.Errorf("%s: %v, %v; want %s and no request", name, r, err, c.want)
		}
	}
}

func TestParseTokenQuery(t *testing.T) {
	got, err := oauth.ParseTokenQuery(url.Values{"token": {"t1"}, "token_type_hint": {"refresh_token"}})
	if err != nil || *got != (oauth.TokenQuery{Token: "t1", Hint: "refresh_token"}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, form := range []url.Values{nil, {"token": {""}}, {"token": {"a", "b"}}, {"token": {"a"}, "token_type_hint": {"x", "y"}}} {
		if q, err := oauth.ParseTokenQuery(form); codeOf(t, err) != oauth.InvalidRequest || q != nil {
			t.Errorf("%v: %v, %v", form, q, err)
		}
	}
}
