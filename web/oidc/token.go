package oidc

import (
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Token is the token endpoint (RFC 6749 §3.2).
func Token(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	return asClient(w, r, p, giveTokens)
}

func giveTokens(w http.ResponseWriter, r *http.Request, p *hub.Pool, c *grant.Party, body url.Values) error {
	request, err := oauth.ParseTokenRequest(body)
	if err != nil {
		return err
	}
	var answer *oauth.TokenResponse
	switch request.GrantType {
	case oauth.GrantAuthorizationCode:
		answer, err = grant.Redeem(r.Context(), p, c, request, visitor(r))
	case oauth.GrantRefreshToken:
		answer, err = grant.Refresh(r.Context(), p, c, request, visitor(r))
	case oauth.GrantClientCredentials:
		answer, err = grant.Credentials(p, c, request, visitor(r))
	case oauth.GrantDeviceCode:
		answer, err = grant.RedeemDevice(r.Context(), p, c, request, visitor(r))
	case oauth.GrantTokenExchange:
		answer, err = grant.Exchange(r.Context(), p, c, request, visitor(r))
	default:
		err = oauth.Errorf(oauth.UnsupportedGrantType, "the grant is not supported")
	}
	if err != nil {
		return err
	}
	write(w, http.StatusOK, answer)
	return nil
}
