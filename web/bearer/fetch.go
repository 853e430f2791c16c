package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

const (
	fetchTimeout = 5 * time.Second
	maxDocument  = 1 << 20
)

// metadata is what is read of the issuer's discovery document (OpenID Connect
// Discovery §3).
type metadata struct{ keys, introspection string }

// discover fetches the metadata; they must be the issuer's own (§4.1, §4.3).
func discover(ctx context.Context, client *http.Client, issuer string) (metadata, error) {
	text, err := get(ctx, client, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return metadata{}, err
	}
	var members map[string]any
	if err := strictjson.Decode(text, &members); err != nil {
		return metadata{}, fmt.Errorf("discovery: %w", err)
	}
	r := reader{claims: members}
	of, m := r.text("issuer"), metadata{keys: r.text("jwks_uri"), introspection: r.text("introspection_endpoint")}
	if r.err != nil {
		return metadata{}, errors.New("discovery: a member is of the wrong type")
	}
	if of != issuer {
		return metadata{}, fmt.Errorf("discovery: the document is of the issuer %q", of)
	}
	if err := checkURL(m.keys); err != nil {
		return metadata{}, fmt.Errorf("discovery: jwks_uri: %w", err)
	}
	if m.introspection != "" {
		if err := checkURL(m.introspection); err != nil {
			return metadata{}, fmt.Errorf("discovery: introspection_endpoint: %w", err)
		}
	}
	return m, nil
}

func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return call(client, r)
}

// call makes a request and returns the body of its answer, which must be a 200.
func call(client *http.Client, r *http.Request) ([]byte, error) {
	r.Header.Set("Accept", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", r.URL.Redacted(), answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.URL.Redacted(), err)
	}
	if len(body) > maxDocument {
		return nil, fmt.Errorf("%s answers with more than %d bytes", r.URL.Redacted(), maxDocument)
	}
	return body, nil
}
