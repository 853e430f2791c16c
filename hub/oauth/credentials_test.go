package oauth_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

func basic(plain string) []string {
	return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(plain))}
}

func TestParseClientCredentials(t *testing.T) {
	assertion := url.Values{"client_assertion": {"e30.e30.x"}, "client_assertion_type": {oauth.AssertionTypeJWT}}
	for name, c := range map[string]struct {
		header []string
		form   url.Values
		want   oauth.ClientCredentials
	}{
		"basic":                    {basic("app:s3cret"), nil, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "app", Secret: "s3cret"}},
		"basic with form encoding": {basic("my+app%3A1:a%25b%2Bc+d%3a"), nil, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "my app:1", Secret: "a%b+c d:"}},
		"basic with colons":        {basic("app:a:b"), nil, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "app", Secret: "a:b"}},
		"basic without a secret":   {basic("app:"), nil, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "app"}},
		"scheme in another case":   {[]string{"bAsIc  " + basic("app:x")[0][6:]}, nil, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "app", Secret: "x"}},
		"basic and the same id":    {basic("app:x"), url.Values{"client_id": {"app"}}, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "app", Secret: "x"}},
		"basic and empty secret":   {basic("app:x"), url.Values{"client_secret": {""}}, oauth.ClientCredentials{Method: oauth.AuthBasic, ClientID: "app", Secret: "x"}},
		"post":                     {nil, url.Values{"client_id": {"app"}, "client_secret": {"x"}}, oauth.ClientCredentials{Method: oauth.AuthPost, ClientID: "app", Secret: "x"}},
		"none":                     {nil, url.Values{"client_id": {"app"}}, oauth.ClientCredentials{Method: oauth.AuthNone, ClientID: "app"}},
		"assertion":                {nil, assertion, oauth.ClientCredentials{Method: oauth.AuthPrivateKeyJWT, Assertion: "e30.e30.x"}},
	} {
		got, err := oauth.ParseClientCredentials(c.header, nil, c.form)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestA21_CredentialsAreRefused(t *testing.T) {
	post := url.Values{"client_id": {"app"}, "client_secret": {"x"}}
	for name, c := range map[string]struct {
		header      []string
		query, form url.Values
		want        oauth.Code
	}{
		"nothing":                 {nil, nil, nil, oauth.InvalidClient},
		"secret without id":       {nil, nil, url.Values{"client_secret": {"x"}}, oauth.InvalidClient},
		"secret in the URL":       {nil, post, nil, oauth.InvalidClient},
		"secret in URL and body":  {nil, post, post, oauth.InvalidClient},
		"secret in URL and basic": {basic("app:x"), url.Values{"client_secret": {""}}, nil, oauth.InvalidClient},
		"assertion in the URL":    {nil, url.Values{"client_assertion": {"e30"}}, post, oauth.InvalidClient},
		"basic and post":          {basic("app:x"), nil, post, oauth.InvalidRequest},
		"two headers":             {append(basic("app:x"), basic("app:x")...), nil, nil, oauth.InvalidRequest},
		"post and assertion": {nil, nil, url.Values{"client_id": {"app"}, "client_secret": {"x"}, "client_assertion": {"e30"},
			"client_assertion_type": {oauth.AssertionTypeJWT}}, oauth.InvalidRequest},
		"basic and another id":   {basic("app:x"), nil, url.Values{"client_id": {"other"}}, oauth.InvalidRequest},
		"id twice":               {nil, nil, url.Values{"client_id": {"app", "app"}}, oauth.InvalidRequest},
		"secret twice":           {nil, nil, url.Values{"client_id": {"app"}, "client_secret": {"x", "y"}}, oauth.InvalidRequest},
		"assertion without type": {nil, nil, url.Values{"client_assertion": {"e30"}}, oauth.InvalidClient},
		"type without assertion": {nil, nil, url.Values{"client_id": {"app"}, "client_assertion_type": {oauth.AssertionTypeJWT}}, oauth.InvalidClient},
		"assertion of SAML": {nil, nil, url.Values{"client_assertion": {"e30"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}}, oauth.InvalidClient},
		"bearer":                 {[]string{"Bearer x"}, nil, post, oauth.InvalidClient},
		"empty header":           {[]string{""}, nil, post, oauth.InvalidClient},
		"scheme alone":           {[]string{"Basic"}, nil, nil, oauth.InvalidClient},
		"no base64":              {[]string{"Basic app:x"}, nil, nil, oauth.InvalidClient},
		"base64url":              {[]string{"Basic " + base64.URLEncoding.EncodeToString([]byte("app:\xff\xfe~?>"))}, nil, nil, oauth.InvalidClient},
		"base64 without padding": {[]string{strings.TrimRight(basic("app:x")[0], "=")}, nil, nil, oauth.InvalidClient},
		"base64 and more":        {[]string{basic("app:x")[0] + " x"}, nil, nil, oauth.InvalidClient},
		"line end":               {[]string{basic("app:x")[0] + "\n"}, nil, nil, oauth.InvalidClient},
		"no colon":               {basic("app"), nil, nil, oauth.InvalidClient},
		"no id":                  {basic(":x"), nil, nil, oauth.InvalidClient},
		"bad percent":            {basic("app:100%"), nil, nil, oauth.InvalidClient},
		"bad percent in id":      {basic("a%zzpp:x"), nil, nil, oauth.InvalidClient},
		"NUL":                    {basic("app%00:x"), nil, nil, oauth.InvalidClient},
		"raw NUL":                {basic("app:x\x00"), nil, nil, oauth.InvalidClient},
		"broken UTF-8":           {basic("app:%ff"), nil, nil, oauth.InvalidClient},
		"huge":                   {basic("app:" + strings.Repeat("x", 8192)), nil, nil, oauth.InvalidClient},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := oauth.ParseClientCredentials(c.header, c.query, c.form)
			if codeOf(t, err) != c.want || got != nil {
				t.Errorf("%v, %v; want %s", got, err, c.want)
			}
			if status := oauth.AsError(err).HTTPStatus(); (status == 401) != (c.want == oauth.InvalidClient) {
				t.Errorf("status %d", status)
			}
		})
	}
}

// What a client encodes as RFC 6749 §2.3.1 asks, the hub decodes to the same, and an error never quotes it.
func FuzzA21_Basic(f *testing.F) {
	f.Add("app", "s3cret")
	f.Add("a:b%c", "+ &=\u00e9\x00")
	f.Fuzz(func(t *testing.T, id, secret string) {
		c, err := oauth.ParseClientCredentials(basic(url.QueryEscape(id)+":"+url.QueryEscape(secret)), nil, nil)
		if err == nil && (c.ClientID != id || c.Secret != secret || c.Method != oauth.AuthBasic) {
			t.Errorf("%q:%q reads as %+v", id, secret, c)
		}
		for _, plain := range []string{id + ":" + secret, secret} {
			c, err := oauth.ParseClientCredentials(basic(plain), nil, nil)
			if (c == nil) == (err == nil) {
				t.Fatalf("%q gives %v and %v", plain, c, err)
			}
			if err != nil && len(secret) > 24 && strings.Contains(err.Error(), secret) {
				t.Errorf("the error quotes the secret: %v", err)
			}
		}
	})
}

func TestA32_BearerToken(t *testing.T) {
	one := url.Values{"access_token": {"t1"}}
	for name, c := range map[string]struct {
		header      []string
		query, form url.Values
		want        string
	}{
		"header":                 {[]string{"Bearer t1"}, nil, nil, "t1"},
		"scheme in another case": {[]string{"bEARER t1"}, nil, nil, "t1"},
		"more spaces":            {[]string{"Bearer   t1"}, nil, nil, "t1"},
		"every character":        {[]string{"Bearer aZ09-._~+/=="}, nil, nil, "aZ09-._~+/=="},
		"body":                   {nil, nil, one, "t1"},
		"query":                  {nil, one, nil, ""},
		"query and header":       {[]string{"Bearer t1"}, one, nil, ""},
		"empty in query":         {[]string{"Bearer t1"}, url.Values{"access_token": {""}}, nil, ""},
		"header and body":        {[]string{"Bearer t1"}, nil, one, ""},
		"two headers":            {[]string{"Bearer t1", "Bearer t1"}, nil, nil, ""},
		"twice in body":          {nil, nil, url.Values{"access_token": {"t1", "t1"}}, ""},
		"twice in a header":      {[]string{"Bearer t1, Bearer t2"}, nil, nil, ""},
		"two tokens":             {[]string{"Bearer t1 t2"}, nil, nil, ""},
		"empty":                  {[]string{"Bearer "}, nil, nil, ""},
		"scheme alone":           {[]string{"Bearer"}, nil, nil, ""},
		"padding alone":          {[]string{"Bearer =="}, nil, nil, ""},
		"padding within":         {[]string{"Bearer a=b"}, nil, nil, ""},
		"quoted":                 {[]string{`Bearer "t1"`}, nil, nil, ""},
		"tab":                    {[]string{"Bearer\tt1"}, nil, nil, ""},
		"control character":      {[]string{"Bearer t1\x00"}, nil, nil, ""},
		"other scheme":           {basic("app:x"), nil, nil, ""},
		"other scheme and body":  {basic("app:x"), nil, one, ""},
		"DPoP":                   {[]string{"DPoP t1"}, nil, nil, ""},
		"empty header":           {[]string{""}, nil, nil, ""},
		"empty in body":          {nil, nil, url.Values{"access_token": {""}}, ""},
		"too long":               {[]string{"Bearer " + strings.Repeat("a", 1<<14+1)}, nil, nil, ""},
	} {
		got, err := oauth.BearerToken(c.header, c.query, c.form)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
		if err == nil {
			continue
		}
		if status := oauth.AsError(err).HTTPStatus(); status != 401 {
			t.Errorf("%s: status %d", name, status)
		}
		if text := oauth.BearerChallenge("pool", oauth.AsError(err), nil); !strings.Contains(text, `error="invalid_token"`) {
			t.Errorf("%s: challenge %s", name, text)
		}
	}
}

func TestChallenges(t *testing.T) {
	_, none := oauth.BearerToken(nil, nil, url.Values{"Access_Token": {"t1"}})
	for want, got := range map[string]string{
		`Basic realm="eu_1", charset="UTF-8"`: oauth.BasicChallenge("eu_1"),
		`Bearer realm="eu_1"`:                 oauth.BearerChallenge("eu_1", oauth.AsError(none), nil),
		`Bearer realm="it's"`:                 oauth.BearerChallenge("it\"s", nil, oauth.Scope{"x"}),
		`Bearer realm="eu_1", error="insufficient_scope", error_description="needs more", scope="openid a/b"`: oauth.BearerChallenge(
			"eu_1", oauth.Errorf(oauth.InsufficientScope, "needs more"), oauth.Scope{"openid", "a/b"}),
		`Bearer realm="eu_1", error="invalid_token"`: oauth.BearerChallenge("eu_1", &oauth.Error{Code: oauth.InvalidToken}, nil),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if none != error(oauth.ErrNoBearer) {
		t.Errorf("no token: %v", none)
	}
}
