package proof_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const (
	tokenURL = issuer + "/oauth2/token"
	parURL   = issuer + "/oauth2/par"
)

func assertionClaims() object {
	return object{"iss": clientID, "sub": clientID, "aud": issuer, "exp": after(time.Minute), "iat": after(0), "jti": "j-1"}
}

// fapiRules are the rules for a client of the FAPI profile, laxRules those for any other.
func fapiRules() proof.AssertionRules {
	return proof.AssertionRules{ClientID: clientID, Issuer: issuer, Now: now}
}

func laxRules() proof.AssertionRules {
	return proof.AssertionRules{ClientID: clientID, Issuer: issuer, Endpoints: []string{tokenURL}, Algorithms: token.Algorithms(), Now: now}
}

func TestAssertionProves(t *testing.T) {
	for _, a := range token.Algorithms() {
		raw := client(a).jwt(nil, assertionClaims())
		c, err := proof.Assertion(raw, keys(t), laxRules())
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		want := proof.AssertionClaims{ClientID: clientID, ID: "j-1", Expires: time.Unix(after(time.Minute), 0).Add(proof.Skew)}
		if !c.Expires.Equal(want.Expires) || c.ClientID != want.ClientID || c.ID != want.ID {
			t.Errorf("%s: %+v, want %+v", a, *c, want)
		}
		if id, err := proof.ClientID(raw); id != clientID || err != nil {
			t.Errorf("%s: the client is %q, %v", a, id, err)
		}
	}
	raw := client(token.EdDSA).jwt(object{"alg": "Ed25519"}, assertionClaims())
	if _, err := proof.Assertion(raw, keys(t), fapiRules()); err != nil {
		t.Errorf("Ed25519, the name of RFC 9864: %v", err)
	}
}

// The lines of the FAPI 2 plan that speak of client assertions.
func TestConformanceClientAssertion(t *testing.T) {
	for line, c := range map[string]struct {
		by              token.Algorithm
		header, changes object
		ok              bool
	}{
		"happy-flow PS256": {by: token.PS256, ok: true},
		"happy-flow ES256": {ok: true},
		"happy-flow EdDSA": {by: token.EdDSA, ok: true},
		"ensure-signed-client-assertion-with-RS256-fails":             {by: token.RS256},
		"ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": {changes: object{"exp": after(-5 * time.Minute)}},
		"ensure-client-assertion-with-wrong-aud-fails":                {changes: object{"aud": "https://other.example/"}},
		"ensure-client-assertion-with-no-sub-fails":                   {changes: object{"sub": nil}},
		"ensure-jwt-client-assertions-nbf-8-seconds-in-the-future":    {changes: object{"nbf": after(8 * time.Second), "iat": after(8 * time.Second)}, ok: true},
		"ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-fut": {changes: object{"nbf": after(61 * time.Second), "exp": after(2 * time.Minute)}},
		"the same with iat":                                             {changes: object{"iat": after(61 * time.Second), "exp": after(2 * time.Minute)}},
		"par-test-array-as-audience-fails":                              {changes: object{"aud": []string{issuer}}},
		"par-test-array-as-audience-fails, more than one":               {changes: object{"aud": []string{issuer, tokenURL}}},
		"par-endpoint-url-as-audience-fails":                            {changes: object{"aud": parURL}},
		"token-endpoint-url-as-audience-fails":                          {changes: object{"aud": tokenURL}},
		"ensure-invalid-client-assertions-fail: sub wrong":              {changes: object{"sub": "app-2"}},
		"ensure-invalid-client-assertions-fail: iss missing":            {changes: object{"iss": nil}},
		"ensure-invalid-client-assertions-fail: iss wrong":              {changes: object{"iss": "app-2"}},
		"ensure-invalid-client-assertions-fail: aud missing":            {changes: object{"aud": nil}},
		"ensure-invalid-client-assertions-fail: alg none":               {header: object{"alg": "none"}},
		"ensure-client-assertion-with-iss-aud-succeeds: 5 minutes":      {changes: object{"exp": after(5 * time.Minute)}, ok: true},
		"ensure-client-assertion-with-iss-aud-succeeds: client's clock": {changes: object{"exp": after(5*time.Minute + 8*time.Second), "iat": after(8 * time.Second)}, ok: true},
	} {
		t.Run(line, func(t *testing.T) {
			if c.by == "" {
				c.by = token.ES256
			}
			raw := client(c.by).jwt(c.header, assertionClaims().with(c.changes))
			_, err := proof.Assertion(raw, keys(t), fapiRules())
			if c.ok && err != nil {
				t.Errorf("refused: %v", err)
			} else if !c.ok {
				wantCode(t, err, oauth.InvalidClient)
			}
		})
	}
}

func TestA23_OAuchJwt(t *testing.T) {
	good := assertionClaims()
	signed := func(changes object) string { return client(token.ES256).jwt(nil, good.with(changes)) }
	accepted := func(raw string) bool {
		_, err := proof.Assertion(raw, keys(t), laxRules())
		if err != nil {
			wantCode(t, err, oauth.InvalidClient)
		}
		return err == nil
	}
	if !accepted(signed(nil)) {
		t.Error("SupportsJwtClientAuthentication: refused")
	}
	for test, raw := range map[string]string{
		"AcceptsNoneSignature": encode([]byte(`{"alg":"none"}`)) + "." + strings.Split(signed(nil), ".")[1] + ".",
		"HasAudienceClaim":     signed(object{"aud": nil}),
		"HasIssuerClaim":       signed(object{"iss": nil}),
		"HasSubjectClaim":      signed(object{"sub": nil}),
		"IsExpirationChecked":  signed(object{"exp": after(-24 * time.Hour)}),
		"IsIssuedAtChecked":    signed(object{"iat": after(-365 * 24 * time.Hour)}),
		"IsNotBeforeChecked":   signed(object{"nbf": after(24 * time.Hour), "exp": after(48 * time.Hour)}),
		"IsSignatureChecked":   stranger(token.ES256).jwt(nil, good),
		"IsSignatureRequired":  strings.TrimRight(signed(nil), "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
	} {
		if accepted(raw) {
			t.Errorf("%s: taken", test)
		}
	}
}

// IsJwtReplayDetected: whoever remembers the ID until Expires never sees an assertion pass that he has forgotten.
func TestA23_AnAssertionIsRefusedFromExpiresOn(t *testing.T) {
	raw, rules := client(token.EdDSA).jwt(nil, assertionClaims()), fapiRules()
	first, err := proof.Assertion(raw, keys(t), rules)
	if err != nil {
		t.Fatal(err)
	}
	rules.Now = first.Expires.Add(-1)
	if again, err := proof.Assertion(raw, keys(t), rules); err != nil || again.ID != first.ID || !again.Expires.Equal(first.Expires) {
		t.Errorf("a moment before: %+v, %v", again, err)
	}
	rules.Now = first.Expires
	if _, err := proof.Assertion(raw, keys(t), rules); err == nil {
		t.Error("taken at Expires")
	}
}

func TestA23_AssertionIsExact(t *testing.T) {
	long := strings.Repeat("j", 513)
	for name, changes := range map[string]object{
		"no exp": {"exp": nil}, "exp null": {"exp": null}, "exp text": {"exp": "9999999999"}, "exp negative": {"exp": -1},
		"exp beyond time": {"exp": 1e300}, "exp at zero": {"exp": 0}, "exp a list": {"exp": []int64{after(time.Minute)}},
		"exp too far": {"exp": after(5*time.Minute + 31*time.Second)}, "exp passed": {"exp": after(-31 * time.Second)},
		"nbf text": {"nbf": "0"}, "iat true": {"iat": true}, "iat old": {"iat": after(-5*time.Minute - 31*time.Second)},
		"no jti": {"jti": nil}, "jti empty": {"jti": ""}, "jti number": {"jti": 1}, "jti long": {"jti": long},
		"iss list": {"iss": []string{clientID}}, "sub null": {"sub": null}, "iss and sub of another": {"iss": "app-2", "sub": "app-2"},
		"iss in another case": {"iss": "APP-1", "sub": "APP-1"},
		"aud with slash":      {"aud": issuer + "/"}, "aud in upper case": {"aud": strings.ToUpper(issuer)}, "aud empty": {"aud": ""},
		"aud number": {"aud": 1}, "aud null": {"aud": null}, "aud object": {"aud": object{"a": issuer}},
		"aud prefix": {"aud": issuer[:len(issuer)-1]}, "aud of another pool": {"aud": "https://id.example/us"},
	} {
		for rule, rules := range map[string]proof.AssertionRules{"FAPI": fapiRules(), "OpenID": laxRules()} {
			_, err := proof.Assertion(client(token.ES256).jwt(nil, assertionClaims().with(changes)), keys(t), rules)
			if err == nil {
				t.Errorf("%s, %s: taken", name, rule)
				continue
			}
			wantCode(t, err, oauth.InvalidClient)
		}
	}
	for name, typ := range map[string]any{"DPoP": "dpop+jwt", "access token": "at+jwt", "request object": "oauth-authz-req+jwt", "logout": "logout+jwt",
		"number": 1, "null": null, "prefix alone": "application/", "long form of another": "application/at+jwt"} {
		_, err := proof.Assertion(client(token.ES256).jwt(object{"typ": typ}, assertionClaims()), keys(t), laxRules())
		if err == nil {
			t.Errorf("typ %s: taken", name)
		}
	}
	for _, typ := range []string{"JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"} {
		if _, err := proof.Assertion(client(token.ES256).jwt(object{"typ": typ}, assertionClaims()), keys(t), fapiRules()); err != nil {
			t.Errorf("typ %s: %v", typ, err)
		}
	}
}

// An audience that is not ours lets another server use the assertion here, so every one that is named must be ours.
func TestA23_Audience(t *testing.T) {
	for name, c := range map[string]struct {
		audience any
		lax      bool
	}{
		"issuer":                   {issuer, true},
		"token endpoint":           {tokenURL, true},
		"list of issuer":           {[]string{issuer}, true},
		"list of both":             {[]string{issuer, tokenURL}, true},
		"another endpoint":         {parURL, false},
		"list with another server": {[]string{issuer, "https://other.example"}, false},
		"list with a number":       {[]any{issuer, 1}, false},
		"empty list":               {[]string{}, false},
		"list of nothing":          {[]string{""}, false},
	} {
		raw := client(token.ES256).jwt(nil, assertionClaims().with(object{"aud": c.audience}))
		if _, err := proof.Assertion(raw, keys(t), laxRules()); (err == nil) != c.lax {
			t.Errorf("%s, with endpoints: %v", name, err)
		}
		if _, err := proof.Assertion(raw, keys(t), fapiRules()); (err == nil) != (c.audience == any(issuer)) {
			t.Errorf("%s, FAPI: %v", name, err)
		}
	}
}

func TestAssertionLife(t *testing.T) {
	raw := client(token.ES256).jwt(nil, assertionClaims().with(object{"exp": after(time.Hour), "iat": after(-time.Hour)}))
	rules := fapiRules()
	rules.MaxLife = time.Hour
	if _, err := proof.Assertion(raw, keys(t), rules); err != nil {
		t.Errorf("an hour allowed: %v", err)
	}
	rules.MaxLife = 59 * time.Minute
	if _, err := proof.Assertion(raw, keys(t), rules); err == nil {
		t.Error("an hour is taken where 59 minutes are allowed")
	}
	raw = client(token.ES256).jwt(nil, assertionClaims().with(object{"exp": float64(after(time.Minute)) + 0.5, "iat": nil}))
	if c, err := proof.Assertion(raw, keys(t), fapiRules()); err != nil || c.Expires.Nanosecond() != 5e8 {
		t.Errorf("half a second: %+v, %v", c, err)
	}
}

// Rules that were not filled in take nothing.
func TestAssertionZeroRules(t *testing.T) {
	empty := object{"iss": "", "sub": "", "aud": "", "exp": 1, "jti": "j"}
	for _, claims := range []object{empty, assertionClaims()} {
		if _, err := proof.Assertion(client(token.ES256).jwt(nil, claims), keys(t), proof.AssertionRules{}); err == nil {
			t.Errorf("%v: taken", claims)
		}
	}
	if _, err := proof.Assertion(client(token.ES256).jwt(nil, assertionClaims()), nil, fapiRules()); !errors.Is(err, proof.ErrSignature) {
		t.Errorf("without keys: %v", err)
	}
}

// Nobody learns from the answer which clients and keys there are: the words are the same with the wrong key, with another kid, with
// none, and for a client that has no keys.
func TestA23_NothingIsToldAboutKeys(t *testing.T) {
	wrong := stranger(token.ES256)
	var answers []string
	for _, kid := range []any{wrong.id, "unknown", nil} {
		for _, k := range []*proof.Keys{keys(t), keys(t, client(token.EdDSA)), nil} {
			_, err := proof.Assertion(wrong.jwt(object{"kid": kid}, assertionClaims()), k, fapiRules())
			if !errors.Is(err, proof.ErrSignature) {
				t.Errorf("kid %v: %v, want %v", kid, err, proof.ErrSignature)
			}
			answers = append(answers, oauth.AsError(err).Description)
		}
	}
	for _, answer := range answers {
		if answer != answers[0] || strings.Contains(answer, "kid") {
			t.Errorf("%q and %q", answers[0], answer)
		}
	}
	if _, err := proof.Assertion(wrong.jwt(nil, assertionClaims().with(object{"aud": "x"})), keys(t), fapiRules()); errors.Is(err, proof.ErrSignature) {
		t.Error("other keys would not mend a wrong audience")
	}
}

func TestClientIDRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "no JWS": "app-1", "no iss": client(token.ES256).jwt(nil, object{"sub": clientID}),
		"iss number": client(token.ES256).jwt(nil, object{"iss": 1}), "iss empty": client(token.ES256).jwt(nil, object{"iss": ""}),
		"iss long":  client(token.ES256).jwt(nil, object{"iss": strings.Repeat("a", 257)}),
		"iss twice": client(token.ES256).sign([]byte(`{"alg":"ES256"}`), []byte(`{"iss":"a","iss":"b"}`)),
	} {
		id, err := proof.ClientID(raw)
		if id != "" {
			t.Errorf("%s: client %q", name, id)
		}
		wantCode(t, err, oauth.InvalidClient)
	}
}
