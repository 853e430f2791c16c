package idp_test

import (
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

const callbackURL = "http://hub.test/oauth2/idpresponse"

func request() idp.Request {
	return idp.Request{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), Started: time.Now()}
}

func TestSignIn(t *testing.T) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			op := idptest.New(t, idptest.Config{Algorithm: alg, RedirectURIs: []string{callbackURL}})
			p, err := idp.New(idp.Config{Name: "corp", Issuer: op.Issuer(), ClientID: op.ClientID(), ClientSecret: op.ClientSecret(), RedirectURI: callbackURL}, testClient(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			r := request()
			to, err := p.AuthorizationURL(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			params, err := op.Approve(to)
			if err != nil {
				t.Fatal(err)
			}
			code, err := p.Callback(t.Context(), params)
			if err != nil {
				t.Fatal(err)
			}
			id, err := p.Exchange(t.Context(), r, code, []string{"email", "absent"})
			if err != nil {
				t.Fatal(err)
			}
			if id.Subject != "alice" || id.Issuer != op.Issuer() || id.Claims["email"] != "alice@upstream.example" || id.IDToken == "" || id.SessionID == "" {
				t.Errorf("identity is %+v", id)
			}
			if len(id.Calls) != 3 {
				t.Errorf("calls are %v, want token, jwks, userinfo", id.Calls)
			}
		})
	}
}
