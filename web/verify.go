package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/grant"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/bearer"
)

// verify answers a proxy that asks whether to let a request through to an API:
// /-/verify?scope=orders/read, and &resource=… where tokens are for one API
// alone (RFC 8707). It knows at once what was revoked, disabled or withdrawn.
func verify(p *hub.Pool) (http.Handler, error) {
	forward := func(audience ...string) (http.Handler, error) {
		g, err := bearer.New(context.Background(), p.Issuer, bearer.Config{
			Clients: []string{bearer.AnyClient}, Audience: audience, RawToken: true, Realm: p.Name,
			Keys: ring{p}, Live: live(p), Now: p.Now, Log: p.Log,
		})
		if err != nil {
			return nil, err
		}
		return g.ForwardAuth(bearer.Forward{}), nil
	}
	plain, err := forward()
	if err != nil {
		return nil, err
	}
	byResource := map[string]http.Handler{"": plain}
	for _, r := range p.Resources {
		if byResource[r.Identifier], err = forward(r.Identifier); err != nil {
			return nil, err
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		h, ok := byResource[query.Get("resource")]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		query.Del("resource")
		scopes := *r.URL
		scopes.RawQuery = query.Encode()
		asked := r.WithContext(r.Context())
		asked.URL = &scopes
		h.ServeHTTP(w, asked)
	}), nil
}

// ring verifies with the pool's own keys, as they are now.
type ring struct{ pool *hub.Pool }

// Verify implements bearer.KeySource.
func (r ring) Verify(_ context.Context, raw string) ([]byte, bearer.Header, error) {
	payload, h, err := r.pool.Keys.Ring().Verify(raw)
	return payload, bearer.Header{Algorithm: string(h.Algorithm), KeyID: h.KeyID, Type: string(h.Type)}, err
}

// live asks the pool what a token is worth now.
func live(p *hub.Pool) bearer.Live {
	return func(ctx context.Context, raw string, _ *bearer.Claims) (bool, error) {
		_, err := grant.Verify(ctx, p, raw)
		if e := (*oauth.Error)(nil); errors.As(err, &e) && e.Code == oauth.InvalidToken {
			return false, nil
		}
		return err == nil, err
	}
}
