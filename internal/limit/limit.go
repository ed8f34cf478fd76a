// Package limit counts what each client does in a minute.
package limit

import (
	"sync"
	"time"
)

// Window is the time in which a client's doings are counted. It begins with the first after the last window has ended,
// as the platform's headers suggest: the trace in the README of its Python SDK has one request and 61 seconds left.
const Window = time.Minute

// Limiter counts by client. What is refused is not counted. It lives in memory: a process that starts begins anew, and
// two processes count each for itself. Safe for concurrent use.
type Limiter struct {
	allowed int // a window
	mu      sync.Mutex
	windows map[string]window
	purge   time.Time // when to look for ended windows again
}

type window struct {
	start time.Time
	count int
}

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

// Unused is the usage of a client that is not known.
func (l *Limiter) Unused() Usage { return Usage{Allowed: l.allowed, Reset: Window} }

// Take counts once.
func (l *Limiter) Take(client string, now time.Time) Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetEnded(now)
	w := l.windows[client]
	if w.ended(now) {
		w = window{start: now}
	}
	over := w.count >= l.allowed
	if !over {
		w.count++
	}
	l.windows[client] = w
	return Usage{Allowed: l.allowed, Count: w.count, Reset: w.start.Add(Window).Sub(now), Over: over}
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
