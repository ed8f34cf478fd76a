package extract

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// The next page is asked for before the one at hand is staged.
func TestTheNextPageIsOnItsWay(t *testing.T) {
	s := &scripted{pages: of(1, "1T1", "1T2", "1T3")}
	r := newScripted(t, 1, s)
	r.cfg.Ahead = true
	asked := make(chan struct{})
	s.page = func(_, k int, p platform.Page) (platform.Page, error) {
		if k == 1 {
			close(asked)
		}
		return p, nil
	}
	pages := 0
	r.cfg.Report = func(p Progress) {
		if p.Step != "extracting" {
			return
		}
		if pages++; pages > 1 {
			return
		}
		select {
		case <-asked:
		case <-time.After(10 * time.Second):
			t.Error("the first page is staged, and nobody has asked for the second")
		}
	}
	if sum := r.mustRun(); sum.Pages != 3 || sum.Added != 3 {
		t.Errorf("got %+v", sum)
	}
}

// busyPlatform counts the requests that are on their way, and at one page it ends the run.
type busyPlatform struct {
	Platform

	now, pages atomic.Int64
	last       int64
	end        context.CancelFunc
}

func (b *busyPlatform) Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error) {
	b.now.Add(1)
	defer b.now.Add(-1)
	if b.pages.Add(1) == b.last {
		b.end()
		<-ctx.Done()
		return platform.Page{}, ctx.Err()
	}
	return b.Platform.Page(ctx, id, at, size)
}

// A run that is ended while a page is on its way leaves no request behind, and is gone on with.
func TestNothingIsAskedAfterTheEnd(t *testing.T) {
	unraced.Test(t)
	fake := platformtest.Config{Records: spread(3, 6)}
	undisturbed := newRig(t, 3, fake)
	undisturbed.mustRun()
	for last := range int64(3) { // two jobs with three pages
		r := newRig(t, 3, fake)
		r.cfg.Ahead, r.cfg.Size.Commit = true, 1
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		asked := &busyPlatform{Platform: r.cfg.Platform, last: last + 1, end: cancel}
		r.cfg.Platform = asked
		if _, err := r.run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("ended at page %d: got %v", last+1, err)
		}
		if n := asked.now.Load(); n != 0 {
			t.Errorf("ended at page %d: %d requests are left", last+1, n)
		}
		r.mustRun()
		if r.contents() != undisturbed.contents() {
			t.Errorf("ended at page %d:\n%s\nwant\n%s", last+1, r.contents(), undisturbed.contents())
		}
	}
}
