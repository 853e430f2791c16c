package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/preset"
)

// signingKey is a key of the tests, and weakKey one on a curve that nobody verifies.
var signingKey, otherKey, weakKey = newKey(elliptic.P256()), newKey(elliptic.P256()), newKey(elliptic.P384())

func newKey(curve elliptic.Curve) string {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// snippet is a provider of a preset with what it asks for, and no more.
func snippet(p *preset.Preset) string {
	text := "      - preset: " + p.Name + "\n        client_id: hub\n"
	for _, k := range p.Keys {
		if k.Optional || k.Or != "" && k.Name > k.Or {
			continue
		}
		text += "        " + k.Name + ": " + strings.ReplaceAll(k.Example, "AuthKey.p8", "keys/apple.p8") + "\n"
	}
	if !p.Has(preset.SignedSecret) {
		text += "        client_secret: {env: CORP_SECRET}\n"
	}
	return text
}

// TestPresets: each is complete with what it asks for, and passes every check of a provider written out.
func TestPresets(t *testing.T) {
	for _, p := range preset.All() {
		t.Run(p.Name, func(t *testing.T) {
			c, err := Parse("isthmus.yaml", []byte("pools:\n  - name: main\n    issuer: https://id.example\n    providers:\n"+snippet(p)), machine())
			if err != nil {
				t.Fatal(err)
			}
			got := c.Pools[0].Providers[0]
			if got.Known != p || got.Name != p.As || got.Label != "Sign in with "+p.Title || got.Issuer == "" || len(got.Mapping) != len(p.Mapping) {
				t.Errorf("%+v", got)
			}
			if strings.ContainsAny(got.Issuer+got.Endpoints.Authorization+got.Endpoints.UserInfo+got.Emails, "{}") {
				t.Errorf("not filled: %s, %+v", got.Issuer, got.Endpoints)
			}
			if (got.Type == typeOAuth2) != p.OAuth2 || !slices.Equal(got.Scopes, p.Scopes) || (got.Signer() != nil) != p.Has(preset.SignedSecret) {
				t.Errorf("%+v", got)
			}
			if p.Verified != "never" && !slices.Contains(p.Mapping, preset.Rule{Attribute: "email_verified", From: "email_verified"}) {
				t.Error("the flag that it knows the worth of is not mapped")
			}
		})
	}
}

// TestPresetOverridden: the file's own keys win.
func TestPresetOverridden(t *testing.T) {
	c, err := Parse("isthmus.yaml", []byte(`pools:
  - name: main
    issuer: https://id.example
    providers:
      - preset: github
        name: Code
        label: Come in
        base_url: https://github.corp.example/
        endpoints: {userinfo: "https://api.corp.example/user"}
        scopes: user
        subject: node_id
        client_id: hub
        client_secret: {env: CORP_SECRET}
        client_auth: basic
        verified_email: never
        mapping: {email: email}
`), machine())
	if err != nil {
		t.Fatal(err)
	}
	p := c.Pools[0].Providers[0]
	if p.Name != "Code" || p.Label != "Come in" || p.Issuer != "https://github.corp.example" || p.Endpoints.UserInfo != "https://api.corp.example/user" ||
		p.Endpoints.Token != "https://github.corp.example/login/oauth/access_token" || p.Emails != "https://github.corp.example/api/v3/user/emails" ||
		p.Subject != "node_id" || p.ClientAuth != "basic" || p.VerifiedEmail != "never" || len(p.Mapping) != 1 || !slices.Equal(p.Scopes, []string{"user"}) {
		t.Errorf("%+v", p)
	}
}

// TestA75_OneKeyForTwoProviders: what one verifies, another could pass on; a key belongs to one origin.
func TestA75_OneKeyForTwoProviders(t *testing.T) {
	file := func(second string) string {
		provider := func(name, issuer, key string) string {
			return "      - {name: " + name + ", issuer: " + issuer + ", client_id: hub, client_auth: private_key_jwt, private_key: {file: " + key + "}}\n"
		}
		return "pools:\n  - name: main\n    issuer: https://id.example\n    providers:\n" +
			provider("One", "https://one.example", "keys/apple.p8") + second + provider("Two", "https://two.example", "keys/other.p8") +
			provider("OneMore", "https://one.example/b", "keys/apple.p8")
	}
	if _, err := Parse("isthmus.yaml", []byte(file("")), machine()); err != nil {
		t.Error(err)
	}
	bad := "      - {name: Three, issuer: https://three.example, client_id: hub, client_auth: private_key_jwt, private_key: {file: keys/apple.p8}}\n"
	_, err := Parse("isthmus.yaml", []byte(file(bad)), machine())
	if err == nil || !strings.Contains(err.Error(), "the same key proves the hub at https://one.example") {
		t.Error(err)
	}
}

// TestOwnParameters: what is refused here is what idp would refuse when the hub starts.
func TestOwnParameters(t *testing.T) {
	cfg := idp.Config{Name: "corp", Issuer: "https://login.corp.example", ClientID: "hub", RedirectURI: "https://id.example/cb", AuthMethod: idp.AuthNone}
	for _, name := range ownParameters {
		cfg.Parameters = map[string]string{name: "x"}
		if _, err := idp.New(cfg, nil, nil); err == nil {
			t.Errorf("idp takes %s", name)
		}
	}
}
