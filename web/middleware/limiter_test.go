package middleware

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimiterPace(t *testing.T) {
	now := newClock()
	l := NewLimiter[string](Pace{Every: 10 * time.Second, Burst: 3}, 10, now.now)
	for i := range 3 {
		if ok, _ := l.Allow("a"); !ok {
			t.Fatalf("try %d of the burst refused", i+1)
		}
	}
	if ok, wait := l.Allow("a"); ok || wait != 10*time.Second {
		t.Errorf("after the burst: %v, wait %v", ok, wait)
	}
	if ok, _ := l.Allow("b"); !ok {
		t.Error("one key's haste hurt another")
	}
	now.t = now.t.Add(4 * time.Second)
	if ok, wait := l.Allow("a"); ok || wait.Round(time.Millisecond) != 6*time.Second {
		t.Errorf("after 4 s: %v, wait %v", ok, wait)
	}
	now.t = now.t.Add(6 * time.Second)
	if ok, _ := l.Allow("a"); !ok {
		t.Error("refused after the wait it was told")
	}
}

func TestA202_QuietGoFirst(t *testing.T) {
	now := newClock()
	const size = 1000
	l := NewLimiter[int](Pace{Every: time.Minute, Burst: 5}, size, now.now)
	attackers := 200
	spend := func() {
		for a := range attackers {
			for {
				if ok, _ := l.Allow(-1 - a); !ok {
					break
				}
			}
		}
	}
	spend()
	// Endless new keys, as from an attacker with a large network, who waits in
	// between to look quiet. Those who spent their bucket are not forgotten.
	for i := range 50 * size {
		l.Allow(i)
		if l.Len() > size {
			t.Fatalf("%d keys held, at most %d wanted", l.Len(), size)
		}
	}
	for a := range attackers {
		if ok, _ := l.Allow(-1 - a); ok {
			t.Errorf("attacker %d has a fresh bucket", a)
		}
	}
}

func TestLimiterRace(t *testing.T) {
	now := newClock()
	l := NewLimiter[int](Pace{Every: time.Hour, Burst: 50}, 8, now.now)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				if ok, _ := l.Allow(i % 4); ok {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 4*50 {
		t.Errorf("%d passed, want %d", passed.Load(), 4*50)
	}
}

func TestLimiterOfOne(t *testing.T) {
	l := NewLimiter[string](Pace{Every: time.Hour, Burst: 1}, 0, newClock().now)
	for _, key := range []string{"a", "b", "a", "b"} {
		if ok, _ := l.Allow(key); !ok || l.Len() != 1 {
			t.Errorf("%s: %v, %d held", key, ok, l.Len())
		}
	}
}

func BenchmarkLimiterFull(b *testing.B) {
	l := NewLimiter[int](Pace{Every: time.Second, Burst: 10}, 65536, time.Now)
	for i := range 65536 {
		l.Allow(i)
	}
	i := 65536
	b.ReportAllocs()
	for b.Loop() {
		l.Allow(i)
		i++
	}
}

func BenchmarkLimiterKnown(b *testing.B) {
	l := NewLimiter[int](Pace{Every: time.Nanosecond, Burst: 10}, 65536, time.Now)
	b.ReportAllocs()
	for b.Loop() {
		l.Allow(1)
	}
}
