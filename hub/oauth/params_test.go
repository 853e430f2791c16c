package oauth_test

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// codeOf returns the code of err, which must be an *oauth.Error, or "" for nil.
func codeOf(t testing.TB, err error) oauth.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *oauth.Error", err)
	}
	return e.Code
}

// every parameter that an endpoint of the hub reads, as named in its specifications.
var parameters = map[string][]string{
	"authorize": {
		"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age",
		"display", "login_hint", "id_token_hint", "ui_locales", "claims_locales", "acr_values", "claims", "request", "request_uri",
		"registration", "response_mode", "identity_provider", "idp_identifier", "lang",
	},
	"token": {
		"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "client_id", "client_secret", "client_assertion",
		"client_assertion_type",
	},
	"revoke":   {"token", "token_type_hint", "client_id", "client_secret"},
	"userinfo": {"access_token"},
	"logout":   {"id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "logout_uri", "state", "ui_locales"},
	"callback": {"code", "state", "iss", "error", "error_description", "error_uri"},
	"notice":   {"logout_token"},
}

func TestA05_EveryParameterTwiceIsRefusedByName(t *testing.T) {
	for endpoint, names := range parameters {
		for _, name := range names {
			for _, pair := range [][]string{{"a", "b"}, {"a", "a"}, {"", "a"}, {"a", ""}, {"", ""}} {
				p := oauth.NewParams(url.Values{name: pair, "other": {"x"}})
				if codeOf(t, p.Err()) != oauth.InvalidRequest || !strings.Contains(p.Err().Error(), name+" is given more than once") {
					t.Errorf("%s: %s twice as %q: %v", endpoint, name, pair, p.Err())
				}
				if p.Err() != p.ErrOf(name) {
					t.Errorf("%s: the error of %s is %v", endpoint, name, p.ErrOf(name))
				}
				if p.Get(name) != "" || p.Has(name) {
					t.Errorf("%s: %s twice reads as %q", endpoint, name, p.Get(name))
				}
			}
		}
	}
}

func TestA05_ParametersInQueryOfPostAreRefused(t *testing.T) {
	for _, name := range parameters["token"] {
		err := oauth.RefuseQuery(url.Values{name: {"x"}, "zz": {"x"}})
		if codeOf(t, err) != oauth.InvalidRequest || !strings.Contains(err.Error(), name) {
			t.Errorf("%s in the query: %v", name, err)
		}
	}
	if err := oauth.RefuseQuery(url.Values{"utm_source": {"mail"}}); err != nil {
		t.Errorf("an unknown name: %v", err)
	}
	if err := oauth.RefuseQuery(nil); err != nil {
		t.Errorf("no query: %v", err)
	}
}

func TestA05_UnknownNamesAreIgnored(t *testing.T) {
	p := oauth.NewParams(url.Values{"foo": {"1", "2"}, "Client_Id": {"x"}, "client_id[]": {"y"}, "state": {"s"}, "x\x00": {"\xff"}})
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if p.Get("foo") != "" || p.Get("client_id") != "" || p.Get("Client_Id") != "" || p.Get("state") != "s" {
		t.Errorf("read as %v", p.Values())
	}
}

func TestA05_ResourceMayBeRepeated(t *testing.T) {
	p := oauth.NewParams(url.Values{"resource": {"https://a.example", "", "https://b.example"}})
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"https://a.example", "https://b.example"}, p.All("resource")); diff != "" {
		t.Error(diff)
	}
}

func TestA199_ParameterLimits(t *testing.T) {
	many := make(url.Values)
	for i := range oauth.MaxParams {
		many.Add("x", strings.Repeat("y", i))
	}
	if err := oauth.NewParams(many).Err(); err != nil {
		t.Errorf("%d parameters: %v", oauth.MaxParams, err)
	}
	many.Add("state", "s")
	over := oauth.NewParams(many)
	if codeOf(t, over.Err()) != oauth.InvalidRequest {
		t.Errorf("%d parameters: %v", oauth.MaxParams+1, over.Err())
	}
	if over.Get("state") != "s" {
		t.Error("with too many parameters state can not be read")
	}
	for name, limit := range map[string]int{"state": 2048, "nonce": 2048, "redirect_uri": 1024, "client_id": 256, "token": 1 << 14} {
		if p := oauth.NewParams(url.Values{name: {strings.Repeat("a", limit)}}); p.Err() != nil || len(p.Get(name)) != limit {
			t.Errorf("%s of %d bytes: %v", name, limit, p.Err())
		}
		if p := oauth.NewParams(url.Values{name: {strings.Repeat("a", limit+1)}}); codeOf(t, p.Err()) != oauth.InvalidRequest || p.Has(name) {
			t.Errorf("%s of %d bytes: %v", name, limit+1, p.Err())
		}
	}
}

func TestParamsRefuseWhatCanNotBeReturned(t *testing.T) {
	for _, value := range []string{"a\x00", "\n", "a\r\nb", "\x1b[2J", "\x7f", "\u0085", "\xff", "a\xc3", "\xed\xa0\x80"} {
		p := oauth.NewParams(url.Values{"state": {value}})
		if codeOf(t, p.Err()) != oauth.InvalidRequest || p.Has("state") {
			t.Errorf("%q: %v", value, p.Err())
		}
	}
	for _, value := range []string{" ", "ключ", "{\"a\":[1,2]}", "\u2028", "\U0001f511", "%00", "+", "<script>"} {
		if p := oauth.NewParams(url.Values{"state": {value}}); p.Err() != nil || p.Get("state") != value {
			t.Errorf("%q reads as %q, %v", value, p.Get("state"), p.Err())
		}
	}
}

func TestParamsErrIsTheFirstByAlphabet(t *testing.T) {
	v := url.Values{}
	for _, name := range slices.Sorted(slices.Values(parameters["authorize"])) {
		v[name] = []string{"a", "b"}
	}
	for range 20 {
		if err := oauth.NewParams(v).Err(); !strings.Contains(err.Error(), "acr_values") {
			t.Fatalf("the first error is %v", err)
		}
	}
}

func TestParseQuery(t *testing.T) {
	for name, raw := range map[string]string{
		"bad escape":     "state=%zz",
		"cut escape":     "state=%4",
		"semicolon":      "a=1;b=2",
		"100 ampersands": strings.Repeat("&", oauth.MaxParams),
		"too large":      "x=" + strings.Repeat("a", oauth.MaxEncoded),
	} {
		v, err := oauth.ParseQuery(raw)
		if codeOf(t, err) != oauth.InvalidRequest || v != nil {
			t.Errorf("%s: %d values, %v", name, len(v), err)
		}
	}
	v, err := oauth.ParseQuery("state=a+b%2B&scope=&x")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"state": {"a b+"}, "scope": {""}, "x": {""}}, v); diff != "" {
		t.Error(diff)
	}
}

// What is read prints and reads again as the same; a parameter has a value or a fault, never both; what is read stood in the query.
func FuzzParams(f *testing.F) {
	f.Add("client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=s")
	f.Add("state=a&state=b&resource=x&resource=y")
	f.Add("state=%00&scope=&unknown=1&unknown=2")
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := oauth.ParseQuery(raw)
		if (v == nil) == (err == nil) {
			t.Fatalf("%q gives %v and %v", raw, v, err)
		}
		if err != nil {
			return
		}
		p := oauth.NewParams(v)
		printed, err := oauth.ParseQuery(p.Values().Encode())
		if err != nil {
			t.Fatalf("%q prints as what does not read: %v", raw, err)
		}
		if again := oauth.NewParams(printed); again.Err() != nil || !cmp.Equal(again.Values(), p.Values()) {
			t.Errorf("%q reads as %v, and that as %v, %v", raw, p.Values(), again.Values(), again.Err())
		}
		for name := range maps.Keys(v) {
			if p.Has(name) && p.ErrOf(name) != nil {
				t.Errorf("%s has the value %q and the fault %v", name, p.Get(name), p.ErrOf(name))
			}
			if p.Has(name) && !slices.Contains(v[name], p.Get(name)) {
				t.Errorf("%s reads as %q, sent was %q", name, p.Get(name), v[name])
			}
			if name != "resource" && len(p.All(name)) > 1 {
				t.Errorf("%s reads as %q", name, p.All(name))
			}
		}
	})
}
