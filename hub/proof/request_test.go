package proof_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

func requestClaims() object {
	return object{
		"iss": clientID, "aud": issuer, "exp": after(5 * time.Minute), "nbf": after(0), "iat": after(0), "jti": "r-1",
		"client_id": clientID, "response_type": "code", "redirect_uri": "https://app.example/cb", "scope": "openid email",
		"state": "s", "code_challenge": challenge, "code_challenge_method": "S256",
	}
}

func requestRules() proof.RequestRules {
	return proof.RequestRules{ClientID: clientID, Issuer: issuer, FAPI: true, Now: now}
}

func TestRequestObjectIsARequest(t *testing.T) {
	claims := requestClaims().with(object{
		"max_age": 3600, "resource": []string{"https://api.example/a", "https://api.example/b"}, "prompt": "login consent", "nonce": "n \"é\"",
		"claims": object{"id_token": object{"email": object{"essential": true}, "acr": object{"values": []string{"<1>", "2"}}}, "userinfo": object{"name": null}},
		"vendor": true, "vendor_list": []any{1, "a"}, "vendor_number": 1.50,
	})
	v, err := proof.RequestObject(client(token.PS256).jwt(object{"typ": "oauth-authz-req+jwt"}, claims), keys(t), requestRules())
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"client_id": {clientID}, "response_type": {"code"}, "redirect_uri": {"https://app.example/cb"}, "scope": {"openid email"}, "state": {"s"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}, "max_age": {"3600"}, "prompt": {"login consent"}, "nonce": {"n \"é\""},
		"resource": {"https://api.example/a", "https://api.example/b"}, "claims": v["claims"], "vendor": {"true"}, "vendor_list": {`[1,"a"]`}, "vendor_number": {"1.5"},
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
	r, err := oauth.ParseAuthorization(v)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := oauth.ParseClaims(r.Claims)
	if err != nil || !asked.IDToken["email"].Essential || asked.IDToken["acr"].Values[0] != "<1>" || len(asked.UserInfo) != 1 {
		t.Errorf("claims %s: %+v, %v", r.Claims, asked, err)
	}
	if *r.MaxAge != 3600 || len(r.Resource) != 2 || r.ClientID != clientID || r.Nonce != "n \"é\"" {
		t.Errorf("read as %+v", *r)
	}
}

// The lines of the FAPI 2 message signing plan, and those of the security profile that speak of request objects.
func TestConformanceRequestObject(t *testing.T) {
	for line, c := range map[string]struct {
		by              *signer
		header, changes object
		ok              bool
	}{
		"happy-flow":                          {ok: true},
		"several aud accepted":                {changes: object{"aud": []string{"https://other.example", issuer}}, ok: true},
		"without exp":                         {changes: object{"exp": nil}},
		"without nbf":                         {changes: object{"nbf": nil}},
		"expired":                             {changes: object{"nbf": after(-10 * time.Minute), "exp": after(-5 * time.Minute)}},
		"bad aud":                             {changes: object{"aud": "https://other.example"}},
		"exp over 60 min":                     {changes: object{"exp": after(61 * time.Minute)}},
		"exp 60 min":                          {changes: object{"exp": after(60 * time.Minute)}, ok: true},
		"nbf over 60 min":                     {changes: object{"nbf": after(-61 * time.Minute)}},
		"nbf 8 s ahead accepted":              {changes: object{"nbf": after(8 * time.Second), "iat": after(8 * time.Second)}, ok: true},
		"nbf over 60 s ahead":                 {changes: object{"nbf": after(61 * time.Second)}},
		"RS256":                               {by: client(token.RS256)},
		"alg none":                            {header: object{"alg": "none"}},
		"other client's key":                  {by: stranger(token.ES256)},
		"request_uri inside the object":       {changes: object{"request_uri": "https://app.example/r"}},
		"without-redirect-uri":                {changes: object{"redirect_uri": nil}},
		"authorization-request-without-state": {changes: object{"state": nil}, ok: true},
		"with-long-nonce":                     {changes: object{"nonce": strings.Repeat("n", 384)}, ok: true},
	} {
		t.Run(line, func(t *testing.T) {
			if c.by == nil {
				c.by = client(token.ES256)
			}
			v, err := proof.RequestObject(c.by.jwt(c.header, requestClaims().with(c.changes)), keys(t), requestRules())
			if err == nil {
				_, err = oauth.ParseAuthorization(v)
			} else {
				wantCode(t, err, oauth.InvalidRequestObject)
			}
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	good := client(token.ES256).jwt(nil, requestClaims())
	parts := strings.Split(good, ".")
	for line, raw := range map[string]string{
		"bad signature": parts[0] + "." + parts[1] + "." + "AAAA" + parts[2][4:],
		"unsigned":      encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
	} {
		_, err := proof.RequestObject(raw, keys(t), requestRules())
		if err == nil {
			t.Errorf("%s: taken", line)
		}
		wantCode(t, err, oauth.InvalidRequestObject)
	}
}

func TestA19_RequestObjectRefused(t *testing.T) {
	for name, changes := range map[string]object{
		"no aud": {"aud": nil}, "aud empty": {"aud": ""}, "aud empty list": {"aud": []string{}}, "aud object": {"aud": object{issuer: 1}},
		"no exp": {"exp": nil}, "exp passed": {"exp": after(-time.Hour)}, "exp text": {"exp": "1"}, "exp null": {"exp": null},
		"no iss": {"iss": nil}, "iss of another client": {"iss": "app-2"}, "iss list": {"iss": []string{clientID}},
		"no client_id": {"client_id": nil}, "client_id of another": {"client_id": "app-2"}, "client_id list": {"client_id": []string{clientID}},
		"sub, as in an assertion": {"sub": clientID}, "iat in the future": {"iat": after(time.Hour)},
		"request inside": {"request": "e30.e30."}, "request_uri inside": {"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "request null": {"request": null},
		"a parameter null": {"state": null}, "resource of numbers": {"resource": []int{1}}, "resource of lists": {"resource": []any{[]string{"a"}}},
	} {
		for _, fapi := range []bool{true, false} {
			rules := requestRules()
			rules.FAPI = fapi
			v, err := proof.RequestObject(client(token.ES256).jwt(nil, requestClaims().with(changes)), keys(t), rules)
			if err == nil || v != nil {
				t.Errorf("%s: %v, %v", name, v, err)
				continue
			}
			wantCode(t, err, oauth.InvalidRequestObject)
			if errors.Is(err, proof.ErrSignature) {
				t.Errorf("%s: other keys would mend %v", name, err)
			}
		}
	}
	for _, typ := range []any{"dpop+jwt", "at+jwt", "client-authentication+jwt", "logout+jwt", 1, null} {
		if _, err := proof.RequestObject(client(token.ES256).jwt(object{"typ": typ}, requestClaims()), keys(t), requestRules()); err == nil {
			t.Errorf("typ %v: taken", typ)
		}
	}
	for _, typ := range []any{nil, "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"} {
		if _, err := proof.RequestObject(client(token.ES256).jwt(object{"typ": typ}, requestClaims()), keys(t), requestRules()); err != nil {
			t.Errorf("typ %v: %v", typ, err)
		}
	}
}

func TestA19_OAuchJar(t *testing.T) {
	good := client(token.RS256).jwt(nil, requestClaims())
	rules := proof.RequestRules{ClientID: clientID, Issuer: issuer, Algorithms: token.Algorithms(), Now: now}
	if _, err := proof.RequestObject(good, keys(t), rules); err != nil {
		t.Errorf("IsJarSupported: %v", err)
	}
	_, err := proof.RequestObject(stranger(token.RS256).jwt(nil, requestClaims()), keys(t), rules)
	if !errors.Is(err, proof.ErrSignature) {
		t.Errorf("IsJarSignatureChecked: %v", err)
	}
	if _, err = proof.RequestObject(encode([]byte(`{"alg":"none"}`))+"."+strings.Split(good, ".")[1]+".", keys(t), rules); err == nil {
		t.Error("IsJarSignatureRequired: taken")
	}
}

// Without the FAPI rules nbf is honoured but not wanted, and exp may be far; the rest stands.
func TestRequestObjectWithoutFAPI(t *testing.T) {
	rules := requestRules()
	rules.FAPI = false
	for name, c := range map[string]struct {
		changes object
		ok      bool
	}{
		"no nbf":            {object{"nbf": nil, "iat": nil, "jti": nil}, true},
		"exp in a day":      {object{"exp": after(24 * time.Hour)}, true},
		"nbf in the future": {object{"nbf": after(time.Hour)}, false},
	} {
		if _, err := proof.RequestObject(client(token.ES256).jwt(nil, requestClaims().with(c.changes)), keys(t), rules); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The names of the envelope are no parameters: an iss or aud that goes on would mean something else there.
func TestRequestObjectEnvelopeStays(t *testing.T) {
	v, err := proof.RequestObject(client(token.ES256).jwt(nil, requestClaims()), keys(t), requestRules())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"iss", "aud", "exp", "nbf", "iat", "jti"} {
		if v.Has(name) {
			t.Errorf("%s is among the parameters", name)
		}
	}
}

// What a list does not mean, ParseAuthorization refuses: a value is never picked from it.
func TestA05_ListsAreNotValues(t *testing.T) {
	for _, name := range []string{"scope", "redirect_uri", "response_type", "prompt", "code_challenge", "max_age", "response_mode"} {
		v, err := proof.RequestObject(client(token.ES256).jwt(nil, requestClaims().with(object{name: []string{"code"}})), keys(t), requestRules())
		if err != nil {
			t.Fatal(err)
		}
		r, err := oauth.ParseAuthorization(v)
		if err == nil && r.RedirectURI == "https://app.example/cb" {
			t.Errorf("%s as a list: read as %+v", name, *r)
		}
	}
}

// No kind of JWT passes for another, whichever of them its sender leaves without typ (RFC 8725 §3.12, RFC 9101 §10.8).
func TestA33_ProofsAreNotInterchangeable(t *testing.T) {
	s := client(token.ES256)
	shown := map[string]string{
		"assertion":      s.jwt(nil, assertionClaims()),
		"DPoP proof":     dpopJWT(s, nil, nil),
		"request object": s.jwt(nil, requestClaims()),
		"ID token":       s.jwt(object{"typ": "JWT"}, object{"iss": issuer, "sub": "u", "aud": clientID, "exp": after(time.Hour), "iat": after(0), "token_use": "id"}),
	}
	for name, raw := range shown {
		_, err1 := proof.Assertion(raw, keys(t), fapiRules())
		_, err2 := proof.DPoP([]string{raw}, dpopRequest())
		_, err3 := proof.RequestObject(raw, keys(t), requestRules())
		for kind, err := range map[string]error{"assertion": err1, "DPoP proof": err2, "request object": err3} {
			if (err == nil) != (kind == name) {
				t.Errorf("%s shown as %s: %v", name, kind, err)
			}
		}
	}
}
