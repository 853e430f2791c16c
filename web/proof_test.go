package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/web"
)

// holder is a client's key and what it signs, made by go-jose.
type holder struct {
	t   *testing.T
	key *ecdsa.PrivateKey
	s   *site
}

func newHolder(t *testing.T, s *site) *holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &holder{t, key, s}
}

func (h *holder) jwks() []byte {
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: h.key.Public(), KeyID: "k1", Use: "sig", Algorithm: "ES256"}}})
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

func (h *holder) sign(typ string, embed bool, claims map[string]any) string {
	h.t.Helper()
	o := (&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ))
	signing := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: h.key, KeyID: "k1"}}
	if embed {
		signing.Key = h.key
	}
	signer, err := jose.NewSigner(signing, o)
	if err != nil {
		h.t.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	jws, err := signer.Sign(text)
	if err != nil {
		h.t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		h.t.Fatal(err)
	}
	return raw
}

// assertion is a client assertion, with changes: name and value in turn.
func (h *holder) assertion(client string, changes ...any) string {
	now := h.s.Now().Unix()
	claims := map[string]any{"iss": client, "sub": client, "aud": hubtest.Issuer, "jti": hub.Random(), "iat": now, "exp": now + 60}
	for i := 0; i+1 < len(changes); i += 2 {
		claims[changes[i].(string)] = changes[i+1]
	}
	return h.sign("JWT", false, claims)
}

// dpop is a proof for a request, with changes.
func (h *holder) dpop(method, url, token string, changes ...any) string {
	claims := map[string]any{"jti": hub.Random(), "htm": method, "htu": url, "iat": h.s.Now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for i := 0; i+1 < len(changes); i += 2 {
		claims[changes[i].(string)] = changes[i+1]
	}
	return h.sign("dpop+jwt", true, claims)
}

// post sends a form with headers and reads the answer.
func (s *site) post(t *testing.T, path string, form url.Values, header http.Header) *tokens {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", hubtest.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header.Clone()
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.answer(t, r)
}

func (s *site) userInfoWith(t *testing.T, header http.Header) int {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", hubtest.Issuer+"/oauth2/userInfo", nil)
	r.Header = header
	res, err := transport{hub: s.server}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// A client proves itself by an assertion: its own, for this issuer, once.
func TestA23_PrivateKeyJWT(t *testing.T) {
	s := serve(t, hubtest.New(t))
	h := newHolder(t, s)
	keys, err := proof.ParseKeys(h.jwks())
	if err != nil {
		t.Fatal(err)
	}
	c := s.Pool.Clients[hubtest.ClientID]
	c.Secrets, c.Auth, c.Keys = nil, hub.AuthKey, keys
	b := s.browser(t)
	b.code()
	try := func(assertion string, changes ...string) *tokens {
		params, _ := b.authorize("prompt", "none").app()
		form := redeem(params.Get("code"), append([]string{"client_assertion", assertion, "client_assertion_type", assertionType}, changes...)...)
		return s.post(t, "/oauth2/token", form, nil)
	}
	once := h.assertion(hubtest.ClientID)
	if got := try(once); got.Access == "" {
		t.Fatalf("a good one: %+v", got)
	}
	stranger := newHolder(t, s)
	for name, got := range map[string]*tokens{
		"again":             try(once),
		"another's key":     try(stranger.assertion(hubtest.ClientID)),
		"another audience":  try(h.assertion(hubtest.ClientID, "aud", "https://elsewhere.example")),
		"no jti":            try(h.assertion(hubtest.ClientID, "jti", "")),
		"expired":           try(h.assertion(hubtest.ClientID, "exp", s.Now().Unix()-300)),
		"too long":          try(h.assertion(hubtest.ClientID, "exp", s.Now().Unix()+3600)),
		"another sub":       try(h.assertion(hubtest.ClientID, "sub", hubtest.PublicID)),
		"unknown client":    try(h.assertion("nobody")),
		"another client_id": try(h.assertion(hubtest.ClientID), "client_id", hubtest.PublicID),
		"junk":              try("x.y.z"),
		"a secret instead":  s.token(t, redeem("x")),
	} {
		if got.Access != "" || got.status != 401 || got.Error != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.status, got.Error)
		}
	}
	if got := try(h.assertion(hubtest.ClientID, "aud", hubtest.Issuer+"/oauth2/token")); got.Access == "" {
		t.Errorf("the token endpoint as audience: %+v", got)
	}
	c.FAPI2 = true
	if got := try(h.assertion(hubtest.ClientID, "aud", hubtest.Issuer+"/oauth2/token")); got.Error != "invalid_client" {
		t.Errorf("the token endpoint as audience under FAPI 2.0: %+v", got)
	}
	if got := try(h.assertion(hubtest.ClientID, "aud", []string{hubtest.Issuer})); got.Error != "invalid_client" {
		t.Errorf("a list as audience under FAPI 2.0: %+v", got)
	}
}

// A bound token works with a proof by its key for this request, once, and never
// as a plain Bearer; its refresh token and code are bound as asked.
func TestA40_DPoP(t *testing.T) {
	s := serve(t, hubtest.New(t))
	s.Pool.Clients[hubtest.ClientID].DPoP, s.Pool.Clients[hubtest.PublicID].DPoP = hub.Allowed, hub.Required
	h, other := newHolder(t, s), newHolder(t, s)
	tokenURL, infoURL := hubtest.Issuer+"/oauth2/token", hubtest.Issuer+"/oauth2/userInfo"
	public := func(form url.Values, proofs ...string) *tokens {
		form = cloneValues(form)
		form.Set("client_id", hubtest.PublicID)
		return s.post(t, "/oauth2/token", form, http.Header{"Dpop": proofs})
	}
	b := s.browser(t)
	b.code("client_id", hubtest.PublicID)
	code := func(changes ...string) url.Values {
		params, _ := b.authorize(append([]string{"client_id", hubtest.PublicID, "prompt", "none"}, changes...)...).app()
		return redeem(params.Get("code"))
	}
	if got := public(code()); got.Error != "invalid_dpop_proof" {
		t.Errorf("required and absent: %+v", got)
	}
	for name, p := range map[string][]string{
		"two":            {h.dpop("POST", tokenURL, ""), h.dpop("POST", tokenURL, "")},
		"another method": {h.dpop("GET", tokenURL, "")},
		"another URL":    {h.dpop("POST", infoURL, "")},
		"old":            {h.dpop("POST", tokenURL, "", "iat", s.Now().Unix()-3600)},
		"from ahead":     {h.dpop("POST", tokenURL, "", "iat", s.Now().Unix()+3600)},
		"no jti":         {h.dpop("POST", tokenURL, "", "jti", "")},
		"no key in it":   {h.sign("dpop+jwt", false, map[string]any{"jti": "j", "htm": "POST", "htu": tokenURL, "iat": s.Now().Unix()})},
		"another kind":   {h.sign("JWT", true, map[string]any{"jti": "j", "htm": "POST", "htu": tokenURL, "iat": s.Now().Unix()})},
	} {
		if got := public(code(), p...); got.Error != "invalid_dpop_proof" || got.status != 400 {
			t.Errorf("%s: %d %s", name, got.status, got.Error)
		}
	}
	used := h.dpop("POST", tokenURL, "")
	got := public(code(), used)
	if got.Access == "" || got.Type != "DPoP" {
		t.Fatalf("a good one: %+v", got)
	}
	if again := public(code(), used); again.Error != "invalid_dpop_proof" {
		t.Errorf("the proof again: %+v", again)
	}
	for _, skew := range []int64{-10, 10} {
		if got := public(code(), h.dpop("POST", tokenURL+"?x=1#f", "", "iat", s.Now().Unix()+skew)); got.Access == "" {
			t.Errorf("%d seconds off: %+v", skew, got)
		}
	}

	info := func(scheme string, proofs ...string) int {
		return s.userInfoWith(t, http.Header{"Authorization": {scheme + " " + got.Access}, "Dpop": proofs})
	}
	spent := h.dpop("GET", infoURL, got.Access)
	for name, c := range map[string]struct{ status, want int }{
		"good":           {info("DPoP", spent), 200},
		"any case":       {info("dpop", h.dpop("GET", infoURL, got.Access)), 200},
		"bearer":         {info("Bearer", h.dpop("GET", infoURL, got.Access)), 401},
		"no proof":       {info("DPoP"), 401},
		"another's key":  {info("DPoP", other.dpop("GET", infoURL, got.Access)), 401},
		"no ath":         {info("DPoP", h.dpop("GET", infoURL, "")), 401},
		"another's ath":  {info("DPoP", h.dpop("GET", infoURL, "x")), 401},
		"another method": {info("DPoP", h.dpop("POST", infoURL, got.Access)), 401},
	} {
		if c.status != c.want {
			t.Errorf("userInfo, %s: %d, want %d", name, c.status, c.want)
		}
	}
	if status := info("DPoP", spent); status != 401 {
		t.Errorf("userInfo, proof again: %d", status)
	}
	if stolen := public(refresh(got.Fresh), other.dpop("POST", tokenURL, "")); stolen.Error != "invalid_grant" {
		t.Errorf("refresh by another key: %+v", stolen)
	}
	if fresh := public(refresh(got.Fresh), h.dpop("POST", tokenURL, "")); fresh.Access == "" {
		t.Errorf("refresh by the key: %+v", fresh)
	}

	key := jose.JSONWebKey{Key: h.key.Public()}
	sum, err := key.Thumbprint(5) // crypto.SHA256
	if err != nil {
		t.Fatal(err)
	}
	jkt := base64.RawURLEncoding.EncodeToString(sum)
	if got := public(code("dpop_jkt", jkt), other.dpop("POST", tokenURL, "")); got.Error != "invalid_grant" {
		t.Errorf("a code of another key: %+v", got)
	}
	if got := public(code("dpop_jkt", jkt), h.dpop("POST", tokenURL, "")); got.Access == "" {
		t.Errorf("a code of the key: %+v", got)
	}
	plain := s.token(t, redeem(s.browser(t).code()))
	if plain.Type != "Bearer" || s.userInfoWith(t, http.Header{"Authorization": {"DPoP " + plain.Access}, "Dpop": {h.dpop("GET", infoURL, plain.Access)}}) != 401 {
		t.Error("a plain token passes as a bound one")
	}
}

// Under FAPI 2.0 a proof needs a nonce of ours, which the refusal brings.
func TestDPoPNonce(t *testing.T) {
	s := serve(t, hubtest.New(t))
	c := s.Pool.Clients[hubtest.PublicID]
	c.DPoP, c.FAPI2 = hub.Required, true
	h := newHolder(t, s)
	tokenURL := hubtest.Issuer + "/oauth2/token"
	code := redeem(s.browser(t).code("client_id", hubtest.PublicID))
	code.Set("client_id", hubtest.PublicID)
	refused := s.post(t, "/oauth2/token", code, http.Header{"Dpop": {h.dpop("POST", tokenURL, "")}})
	nonce := refused.header.Get("DPoP-Nonce")
	if refused.Error != "use_dpop_nonce" || nonce == "" {
		t.Fatalf("%+v", refused)
	}
	if got := s.post(t, "/oauth2/token", code, http.Header{"Dpop": {h.dpop("POST", tokenURL, "", "nonce", nonce)}}); got.Access == "" {
		t.Errorf("with the nonce: %+v", got)
	}
	s.Advance(time.Hour)
	if got := s.post(t, "/oauth2/token", code, http.Header{"Dpop": {h.dpop("POST", tokenURL, "", "nonce", nonce)}}); got.Error != "use_dpop_nonce" {
		t.Errorf("an old nonce: %+v", got)
	}
}

// A client's certificate, passed by a listed proxy, proves the client and binds
// its tokens; anybody else's word about one is nothing.
func TestMutualTLS(t *testing.T) {
	s := serve(t, hubtest.New(t))
	server, err := web.New(web.Options{SignIn: s.SignIn, Logout: s.Logout, Log: s.Pool.Log, Registry: prometheus.NewRegistry(), Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.8/32")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Mount([]*hub.Pool{s.Pool}); err != nil {
		t.Fatal(err)
	}
	trusting := &site{Hub: s.Hub, server: server}
	der := []byte("the certificate of the app, as bytes")
	certificate := http.Header{"Client-Cert": {":" + base64.StdEncoding.EncodeToString(der) + ":"}}
	c := s.Pool.Clients[hubtest.ClientID]
	code := func() url.Values { return redeem(s.browser(t).code(), "client_id", hubtest.ClientID) }
	first := code()
	c.Secrets, c.Auth, c.Thumbprints = nil, hub.AuthTLS, []string{grant.Thumbprint(der)}
	for name, got := range map[string]*tokens{
		"none":                trusting.post(t, "/oauth2/token", first, nil),
		"another":             trusting.post(t, "/oauth2/token", first, http.Header{"Client-Cert": {":" + base64.StdEncoding.EncodeToString([]byte("x")) + ":"}}),
		"out of form":         trusting.post(t, "/oauth2/token", first, http.Header{"Client-Cert": {base64.StdEncoding.EncodeToString(der)}}),
		"from a stranger":     s.post(t, "/oauth2/token", first, certificate),
		"a secret in its way": trusting.token(t, first),
	} {
		if got.Access != "" || got.status < 400 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got := trusting.post(t, "/oauth2/token", first, certificate)
	if got.Access == "" {
		t.Fatalf("%+v", got)
	}
	info := http.Header{"Authorization": {"Bearer " + got.Access}, "Client-Cert": certificate["Client-Cert"]}
	if status := trusting.userInfoWith(t, info); status != 200 {
		t.Errorf("with the certificate: %d", status)
	}
	if status := trusting.userInfo(t, got.Access); status != 401 {
		t.Errorf("without it: %d", status)
	}
}

// A signed request counts alone, and only by the client's own key.
func TestA19_RequestObjects(t *testing.T) {
	s := serve(t, hubtest.New(t))
	h := newHolder(t, s)
	keys, err := proof.ParseKeys(h.jwks())
	if err != nil {
		t.Fatal(err)
	}
	c := s.Pool.Clients[hubtest.ClientID]
	object := func(by *holder, changes ...any) string {
		claims := map[string]any{"iss": hubtest.ClientID, "aud": hubtest.Issuer, "nbf": s.Now().Unix(), "exp": s.Now().Unix() + 300}
		for name := range hubtest.Authorization() {
			claims[name] = hubtest.Authorization().Get(name)
		}
		claims["state"], claims["prompt"] = "signed-state", "none"
		for i := 0; i+1 < len(changes); i += 2 {
			claims[changes[i].(string)] = changes[i+1]
		}
		return by.sign("oauth-authz-req+jwt", false, claims)
	}
	ask := func(object string) *response {
		v := values("client_id", hubtest.ClientID, "request", object, "state", "planted", "redirect_uri", hubtest.Callback, "response_type", "code", "prompt", "login")
		return s.browser(t).get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode())
	}
	if params, _ := ask(object(h)).app(); params.Get("error") != "request_not_supported" {
		t.Errorf("not registered for it: %v", params)
	}
	c.Keys, c.RequestObject = keys, hub.Allowed
	if params, _ := ask(object(h)).app(); params.Get("error") != "login_required" || params.Get("state") != "signed-state" {
		t.Errorf("a good one: %v", params)
	}
	stranger := newHolder(t, s)
	for name, o := range map[string]string{
		"another's key":      object(stranger),
		"another audience":   object(h, "aud", "https://elsewhere.example"),
		"expired":            object(h, "exp", s.Now().Unix()-300),
		"another client":     object(h, "client_id", hubtest.PublicID),
		"an object in it":    object(h, "request", "x"),
		"another's redirect": object(h, "redirect_uri", "https://evil.example"),
		"junk":               "x.y.z",
	} {
		if r := ask(o); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.url)
		}
	}
	c.RequestObject = hub.Required
	if params, _ := s.browser(t).authorize("prompt", "none").app(); params.Get("error") != "invalid_request" {
		t.Errorf("a plain one of a client that must sign: %v", params)
	}
}
