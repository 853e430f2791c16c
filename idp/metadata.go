package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/outbound"
	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// Metadata is what a provider says of itself (OpenID Connect Discovery §3), with the Config's explicit endpoints laid
// over it.
type Metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	Claims                []string `json:"claims_supported"`
	IssInCallback         bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	BackchannelLogout     bool     `json:"backchannel_logout_supported"`
	BackchannelSession    bool     `json:"backchannel_logout_session_supported"`
	FrontchannelLogout    bool     `json:"frontchannel_logout_supported"`
	FrontchannelSession   bool     `json:"frontchannel_logout_session_supported"`
}

// Discover returns the provider's metadata: from the cache if it is young, or stale while a fetch in the background or
// the next one after a failure renews it. Its error is an *Error of StepDiscovery.
func (p *Provider) Discover(ctx context.Context) (Metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	var t trace
	m, err := p.discover(ctx, &t)
	if err != nil {
		return Metadata{}, p.finish(err, &t)
	}
	return *m, nil
}

func (p *Provider) discover(ctx context.Context, t *trace) (*Metadata, *Error) {
	if !p.cfg.discovers() {
		return p.explicit, nil
	}
	return p.metadata.get(ctx, t)
}

// wellKnown is where the metadata lies (OpenID Connect Discovery §4.1).
func wellKnown(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

func (p *Provider) fetchMetadata(ctx context.Context, t *trace) (*Metadata, *Error) {
	m, _, err := p.readMetadata(ctx, t)
	return m, err
}

func (p *Provider) readMetadata(ctx context.Context, t *trace) (*Metadata, *answer, *Error) {
	a, failed := p.document(ctx, t, StepDiscovery, cmp.Or(p.cfg.Discovery, wellKnown(p.cfg.Issuer)))
	if failed != nil {
		return nil, a, failed
	}
	var m Metadata
	if err := strictjson.Decode(a.body, &m); err != nil {
		return nil, a, a.fault(StepDiscovery, "json", err)
	}
	if m.Issuer != p.cfg.Issuer {
		return nil, a, a.fault(StepDiscovery, "issuer", fmt.Errorf("issuer is %q, configured is %q", cut(m.Issuer), p.cfg.Issuer))
	}
	p.overlay(&m)
	if err := p.checkMetadata(&m); err != nil {
		return nil, a, a.fault(StepDiscovery, "endpoints", err)
	}
	return &m, a, nil
}

// overlay puts the configured endpoints over the discovered ones.
func (p *Provider) overlay(m *Metadata) {
	e := p.cfg.Endpoints
	for _, o := range []struct {
		to   *string
		from string
	}{{&m.AuthorizationEndpoint, e.Authorization}, {&m.TokenEndpoint, e.Token}, {&m.UserInfoEndpoint, e.UserInfo},
		{&m.JWKSURI, e.JWKS}, {&m.EndSessionEndpoint, e.EndSession}} {
		if o.from != "" {
			*o.to = o.from
		}
	}
}

// checkMetadata holds discovered endpoints to the rule for configured ones (A59).
func (p *Provider) checkMetadata(m *Metadata) error {
	var errs []error
	for _, e := range []struct {
		name, url string
		needed    bool
	}{{"authorization_endpoint", m.AuthorizationEndpoint, true}, {"token_endpoint", m.TokenEndpoint, true}, {"jwks_uri", m.JWKSURI, true},
		{"userinfo_endpoint", m.UserInfoEndpoint, false}, {"end_session_endpoint", m.EndSessionEndpoint, false}} {
		if e.url == "" && !e.needed {
			continue
		}
		if e.url == "" {
			errs = append(errs, fmt.Errorf("%s is missing", e.name))
		} else if _, err := checkURL(p.client, e.url); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.name, err))
		}
	}
	if len(m.ResponseTypes) > 0 && !slices.Contains(m.ResponseTypes, "code") {
		errs = append(errs, errors.New("response_types_supported lacks code"))
	}
	return errors.Join(errs...)
}

// document fetches a discovery document or key set. The answer is nil only if no request could be made.
func (p *Provider) document(ctx context.Context, t *trace, step Step, url string) (*answer, *Error) {
	r, err := newRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, &Error{Step: step, Check: "url", Kind: KindInvalid, Cause: err}
	}
	r.Header.Set("Accept", "application/json")
	a, failed := p.do(ctx, t, step, r, outbound.MaxDocument)
	if failed != nil {
		return a, failed
	}
	if a.status != http.StatusOK {
		return a, a.statusFault(step)
	}
	// Key sets lie on plain file servers too, which do not know the type; but a page is a page, whatever it contains.
	if m := a.mediaType(); m == "text/html" || m == "application/xhtml+xml" {
		return a, a.fault(step, "content_type", fmt.Errorf("content type is %q", cut(m)))
	}
	return a, nil
}
