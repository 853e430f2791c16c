package idp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Verified is what a provider must say for an e-mail address to count as proven (A81). Whatever it is, the claim
// email_verified comes out of it, and speaks about the email of the same answer (A57).
type Verified string

// What counts.
const (
	VerifiedByClaim  Verified = ""         // email_verified as it came; the caller believes JSON true alone
	VerifiedAsText   Verified = "text"     // email_verified, which may be the text "true"
	VerifiedByDomain Verified = "xms_edov" // Entra's xms_edov, if JSON true: the tenant owns the address's domain
	VerifiedNever    Verified = "never"    // nothing: the provider states nothing that could be believed
)

var verifications = []Verified{VerifiedByClaim, VerifiedAsText, VerifiedByDomain, VerifiedNever}

// vouch sets email_verified in one answer's claims.
func (p *Provider) vouch(claims map[string]any) {
	switch p.cfg.Verified {
	case VerifiedAsText:
		if claims["email_verified"] == "true" {
			claims["email_verified"] = true
		}
	case VerifiedByDomain:
		claims["email_verified"] = claims["xms_edov"] == true
	case VerifiedNever:
		claims["email_verified"] = false
	}
}

// secretProof shows that who calls has both the access token and the client secret.
func secretProof(accessToken, secret string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(accessToken))
	return hex.EncodeToString(h.Sum(nil))
}
