package oidc

import (
	"net/http"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// client proves who sends a form: parameters in the body alone, the client known
// before anything else is looked at.
func client(r *http.Request, p *hub.Pool) (*grant.Party, url.Values, error) {
	query := r.URL.Query()
	body, err := form(r)
	if err != nil {
		return nil, nil, err
	}
	credentials, err := oauth.ParseClientCredentials(r.Header.Values("Authorization"), query, body)
	if err != nil {
		return nil, nil, err
	}
	if err := oauth.RefuseQuery(query); err != nil {
		return nil, nil, err
	}
	c, err := grant.Authenticate(r.Context(), p, credentials, evidence(r, p))
	if err != nil {
		e := p.Event(hub.ClientRefused, visitor(r))
		e.Client, e.Reason = credentials.ClientID, string(oauth.AsError(err).Code)
		p.Record(e)
		return nil, nil, err
	}
	middleware.EventFrom(r.Context()).Set("client", c.ID)
	return c, body, nil
}

// evidence is what a request brings of its sender's keys. The address is the
// configured one: a proof is made for where the client sent it.
func evidence(r *http.Request, p *hub.Pool) grant.Evidence {
	return grant.Evidence{
		Method: r.Method, URL: p.URL(r.URL.Path), DPoP: r.Header.Values("DPoP"), Certificate: middleware.Certificate(r),
	}
}

// Token is the token endpoint (RFC 6749 §3.2).
func Token(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	c, body, err := client(r, p)
	if err != nil {
		return err
	}
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

// Push is the pushed authorization request endpoint (RFC 9126 §2).
func Push(s *signin.Service) func(http.ResponseWriter, *http.Request, *hub.Pool) error {
	return func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
		c, body, err := client(r, p)
		if err != nil {
			return err
		}
		reference, life, err := s.Push(r.Context(), p, c.Client, c.JKT, body)
		if err != nil {
			return err
		}
		write(w, http.StatusCreated, struct {
			RequestURI string `json:"request_uri"`
			ExpiresIn  int    `json:"expires_in"`
		}{reference, int(life.Seconds())})
		return nil
	}
}

// Device is the device authorization endpoint (RFC 8628 §3.1).
func Device(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	c, body, err := client(r, p)
	if err != nil {
		return err
	}
	params := oauth.NewParams(body)
	if err := params.Err(); err != nil {
		return err
	}
	scope, err := oauth.ParseScope(params.Get("scope"))
	if err != nil {
		return err
	}
	answer, err := grant.AuthorizeDevice(r.Context(), p, c.Client, scope, visitor(r))
	if err != nil {
		return err
	}
	write(w, http.StatusOK, answer)
	return nil
}

// Revoke is the revocation endpoint (RFC 7009 §2): 200 and nothing, also for a
// token that was never known.
func Revoke(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	c, body, err := client(r, p)
	if err != nil {
		return err
	}
	q, err := oauth.ParseTokenQuery(body)
	if err != nil {
		return err
	}
	if err := grant.Revoke(r.Context(), p, c.Client, q, visitor(r)); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

// Introspect is the introspection endpoint (RFC 7662 §2).
func Introspect(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
	c, body, err := client(r, p)
	if err != nil {
		return err
	}
	q, err := oauth.ParseTokenQuery(body)
	if err != nil {
		return err
	}
	answer, err := grant.Introspect(r.Context(), p, c.Client, q)
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
