// Package requests remembers what a simulated platform was asked lately and what it answered: so that whoever develops
// against it sees what its client did, and which rule did it harm.
//
// It is bounded and in memory, and holds nothing that anybody said: no body, no token, no secret, and of a query the names
// of its parameters and the sizes and numbers of pages alone. Ids in paths are there; that of a notification channel lets whoever
// knows it listen, which whoever may read this may do anyway.
package requests

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Most is how many requests are remembered.
const Most = 10_000

// Entry is a request that was answered.
type Entry struct {
	Number   int64     `json:"number"` // from 1, in the order in which answers ended
	At       time.Time `json:"at"`     // when it came, by the platform's clock
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Query    []string  `json:"query,omitzero"`  // the names of its parameters; of pages also the sizes and numbers, as pageSize=100
	Client   string    `json:"client,omitzero"` // who asked; empty if nobody knows
	Status   int       `json:"status"`          // 0 if there was no answer
	Bytes    int64     `json:"bytes"`           // of the body, as sent
	Duration float64   `json:"milliseconds"`    // by the clock of the machine
	Rule     string    `json:"rule,omitzero"`   // that did it harm
	Broken   bool      `json:"broken,omitzero"` // the connection was closed before the end of the answer
}

// Config is what a Log needs.
type Config struct {
	Now    func() time.Time           // the platform's clock
	Client func(*http.Request) string // tells who asks; nil means nobody knows
}

// Log remembers requests. Safe for concurrent use.
type Log struct {
	cfg Config

	mu      sync.Mutex
	entries []Entry // a ring: number n lies at (n-1) % Most
	last    int64
	more    chan struct{} // closed when there is another one
}

// New makes an empty log.
func New(c Config) *Log { return &Log{cfg: c, more: make(chan struct{})} }

// Since gives the requests after a number, oldest first, as far as they are remembered; at most as many as limit says, if
// that is not 0.
func (l *Log) Since(number int64, limit int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := max(number, l.last-int64(len(l.entries)), 0)
	n := max(l.last-from, 0)
	if limit > 0 {
		n = min(n, int64(limit))
	}
	out := make([]Entry, 0, n)
	for i := from; i < from+n; i++ {
		e := l.entries[i%Most]
		e.Query = slices.Clone(e.Query)
		out = append(out, e)
	}
	return out
}

// Last is the number of the newest request; 0 if there is none.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Wait waits for a request after a number. It ends earlier when ctx does, with the error of that.
func (l *Log) Wait(ctx context.Context, number int64) error {
	for {
		l.mu.Lock()
		last, more := l.last, l.more
		l.mu.Unlock()
		if last > number {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Log) add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.Number = l.last
	if len(l.entries) < Most {
		l.entries = append(l.entries, e)
	} else {
		l.entries[(e.Number-1)%Most] = e
	}
	close(l.more)
	l.more = make(chan struct{})
}
