package oauth_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636 appendix B

// good returns a request with every parameter that is supported.
func good() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"https://app.example/cb"}, "scope": {"openid email"},
		"state": {"s1"}, "nonce": {"n1"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"}, "prompt": {"login consent"},
		"max_age": {"300"}, "display": {"popup"}, "login_hint": {"ana@corp.example"}, "id_token_hint": {"e30.e30.x"}, "ui_locales": {"de en"},
		"claims_locales": {"fr"}, "acr_values": {"phr"}, "claims": {`{"userinfo":{"name":{"essential":true}}}`},
		"response_mode": {"form_post"}, "identity_provider": {"Corp"}, "idp_identifier": {"corp.example"}, "lang": {"de"},
		"resource": {"https://api.example", "urn:api:2"},
	}
}

// with returns the good request after changes, given as name, value, name, value; the value "-" removes the parameter.
func with(changes ...string) url.Values {
	v := maps.Clone(good())
	for i := 0; i < len(changes); i += 2 {
		if v.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			v.Del(changes[i])
		}
	}
	return v
}

func TestParseAuthorization(t *testing.T) {
	r, err := oauth.ParseAuthorization(good())
	if err != nil {
		t.Fatal(err)
	}
	age := 300
	want := &oauth.AuthorizationRequest{
		ResponseType: "code", ResponseMode: "form_post", ClientID: "app", RedirectURI: "https://app.example/cb", Scope: oauth.Scope{"openid", "email"},
		State: "s1", Nonce: "n1", CodeChallenge: challenge, CodeChallengeMethod: "S256", Prompt: oauth.PromptLogin | oauth.PromptConsent,
		MaxAge: &age, Display: "popup", LoginHint: "ana@corp.example", IDTokenHint: "e30.e30.x", UILocales: "de en", ClaimsLocales: "fr",
		ACRValues: "phr", Claims: `{"userinfo":{"name":{"essential":true}}}`, Resource: []string{"https://api.example", "urn:api:2"},
		IdentityProvider: "Corp", IDPIdentifier: "corp.example", Lang: "de",
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again oauth.AuthorizationRequest
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &again); diff != "" {
		t.Errorf("by way of JSON: %s", diff)
	}
}

func TestParseAuthorizationOfTheLeast(t *testing.T) {
	r, err := oauth.ParseAuthorization(url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"myapp://"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &oauth.AuthorizationRequest{ResponseType: "code", ResponseMode: "query", ClientID: "app", RedirectURI: "myapp://"}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if text, _ := json.Marshal(r); string(text) != `{"response_type":"code","response_mode":"query","client_id":"app","redirect_uri":"myapp://"}` {
		t.Errorf("as JSON %s", text)
	}
}

func TestParseAuthorizationRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		v    url.Values
		want oauth.Code
	}{
		"no client_id":                 {with("client_id", "-"), oauth.InvalidRequest},
		"empty client_id":              {with("client_id", ""), oauth.InvalidRequest},
		"no redirect_uri":              {with("redirect_uri", "-"), oauth.InvalidRequest},
		"no response_type":             {with("response_type", "-"), oauth.InvalidRequest},
		"request":                      {with("request", "e30.e30."), oauth.RequestNotSupported},
		"request_uri":                  {with("request_uri", "https://app.example/r"), oauth.RequestURINotSupported},
		"registration":                 {with("registration", "{}"), oauth.RegistrationNotSupported},
		"scope with a quote":           {with("scope", `openid "`), oauth.InvalidScope},
		"prompt unknown":               {with("prompt", "maybe"), oauth.InvalidRequest},
		"prompt in upper case":         {with("prompt", "NONE"), oauth.InvalidRequest},
		"prompt none and login":        {with("prompt", "none login"), oauth.InvalidRequest},
		"max_age negative":             {with("max_age", "-1"), oauth.InvalidRequest},
		"max_age with a sign":          {with("max_age", "+1"), oauth.InvalidRequest},
		"max_age fraction":             {with("max_age", "1.5"), oauth.InvalidRequest},
		"max_age in words":             {with("max_age", "hour"), oauth.InvalidRequest},
		"max_age too great":            {with("max_age", "99999999999"), oauth.InvalidRequest},
		"max_age with an underscore":   {with("max_age", "1_0"), oauth.InvalidRequest},
		"claims not JSON":              {with("claims", "name"), oauth.InvalidRequest},
		"claims null":                  {with("claims", "null"), oauth.InvalidRequest},
		"claims array":                 {with("claims", "[]"), oauth.InvalidRequest},
		"claims twice":                 {with("claims", "{}{}"), oauth.InvalidRequest},
		"claims of a wrong form":       {with("claims", `{"userinfo":["name"]}`), oauth.InvalidRequest},
		"claims essential as text":     {with("claims", `{"userinfo":{"name":{"essential":"true"}}}`), oauth.InvalidRequest},
		"resource relative":            {with("resource", "/api"), oauth.InvalidTarget},
		"resource with a fragment":     {with("resource", "https://api.example/#a"), oauth.InvalidTarget},
		"resource with empty fragment": {with("resource", "https://api.example/#"), oauth.InvalidTarget},
		"nothing at all":               {nil, oauth.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := oauth.ParseAuthorization(c.v)
			if got := codeOf(t, err); got != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if r == nil {
				t.Fatal("no request beside the error")
			}
		})
	}
}

func TestA06_OtherResponseTypesAndModes(t *testing.T) {
	for _, kind := range []string{
		"token", "id_token", "id_token token", "code token", "code id_token", "code id_token token", "none", "CODE", "code code", " code", "code ", "x",
	} {
		for _, mode := range []string{"", "query", "form_post", "fragment"} {
			r, err := oauth.ParseAuthorization(with("response_type", kind, "response_mode", mode))
			if codeOf(t, err) != oauth.UnsupportedResponseType {
				t.Errorf("response_type %q, mode %q: %v", kind, mode, err)
			}
			if r.ResponseMode == "fragment" {
				t.Error("the error would go into a fragment")
			}
		}
	}
	for _, mode := range []string{"fragment", "query.jwt", "jwt", "form_post.jwt", "web_message", "FORM_POST", "none"} {
		if _, err := oauth.ParseAuthorization(with("response_mode", mode)); codeOf(t, err) != oauth.UnsupportedResponseType {
			t.Errorf("response_mode %q: %v", mode, err)
		}
	}
}

func TestA12_OnlyS256Challenges(t *testing.T) {
	for name, changes := range map[string][]string{
		"plain":                     {"code_challenge_method", "plain"},
		"no method, which is plain": {"code_challenge_method", "-"},
		"method in lower case":      {"code_challenge_method", "s256"},
		"unknown method":            {"code_challenge_method", "S512"},
		"method alone":              {"code_challenge", "-"},
		"empty challenge":           {"code_challenge", ""},
		"42 characters":             {"code_challenge", challenge[:42]},
		"44 characters":             {"code_challenge", challenge + "A"},
		"padding":                   {"code_challenge", challenge + "="},
		"padding within":            {"code_challenge", challenge[:42] + "="},
		"standard alphabet":         {"code_challenge", "+" + challenge[1:]},
		"unused bits":               {"code_challenge", challenge[:42] + "N"},
		"white space":               {"code_challenge", " " + challenge[1:]},
		"a verifier":                {"code_challenge", strings.Repeat("~", 43)},
		"128 characters":            {"code_challenge", strings.Repeat("a", 128)},
	} {
		if _, err := oauth.ParseAuthorization(with(changes...)); codeOf(t, err) != oauth.InvalidRequest {
			t.Errorf("%s: %v, want invalid_request", name, err)
		}
	}
}

// The error that is reported is the first of the documented order, whatever else is wrong.
func TestParseAuthorizationOrder(t *testing.T) {
	faults := []struct {
		name  string
		apply func(url.Values)
		code  oauth.Code
		says  string
	}{
		{"client_id", func(v url.Values) { v.Del("client_id") }, oauth.InvalidRequest, "client_id is missing"},
		{"redirect_uri", func(v url.Values) { v["redirect_uri"] = []string{"https://a.example", "https://b.example"} }, oauth.InvalidRequest, "redirect_uri is given"},
		{"state", func(v url.Values) { v["state"] = []string{"a", "b"} }, oauth.InvalidRequest, "state is given"},
		{"request", func(v url.Values) { v.Set("request", "x") }, oauth.RequestNotSupported, ""},
		{"response_type", func(v url.Values) { v.Set("response_type", "token") }, oauth.UnsupportedResponseType, "response_type"},
		{"response_mode", func(v url.Values) { v.Set("response_mode", "fragment") }, oauth.UnsupportedResponseType, "response_mode"},
		{"scope", func(v url.Values) { v.Set("scope", `"`) }, oauth.InvalidScope, ""},
		{"challenge", func(v url.Values) { v.Set("code_challenge_method", "plain") }, oauth.InvalidRequest, "code_challenge_method"},
		{"prompt", func(v url.Values) { v.Set("prompt", "x") }, oauth.InvalidRequest, "prompt"},
		{"max_age", func(v url.Values) { v.Set("max_age", "x") }, oauth.InvalidRequest, "max_age"},
		{"claims", func(v url.Values) { v.Set("claims", "x") }, oauth.InvalidRequest, "claims"},
		{"resource", func(v url.Values) { v.Set("resource", "x") }, oauth.InvalidTarget, ""},
	}
	for i, first := range faults {
		v := good()
		for _, f := range faults[i:] {
			f.apply(v)
		}
		r, err := oauth.ParseAuthorization(v)
		if codeOf(t, err) != first.code || !strings.Contains(err.Error(), first.says) {
			t.Errorf("from %s on: %v, want %s %s", first.name, err, first.code, first.says)
		}
		if i > 1 && (r.ClientID != "app" || r.RedirectURI != "https://app.example/cb") {
			t.Errorf("from %s on: client %q at %q can not be told", first.name, r.ClientID, r.RedirectURI)
		}
		if i > 2 && r.State != "s1" {
			t.Errorf("from %s on: state is %q", first.name, r.State)
		}
		if i > 5 && r.ResponseMode != "form_post" {
			t.Errorf("from %s on: the error would be sent by %s", first.name, r.ResponseMode)
		}
	}
}

func TestA01_DoubtfulTargetsReadAsAbsent(t *testing.T) {
	for name, values := range map[string][]string{
		"twice": {"https://app.example/cb", "https://evil.example/cb"}, "the same twice": {"https://app.example/cb", "https://app.example/cb"},
		"too long": {"https://app.example/" + strings.Repeat("a", 1024)}, "line end": {"https://app.example/cb\r\nx"}, "broken": {"https://app.example/\xff"},
		"empty": {""}, "none": nil,
	} {
		v := good()
		v["redirect_uri"] = values
		r, err := oauth.ParseAuthorization(v)
		if r.RedirectURI != "" || codeOf(t, err) != oauth.InvalidRequest || !strings.Contains(err.Error(), "redirect_uri") {
			t.Errorf("%s: reads as %q, %v", name, r.RedirectURI, err)
		}
	}
}

func TestA15_StateAndNonceByteForByte(t *testing.T) {
	for _, value := range []string{
		"a", " a ", "a+b%20c&d=e#f", `{"url":"/x?y=1&z","n":[1]}`, "äöü \U0001f511", strings.Repeat("z", 2048), "<>\"'`", "\u2028\u200b", "%%%", "a=b&state=c",
	} {
		r, err := oauth.ParseAuthorization(with("state", value, "nonce", value))
		if err != nil || r.State != value || r.Nonce != value {
			t.Errorf("%.40q reads as %.40q and %.40q, %v", value, r.State, r.Nonce, err)
		}
	}
	for _, name := range []string{"state", "nonce"} {
		if _, err := oauth.ParseAuthorization(with(name, strings.Repeat("z", 2049))); codeOf(t, err) != oauth.InvalidRequest {
			t.Errorf("%s of 2049 bytes: %v", name, err)
		}
	}
}

// State and nonce come out of the parsed request, its JSON and the redirect as they went in, or the request is refused.
func FuzzA15_State(f *testing.F) {
	f.Add("s1")
	f.Add("a+b%20c&d=e#f\x00")
	f.Add("\xff\u2028")
	f.Fuzz(func(t *testing.T, state string) {
		r, err := oauth.ParseAuthorization(with("state", state, "nonce", state))
		if err != nil {
			if r.State != "" || codeOf(t, err) != oauth.InvalidRequest {
				t.Errorf("%q is refused with %v and read as %q", state, err, r.State)
			}
			return
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again oauth.AuthorizationRequest
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		to, err := oauth.AuthorizationResponse{Code: "c", State: again.State, Issuer: "https://hub.example"}.URL("https://app.example/cb?x=1")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if state != "-" && (u.Query().Get("state") != state || again.Nonce != state) {
			t.Errorf("%q comes back as %q, the nonce as %q", state, u.Query().Get("state"), again.Nonce)
		}
	})
}

func TestParseClaims(t *testing.T) {
	r, err := oauth.ParseClaims(`{
		"userinfo": {"name": null, "email": {"essential": true}, "USERINFO": {}},
		"id_token": {"acr": {"values": ["phr", "phrh"]}, "sub": {"value": "ana", "more": 1}},
		"ID_TOKEN": {"evil": null}, "other": [1]
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := &oauth.ClaimsRequest{
		UserInfo: map[string]oauth.ClaimRequest{"name": {}, "email": {Essential: true}, "USERINFO": {}},
		IDToken:  map[string]oauth.ClaimRequest{"acr": {Values: []any{"phr", "phrh"}}, "sub": {Value: "ana"}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}
