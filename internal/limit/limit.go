// Package limit counts what each client does in a minute.
package limit

import (
	"context"
	"sync"
	"time"
)

// Window is the time in which a client's doings are counted. It begins with the first after the last window has ended,
// as the platform's headers suggest: the trace in the README of its Python SDK has one request and 61 seconds left.
const Window = time.Minute

// Rate counts by client, and refuses what is over the limit of a window. What is refused is not counted. Now is the clock of whoever asks;
// one that several processes share goes by a clock of its own. Safe for concurrent use. It never fails: a limit is no reason to
// answer nobody.
type Rate interface {
	// Unused is the usage of a client that is not known.
	Unused() Usage
	// Take counts once.
	Take(ctx context.Context, client string, now time.Time) Usage
	// Look is what a client has used, and counts nothing. It is over when Take would be refused.
	Look(ctx context.Context, client string, now time.Time) Usage
}

// Limiter is a Rate in memory: a process that starts begins anew, and two processes count each for itself.
type Limiter struct {
	allowed int // a window
	most    int // clients that are remembered; 0: all
	mu      sync.Mutex
	windows map[string]window
	purge   time.Time // when to look for ended windows again
}

type window struct {
	start time.Time
	count int
}

var _ Rate = (*Limiter)(nil)

// Maker makes the limit of a name: so much is allowed to each client in a window, and at most so many clients are remembered; 0 means
// all. Limits of one name that are made by one Maker, in all processes where it means the same, may be one.
type Maker func(name string, allowed, most int) Rate

// InMemory makes limits of this process.
func InMemory(_ string, allowed, most int) Rate { return NewBounded(allowed, most) }

// Usage is what a client has used of its window, this time included.
type Usage struct {
	Allowed int
	Count   int
	Reset   time.Duration // until the window ends
	Over    bool          // this time is refused
}

// Seconds is Reset in whole seconds, rounded up.
func (u Usage) Seconds() int { return int((u.Reset + time.Second - 1) / time.Second) }

// New makes a limiter that allows so much a window.
func New(allowed int) *Limiter {
	return &Limiter{allowed: allowed, windows: map[string]window{}}
}

// NewBounded makes a limiter that remembers so many clients at most: of more it forgets the one whose window began first.
func NewBounded(allowed, most int) *Limiter {
	l := New(allowed)
	l.most = most
	return l
}

// Unused implements Rate.
func (l *Limiter) Unused() Usage { return Usage{Allowed: l.allowed, Reset: Window} }

// Take implements Rate.
func (l *Limiter) Take(_ context.Context, client string, now time.Time) Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetEnded(now)
	w, known := l.windows[client]
	if w.ended(now) {
		w = window{start: now}
	}
	u := l.usage(w, now)
	if !u.Over {
		w.count++
		u.Count++
	}
	if !known {
		l.makeRoom()
	}
	l.windows[client] = w
	return u
}

// Look implements Rate.
func (l *Limiter) Look(_ context.Context, client string, now time.Time) Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[client]
	if w.ended(now) {
		return l.Unused()
	}
	return l.usage(w, now)
}

func (l *Limiter) usage(w window, now time.Time) Usage {
	return Usage{Allowed: l.allowed, Count: w.count, Reset: w.start.Add(Window).Sub(now), Over: w.count >= l.allowed}
}

// makeRoom forgets the client whose window began first, if there is no room for another.
func (l *Limiter) makeRoom() {
	if l.most == 0 || len(l.windows) < l.most {
		return
	}
	oldest, first := "", time.Time{}
	for client, w := range l.windows {
		if first.IsZero() || w.start.Before(first) {
			oldest, first = client, w.start
		}
	}
	delete(l.windows, oldest)
}

// ended: a window that begins in the future is one from before somebody set the clock back.
func (w window) ended(now time.Time) bool {
	passed := now.Sub(w.start)
	return passed < 0 || passed >= Window
}

// forgetEnded keeps the memory of clients that come no more from growing; once a window, since it looks at them all.
func (l *Limiter) forgetEnded(now time.Time) {
	if passed := l.purge.Sub(now); passed > 0 && passed <= Window {
		return
	}
	l.purge = now.Add(Window)
	for client, w := range l.windows {
		if w.ended(now) {
			delete(l.windows, client)
		}
	}
}
