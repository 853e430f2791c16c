package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// A write is four puts of 600 bytes, which is what a sign-in needs.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 32, 64, 256} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			e := openAt(b, filepath.Join(b.TempDir(), "hub.db"), Options{})
			value := make([]byte, 600)
			var next atomic.Uint64
			write := func() error {
				return e.Update(b.Context(), func(w store.Writer) error {
					for range 4 {
						if err := w.Put(scattered(next.Add(1)), value); err != nil {
							return err
						}
					}
					return nil
				})
			}
			before := e.Commits()
			b.ReportAllocs()
			b.ResetTimer()
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan error)
			for range writers {
				go func() {
					var err error
					for err == nil && left.Add(-1) >= 0 {
						err = write()
					}
					done <- err
				}()
			}
			for range writers {
				if err := <-done; err != nil {
					b.Error(err)
				}
			}
			b.StopTimer()
			commits := float64(e.Commits() - before)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
			b.ReportMetric(commits/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(2*commits/float64(b.N), "syncs/op")
		})
	}
}

func BenchmarkView(b *testing.B) {
	const records = 100_000
	e := openTemp(b)
	value := make([]byte, 600)
	for i := 0; i < records; {
		err := e.Update(b.Context(), func(w store.Writer) error {
			for range 1000 {
				if err := w.Put(scattered(uint64(i)), value); err != nil {
					return err
				}
				i++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := uint64(0); pb.Next(); i++ {
				err := e.View(b.Context(), func(r store.Reader) error {
					_, err := r.Get(scattered(i % records))
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("GetAll=5", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			keys := make([]string, 5)
			for i := uint64(0); pb.Next(); i++ {
				for j := range keys {
					keys[j] = scattered((5*i + uint64(j)) % records)
				}
				err := e.View(b.Context(), func(r store.Reader) error {
					_, err := r.GetAll(keys)
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			if err := e.Check(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})

	// Examination, and bbolt's search for free pages.
	b.Run("Open", func(b *testing.B) {
		var copied bytes.Buffer
		if err := e.Backup(b.Context(), &copied); err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(b.TempDir(), "hub.db")
		if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			again, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if err := again.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// scattered returns a key of 40 bytes; neighbours in number are not neighbours in order.
func scattered(n uint64) string {
	var b [40]byte
	copy(b[:], "pool\x00session\x00\x00")
	binary.BigEndian.PutUint64(b[16:], n*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(b[24:], n)
	return string(b[:])
}
