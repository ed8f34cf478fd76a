// Package budget keeps the requests of one OAuth client to a share of what the platform allows it in a minute, in all
// processes of a machine together.
//
// A request takes a slot before it is sent. Slots lie as the generic cell rate algorithm has them: one every so often, and
// a few at once after a pause. When the next one is free is in a small file, which a process locks for the moment in which
// it takes a slot. Of each process one request waits for its slot, and the others behind it: so those that want a slot get
// one in turn, however many requests one of them has.
//
// Where the file cannot be used a process keeps to the budget by itself.
package budget

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/wait"
)

// Allowed is how many requests a minute the platform allows a client, until its answers say another number. Source: the
// platform's page of limits, client.credentials.token.rate.per.minute.
const Allowed = 300

// Config is what a budget needs.
type Config struct {
	Client string // the OAuth client's id; it is not written down
	Share  Share
	Dir    string       // where processes meet; empty means that this one is alone
	Log    *slog.Logger // told once that processes do not meet; may be nil
}

// Budget hands out slots. Safe for concurrent use.
type Budget struct {
	share Share
	meet  *meeting
	log   *slog.Logger
	turn  chan struct{} // has one in it while a request of this process waits for its slot

	mu      sync.Mutex
	allowed int
	until   time.Time // before which this process sends nothing: the share is used up
	alone   plan      // what this process knows by itself
	said    bool      // that it knows no more
}

// UserDir is the folder in which the processes of a user know of each other: in the user's cache, else one that lasts as long as the
// session, as a service may have no home; empty if there is neither.
func UserDir(getenv func(string) string) string {
	above, err := os.UserCacheDir()
	if err != nil {
		above = getenv("XDG_RUNTIME_DIR")
	}
	if above == "" {
		return ""
	}
	return filepath.Join(above, "parley", "budget")
}

// New makes a budget. It touches no file before the first request.
func New(c Config) *Budget {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Budget{share: c.Share, meet: newMeeting(c.Dir, c.Client), log: c.Log, turn: make(chan struct{}, 1), allowed: Allowed}
}

// Wait waits for a slot, and says how long that took. A request that is given up gives its slot back, if nobody has taken
// one behind it.
func (b *Budget) Wait(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() { <-b.turn }()
	if err := b.pause(ctx); err != nil {
		return time.Since(began), err
	}
	var mine slot
	every := b.spacing()
	if err := b.change(ctx, func(p *plan) { mine = p.take(time.Now(), every) }); err != nil {
		return time.Since(began), err
	}
	if err := until(ctx, mine.at); err != nil {
		// Written although ctx has ended: else the slot would be nobody's.
		_ = b.change(context.WithoutCancel(ctx), func(p *plan) { p.giveBack(mine) })
		return time.Since(began), err
	}
	return time.Since(began), nil
}

// pause waits while the share is used up. It is asked for again while it waits: answers come meanwhile.
func (b *Budget) pause(ctx context.Context) error {
	for {
		b.mu.Lock()
		at := b.until
		b.mu.Unlock()
		if !at.After(time.Now()) {
			return nil
		}
		if err := until(ctx, at); err != nil {
			return err
		}
	}
}

func until(ctx context.Context, at time.Time) error {
	if d := time.Until(at); d > 0 {
		return wait.For(ctx, d)
	}
	return ctx.Err()
}

// Heard reads what an answer says of the limit: how many requests are allowed in the window, how many were made, and when
// it ends. Once the share is used up, by whomever, the requests of this process pause until then. Others hear it
// themselves, and may have another share.
func (b *Budget) Heard(ctx context.Context, h http.Header) {
	allowed, count, reset := AllowedBy(h), number(h, "Inin-Ratelimit-Count"), number(h, "Inin-Ratelimit-Reset")
	if allowed < 1 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = allowed
	if count < b.share.of(allowed) || reset < 0 {
		return
	}
	// A second more: the header has whole ones.
	at := time.Now().Add(min(time.Duration(reset)*time.Second, longestPause) + time.Second)
	if !b.until.After(time.Now()) { // each answer that is on its way says so too
		b.log.InfoContext(ctx, "the share of the platform's limit is used up; requests pause", "count", count, "allowed", allowed, "budget", b.share.String(), "until", at.UTC())
	}
	if at.After(b.until) {
		b.until = at
	}
}

// AllowedBy is how many requests a minute an answer says that the platform allows; -1 if it does not.
func AllowedBy(h http.Header) int { return number(h, "Inin-Ratelimit-Allowed") }

// PerMinute is how many requests a minute the budget lets through.
func (b *Budget) PerMinute() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.share.of(b.allowed)
}

// PausedUntil is until when no request is let through, because the share is used up; zero if one is.
func (b *Budget) PausedUntil() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.After(time.Now()) {
		return b.until
	}
	return time.Time{}
}

// longestPause is the longest window that is believed. The platform's has a minute.
const longestPause = 2 * time.Minute

// number reads a header that has a whole number; -1 if it has none.
func number(h http.Header, name string) int {
	if n, err := strconv.Atoi(h.Get(name)); err == nil && n >= 0 && n < 1_000_000_000 {
		return n
	}
	return -1
}

func (b *Budget) spacing() spacing {
	b.mu.Lock()
	defer b.mu.Unlock()
	return spacingOf(b.share.of(b.allowed), b.allowed)
}

// change changes the plan that all processes share, and takes it over. Where there is none, this process keeps its own.
func (b *Budget) change(ctx context.Context, do func(*plan)) error {
	every := b.spacing()
	shared, err := b.meet.change(ctx, func(p *plan) {
		p.forget(time.Now(), every)
		do(p)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.alone = shared
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !b.said {
		b.said = true
		b.log.WarnContext(ctx, "the budget of requests holds for this process alone; name a folder in which processes can meet by --budget-dir", "why", err)
	}
	do(&b.alone)
	return nil
}

// Meets says why the processes of this machine do not know of each other; nil if they do.
func (b *Budget) Meets(ctx context.Context) error {
	_, err := b.meet.change(ctx, func(*plan) {})
	return err
}

// Share is what the budget was made with.
func (b *Budget) Share() Share { return b.share }
