package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
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

// The end of a session is told to the client by its sid, and what came of it is
// dead.
func TestConformance_BackchannelRPInitiatedLogout(t *testing.T) {
	s := serve(t, hubtest.New(t))
	heard := s.ear(t, s.Pool.Clients[hubtest.ClientID])
	b := s.browser(t)
	tokens := s.token(t, redeem(b.code()))
	id := claimsOf(t, s, tokens.ID)
	r := b.once("GET", hubtest.Issuer+"/logout?"+values("id_token_hint", tokens.ID, "post_logout_redirect_uri", hubtest.LogoutURL, "state", "x y").Encode(), nil)
	if got := r.Header.Get("Location"); got != hubtest.LogoutURL+"?state=x+y" {
		t.Errorf("back to %q", got)
	}
	w := hear(t, heard)
	if w.SID == "" || w.SID != id["sid"] || w.token.Subject != id["sub"] || w.Nonce != "" || w.JTI == "" {
		t.Errorf("%+v", w)
	}
	if event, ok := w.Events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(event) != 0 {
		t.Errorf("events %v", w.Events)
	}
	if life := w.token.Expiry.Sub(w.token.IssuedAt); life > 2*time.Minute {
		t.Errorf("it lives %s", life)
	}
	if status := s.userInfo(t, tokens.Access); status != http.StatusUnauthorized {
		t.Errorf("userInfo %d", status)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Error("the session survived")
	}
}
