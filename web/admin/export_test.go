package admin

import (
	"context"
	"net"
	"net/http"
)

// Routes lists every operation: method and path.
func Routes() [][2]string {
	list := make([][2]string, len(routes))
	for i, r := range routes {
		list[i] = [2]string{r.method, r.path}
	}
	return list
}

// SocketTransport sends requests as they are.
func SocketTransport(socket string) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, socket) }}
}

// TemporaryPassword is for tests of what is made.
var TemporaryPassword = temporaryPassword

// LocalTransport calls a handler in this process.
func LocalTransport(h http.Handler) http.RoundTripper { return local{h} }
