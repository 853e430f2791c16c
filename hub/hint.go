package hub

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub/token"
)

// Hint is what an ID token of this pool, shown as id_token_hint, says: whom it
// is about, whom it was made for and in which session. It proves nothing about
// who shows it.
type Hint struct{ Sub, ClientID, SID string }

// Hint reads an id_token_hint (OpenID Connect Core §3.1.2.1, RP-Initiated Logout
// §2). It must be an ID token that this pool signed; that it has expired does
// not matter.
func (p *Pool) Hint(raw string) (Hint, error) {
	payload, header, err := p.Keys.Ring().Verify(raw)
	if err != nil {
		return Hint{}, err
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Sub      string `json:"sub"`
		SID      string `json:"sid"`
		Audience string `json:"aud"`
		TokenUse string `json:"token_use"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Hint{}, err
	}
	if err := token.UseID.Check(header, claims.TokenUse); err != nil {
		return Hint{}, err
	}
	if claims.Issuer != p.Issuer || claims.Sub == "" {
		return Hint{}, errors.New("an ID token of another issuer")
	}
	return Hint{Sub: claims.Sub, ClientID: claims.Audience, SID: claims.SID}, nil
}

// OldHint is the client that an ID token of this pool names whose key is no longer
// kept: apps hold their tokens for longer than keys are. Nothing in it is proven,
// so it says no more than a client_id would; false for anything else.
func (p *Pool) OldHint(raw string) (clientID string, ok bool) {
	if _, _, err := p.Keys.Ring().Verify(raw); !errors.Is(err, token.ErrForeign) {
		return "", false
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return "", false
	}
	var header token.Header
	if unproven(parts[0], &header) != nil || header.KeyID == "" || !slices.Contains(token.Algorithms(), header.Algorithm) {
		return "", false
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		TokenUse string `json:"token_use"`
	}
	if unproven(parts[1], &claims) != nil || claims.Issuer != p.Issuer || claims.TokenUse != "id" {
		return "", false
	}
	return claims.Audience, true
}

// unproven reads a part of a token whose signature says nothing.
func unproven(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// maxUpstreamHint bounds the ID tokens of providers that are kept, in bytes: one
// that is larger would not fit into an address, where it would have to go.
const maxUpstreamHint = 4 << 10

// SealHint seals a provider's ID token, to be shown there at sign-out; nil where
// it is not wanted, or too large.
func (p *Pool) SealHint(pr *Provider, idToken string) []byte {
	if idToken == "" || pr.Logout == LogoutNever || len(idToken) > maxUpstreamHint {
		return nil
	}
	return p.Secrets.Session.Seal([]byte(idToken), []byte(pr.Name))
}

// OpenHint is the ID token that SealHint sealed; empty if there is none, or the
// key for it is gone.
func (p *Pool) OpenHint(provider string, sealed []byte) string {
	raw, err := p.Secrets.Session.Open(sealed, []byte(provider))
	if err != nil {
		return ""
	}
	return string(raw)
}
