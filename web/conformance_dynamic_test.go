package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// The OpenID Foundation's plan "dynamic" for providers and the modules of
// "basic" that need dynamic clients, one subtest for each module, by its name
// without "oidcc-". Left out is userinfo-rs256: userInfo is not signed here, and
// a client that asks for it is refused.
func TestConformanceDynamic(t *testing.T) {
	modules := map[string]func(*testing.T, *site){
		"idtoken-signature": func(t *testing.T, s *site) {
			s.signedBy(t, "ES256") // the first of the pool
		},
		"idtoken-rs256": func(t *testing.T, s *site) {
			s.signedBy(t, "RS256", "id_token_signed_response_alg", "RS256")
		},
		"idtoken-unsigned": func(t *testing.T, s *site) {
			s.unregistrable(t, "invalid_client_metadata", "id_token_signed_response_alg", "none")
		},
		"ensure-redirect-uri-in-authorization-request": func(t *testing.T, s *site) {
			c := s.register(t, "redirect_uris", []string{hubtest.Callback, hubtest.Callback + "/2"})
			s.browser(t).authorize("client_id", c.ID, "redirect_uri", "").refuses(t)
		},
		"redirect-uri-query-OK": func(t *testing.T, s *site) {
			uri := hubtest.Callback + "?foo=bar"
			c := s.register(t, "redirect_uris", []string{uri})
			b := s.browser(t)
			params, ok := b.submit(b.authorize("client_id", c.ID, "redirect_uri", uri), "username", hubtest.Username, "password", hubtest.Password).app()
			if !ok || params.Get("foo") != "bar" || params.Get("code") == "" {
				t.Errorf("response %v", params)
			}
		},
		"redirect-uri-query-mismatch": func(t *testing.T, s *site) {
			c := s.register(t, "redirect_uris", []string{hubtest.Callback + "?foo=bar"})
			s.browser(t).authorize("client_id", c.ID, "redirect_uri", hubtest.Callback+"?bar=foo").refuses(t)
		},
		"redirect-uri-query-added": func(t *testing.T, s *site) {
			c := s.register(t)
			s.browser(t).authorize("client_id", c.ID, "redirect_uri", hubtest.Callback+"?foo=bar").refuses(t)
		},
		"redirect-uri-regfrag": func(t *testing.T, s *site) {
			s.unregistrable(t, "invalid_redirect_uri", "redirect_uris", []string{hubtest.Callback + "#foobar"})
		},
		"registration-logo-uri":   shown("logo_uri"),
		"registration-policy-uri": shown("policy_uri"),
		"registration-tos-uri":    shown("tos_uri"),
		"registration-jwks-uri": func(t *testing.T, s *site) {
			s.rotatesItsKeys(t, func(*holder) {})
		},
		"refresh-token-rp-key-rotation": func(t *testing.T, s *site) {
			s.rotatesItsKeys(t, func(key *holder) { key.key = newHolder(t, s).key })
		},
		"registration-sector-bad": func(t *testing.T, s *site) {
			s.unregistrable(t, "invalid_client_metadata", "subject_type", "pairwise", "sector_identifier_uri", "https://app.example/sector")
		},
		"server-rotate-keys": func(t *testing.T, s *site) {
			before := s.keyIDs(t)
			if err := s.Pool.Keys.Rotate(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			after := s.keyIDs(t)
			for id := range before {
				if !after[id] {
					t.Errorf("the key %s is gone", id)
				}
			}
			if len(after) <= len(before) {
				t.Error("no new key is published")
			}
		},
		"request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": func(t *testing.T, s *site) {
			c := s.register(t)
			params, ok := s.browser(t).authorize("client_id", c.ID, "request_uri", "https://app.example/request").app()
			if !ok || params.Get("error") != "request_uri_not_supported" {
				t.Errorf("response %v", params)
			}
		},
		"ensure-client-assertion-with-iss-aud-succeeds": func(t *testing.T, s *site) {
			key := newHolder(t, s)
			c := s.register(t, "token_endpoint_auth_method", "private_key_jwt", "jwks", json.RawMessage(key.jwks()))
			if got := s.proves(t, c, key, redeem(s.browser(t).code("client_id", c.ID))); got.Access == "" {
				t.Errorf("tokens %+v", got)
			}
		},
	}
	for name, module := range modules {
		t.Run(name, func(t *testing.T) {
			h := hubtest.New(t)
			h.Pool.Registration = true
			rotation := token.Rotation{Algorithms: []token.Algorithm{token.ES256}, Ahead: time.Minute, Keep: time.Hour}
			if strings.HasSuffix(name, "rs256") {
				rotation.Algorithms = append(rotation.Algorithms, token.RS256)
			}
			if err := h.Pool.Keys.Change(t.Context(), rotation); err != nil {
				t.Fatal(err)
			}
			module(t, serve(t, h))
		})
	}
}

// signedBy wants the ID tokens of a client to be signed by an algorithm, with a
// key that is published and named.
func (s *site) signedBy(t *testing.T, algorithm string, changes ...any) {
	t.Helper()
	c := s.register(t, changes...)
	if string(c.Algorithm) != algorithm {
		t.Errorf("registered %s", c.Algorithm)
	}
	got := s.tokenAs(t, hubtest.Issuer, c.ID, c.Secret, redeem(s.browser(t).code("client_id", c.ID)))
	jws, err := jose.ParseSignedCompact(got.ID, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if head := jws.Signatures[0].Header; head.Algorithm != algorithm || !s.keyIDs(t)[head.KeyID] {
		t.Errorf("signed by %s, key %q", head.Algorithm, head.KeyID)
	}
}

func (s *site) unregistrable(t *testing.T, code string, changes ...any) {
	t.Helper()
	if got := s.ask(t, "POST", registerURL, s.pass(t), app(changes...)); got.status != 400 || got.Error != code {
		t.Errorf("registration: %d %s", got.status, got.text)
	}
}

// shown wants an address of the metadata to be a link on the sign-in page.
func shown(field string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		const at = "https://notes.example/about"
		c := s.register(t, field, at)
		if s.browser(t).authorize("client_id", c.ID).doc(t).Find(`footer a[href="`+at+`"]`).Length() != 1 {
			t.Error("no link on the page")
		}
	}
}

// proves calls the token endpoint with an assertion.
func (s *site) proves(t *testing.T, c *registration, key *holder, form map[string][]string) *tokens {
	t.Helper()
	form["client_assertion_type"], form["client_assertion"] = []string{assertionType}, []string{key.assertion(c.ID)}
	return s.post(t, "/oauth2/token", form, nil)
}

// rotatesItsKeys is a client with keys behind an address, which may change them
// before it refreshes.
func (s *site) rotatesItsKeys(t *testing.T, change func(*holder)) {
	t.Helper()
	key := newHolder(t, s)
	published := key.jwks()
	s.Pool.FetchKeys = func(_ context.Context, uri string, anew bool) (*proof.Keys, error) {
		if uri != "https://notes.example/jwks" {
			t.Errorf("fetched %s", uri)
		}
		if anew {
			published = key.jwks()
		}
		return proof.ParseKeys(published)
	}
	c := s.register(t, "token_endpoint_auth_method", "private_key_jwt", "jwks_uri", "https://notes.example/jwks")
	first := s.proves(t, c, key, redeem(s.browser(t).code("client_id", c.ID)))
	if first.Fresh == "" {
		t.Fatalf("tokens %+v", first)
	}
	change(key)
	if got := s.proves(t, c, key, refresh(first.Fresh)); got.Access == "" {
		t.Errorf("refreshed %+v", got)
	}
}

// keyIDs are the ids of the keys that are published.
func (s *site) keyIDs(t *testing.T) map[string]bool {
	t.Helper()
	res, err := transport{hub: s.server}.RoundTrip(getting(t, hubtest.Issuer+"/.well-known/jwks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, k := range set.Keys {
		ids[k.KeyID] = true
	}
	return ids
}

func getting(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
