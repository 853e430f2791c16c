package proof_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const (
	resourceURL = "https://api.example/orders/7"
	accessToken = "eyJhbGciOiJSUzI1NiJ9.e30.AA"
)

func tokenHash(raw string) string {
	sum := sha256.Sum256([]byte(raw))
	return encode(sum[:])
}

func dpopClaims() object {
	return object{"jti": "p-1", "htm": "GET", "htu": resourceURL, "iat": after(0), "ath": tokenHash(accessToken)}
}

// dpopJWT signs a proof with s; the changes go to the header and the claims of a good one.
func dpopJWT(s *signer, header, changes object) string {
	h := object{"typ": "dpop+jwt", "jwk": s.jwk(), "kid": nil}
	maps.Copy(h, header)
	return s.jwt(h, dpopClaims().with(changes))
}

func dpopRequest() proof.DPoPRequest {
	return proof.DPoPRequest{Method: "GET", URL: resourceURL, AccessToken: accessToken, Now: now}
}

func thumbprint(t testing.TB, s *signer) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: s.private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return encode(sum)
}

func TestDPoPProves(t *testing.T) {
	for _, a := range token.Algorithms() {
		s, r := client(a), dpopRequest()
		r.Algorithms = token.Algorithms()
		r.Bound = thumbprint(t, s)
		p, err := proof.DPoP([]string{dpopJWT(s, nil, nil)}, r)
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		if p.Thumbprint != r.Bound || p.ID != "p-1" || p.Nonce != "" || !p.Expires.Equal(time.Unix(after(0), 0).Add(proof.DPoPWindow)) {
			t.Errorf("%s: %+v", a, *p)
		}
	}
}

// The thumbprint is of the key, not of its spelling.
func TestDPoPThumbprintIsCanonical(t *testing.T) {
	s := client(token.PS256)
	modulus := must(base64.RawURLEncoding.DecodeString(s.jwk()["n"].(string)))
	spelled := s.jwk().with(object{"kid": "x", "use": "sig", "alg": "PS256", "key_ops": []string{"verify"}, "ext": true, "n": encode(append([]byte{0}, modulus...))})
	p, err := proof.DPoP([]string{dpopJWT(s, object{"jwk": spelled}, nil)}, dpopRequest())
	if err != nil || p.Thumbprint != thumbprint(t, s) {
		t.Errorf("other members and a leading zero: %+v, %v", p, err)
	}
}

// The list of the FAPI 2 module dpop-negative-tests, and its neighbours.
func TestA40_DPoPNegative(t *testing.T) {
	ec, other := client(token.ES256), stranger(token.ES256)
	for name, c := range map[string]struct {
		header, claims object
		ok             bool
	}{
		"good":                      {ok: true},
		"typ missing":               {header: object{"typ": nil}},
		"typ wrong":                 {header: object{"typ": "JWT"}},
		"typ in case":               {header: object{"typ": "DPoP+JWT"}},
		"typ long":                  {header: object{"typ": "application/dpop+jwt"}},
		"alg missing":               {header: object{"alg": nil}},
		"alg wrong":                 {header: object{"alg": "PS256"}},
		"alg none":                  {header: object{"alg": "none"}},
		"alg HS256":                 {header: object{"alg": "HS256"}},
		"alg ES384":                 {header: object{"alg": "ES384"}},
		"jwk missing":               {header: object{"jwk": nil}},
		"jwk null":                  {header: object{"jwk": null}},
		"jwk text":                  {header: object{"jwk": string(must(json.Marshal(ec.jwk())))}},
		"jwk empty":                 {header: object{"jwk": object{}}},
		"jwk another's":             {header: object{"jwk": other.jwk()}},
		"jwk symmetric":             {header: object{"jwk": object{"kty": "oct", "k": "AAAA"}}},
		"jwk is enc":                {header: object{"jwk": ec.jwk().with(object{"use": "enc"})}},
		"jwk alg wrong":             {header: object{"jwk": ec.jwk().with(object{"alg": "ES384"})}},
		"private key in the header": {header: object{"jwk": ec.privateJWK()}},
		"d alone in the header":     {header: object{"jwk": ec.jwk().with(object{"d": ""})}},
		"jti missing":               {claims: object{"jti": nil}},
		"jti empty":                 {claims: object{"jti": ""}},
		"jti number":                {claims: object{"jti": 7}},
		"jti long":                  {claims: object{"jti": strings.Repeat("j", 513)}},
		"htm missing":               {claims: object{"htm": nil}},
		"htm wrong":                 {claims: object{"htm": "PUT"}},
		"htm in lower case":         {claims: object{"htm": "get"}},
		"htu missing":               {claims: object{"htu": nil}},
		"htu wrong":                 {claims: object{"htu": "https://api.example/orders/8"}},
		"htu of another host":       {claims: object{"htu": "https://evil.example/orders/7"}},
		"htu list":                  {claims: object{"htu": []string{resourceURL}}},
		"htu without query":         {claims: object{"htu": resourceURL + "?a=b#c"}, ok: true},
		"htu in another case":       {claims: object{"htu": "HTTPS://API.Example/orders/7"}, ok: true},
		"htu with default port":     {claims: object{"htu": "https://api.example:443/orders/7"}, ok: true},
		"htu not normalised":        {claims: object{"htu": "https://api.example/x/../%6Frders/./7"}, ok: true},
		"iat missing":               {claims: object{"iat": nil}},
		"iat text":                  {claims: object{"iat": "1"}},
		"iat null":                  {claims: object{"iat": null}},
		"iat an hour in the future": {claims: object{"iat": after(time.Hour)}},
		"iat an hour in the past":   {claims: object{"iat": after(-time.Hour)}},
		"iat 61 s in the future":    {claims: object{"iat": after(62 * time.Second)}},
		"iat 61 s in the past":      {claims: object{"iat": after(-61 * time.Second)}},
		"ath missing":               {claims: object{"ath": nil}},
		"ath wrong":                 {claims: object{"ath": tokenHash("another")}},
		"ath the token":             {claims: object{"ath": accessToken}},
		"ath padded":                {claims: object{"ath": tokenHash(accessToken) + "="}},
		"ath null":                  {claims: object{"ath": null}},
		"ensure-dpopproof-with-iat-10seconds-before-succeeds": {claims: object{"iat": after(-10 * time.Second)}, ok: true},
		"ensure-dpopproof-with-iat-10seconds-after-succeeds":  {claims: object{"iat": after(10 * time.Second)}, ok: true},
		"check-dpop-proof-nbf-exp":                            {claims: object{"nbf": after(0), "exp": after(5 * time.Minute)}, ok: true},
		"exp passed":                                          {claims: object{"exp": after(-61 * time.Second)}},
		"exp text":                                            {claims: object{"exp": "never"}},
		"nbf in the future":                                   {claims: object{"nbf": after(62 * time.Second)}},
		"nbf text":                                            {claims: object{"nbf": "now"}},
		"unknown members":                                     {header: object{"x": 1}, claims: object{"nonce": 1, "y": []int{2}}, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := proof.DPoP([]string{dpopJWT(ec, c.header, c.claims)}, dpopRequest())
			if c.ok && err != nil {
				t.Errorf("refused: %v", err)
			} else if !c.ok {
				wantCode(t, err, oauth.InvalidDPoPProof)
			}
			if (p == nil) != (err != nil) {
				t.Errorf("both %v and %v", p, err)
			}
		})
	}
	good := dpopJWT(ec, nil, nil)
	body, signature := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.')+1:]
	for name, headers := range map[string][]string{
		"no header":            nil,
		"two DPoP headers":     {good, good},
		"two in one header":    {good + "," + good},
		"empty header":         {""},
		"space":                {" " + good},
		"bad signature":        {body + "." + "A" + signature[1:]},
		"signature missing":    {body + "."},
		"signature cut away":   {body},
		"signature by another": {body + "." + encode(other.signature(token.ES256, []byte(body)))},
	} {
		_, err := proof.DPoP(headers, dpopRequest())
		if err == nil && headers[0] != good {
			t.Errorf("%s: taken", name)
		}
		wantCode(t, err, oauth.InvalidDPoPProof)
	}
	rs := client(token.RS256)
	if _, err := proof.DPoP([]string{dpopJWT(rs, nil, nil)}, dpopRequest()); err == nil {
		t.Error("RS256 is taken under the rules of FAPI")
	}
}

func TestA40_OAuchDPoP(t *testing.T) {
	s := client(token.ES256)
	take := func(header, changes object) bool {
		_, err := proof.DPoP([]string{dpopJWT(s, header, changes)}, dpopRequest())
		return err == nil
	}
	if !take(nil, nil) {
		t.Error("IsDPoPSupported: refused")
	}
	for _, claim := range []string{"jti", "htm", "htu", "iat", "ath"} {
		if take(nil, object{claim: nil}) {
			t.Errorf("HasRequiredClaims: taken without %s", claim)
		}
	}
	if _, err := proof.DPoP(nil, dpopRequest()); err == nil {
		t.Error("IsDPoPTokenRequired: taken without a proof")
	}
	for _, typ := range []any{nil, "JWT", "jwt", ""} {
		if take(object{"typ": typ}, nil) {
			t.Errorf("IsExplicitTypingRequired: taken with typ %v", typ)
		}
	}
	parts := strings.Split(dpopJWT(s, object{"alg": "none"}, nil), ".")
	for _, raw := range []string{parts[0] + "." + parts[1] + ".", strings.Join(parts, ".")} {
		if _, err := proof.DPoP([]string{raw}, dpopRequest()); err == nil {
			t.Error("IsSignatureRequired: taken without a signature")
		}
	}
}

// A proof by a foreign key is good in itself: only the thumbprint tells.
func TestA40_ForeignKey(t *testing.T) {
	r := dpopRequest()
	r.Bound = thumbprint(t, client(token.ES256))
	raw := dpopJWT(stranger(token.ES256), nil, nil)
	_, err := proof.DPoP([]string{raw}, r)
	wantCode(t, err, oauth.InvalidDPoPProof)
	r.Bound = ""
	if p, err := proof.DPoP([]string{raw}, r); err != nil || p.Thumbprint != thumbprint(t, stranger(token.ES256)) {
		t.Errorf("unbound: %+v, %v", p, err)
	}
}

// jti used twice: whoever remembers it until Expires never sees a proof pass that he has forgotten, whatever exp it has.
func TestA40_AProofIsRefusedFromExpiresOn(t *testing.T) {
	for _, changes := range []object{nil, {"exp": after(time.Hour)}, {"exp": after(time.Second)}, {"iat": after(50 * time.Second)}, {"iat": after(-50 * time.Second)}} {
		raw, r := dpopJWT(client(token.EdDSA), nil, changes), dpopRequest()
		first, err := proof.DPoP([]string{raw}, r)
		if err != nil {
			t.Fatal(err)
		}
		r.Now = first.Expires
		for range 200 {
			if _, err := proof.DPoP([]string{raw}, r); err == nil {
				t.Fatalf("%v: taken %s after it should have expired", changes, r.Now.Sub(first.Expires))
			}
			r.Now = r.Now.Add(time.Minute)
		}
	}
}

// At the token endpoint there is no access token, and no ath is wanted.
func TestDPoPWithoutToken(t *testing.T) {
	r := proof.DPoPRequest{Method: "POST", URL: tokenURL, Now: now}
	for _, ath := range []any{nil, "whatever"} {
		if _, err := proof.DPoP([]string{dpopJWT(client(token.ES256), nil, object{"ath": ath, "htm": "POST", "htu": tokenURL})}, r); err != nil {
			t.Errorf("ath %v: %v", ath, err)
		}
	}
	r.URL = "/oauth2/token"
	_, err := proof.DPoP([]string{dpopJWT(client(token.ES256), nil, object{"htm": "POST", "htu": tokenURL})}, r)
	if oauth.AsError(err).Code != oauth.ServerError {
		t.Errorf("a request without a URL: %v", err)
	}
}

func TestDPoPWindow(t *testing.T) {
	r := dpopRequest()
	r.Window = 5 * time.Second
	for age, ok := range map[time.Duration]bool{0: true, -4 * time.Second: true, 4 * time.Second: true, -6 * time.Second: false, 6 * time.Second: false} {
		if _, err := proof.DPoP([]string{dpopJWT(client(token.ES256), nil, object{"iat": after(age)})}, r); (err == nil) != ok {
			t.Errorf("iat %s from now: %v", age, err)
		}
	}
}
