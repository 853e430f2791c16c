package hub

import (
	"encoding/json"
	"errors"

	"github.com/isthmus-hub/isthmus/hub/token"
)

// Hint is what an ID token of this pool, shown as id_token_hint, says: whom it
// is about and whom it was made for. It proves nothing about who shows it.
type Hint struct{ Sub, ClientID string }

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
	return Hint{Sub: claims.Sub, ClientID: claims.Audience}, nil
}
