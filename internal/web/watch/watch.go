// Package watch tells many readers when something has changed that is looked at once for all of them.
//
// What something is like at a moment has a version: a text that is another one whenever anything in it is. A reader who says which
// version they have is told of any other, however it came about and whoever was asked before: nothing is lost when a connection, or
// the server, goes and comes back.
package watch

import (
	"context"
	"sync"
	"time"
)

// Look says which version something has.
type Look func(context.Context) (version string, err error)

// Watch keeps what was looked at lately. The zero value is ready. Safe for concurrent use; it starts nothing.
type Watch struct {
	mu   sync.Mutex
	seen map[string]*seen
}

// seen is what was seen of one thing.
type seen struct {
	readers int // under the mutex of Watch

	mu      sync.Mutex
	at      time.Time
	version string
}

// Reader is somebody who looks at something now and then. For one goroutine; Close ends it.
type Reader struct {
	of    *Watch
	name  string
	seen  *seen
	look  Look
	every time.Duration
}

// Read begins to read a thing by its name. What another has looked at within every is not looked at again.
func (w *Watch) Read(name string, every time.Duration, look Look) *Reader {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]*seen{}
	}
	s := w.seen[name]
	if s == nil {
		s = &seen{}
		w.seen[name] = s
	}
	s.readers++
	return &Reader{w, name, s, look, every}
}

// Readers says how many there are.
func (w *Watch) Readers() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seen {
		n += s.readers
	}
	return n
}

// Version is the version at a moment, or within a short time before.
func (r *Reader) Version(ctx context.Context, now time.Time) (string, error) {
	s := r.seen
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && now.Sub(s.at) < r.every {
		return s.version, nil
	}
	version, err := r.look(ctx)
	if err != nil {
		return "", err // of who looked: another may see what they may not
	}
	s.at, s.version = now, version
	return version, nil
}

// Close ends reading. What nobody reads any more is forgotten.
func (r *Reader) Close() {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.seen.readers--; r.seen.readers == 0 {
		delete(r.of.seen, r.name)
	}
}
