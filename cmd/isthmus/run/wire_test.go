package run_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const clientsText = `
    resource_servers:
      - identifier: orders
        scopes: [{name: read, description: Read orders}]
    claims: {tenant: {value: example, in: [id, access]}}
    registration: {enabled: true}
`

const moreClients = `
      - id: bank
        profile: fapi2
        algorithm: PS256
        keys: {jwks: {file: bank.json}}
        callback_urls: [https://bank.example/callback]
        backchannel_logout_uri: https://hooks.bank.example/out
        frontchannel_logout_uri: https://bank.example/out
        tokens: {at_logout: keep}
        legacy_sub: {pool: old, until: 2099-06-30}
      - id: terminal
        mtls: {thumbprint: LxydAF53QYqzxtnsDxI1WHueocTnCi1Qc5a53P8iRWg}
        flows: client_credentials
        scopes: orders/read
      - id: api
        secret: api-secret-0123456789-0123456789
        introspects: true
        dpop: off
        jwks_uri: https://api.example/jwks.json
        auth: secret
        flows: [client_credentials, token_exchange]
        token_exchange: {from: app}
        scopes: orders/read
        claims: {tier: {value: gold, in: access}}
`

// TestClientsOfTheFile: what the file says of clients, APIs and claims is what the hub goes by.
func TestClientsOfTheFile(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	s.text = strings.Replace(s.text, "    providers:\n", clientsText[1:]+"    providers:\n", 1) + moreClients[1:]
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	coordinate := base64.RawURLEncoding.EncodeToString
	set := `{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"` + coordinate(point[1:33]) + `","y":"` + coordinate(point[33:]) + `"}]}`
	if err := os.WriteFile(filepath.Join(s.dir, "bank.json"), []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.start(t).Pools()[0]
	if !p.Registration || p.Claims == nil || len(p.Resources) != 1 || p.Resources[0].Name != "orders" || p.Resources[0].Scopes["read"] != "Read orders" {
		t.Errorf("pool: registration %v, resources %+v", p.Registration, p.Resources)
	}
	if got := p.Keys.Ring().Algorithms(); !slices.Equal(got, []token.Algorithm{token.ES256, token.PS256}) {
		t.Errorf("the pool signs with %v", got)
	}
	bank := p.Clients["bank"]
	if bank.Auth != hub.AuthKey || !slices.Equal(bank.Keys.IDs(), []string{"k1"}) || !bank.FAPI2 || !bank.RequirePAR || bank.DPoP != hub.Required ||
		bank.Algorithm != token.PS256 || bank.RequestObject != hub.Allowed || len(bank.Secrets) > 0 {
		t.Errorf("bank: %+v", bank)
	}
	if bank.BackchannelLogoutURI != "https://hooks.bank.example/out" || bank.FrontchannelLogoutURI != "https://bank.example/out" || !bank.KeepsRefresh ||
		p.Clients["app"].KeepsRefresh || p.Clients["app"].BackchannelLogoutURI != "" {
		t.Errorf("logout of bank: %+v, of app: %+v", bank, p.Clients["app"])
	}
	if l := bank.LegacySub; l == nil || *l != (hub.LegacySub{Pool: "old", Until: time.Date(2099, 7, 1, 0, 0, 0, 0, time.UTC)}) || p.Clients["app"].LegacySub != nil {
		t.Errorf("legacy sub of bank: %+v, of app: %+v", l, p.Clients["app"].LegacySub)
	}
	terminal := p.Clients["terminal"]
	if terminal.Auth != hub.AuthTLS || !slices.Equal(terminal.Thumbprints, []string{"LxydAF53QYqzxtnsDxI1WHueocTnCi1Qc5a53P8iRWg"}) || terminal.DPoP != hub.Allowed {
		t.Errorf("terminal: %+v", terminal)
	}
	api := p.Clients["api"]
	if api.Auth != hub.AuthSecret || api.JWKSURI != "https://api.example/jwks.json" || api.DPoP != hub.Off || !api.Introspects || api.FAPI2 ||
		!slices.Equal(api.ExchangesFrom, []string{"app"}) || api.Algorithm != token.ES256 {
		t.Errorf("api: %+v", api)
	}
	claims := machineClaims(t, s, "api", "api-secret-0123456789-0123456789")
	if claims["tenant"] != "example" || claims["tier"] != "gold" || claims["scope"] != "orders/read" || claims["sub"] != "api" {
		t.Errorf("token of the API's client: %v", claims)
	}
}

// TestLogoutOfTheFile: how sign-outs go on, by default and as the file says.
func TestLogoutOfTheFile(t *testing.T) {
	s := newSetup(t, "http://127.0.0.1:1")
	p := s.start(t).Pools()[0]
	if p.Logout != (hub.LogoutPolicy{Deadline: 24 * time.Hour}) || p.Providers[0].Logout != hub.LogoutAlways {
		t.Errorf("by default %+v, on to the provider %q", p.Logout, p.Providers[0].Logout)
	}
	for word, want := range map[string]hub.LogoutMode{"always": hub.LogoutAlways, "ask": hub.LogoutAsk, "never": hub.LogoutNever} {
		s := newSetup(t, "http://127.0.0.1:1")
		s.text = strings.Replace(s.text, "    providers:\n", "    logout: {deadline: 90m, on_expiry: true, show: true}\n    providers:\n", 1)
		s.text = strings.Replace(s.text, "        client_id:", "        logout: "+word+"\n        client_id:", 1)
		p := s.start(t).Pools()[0]
		if p.Logout != (hub.LogoutPolicy{Deadline: 90 * time.Minute, OnExpiry: true, Show: true}) || p.Providers[0].Logout != want {
			t.Errorf("%s: %+v, on to the provider %q", word, p.Logout, p.Providers[0].Logout)
		}
	}
}

// machineClaims gets a token for a client itself and reads it.
func machineClaims(t *testing.T, s *setup, id, secret string) map[string]any {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	res, err := client(t).PostForm("http://"+s.listen+"/oauth2/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("status %d, token %q, %v", res.StatusCode, answer.Token, err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(answer.Token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
