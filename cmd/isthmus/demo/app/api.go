package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// apiPath is the one resource of the API.
const apiPath = "/api/expenses"

// api gives the expenses of whom an access token is about. It is a resource
// server of its own and shares nothing with the app but the listener.
type api struct {
	verifier *oidc.IDTokenVerifier // of the pool's signatures, for any audience
	client   string                // whose tokens are taken
	scope    string                // what they must allow
}

// Expense is one line of the API's answer.
type Expense struct {
	Day    string `json:"day"`
	For    string `json:"for"`
	Amount string `json:"amount"`
}

// Answer is what the API says: whose expenses, and what it checked before.
type Answer struct {
	Owner    string    `json:"owner"`
	Expenses []Expense `json:"expenses"`
	Checked  []string  `json:"checked"`
}

// accessClaims are those the API decides by; Cognito's access tokens have
// client_id and token_use in place of an audience.
type accessClaims struct {
	Username string `json:"username"`
	ClientID string `json:"client_id"`
	TokenUse string `json:"token_use"`
	Scope    string `json:"scope"`
}

func (s *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	claims, checked, refusal := s.check(r)
	w.Header().Set("Content-Type", "application/json")
	if refusal != nil {
		challenge := `Bearer realm="expenses"`
		if refusal.code != "" {
			challenge += fmt.Sprintf(", error=%q, error_description=%q", refusal.code, refusal.text)
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(refusal.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": refusal.code, "error_description": refusal.text})
		return
	}
	_ = json.NewEncoder(w).Encode(Answer{Owner: claims.Username, Checked: checked, Expenses: []Expense{
		{"12 November", "Train to the harbour office", "48.20"},
		{"13 November", "Lunch with the visitors", "31.50"},
		{"18 November", "Paper, pens, one stapler", "17.95"},
	}})
}

// refusal is an answer of RFC 6750 §3.1. A request without a token gets a
// challenge without an error.
type refusal struct {
	status     int
	code, text string
}

func (s *api) check(r *http.Request) (*accessClaims, []string, *refusal) {
	scheme, raw, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return nil, nil, &refusal{status: http.StatusUnauthorized}
	}
	invalid := func(text string) (*accessClaims, []string, *refusal) {
		return nil, nil, &refusal{http.StatusUnauthorized, "invalid_token", text}
	}
	token, err := s.verifier.Verify(r.Context(), raw)
	if err != nil {
		return invalid("the token is not one of the pool, or it has expired")
	}
	var c accessClaims
	if err := token.Claims(&c); err != nil {
		return invalid("the token's claims cannot be read")
	}
	switch {
	case c.TokenUse != "access":
		return invalid("this is not an access token")
	case c.ClientID != s.client:
		return invalid("the token was given to another app")
	case !contains(c.Scope, s.scope):
		return nil, nil, &refusal{http.StatusForbidden, "insufficient_scope", "the token lacks the scope " + s.scope}
	}
	return &c, []string{
		"signature, by the key the pool publishes",
		"issuer is " + token.Issuer,
		"token_use is access",
		"client_id is " + c.ClientID,
		"scope holds " + s.scope,
		"valid until " + token.Expiry.UTC().Format("15:04:05") + " UTC",
	}, nil
}

func contains(scope, wanted string) bool {
	for s := range strings.FieldsSeq(scope) {
		if s == wanted {
			return true
		}
	}
	return false
}

// call asks the API over the network, as any app asks any API.
func (a *App) call(ctx context.Context, accessToken string) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.config.URL+apiPath, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	begun := time.Now()
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		var said struct {
			Text string `json:"error_description"`
		}
		_ = json.Unmarshal(body, &said) // an answer without words is told by its status
		return nil, errors.New(strings.TrimSuffix(res.Status+": "+said.Text, ": "))
	}
	answer := &Answer{}
	if err := json.Unmarshal(body, answer); err != nil {
		return nil, fmt.Errorf("answer after %s: %w", time.Since(begun).Round(time.Millisecond), err)
	}
	return answer, nil
}
