package admin

import (
	"context"
	"fmt"
	"net"
	"os"
)

type actorKey struct{}

// actor is who speaks, in words for the audit log; empty: nobody vouches.
func actor(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}

// ConnContext vouches for connections to the Unix socket, and for no others; it
// belongs into the http.Server that serves the handler. Where the kernel tells
// who is at the other end, that must be the hub's own user or root.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	name := "admin socket"
	if uid, known := peer(unix); known {
		if uid != 0 && uid != os.Getuid() {
			return ctx
		}
		name = user(uid)
	}
	return context.WithValue(ctx, actorKey{}, name)
}

func user(uid int) string { return fmt.Sprintf("local uid %d", uid) }
