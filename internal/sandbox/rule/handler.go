package rule

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// Handler answers as its rules want it, and else as the handler behind it does.
type Handler struct {
	set  *Set
	next http.Handler
	once sync.Once
	stop chan struct{} // closed when nobody shall wait any more

	inside bool   // pages of the server ask
	as     string // client that they ask for, if so
}

// Wrap stands before a handler that answers well. What lies under /_sandbox/ it leaves alone.
func (s *Set) Wrap(next http.Handler) *Handler {
	return &Handler{set: s, next: next, stop: make(chan struct{})}
}

// Inside stands before a handler by which pages of the server itself ask for a client. Of jobs they see what programs see, and what they
// submit may be taken hold of. All other harm is for programs: pages that broke would not show a developer what theirs goes through.
func (s *Set) Inside(next http.Handler, client string) http.Handler {
	h := s.Wrap(next)
	h.inside, h.as = true, client
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, values := s.routes.find(r)
		h.jobs(w, r, route, values)
	})
}

// Stopping ends what waits: answers come at once from then on.
func (h *Handler) Stopping() { h.once.Do(func() { close(h.stop) }) }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		h.next.ServeHTTP(w, r)
		return
	}
	if h.set.hasExpired(r) {
		h.tokenExpired(w, r)
		return
	}
	route, values := h.set.routes.find(r)
	by, n, err := h.set.call(r, route)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.jobs(w, r, route, values) })
	if by.Name == "" {
		behind(w, r)
		return
	}
	h.fired(r, by.Name)
	h.harm(w, r, by, n, behind)
}

func (h *Handler) fired(r *http.Request, rule string) {
	if h.set.cfg.Fired != nil {
		h.set.cfg.Fired(r.Context(), rule)
	}
}

// harm does what a rule says to a request.
func (h *Handler) harm(w http.ResponseWriter, r *http.Request, by Rule, n int, behind http.Handler) {
	switch {
	case by.Answer != nil:
		h.answer(w, r, by, n)
	case by.Unreadable != "":
		day, _ := conversation.ParseDay(by.Unreadable) // it was checked
		behind.ServeHTTP(w, r.WithContext(wire.WithUnreadable(r.Context(), day.Interval())))
	case by.ExpireToken:
		h.tokenExpired(w, r)
	case by.Delay != 0:
		h.pass(r.Context(), time.Duration(by.Delay))
		behind.ServeHTTP(w, r)
	case by.Close == Before:
		panic(http.ErrAbortHandler)
	case by.Close == After:
		behind.ServeHTTP(nobody{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case by.FirstByte != 0, by.Drip != nil, by.Cut != nil && by.Cut.Bytes != nil:
		behind.ServeHTTP(h.stream(r.Context(), w, by), r)
	case by.Cut != nil:
		h.cutShare(w, r, *by.Cut, behind)
	case by.Corrupt == Flip:
		h.flip(w, r, hashed(h.set.cfg.Seed, by.Name, n), behind)
	case by.Corrupt == BreakGzip:
		h.breakGzip(w, r, behind)
	}
}

// pass lets time pass, by the clock of the machine: the platform's may stand still. It breaks the answer off if its
// client leaves, and comes to an early end when the server stops.
func (h *Handler) pass(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-h.stop:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}
