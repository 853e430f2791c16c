package app

import (
	"sync"
	"time"
)

// shelf keeps values by a random key for a while. A full one gives up what is
// oldest, so that strangers cannot make it grow.
type shelf[T any] struct {
	life time.Duration
	room int

	adding sync.Mutex // held before mu

	mu    sync.Mutex
	items map[string]kept[T]
	order []string // keys, the oldest first; some are gone already
}

type kept[T any] struct {
	value T
	until time.Time
}

func newShelf[T any](life time.Duration, room int) *shelf[T] {
	return &shelf[T]{life: life, room: room, items: map[string]kept[T]{}}
}

func (s *shelf[T]) put(key string, value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) >= s.room {
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
	s.items[key] = kept[T]{value, time.Now().Add(s.life)}
	s.order = append(s.order, key)
}

// add is put for a key that is new, and tells whether it was.
func (s *shelf[T]) add(key string, value T) bool {
	s.adding.Lock()
	defer s.adding.Unlock()
	if _, ok := s.get(key); ok {
		return false
	}
	s.put(key, value)
	return true
}

// keys lists where the values are that a condition holds for.
func (s *shelf[T]) keys(holds func(T) bool) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, item := range s.items {
		if holds(item.value) {
			list = append(list, key)
		}
	}
	return list
}

func (s *shelf[T]) get(key string) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[key]
	if !ok || time.Now().After(item.until) {
		return value, false
	}
	return item.value, true
}

// take is get for a value that serves once.
func (s *shelf[T]) take(key string) (T, bool) {
	value, ok := s.get(key)
	s.drop(key)
	return value, ok
}

func (s *shelf[T]) drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, key)
}
