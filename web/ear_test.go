package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub"
)

// word is a logout token as a client gets it.
type word struct {
	SID    string         `json:"sid"`
	Nonce  string         `json:"nonce"`
	JTI    string         `json:"jti"`
	Events map[string]any `json:"events"`
	token  *oidc.IDToken
	raw    string
	typ    string // of its header
}

// ear is a client's back-channel logout URI. It takes what go-oidc verifies.
func (s *site) ear(t *testing.T, client *hub.Client) <-chan word {
	t.Helper()
	heard := make(chan word, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := oidc.ClientContext(r.Context(), &http.Client{Transport: transport{hub: s.server}})
		keys := oidc.NewRemoteKeySet(ctx, s.Pool.URL("/.well-known/jwks.json"))
		verifier := oidc.NewVerifier(s.Pool.Issuer, keys, &oidc.Config{ClientID: client.ID, SupportedSigningAlgs: []string{"ES256"}, Now: s.Now})
		token, err := verifier.Verify(ctx, r.PostFormValue("logout_token"))
		if err != nil {
			t.Errorf("logout token: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		said := word{token: token, raw: r.PostFormValue("logout_token")}
		if signed, err := jose.ParseSignedCompact(said.raw, []jose.SignatureAlgorithm{jose.ES256}); err == nil {
			said.typ, _ = signed.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string)
		}
		if err := token.Claims(&said); err != nil {
			t.Error(err)
		}
		heard <- said
	}))
	t.Cleanup(server.Close)
	client.BackchannelLogoutURI = server.URL
	return heard
}

func hear(t *testing.T, heard <-chan word) word {
	t.Helper()
	select {
	case w := <-heard:
		return w
	case <-time.After(5 * time.Second):
		t.Fatal("nothing was heard")
		return word{}
	}
}
