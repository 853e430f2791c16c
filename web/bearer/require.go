package bearer

import (
	"context"
	"fmt"
	"net/http"
)

type contextKey struct{}

// Token is the verified token of the request that a handler behind Require is
// serving; nil anywhere else.
func Token(ctx context.Context) *Claims {
	c, _ := ctx.Value(contextKey{}).(*Claims)
	return c
}

// Require lets a request through if its token is good and has all these scopes;
// each may also be a list with spaces. Without scopes a good token is enough. It
// panics on a scope that no token can have.
//
// A browser's preflight has no token: answer it (CORS) in front of the guard.
func (g *Guard) Require(scopes ...string) func(http.Handler) http.Handler {
	return g.require(need{all: fields(scopes)})
}

// RequireAny is Require for one of these scopes, whichever, as API Gateway reads
// a list. It panics if there is none.
func (g *Guard) RequireAny(scopes ...string) func(http.Handler) http.Handler {
	n := need{any: fields(scopes)}
	if len(n.any) == 0 {
		panic("bearer: RequireAny of no scope")
	}
	return g.require(n)
}

func (g *Guard) require(n need) func(http.Handler) http.Handler {
	if !n.valid() {
		panic(fmt.Sprintf("bearer: no token can have one of the scopes %q", n.scopes()))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, refused := g.admit(r, n)
			if refused != nil {
				g.log.InfoContext(r.Context(), "access refused", "status", refused.Status, "reason", refused.Error(),
					"method", r.Method, "path", r.URL.Path)
				refused.write(w, g.realm)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, c)))
		})
	}
}

// admit finds and judges the token of a request.
func (g *Guard) admit(r *http.Request, n need) (*Claims, *Error) {
	raw, refused := findToken(r, g.raw)
	if refused == nil {
		var c *Claims
		if c, refused = g.verify(r.Context(), raw, n); refused == nil {
			return c, nil
		}
	}
	if refused.Code == "" {
		refused.Scopes = n.scopes() // RFC 6750 §3: what a token would need
	}
	return nil, refused
}
