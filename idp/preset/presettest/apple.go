package presettest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// What Apple knows of the hub's registration.
const (
	AppleTeam  = "A1B2C3D4E5"
	AppleKeyID = "F6G7H8J9K0"
)

// appleSixMonths is the longest life of a client secret, in seconds.
const appleSixMonths = 15777000

func apple(t idptest.TB, p *Provider) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("presettest: %v", err)
		return
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("presettest: %v", err)
		return
	}
	text := func(b bool) string { return fmt.Sprint(b) }
	openID(t, p, idptest.Config{NoLogout: true, NoIss: true, Authenticate: func(form url.Values) bool {
		return !form.Has("client_assertion") && checkAppleSecret(&key.PublicKey, p.base, form.Get("client_secret"))
	}}, answers{
		claims: func(who Person) map[string]any {
			claims := map[string]any{"nonce_supported": true}
			if who.Email != "" {
				claims["email"], claims["email_verified"] = who.Email, text(who.Verified)
				claims["is_private_email"] = text(strings.HasSuffix(who.Email, "@privaterelay.appleid.com"))
			}
			return claims
		},
		without: []string{"sid"},
		discover: func(doc map[string]any) {
			delete(doc, "userinfo_endpoint")
			delete(doc, "code_challenge_methods_supported")
			doc["response_modes_supported"] = []string{"query", "fragment", "form_post"}
			doc["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		},
		// The name is in the form once, and the address stands beside it, both signed by nobody.
		callback: func(form url.Values) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.seen[p.who.ID] || !form.Has("code") {
				return
			}
			p.seen[p.who.ID] = true
			user, _ := json.Marshal(map[string]any{
				"name": map[string]string{"firstName": p.who.First, "lastName": p.who.Last}, "email": "of-the-form@mail.example",
			})
			form.Set("user", string(user))
		},
	})
	p.yaml = "issuer: " + p.base + "\nteam_id: " + AppleTeam + "\nkey_id: " + AppleKeyID + "\nprivate_key: |\n"
	for line := range strings.Lines(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))) {
		p.yaml += "  " + line
	}
}

// checkAppleSecret judges a client secret as Apple documents it.
func checkAppleSecret(key *ecdsa.PublicKey, issuer, secret string) bool {
	parts := strings.Split(secret, ".")
	if len(parts) != 3 {
		return false
	}
	var header struct{ Alg, Kid string }
	var claims struct {
		Iss, Sub, Aud string
		Iat, Exp      int64
	}
	for i, v := range []any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, v) != nil {
			return false
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	now := time.Now().Unix()
	return header.Alg == "ES256" && header.Kid == AppleKeyID && claims.Iss == AppleTeam && claims.Sub == ClientID && claims.Aud == issuer &&
		claims.Exp > now && claims.Exp-now <= appleSixMonths && claims.Iat <= now+60 &&
		ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}
