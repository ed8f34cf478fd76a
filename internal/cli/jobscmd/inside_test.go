package jobscmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// scripted is a client with one job that goes through states, and pages of three records.
type scripted struct {
	client
	states []platform.State
	asked  []time.Duration // since begun
	begun  time.Time
	pages  int
	same   bool   // every page names itself as the next
	before func() // called before each page
}

func (s *scripted) Status(context.Context, platform.JobID) (platform.Status, error) {
	s.asked = append(s.asked, time.Since(s.begun))
	return platform.Status{State: s.states[min(len(s.asked), len(s.states))-1]}, nil
}

// server is the one of which it is the client.
func (s *scripted) place() place { return remote{s} }

func (s *scripted) ReadPage(_ context.Context, _ platform.JobID, at platform.Cursor, _ int, begin func() func([]byte) error) (p platform.Page, err error) {
	if s.before != nil {
		s.before()
	}
	n := len(at)
	// A try that is cut leaves nothing behind.
	if err := begin()([]byte("cut")); err != nil {
		return p, err
	}
	add := begin()
	for i := range 3 {
		if err := add(fmt.Appendf(nil, "%d", 3*n+i)); err != nil {
			return p, err
		}
	}
	if n+1 < s.pages {
		p.Next = platform.Cursor(strings.Repeat("c", n+1))
	}
	if s.same {
		p.Next = at
	}
	return p, nil
}

func TestPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{states: slices.Repeat([]platform.State{platform.Pending}, 8), begun: time.Now()}
		s.states = append(s.states, platform.Fulfilled)
		var errs bytes.Buffer
		o := &Options{Streams: &ui.Streams{Out: io.Discard, Err: &errs, ErrTerminal: true}, Timeout: time.Hour}
		status, err := o.await(t.Context(), s.place(), "j")
		if err != nil || status.State != platform.Fulfilled {
			t.Errorf("got %v, %v", status, err)
		}
		var want []time.Duration
		for _, at := range []int{0, 1, 3, 7, 15, 31, 61, 91, 121} {
			want = append(want, time.Duration(at)*time.Second)
		}
		if !slices.Equal(s.asked, want) {
			t.Errorf("asked at %v, want %v", s.asked, want)
		}
		if says := errs.String(); !strings.Contains(says, "\rjob j is PENDING, 45s") || !strings.HasSuffix(says, "\r") {
			t.Errorf("says %q", says)
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{states: []platform.State{platform.Queued}, begun: time.Now()}
		o := &Options{Streams: &ui.Streams{Out: io.Discard, Err: io.Discard}, Timeout: 10 * time.Minute}
		_, err := o.await(t.Context(), s.place(), "j")
		if !errors.Is(err, fault.Unavailable) || time.Since(s.begun) != 10*time.Minute || s.asked[len(s.asked)-1] != 10*time.Minute {
			t.Errorf("after %v: %v", time.Since(s.begun), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := o.await(ctx, s.place(), "j"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("interrupted: %v", err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	if err := (&Options{}).afterSubmission(ctx, io.EOF, "j"); !errors.Is(err, io.EOF) {
		t.Errorf("not interrupted: %v", err)
	}
	cancel()
	if err := (&Options{Lake: "./l", State: "./s"}).afterSubmission(ctx, ctx.Err(), "j"); fault.ExitCode(err) != 130 || !strings.Contains(err.Error(), "parley jobs wait --lake ./l --state ./s j ") {
		t.Errorf("interrupted: %v", err)
	}
}

// newReader reads from s.
func newReader(t *testing.T, s *scripted) *reader {
	t.Helper()
	page, err := newSpool()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = page.close() })
	return &reader{place: s.place(), id: "j", size: 3, page: page, show: func(int64) {}}
}

func TestAnInterruptionSaysWhereToGoOn(t *testing.T) {
	for pages := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		s, left := &scripted{pages: 4}, pages
		s.before = func() {
			if left--; left < 0 {
				cancel()
			}
		}
		var out bytes.Buffer
		r := newReader(t, s)
		err := r.toStream(ctx, &out)
		if want := []string{"", "0\n1\n2\n", "0\n1\n2\n3\n4\n5\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"}[pages]; out.String() != want {
			t.Errorf("after %d pages: %q", pages, out.String())
		}
		says := fmt.Sprintf("interrupted; %d records were written; to go on from there, give --cursor %s", 3*pages, strings.Repeat("c", pages))
		switch {
		case pages == 4 && err != nil, pages == 0 && !errors.Is(err, context.Canceled):
			t.Errorf("after %d pages: %v", pages, err)
		case pages > 0 && pages < 4 && (fault.ExitCode(err) != 130 || err.Error() != says):
			t.Errorf("after %d pages: %v, want %s", pages, err, says)
		}
		cancel()
	}
}

func TestAPageThatNamesItself(t *testing.T) {
	r := newReader(t, &scripted{same: true})
	r.at = "c"
	if err := r.toStream(t.Context(), io.Discard); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
	r = newReader(t, &scripted{pages: 2})
	r.at = "a b\x1b"
	if got := r.onwards(); !strings.HasSuffix(got, `--cursor "a b\x1b"`) {
		t.Errorf("says %q", got)
	}
}

// narrow takes so many bytes and no more.
type narrow struct{ room int }

var errNarrow = errors.New("no room")

func (n *narrow) Write(b []byte) (int, error) {
	if len(b) > n.room {
		return n.room, errNarrow
	}
	n.room -= len(b)
	return len(b), nil
}

func TestAnOutputThatCannotBeWritten(t *testing.T) {
	err := newReader(t, &scripted{pages: 3}).toStream(t.Context(), &narrow{room: 8})
	if !errors.Is(err, errNarrow) || !strings.HasSuffix(err.Error(), "; of the output the first 3 lines are whole pages; to go on from there, give --cursor c") {
		t.Errorf("got %v", err)
	}
	if err = newReader(t, &scripted{pages: 3}).toStream(t.Context(), &narrow{}); !errors.Is(err, errNarrow) || !strings.HasSuffix(err.Error(), "; start again") {
		t.Errorf("got %v", err)
	}
}

func TestTheDiskOfPages(t *testing.T) {
	s, err := newSpool()
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "parley-page-*")); err != nil || slices.Contains(left, s.f.Name()) {
		t.Errorf("a page has a name, %v", err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := s.begin()([]byte("x")); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v", err)
	}
	if err := s.rewind(); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
	if err := unkept(&os.PathError{Op: "write", Err: syscall.ENOSPC}); fault.ExitCode(err) != 9 {
		t.Errorf("a full disk: %v", err)
	}
}
