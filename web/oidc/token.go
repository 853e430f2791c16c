package oidc

import (
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// Token is the token endpoint (RFC 6749 §3.2): POST, parameters in the body
// alone, the client proven before anything else is looked at.
func Token(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	query := r.URL.Query()
	body, err := form(r)
	if err != nil {
		return err
	}
	credentials, err := oauth.ParseClientCredentials(r.Header.Values("Authorization"), query, body)
	if err != nil {
		return err
	}
	if err := oauth.RefuseQuery(query); err != nil {
		return err
	}
	client, err := grant.Client(p, credentials)
	if err != nil {
		e := p.Event(hub.ClientRefused, visitor(r))
		e.Client, e.Reason = credentials.ClientID, "invalid_client"
		p.Record(e)
		return err
	}
	middleware.EventFrom(r.Context()).Set("client", client.ID)
	request, err := oauth.ParseTokenRequest(body)
	if err != nil {
		return err
	}
	var answer *oauth.TokenResponse
	switch request.GrantType {
	case oauth.GrantAuthorizationCode:
		answer, err = grant.Redeem(r.Context(), p, client, request, visitor(r))
	case oauth.GrantRefreshToken:
		answer, err = grant.Refresh(r.Context(), p, client, request, visitor(r))
	default:
		err = oauth.Errorf(oauth.UnauthorizedClient, "the client may not use this grant")
	}
	if err != nil {
		return err
	}
	write(w, http.StatusOK, answer)
	return nil
}

// UserInfo is the userInfo endpoint (OpenID Connect Core §5.3): GET, or POST
// with the token in the header or in the body.
func UserInfo(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	body, err := form(r)
	if err != nil {
		return err
	}
	raw, err := oauth.BearerToken(r.Header.Values("Authorization"), r.URL.Query(), body)
	if err != nil {
		return err
	}
	access, err := grant.Verify(r.Context(), p, raw)
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
