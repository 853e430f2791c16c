package oidc

import (
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// UserInfo is the userInfo endpoint (OpenID Connect Core §5.3): GET, or POST
// with the token in the header or in the body.
func UserInfo(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	body, err := form(r)
	if err != nil {
		return err
	}
	raw, tokenType, err := oauth.AccessToken(r.Header.Values("Authorization"), r.URL.Query(), body)
	if err != nil {
		return err
	}
	access, err := grant.Use(r.Context(), p, raw, tokenType, evidence(r, p))
	if e := oauth.AsError(err); e != nil && (e.Code == oauth.InvalidDPoPProof || e.Code == oauth.UseDPoPNonce) {
		// At a resource it is a 401 with a challenge of its own (RFC 9449 §7.1, §9).
		middleware.EventFrom(r.Context()).Set("error", e.Error())
		w.Header().Set("WWW-Authenticate", `DPoP error="`+string(e.Code)+`"`)
		w.Header().Set("DPoP-Nonce", p.Secrets.Nonces.New(p.Now()))
		write(w, http.StatusUnauthorized, e)
		return nil
	}
	if err != nil {
		return err
	}
	middleware.EventFrom(r.Context()).Set("client", access.Client.ID)
	claims, err := access.UserInfo(p)
	if err != nil {
		return err
	}
	write(w, http.StatusOK, claims)
	return nil
}
