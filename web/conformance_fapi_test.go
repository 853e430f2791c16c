package web_test

import (
	"crypto"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// The OpenID Foundation's plan "FAPI 2.0 Security Profile Final" for providers,
// with private_key_jwt and DPoP: one subtest for each module, by its name without
// the prefix that all share.
// What ensure-holder-of-key-required says of TLS is tested where TLS is served,
// in cmd/isthmus/run (TestA208_CertificateChange).

// fapiClient is a client held to the profile, with the keys it signs by.
type fapiClient struct {
	*holder
	id string
}

// fapi is a hub with two clients of the profile.
type fapi struct {
	*site
	client, second fapiClient
}

const (
	tokenURL = hubtest.Issuer + "/oauth2/token"
	pushURL  = hubtest.Issuer + "/oauth2/par"
	infoURL  = hubtest.Issuer + "/oauth2/userInfo"
)

func newFAPI(t *testing.T) *fapi {
	t.Helper()
	h := hubtest.New(t)
	f := &fapi{site: serve(t, h)}
	for i, id := range []string{"bank-app", "other-bank-app"} {
		key := newHolder(t, f.site)
		keys, err := proof.ParseKeys(key.jwks())
		if err != nil {
			t.Fatal(err)
		}
		c := *h.Pool.Clients[hubtest.ClientID]
		c.ID, c.Secrets, c.Auth, c.Keys = id, nil, hub.AuthKey, keys
		c.FAPI2, c.RequirePAR, c.DPoP, c.Algorithm = true, true, hub.Required, token.ES256
		h.Pool.Clients[id] = &c
		*[]*fapiClient{&f.client, &f.second}[i] = fapiClient{key, id}
	}
	return f
}

// nonce is a DPoP nonce as the hub would give it to a client that has none.
func (f *fapi) nonce() string { return f.Pool.Secrets.Nonces.New(f.Now()) }

// proof is a good proof by the client's key, with changes.
func (f *fapi) proof(method, address, access string, changes ...any) string {
	return f.client.dpop(method, address, access, append([]any{"nonce", f.nonce()}, changes...)...)
}

// send posts a form as the first client, with a new assertion and a new proof
// unless others are given.
func (f *fapi) send(t *testing.T, path string, form url.Values, header http.Header) *tokens {
	t.Helper()
	return f.sendAs(t, f.client, path, form, header)
}

func (f *fapi) sendAs(t *testing.T, c fapiClient, path string, form url.Values, header http.Header) *tokens {
	t.Helper()
	form = cloneValues(form)
	if !form.Has("client_assertion") {
		form.Set("client_assertion", c.assertion(c.id))
	}
	form.Set("client_assertion_type", assertionType)
	if header == nil {
		header = http.Header{"Dpop": {c.dpop("POST", hubtest.Issuer+path, "", "nonce", f.nonce())}}
	}
	return f.post(t, path, form, header)
}

// request is a good authorization request of the first client, with changes.
func (f *fapi) request(changes ...string) url.Values {
	return hubtest.Authorization(append([]string{"client_id", f.client.id}, changes...)...)
}

// pushRequest pushes a request, which must be taken, and returns its reference.
func (f *fapi) pushRequest(t *testing.T, changes ...string) string {
	t.Helper()
	got := f.send(t, "/oauth2/par", f.request(changes...), nil)
	if got.status != http.StatusCreated || !strings.HasPrefix(got.Reference, "urn:ietf:params:oauth:request_uri:") {
		t.Fatalf("push: %+v", got)
	}
	return got.Reference
}

// open is the browser's way to the hub with a reference.
func (f *fapi) open(b *browser, reference string, extras ...string) *response {
	b.t.Helper()
	v := values(append([]string{"client_id", f.client.id, "request_uri", reference}, extras...)...)
	return b.get(hubtest.Issuer + "/oauth2/authorize?" + v.Encode())
}

// signIn is the whole way from a pushed request to a code.
func (f *fapi) signIn(t *testing.T, changes ...string) url.Values {
	t.Helper()
	b := f.browser(t)
	return f.finish(b, f.open(b, f.pushRequest(t, changes...)))
}

// finish signs in on the page and returns what the app gets.
func (f *fapi) finish(b *browser, page *response) url.Values {
	b.t.Helper()
	params, ok := b.submit(page, "username", hubtest.Username, "password", hubtest.Password).app()
	if !ok || params.Get("code") == "" || params.Get("iss") != hubtest.Issuer {
		b.t.Fatalf("app got %v", params)
	}
	return params
}

// tokens is the whole way to tokens.
func (f *fapi) tokens(t *testing.T, changes ...string) *tokens {
	t.Helper()
	got := f.send(t, "/oauth2/token", redeem(f.signIn(t, changes...).Get("code")), nil)
	if got.Access == "" || got.Type != "DPoP" {
		t.Fatalf("%+v", got)
	}
	return got
}

// opens calls userInfo with a bound token and returns the status.
func (f *fapi) opens(t *testing.T, scheme, access string, proofs ...string) int {
	t.Helper()
	return f.userInfoWith(t, http.Header{"Authorization": {scheme + " " + access}, "Dpop": proofs})
}

// jkt is the thumbprint of a client's key, by go-jose.
func (c fapiClient) jkt() string {
	key := jose.JSONWebKey{Key: c.key.Public()}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		c.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func TestConformanceFAPI(t *testing.T) {
	for _, part := range []map[string]func(*testing.T, *fapi){fapiRequests, fapiPushed, fapiCodes, fapiProofs, fapiAssertions} {
		for _, name := range slices.Sorted(maps.Keys(part)) {
			t.Run(name, func(t *testing.T) { part[name](t, newFAPI(t)) })
		}
	}
}

// fapiRequests are the modules about authorization requests and the whole flow.
var fapiRequests = map[string]func(*testing.T, *fapi){
	"discovery-end-point-verification": func(t *testing.T, f *fapi) {
		var m map[string]any
		serve(t, f.Hub).fetchJSON(t, hubtest.Issuer+"/.well-known/openid-configuration", &m)
		for name, want := range map[string]string{
			"token_endpoint_auth_methods_supported": "private_key_jwt", "token_endpoint_auth_signing_alg_values_supported": "ES256",
			"dpop_signing_alg_values_supported": "ES256", "response_types_supported": "code", "code_challenge_methods_supported": "S256",
			"id_token_signing_alg_values_supported": "ES256", "grant_types_supported": "authorization_code",
		} {
			if !slices.Contains(members(m, name), want) {
				t.Errorf("%s: %v", name, m[name])
			}
		}
		if m["authorization_response_iss_parameter_supported"] != true || m["pushed_authorization_request_endpoint"] != pushURL {
			t.Errorf("%v", m)
		}
	},
	"happy-flow": func(t *testing.T, f *fapi) {
		got := f.tokens(t)
		if status := f.opens(t, "DPoP", got.Access, f.proof("GET", infoURL, got.Access)); status != http.StatusOK {
			t.Errorf("userInfo: %d", status)
		}
		id := claimsOf(t, f.site, got.ID)
		if id["aud"] != f.client.id || id["nonce"] != "nonce-of-the-app" || id["s_hash"] != token.ES256.HalfHash("state-of-the-app") {
			t.Errorf("ID token %v", id)
		}
		signed, err := jose.ParseSignedCompact(got.ID, []jose.SignatureAlgorithm{jose.ES256, jose.PS256})
		if err != nil || signed.Signatures[0].Header.KeyID == "" {
			t.Errorf("ID token's signature: %v", err)
		}
		cnf, _ := claimsOf(t, f.site, got.Access)["cnf"].(map[string]any)
		if cnf["jkt"] != f.client.jkt() {
			t.Errorf("cnf %v", cnf)
		}
	},
	"user-rejects-authentication": func(t *testing.T, f *fapi) {
		b := f.browser(t)
		params, _ := b.submit(f.open(b, f.pushRequest(t)), "choice", "cancel").app()
		if params.Get("error") != "access_denied" || params.Get("state") != "state-of-the-app" || params.Get("iss") != hubtest.Issuer || params.Has("code") {
			t.Errorf("app got %v", params)
		}
		up := idptest.New(t, idptest.Config{Now: f.Now})
		f.Link(f.Pool, "CorporateID", up)
		b = f.browser(t)
		sent := b.once("GET", hubtest.Issuer+"/oauth2/authorize?"+values("client_id", f.client.id, "request_uri", f.pushRequest(t)).Encode(), nil)
		page := b.get(hubtest.Issuer + sent.Header.Get("Location"))
		link := page.doc(t).Find(`a[href*="identity_provider=CorporateID"]`).AttrOr("href", "")
		away, err := url.Parse(b.once("GET", hubtest.Issuer+link, nil).Header.Get("Location"))
		if err != nil || !away.Query().Has("state") {
			t.Fatalf("not sent to the provider: %v", away)
		}
		stopped := b.get(hubtest.Issuer + "/oauth2/idpresponse?" + values("error", "access_denied", "state", away.Query().Get("state"), "iss", up.Issuer()).Encode())
		params, _ = b.submit(stopped, "choice", "cancel").app()
		if params.Get("error") != "access_denied" || params.Get("state") != "state-of-the-app" {
			t.Errorf("after turning back at the provider: %v\n%s", params, stopped.body)
		}
	},
	"ensure-authorization-request-without-state-success": func(t *testing.T, f *fapi) {
		params := f.signIn(t, "state", "")
		got := f.send(t, "/oauth2/token", redeem(params.Get("code")), nil)
		if id := claimsOf(t, f.site, got.ID); params.Has("state") || id["s_hash"] != nil {
			t.Errorf("app got %v, ID token %v", params, id)
		}
	},
	"ensure-authorization-request-without-nonce-success": func(t *testing.T, f *fapi) {
		if id := claimsOf(t, f.site, f.tokens(t, "nonce", "").ID); id["nonce"] != nil {
			t.Errorf("ID token %v", id)
		}
	},
	"ensure-authorization-request-with-64-char-nonce-success": withNonce(64),
	"ensure-authorization-request-with-long-nonce":            withNonce(384),
	"ensure-authorization-request-with-long-state": func(t *testing.T, f *fapi) {
		state := strings.Repeat("s", 384)
		if got := f.signIn(t, "state", state).Get("state"); got != state {
			t.Errorf("state %q", got)
		}
	},
	"ensure-other-scope-order-succeeds": func(t *testing.T, f *fapi) { f.tokens(t, "scope", "email openid") },
	"test-claims-parameter-identity-claims": func(t *testing.T, f *fapi) {
		if id := claimsOf(t, f.site, f.tokens(t, "claims", `{"id_token":{"given_name":{"essential":true},"txn":null}}`).ID); id["given_name"] != "Ana" {
			t.Errorf("ID token %v", id)
		}
	},
	"ensure-different-nonce-inside-and-outside-request-object": func(t *testing.T, f *fapi) {
		b := f.browser(t)
		params := f.finish(b, f.open(b, f.pushRequest(t), "nonce", "outside"))
		if id := claimsOf(t, f.site, f.send(t, "/oauth2/token", redeem(params.Get("code")), nil).ID); id["nonce"] != "nonce-of-the-app" {
			t.Errorf("ID token %v", id)
		}
	},
	"ensure-different-state-inside-and-outside-request-object": func(t *testing.T, f *fapi) {
		b := f.browser(t)
		if params := f.finish(b, f.open(b, f.pushRequest(t), "state", "outside")); params.Get("state") != "state-of-the-app" {
			t.Errorf("app got %v", params)
		}
	},
	"state-only-outside-request-object-not-used": func(t *testing.T, f *fapi) {
		b := f.browser(t)
		if params := f.finish(b, f.open(b, f.pushRequest(t, "state", ""), "state", "outside")); params.Has("state") {
			t.Errorf("app got %v", params)
		}
	},
	"ensure-request-object-without-redirect-uri-fails":            pushFails("invalid_request", "redirect_uri", ""),
	"ensure-redirect-uri-in-authorization-request":                pushFails("invalid_request", "redirect_uri", ""),
	"plain-fapi-tolerate-unregistered-redirect-uri":               pushFails("invalid_request", "redirect_uri", "https://elsewhere.example/cb"), // or taken; we do not
	"ensure-response-type-code-idtoken-fails":                     pushFails("unsupported_response_type", "response_type", "code id_token"),
	"ensure-response-type-token-fails":                            pushFails("unsupported_response_type", "response_type", "token"),
	"par-ensure-pkce-required":                                    pushFails("invalid_request", "code_challenge", "", "code_challenge_method", ""),
	"par-plain-pkce-rejected":                                     pushFails("invalid_request", "code_challenge_method", "plain"),
	"par-authorization-request-containing-request_uri-form-param": pushFails("invalid_request", "request_uri", "urn:ietf:params:oauth:request_uri:x"),
	"ensure-unsigned-authorization-request-without-using-par-fails": func(t *testing.T, f *fapi) {
		params, _ := f.browser(t).get(hubtest.Issuer + "/oauth2/authorize?" + f.request().Encode()).app()
		if params.Get("error") != "invalid_request" || params.Has("code") {
			t.Errorf("app got %v", params)
		}
	},
}

func withNonce(length int) func(*testing.T, *fapi) {
	return func(t *testing.T, f *fapi) {
		nonce := strings.Repeat("n", length)
		if id := claimsOf(t, f.site, f.tokens(t, "nonce", nonce).ID); id["nonce"] != nonce {
			t.Errorf("ID token %v", id)
		}
	}
}

// pushFails pushes a request that must be refused.
func pushFails(want string, changes ...string) func(*testing.T, *fapi) {
	return func(t *testing.T, f *fapi) {
		if got := f.send(t, "/oauth2/par", f.request(changes...), nil); got.status != http.StatusBadRequest || got.Error != want || got.Reference != "" {
			t.Errorf("%+v", got)
		}
	}
}

// fapiPushed are the modules about references to pushed requests.
var fapiPushed = map[string]func(*testing.T, *fapi){
	"par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": func(t *testing.T, f *fapi) {
		b, reference := f.browser(t), f.pushRequest(t)
		f.open(b, reference)
		f.finish(b, f.open(b, reference))
	},
	"par-attempt-reuse-request_uri": func(t *testing.T, f *fapi) {
		b, reference := f.browser(t), f.pushRequest(t)
		f.finish(b, f.open(b, reference))
		f.open(b, reference).refuses(t)
	},
	"par-attempt-to-use-expired-request_uri": func(t *testing.T, f *fapi) {
		reference := f.pushRequest(t)
		f.Advance(hub.PushedLife + time.Second)
		f.open(f.browser(t), reference).refuses(t)
	},
	"par-attempt-to-use-request_uri-for-different-client": func(t *testing.T, f *fapi) {
		f.open(f.browser(t), f.pushRequest(t), "client_id", f.second.id).refuses(t)
	},
	"par-attempt-invalid-http-method": func(t *testing.T, f *fapi) {
		for _, method := range []string{"GET", "PUT"} {
			if r := f.browser(t).once(method, pushURL, nil); r.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", method, r.StatusCode)
			}
		}
	},
	"par-without-duplicate-parameters": func(t *testing.T, f *fapi) {
		b := f.browser(t)
		f.finish(b, b.get(hubtest.Issuer+"/oauth2/authorize?"+values("client_id", f.client.id, "request_uri", f.pushRequest(t)).Encode()))
	},
}
