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

	"github.com/isthmus-hub/isthmus/web/bearer"
)

// newAPI is a resource server of its own that shares nothing with the app but the
// listener: it gives what whom an access token is about has, to tokens of one
// client with one scope.
func newAPI(ctx context.Context, c Config) (http.Handler, error) {
	guard, err := bearer.New(ctx, c.Issuer, bearer.Config{Clients: []string{c.ClientID}, Realm: c.Sample.Realm})
	if err != nil {
		return nil, err
	}
	return guard.Require(c.Scope)(items(c.Scope, c.Sample.Items)), nil
}

// Answer is what the API says: whose items, and what it checked before.
type Answer struct {
	Owner   string   `json:"owner"`
	Items   []Item   `json:"items"`
	Checked []string `json:"checked"`
}

// items is what lies behind the guard.
func items(scope string, list []Item) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := bearer.Token(r.Context())
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(Answer{
			Owner: token.Username,
			Checked: []string{
				"signature, by the key the pool publishes",
				"issuer is " + token.Issuer,
				"token_use is access",
				"client_id is " + token.ClientID,
				"scope holds " + scope,
				"valid until " + token.Expires.UTC().Format("15:04:05") + " UTC",
			},
			Items: list,
		})
	})
}

// call asks the API over the network, as any app asks any API.
func (a *App) call(ctx context.Context, accessToken string) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.config.URL+a.config.Sample.API, nil)
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
