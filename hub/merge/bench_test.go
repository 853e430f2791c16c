package merge_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
)

var crowdOf = flag.Int("people", 2000, "in each of the pools that BenchmarkMerge merges")

// BenchmarkMerge merges a pool into another of as many people, of whom half are in
// both, in a file on the disk that is synced: the plan, what it takes of memory,
// its application, and the undo. With -people 100000 it takes two minutes.
func BenchmarkMerge(b *testing.B) {
	people := *crowdOf
	for b.Loop() {
		r := newRig(b)
		engine, err := bolt.Open(filepath.Join(b.TempDir(), "hub.db"), bolt.Options{})
		if err != nil {
			b.Fatal(err)
		}
		s, err := store.Open(b.Context(), engine, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range r.all {
			p.Space, p.Secrets = s.Space(p.Name), hub.NewSecrets(seal.Generate(), p.Name)
		}
		var old, our []*hub.User
		for i := range people {
			mail := fmt.Sprintf("person%d@corp.example", i)
			change := func(u *hub.User) {
				u.Attributes["given_name"], u.Attributes["family_name"], u.Attributes["locale"] = fmt.Sprint("Given", i), fmt.Sprint("Family", i), "en"
				u.Created, u.Modified = time.Unix(1e9, 0), time.Unix(1e9, 0)
			}
			if i%2 == 0 {
				old, our = append(old, federated(i, fmt.Sprint("s", i), mail, change)), append(our, local(people+i, fmt.Sprint("p", i), mail, change))
				continue
			}
			old, our = append(old, local(i, fmt.Sprint("q", i), "old"+mail, change)), append(our, federated(people+i, fmt.Sprint("t", i), mail, change))
		}
		r.put(r.old, old...)
		r.put(r.Pool, our...)
		old, our = nil, nil

		path := filepath.Join(b.TempDir(), "plan.yaml")
		out, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		stop := watch()
		begun := time.Now()
		h, err := merge.New(context.Background(), r.make(r.live(), ""), out)
		if err != nil {
			b.Fatal(err)
		}
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begun).Seconds(), "s/plan")
		b.ReportMetric(float64(stop())/1e6, "MB/plan")
		if info, err := os.Stat(path); err == nil {
			b.ReportMetric(float64(info.Size())/1e6, "MB/file")
		}
		if h.Counts.Join != people/2 || h.Counts.Add != people/2 {
			b.Fatalf("%+v", h.Counts)
		}

		runtime.GC()
		stop = watch()
		begun = time.Now()
		if tally := r.apply(path, nil); tally.Joined != people/2 || tally.Added != people/2 {
			b.Fatalf("%+v", tally)
		}
		b.ReportMetric(time.Since(begun).Seconds(), "s/apply")
		b.ReportMetric(float64(stop())/1e6, "MB/apply")
		begun = time.Now()
		if again := r.apply(path, nil); again.Already != people {
			b.Fatalf("%+v", again)
		}
		b.ReportMetric(time.Since(begun).Seconds(), "s/again")
		begun = time.Now()
		if lost := r.undo(h.ID, false); len(lost) != 0 {
			b.Fatalf("%+v", lost[0])
		}
		b.ReportMetric(time.Since(begun).Seconds(), "s/undo")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// watch looks at the heap until it is asked for the most that it was, in bytes.
func watch() (stop func() uint64) {
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); <-ended; return most.Load() }
}
