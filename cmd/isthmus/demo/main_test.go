package demo

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/directory"
)

// cheap is a cost at which tests hash passwords.
var cheap = directory.Cost{Memory: 64, Time: 1}

// whole is a demo without a fault that the tests share.
var whole struct {
	once sync.Once
	demo *Demo
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range chromium.stop {
		stop()
	}
	if d := whole.demo; d != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := d.Close(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// shared returns the demo that the tests share.
func shared(t *testing.T) *Demo {
	t.Helper()
	whole.once.Do(func() {
		whole.demo, whole.err = Start(context.Background(), Options{Auto: true, Cost: cheap})
	})
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	return whole.demo
}

// begin starts a demo for one test.
func begin(t *testing.T, o Options) *Demo {
	t.Helper()
	o.Auto, o.Cost = true, cheap
	d, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, d) })
	return d
}

// broken starts a demo with a fault.
func broken(t *testing.T, name string) *Demo {
	t.Helper()
	fault, err := ParseFault(name)
	if err != nil {
		t.Fatal(err)
	}
	return begin(t, Options{Fault: fault})
}

func end(t *testing.T, d *Demo) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := d.Close(ctx); err != nil {
		t.Error(err)
	}
}
