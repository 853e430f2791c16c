package idp

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Assertion proves us at the token endpoint by a signature of ours, in place of a secret that lies at both ends and ends
// some day unawares.
type Assertion struct {
	Key    crypto.Signer // RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA); at no two providers the same
	KeyID  string        // as the provider knows it; may be empty
	Issuer string        // iss; empty: the client id (RFC 7523 §3)
	// AsSecret sends it as client_secret, which is what Apple wants. Such a one is used again for half an hour;
	// otherwise it is a client_assertion, made for one request (private_key_jwt, OpenID Connect Core §9).
	AsSecret bool
}

// String shows nothing of the key.
func (a *Assertion) String() string { return fmt.Sprintf("assertion by key %q", a.KeyID) }

// GoString keeps %#v from printing the key.
func (a *Assertion) GoString() string { return a.String() }

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife = time.Minute
	secretLife    = time.Hour // Apple takes up to six months; what is made anew for nothing need not live so long
)

// madeSecret is the secret made last.
type madeSecret struct {
	mu    sync.Mutex
	text  string
	since time.Time
}

// secret is what goes to the token endpoint as client_secret.
func (p *Provider) secret() (string, error) {
	if p.cfg.Assertion == nil || !p.cfg.Assertion.AsSecret {
		return p.cfg.ClientSecret, nil
	}
	p.made.mu.Lock()
	defer p.made.mu.Unlock()
	now := p.now()
	// A negative age means that the clock was set back.
	if age := now.Sub(p.made.since); p.made.text != "" && age >= 0 && age < secretLife/2 {
		return p.made.text, nil
	}
	text, err := p.assertion(now, secretLife, "")
	if err != nil {
		return "", err
	}
	p.made.text, p.made.since = text, now
	return text, nil
}

// assertion signs who we are (RFC 7523 §3). Printing what fails shows nothing of the key.
func (p *Provider) assertion(now time.Time, life time.Duration, id string) (string, error) {
	a := p.cfg.Assertion
	alg, err := a.algorithm()
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if a.KeyID != "" {
		options = options.WithHeader(jose.HeaderKey("kid"), a.KeyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: a.Key}, options)
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	claims := map[string]any{
		// The audience is the issuer alone, so that no other provider can make use of it (A75).
		"iss": cmp.Or(a.Issuer, p.cfg.ClientID), "sub": p.cfg.ClientID, "aud": p.cfg.Issuer,
		"iat": now.Unix(), "exp": now.Add(life).Unix(),
	}
	if id != "" {
		claims["jti"] = id
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

func (a *Assertion) algorithm() (jose.SignatureAlgorithm, error) {
	switch key := a.Key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() >= minRSA {
			return jose.RS256, nil
		}
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() {
			return jose.ES256, nil
		}
	case ed25519.PrivateKey:
		return jose.EdDSA, nil
	}
	return "", fmt.Errorf("the key of our assertions is neither RSA of %d bits, P-256 nor Ed25519", minRSA)
}

// assert proves us for one request.
func (p *Provider) assert() (string, error) {
	return p.assertion(p.now(), assertionLife, rand.Text())
}
