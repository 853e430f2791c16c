//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// floors are CPU times of what no hub in Go can do without, on this machine and
// in this run.
type floors struct {
	sign, verify map[token.Algorithm]time.Duration
	write        time.Duration // durable, in a group
	in, out      time.Duration // a request answered, a request made
}

// signInFloor is the least that a federated sign-in costs: authorize, callback and
// token are answered, the provider's token endpoint is asked, its ID token
// verified, session and code are written, the code is spent, two tokens signed.
func signInFloor(a token.Algorithm) func(floors) time.Duration {
	return func(f floors) time.Duration { return 2*f.sign[a] + f.verify[a] + 3*f.in + f.out + 2*f.write }
}

// measureFloors measures all of them, each for the given time. bare is a server
// that does nothing.
func measureFloors(ctx context.Context, dir string, bare *process, bareURL string, people int, length time.Duration) (f floors, err error) {
	f.sign, f.verify = map[token.Algorithm]time.Duration{}, map[token.Algorithm]time.Duration{}
	for _, a := range []token.Algorithm{token.RS256, token.ES256} {
		if err := f.signatures(a, length); err != nil {
			return f, err
		}
	}
	if f.write, err = measureWrite(ctx, filepath.Join(dir, "floor.db"), people, length); err != nil {
		return f, err
	}
	request, err := http.NewRequest(http.MethodGet, bareURL, nil)
	if err != nil {
		return f, err
	}
	ph := phase{name: "bare request", people: people, do: func(int, int) error { return expectOK(request.Clone(ctx)) }}
	own := ownCPU()
	r, err := ph.measure(bare, 2*length)
	if err != nil {
		return f, err
	}
	f.in, f.out = r.cpu, (ownCPU()-own)/time.Duration(r.operations)
	return f, nil
}

func (f *floors) signatures(a token.Algorithm, length time.Duration) error {
	key, err := token.Generate(a)
	if err != nil {
		return err
	}
	key.State = token.Active
	ring, err := token.NewRing(key)
	if err != nil {
		return err
	}
	payload := make([]byte, 600)
	raw, err := ring.Sign(payload, token.TypeNone)
	if err != nil {
		return err
	}
	if f.sign[a], err = inTurns(runtime.GOMAXPROCS(0), length, func() error {
		_, err := ring.Sign(payload, token.TypeNone)
		return err
	}); err != nil {
		return err
	}
	f.verify[a], err = inTurns(runtime.GOMAXPROCS(0), length, func() error {
		_, _, err := ring.Verify(raw)
		return err
	})
	return err
}

func measureWrite(ctx context.Context, path string, people int, length time.Duration) (time.Duration, error) {
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	defer engine.Close()
	value := make([]byte, 600)
	var mu sync.Mutex
	n := 0
	return inTurns(people, length, func() error {
		mu.Lock()
		n++
		key := fmt.Sprintf("%08x", uint32(n)*2654435761) // spread, as ids are
		mu.Unlock()
		return engine.Update(ctx, func(w store.Writer) error { return w.Put(key, value) })
	})
}

// inTurns has several goroutines do something and returns the CPU time that each
// time took.
func inTurns(workers int, length time.Duration, do func() error) (time.Duration, error) {
	ph := phase{people: workers, do: func(int, int) error { return do() }}
	before := ownCPU()
	took, err := ph.run(length)
	if err != nil || len(took) == 0 {
		return 0, err
	}
	return (ownCPU() - before) / time.Duration(len(took)), nil
}

// ownCPU is the time this process has spent on all cores.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serveBare is a server that answers 900 bytes to anything, in a process of its
// own.
func serveBare(ctx context.Context, address string) error {
	body := make([]byte, 900)
	s := &http.Server{Addr: address, ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
