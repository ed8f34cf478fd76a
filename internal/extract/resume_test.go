package extract

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

var errLost = errors.New("the answer was lost")

// cutPlatform lets so many requests pass. What happens to the next one is for cut to say; it has reached the platform.
type cutPlatform struct {
	Platform

	pass int
	cut  func() error
}

func through[T any](c *cutPlatform, answer T, err error) (T, error) {
	if c.pass--; c.pass == -1 {
		return answer, errors.Join(err, c.cut())
	}
	return answer, err
}

func (c *cutPlatform) Organization(ctx context.Context) (platform.Organization, error) {
	o, err := c.Platform.Organization(ctx)
	return through(c, o, err)
}

func (c *cutPlatform) Coverage(ctx context.Context) (time.Time, []conversation.Day, error) {
	at, missing, err := c.Platform.Coverage(ctx)
	at, err = through(c, at, err)
	return at, missing, err
}

func (c *cutPlatform) Count(ctx context.Context, iv conversation.Interval) (int64, []conversation.Day, error) {
	n, missing, err := c.Platform.Count(ctx, iv)
	n, err = through(c, n, err)
	return n, missing, err
}

func (c *cutPlatform) Submit(ctx context.Context, iv conversation.Interval) (platform.JobID, error) {
	id, err := c.Platform.Submit(ctx, iv)
	return through(c, id, err)
}

func (c *cutPlatform) Status(ctx context.Context, id platform.JobID) (platform.Status, error) {
	s, err := c.Platform.Status(ctx, id)
	return through(c, s, err)
}

func (c *cutPlatform) Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error) {
	p, err := c.Platform.Page(ctx, id, at, size)
	return through(c, p, err)
}

// A run is cut after every request, and another process takes it up: the lake must be the same as without a cut.
func TestResumeAfterEveryRequest(t *testing.T) {
	unraced.Test(t)
	t.Parallel()
	fake := platformtest.Config{Records: spread(3, 6)}
	undisturbed := newRig(t, 3, fake)
	undisturbed.mustRun()
	want := undisturbed.contents()
	for name, cut := range map[string]func(*rig, context.CancelFunc) error{
		"interrupted": func(_ *rig, cancel context.CancelFunc) error {
			cancel()
			return nil
		},
		"answer and jobs lost": func(r *rig, _ context.CancelFunc) error {
			gone := platformtest.Refuse(404, "not.found", "The requested resource was not found.")
			r.fake.Behave(platformtest.Rule{Route: platformtest.Status, First: 1, Do: gone})
			return errLost
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			for cutAt(t, fake, n, cut, want) {
				n++
			}
			if n != 9 { // organization, availability, two jobs with three pages
				t.Errorf("cut %d times", n)
			}
		})
	}
}

// cutAt cuts a run after n requests, resumes it, and says whether there was anything left to be cut.
func cutAt(t *testing.T, fake platformtest.Config, n int, cut func(*rig, context.CancelFunc) error, want string) bool {
	t.Helper()
	r := newRig(t, 3, fake)
	r.cfg.Size.Commit = 1
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := &cutPlatform{Platform: r.cfg.Platform, pass: n, cut: func() error { return cut(r, cancel) }}
	r.cfg.Platform = asked
	if _, err := r.run(ctx); err == nil && asked.pass < 0 {
		t.Fatalf("cut after %d requests: the run says nothing of it", n)
	}
	if asked.pass >= 0 {
		return false
	}
	r.runAsPlanned()
	if got := r.contents(); got != want {
		t.Errorf("cut after %d requests:\n%s\nwant\n%s", n, got, want)
	}
	return true
}
