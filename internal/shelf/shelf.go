// Package shelf keeps values in memory that are costly to make and never change, up to a number of bytes.
package shelf

import (
	lru "container/list"
	"sync"
)

// Shelf keeps those values that were used last, up to a number of bytes. A nil shelf keeps nothing. Safe for concurrent use; two who miss a value at once both read it.
type Shelf[K comparable, V any] struct {
	limit int64

	mu    sync.Mutex
	bytes int64
	used  lru.List // of *kept[K, V], the one used last in front
	at    map[K]*lru.Element
}

type kept[K comparable, V any] struct {
	key   K
	value V
	bytes int64
}

// New makes a shelf with room for so many bytes.
func New[K comparable, V any](limit int64) *Shelf[K, V] {
	return &Shelf[K, V]{limit: limit, at: map[K]*lru.Element{}}
}

// Get returns the value of a key: the one that is kept, else the one that it reads by read, and keeps if it fits.
func (s *Shelf[K, V]) Get(key K, read func() (V, int64, error)) (V, error) {
	if v, ok := s.find(key); ok {
		return v, nil
	}
	v, bytes, err := read()
	if err == nil {
		s.put(&kept[K, V]{key, v, bytes})
	}
	return v, err
}

// Kept is how many values are kept, and how many bytes they take.
func (s *Shelf[K, V]) Kept() (values int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at), s.bytes
}

func (s *Shelf[K, V]) find(key K) (v V, ok bool) {
	if s == nil {
		return v, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.at[key]
	if e == nil {
		return v, false
	}
	s.used.MoveToFront(e)
	return e.Value.(*kept[K, V]).value, true
}

func (s *Shelf[K, V]) put(k *kept[K, V]) {
	if s == nil || k.bytes > s.limit {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at[k.key] != nil {
		return // somebody else was quicker
	}
	s.at[k.key] = s.used.PushFront(k)
	s.bytes += k.bytes
	for s.bytes > s.limit {
		old := s.used.Remove(s.used.Back()).(*kept[K, V])
		delete(s.at, old.key)
		s.bytes -= old.bytes
	}
}
