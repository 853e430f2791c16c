package idptest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Endpoint names an endpoint for faults and records.
type Endpoint string

// The endpoints.
const (
	DiscoveryEndpoint     Endpoint = "discovery"
	JWKSEndpoint          Endpoint = "jwks"
	AuthorizationEndpoint Endpoint = "authorization"
	TokenEndpoint         Endpoint = "token"
	UserInfoEndpoint      Endpoint = "userinfo"
	EndSessionEndpoint    Endpoint = "end_session"
)

// Endpoints lists them all.
func Endpoints() []Endpoint {
	return []Endpoint{DiscoveryEndpoint, JWKSEndpoint, AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint, EndSessionEndpoint}
}

var paths = map[Endpoint]string{
	DiscoveryEndpoint:     "/.well-known/openid-configuration",
	JWKSEndpoint:          "/jwks",
	AuthorizationEndpoint: "/authorize",
	TokenEndpoint:         "/token",
	UserInfoEndpoint:      "/userinfo",
	EndSessionEndpoint:    "/logout",
}

// Request is a request as the provider received it.
type Request struct {
	Endpoint Endpoint
	Method   string
	Header   http.Header
	Query    url.Values
	Form     url.Values // of the body
	At       time.Time
}

func (p *Provider) routes() http.Handler {
	mux := http.NewServeMux()
	prefix := ""
	if u, err := url.Parse(p.cfg.Issuer); err == nil {
		prefix = strings.TrimSuffix(u.Path, "/")
	}
	for endpoint, handler := range map[Endpoint]http.HandlerFunc{
		DiscoveryEndpoint: p.discovery, JWKSEndpoint: p.jwks, AuthorizationEndpoint: p.authorize,
		TokenEndpoint: p.token, UserInfoEndpoint: p.userinfo, EndSessionEndpoint: p.endSession,
	} {
		mux.HandleFunc(prefix+paths[endpoint], func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			if err := r.ParseForm(); err != nil {
				http.Error(w, "bad form", http.StatusBadRequest)
				return
			}
			if fault := p.record(endpoint, r); fault != nil {
				fault.serve(p, w, r, handler)
				return
			}
			handler(w, r)
		})
	}
	return mux
}

// record notes the request and takes the fault that is due, if any.
func (p *Provider) record(e Endpoint, r *http.Request) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[e]++
	if len(p.requests) == maxRecords {
		p.requests = append(p.requests[:0], p.requests[maxRecords/2:]...) // a long load test must not fill the memory
	}
	p.requests = append(p.requests, Request{Endpoint: e, Method: r.Method, Header: r.Header.Clone(),
		Query: r.URL.Query(), Form: maps.Clone(r.PostForm), At: p.cfg.Now()})
	fault := p.faults[e]
	if fault == nil {
		return nil
	}
	due := *fault
	if fault.Times > 0 {
		if fault.Times--; fault.Times == 0 {
			delete(p.faults, e)
		}
	}
	return &due
}

// maxRecords is how many requests are remembered.
const maxRecords = 8192

// Requests returns the requests to an endpoint, oldest first; of very many only the latest.
func (p *Provider) Requests(e Endpoint) []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.requests), func(r Request) bool { return r.Endpoint != e })
}

// Count is how many requests an endpoint has received since the start or Forget.
func (p *Provider) Count(e Endpoint) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[e]
}

// Forget drops the records and counts.
func (p *Provider) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
	clear(p.counts)
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer":                                p.cfg.Issuer,
		"authorization_endpoint":                p.URL(AuthorizationEndpoint),
		"token_endpoint":                        p.URL(TokenEndpoint),
		"userinfo_endpoint":                     p.URL(UserInfoEndpoint),
		"jwks_uri":                              p.URL(JWKSEndpoint),
		"scopes_supported":                      []string{"openid", "profile", "email", "phone", "address"},
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "form_post"},
		"grant_types_supported":                 []string{"authorization_code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{p.cfg.Algorithm},
		"token_endpoint_auth_methods_supported": p.authMethods(),
		"code_challenge_methods_supported":      []string{"S256"},
	}
	if !p.cfg.NoLogout {
		doc["end_session_endpoint"] = p.URL(EndSessionEndpoint)
		for _, name := range []string{"backchannel_logout", "frontchannel_logout"} {
			doc[name+"_supported"], doc[name+"_session_supported"] = true, true
		}
	}
	if !p.cfg.NoIss {
		doc["authorization_response_iss_parameter_supported"] = true
	}
	if h := p.hook().Discovery; h != nil {
		h(doc)
	}
	writeJSON(w, http.StatusOK, doc)
}

func (p *Provider) authMethods() []string {
	if p.cfg.PublicClient {
		return []string{"none"}
	}
	return []string{"client_secret_basic", "client_secret_post"}
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	keys := make([]any, 0, len(p.keys))
	for _, k := range p.keys {
		keys = append(keys, k.JWK())
	}
	p.mu.Unlock()
	doc := map[string]any{"keys": keys}
	if h := p.hook().JWKS; h != nil {
		h(doc)
	}
	writeJSON(w, http.StatusOK, doc)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		http.Error(w, "cannot encode the answer: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
