package walk_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// startHub runs a hub by a file, as isthmus serve does, with password hashes
// that cost nothing. Variables in the file are replaced before.
func startHub(file string, variable func(string) string) (stop func() error, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(os.Expand(string(text), variable)), 0o600); err != nil {
		return nil, err
	}
	cfg, err := config.Load(file, config.Environment{})
	if err != nil {
		return nil, err
	}
	h, err := run.Start(context.Background(), cfg, run.Options{Cost: directory.Cost{Memory: 64, Time: 1}})
	if err != nil {
		return nil, err
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return h.Close(ctx)
	}, nil
}

// free finds an address that nobody listens on, below the range from which
// systems take ports for outgoing connections.
func free() string {
	for {
		address := fmt.Sprintf("localhost:%d", 20_000+rand.IntN(6_000))
		if l, err := net.Listen("tcp", address); err == nil && l.Close() == nil {
			return address
		}
	}
}
