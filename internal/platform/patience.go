package platform

import (
	"context"
	"fmt"
	"io"
	"time"
)

// How long an answer may take. Only waiting for the platform counts, not what whoever reads the answer does with it.
const (
	// DefaultPatience is how long the platform may say nothing before its answer, and how long the next minProgress bytes
	// of it may take. A proxy on the way may keep a connection open for ever when the server behind it is gone, and a
	// server may send a byte a second.
	DefaultPatience = 2 * time.Minute
	minProgress     = 16 << 10
)

// answerTime is how long all of an answer may take: by default 15 minutes, room for a page of 10,000 records, some 7 MB
// compressed, at 64 kbit/s.
func answerTime(patience time.Duration) time.Duration { return patience * 15 / 2 }

// late is why a request was given up.
type late string

func (l late) Error() string { return string(l) }

// patience gives a request up when its answer takes too long. Its clock runs between wait and rest.
type patience struct {
	most  time.Duration // of silence
	timer *time.Timer   // gives up the request
	since time.Time     // when the clock was last started
	quiet time.Duration // that is left of the silence
	total time.Duration // that is left of the whole answer
	got   int           // bytes since quiet was full
	late  error
}

// newPatience begins with waiting.
func newPatience(most time.Duration, stop context.CancelFunc) *patience {
	p := &patience{most: most, timer: time.AfterFunc(most, stop), quiet: most, total: answerTime(most)}
	p.wait()
	return p
}

// wait starts the clock.
func (p *patience) wait() {
	p.since = time.Now()
	p.timer.Reset(min(p.quiet, p.total))
}

// rest stops the clock, and says why if it came to its end.
func (p *patience) rest() error {
	fired := !p.timer.Stop()
	took := time.Since(p.since)
	p.quiet, p.total = p.quiet-took, p.total-took
	switch {
	case !fired || p.late != nil:
	case p.total <= 0:
		p.late = late(fmt.Sprintf("the answer took longer than %v", answerTime(p.most)))
	case p.got > 0:
		p.late = late(fmt.Sprintf("only %d bytes came in %v", p.got, p.most))
	default:
		p.late = late(fmt.Sprintf("nothing came for %v", p.most))
	}
	return p.late
}

// progress counts bytes that came.
func (p *patience) progress(n int) {
	if p.got += n; p.got >= minProgress {
		p.got, p.quiet = 0, p.most
	}
}

// answer is the body of an answer, read with patience.
type answer struct {
	io.ReadCloser

	patience *patience
	done     context.CancelFunc
}

func (a *answer) Read(b []byte) (int, error) {
	if a.patience.late != nil {
		return 0, a.patience.late
	}
	a.patience.wait()
	n, err := a.ReadCloser.Read(b)
	if late := a.patience.rest(); late != nil {
		return 0, late
	}
	a.patience.progress(n)
	return n, err
}

func (a *answer) Close() error {
	a.done()
	return a.ReadCloser.Close()
}
