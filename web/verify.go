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

// verify answers proxies that ask whether to let a request through to an API. The
// first handler is asked /-/verify?scope=orders/read, and &resource=… where tokens
// are for one API alone (RFC 8707); the second, whose path and query are those of
// the proxy's own client, hears of the scope in a header. Both know at once what
// was revoked, disabled or withdrawn.
func verify(p *hub.Pool) (byQuery, byHeader http.Handler, err error) {
	g, err := bearer.New(context.Background(), p.Issuer, bearer.Config{
		Clients: []string{bearer.AnyClient}, RawToken: true, Realm: p.Name,
		Keys: ring{p}, Live: live(p), Now: p.Now, Log: p.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	var resources []string
	for _, r := range p.Resources {
		resources = append(resources, r.Identifier)
	}
	return g.ForwardAuth(bearer.Forward{Resources: resources}), g.ForwardAuth(bearer.Forward{ScopeHeader: "X-Required-Scope"}), nil
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
