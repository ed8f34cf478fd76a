package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/recordfile/recordfiletest"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

func aside(t *testing.T, l *lake.Lake) (texts []string) {
	t.Helper()
	err := l.Control().View(t.Context(), func(db *state.DB) error {
		for r, err := range stage.AllRejected(t.Context(), db) {
			if err != nil {
				return err
			}
			texts = append(texts, string(r.Text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// What a rule of somebody's own set aside comes in when the rule is gone; the rest stays, and what is newer stays too.
func TestWhatWasSetAsideIsTakenIn(t *testing.T) {
	l := newLake(t)
	unwanted := func(raw []byte) (conversation.Record, error) {
		r, err := wire.Record(raw)
		if err == nil && r.ID != "c" {
			err = fault.New(fault.Invalid, "record %s is not wanted", r.ID)
		}
		return r, err
	}
	cfg := Config{
		Lake: l, Control: l.Control(), Now: time.Now, Door: unwanted,
		Files: find(t, recordfiletest.Folder(t, map[string]string{"1.json": a + b + c + `{"no":"record"}`})),
	}
	for range 2 { // two runs set the same aside
		if sum, err := Import(t.Context(), cfg); !errors.Is(err, fault.Incomplete) || sum.Rejected != 3 || len(aside(t, l)) != 3 {
			t.Fatalf("set aside: %+v, %v", sum.Counts, err)
		}
	}
	if out, err := Retry(t.Context(), cfg); !errors.Is(err, fault.Incomplete) || out.Taken != 0 || out.Left != 3 || len(aside(t, l)) != 3 {
		t.Errorf("by the same rule: %+v, %v", out, err)
	}
	// A newer version of b comes before its older one is taken in.
	newer := recordfiletest.Record("b", 1, "newer")
	cfg.Door, cfg.ReceivedAt = nil, time.Now().Add(time.Hour)
	cfg.Files = find(t, recordfiletest.Folder(t, map[string]string{"2.json": newer}))
	if _, err := Import(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	begun := time.Now().Add(-time.Minute)
	out, err := Retry(t.Context(), cfg)
	if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "stay aside: 1") || out.Taken != 2 || out.Left != 1 || out.Added != 1 || out.Stale != 1 {
		t.Errorf("without the rule: %+v, %v", out, err)
	}
	if got := aside(t, l); len(got) != 1 || got[0] != `{"no":"record"}` {
		t.Errorf("still aside: %q", got)
	}
	got := strings.Join(contents(t, l), "\n")
	for _, want := range []string{a, newer, c} {
		if !strings.Contains(got, strings.TrimSpace(want)) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	id := stage.RunID("import-" + "0192f0c1-2d00-7000-8000-000000000000")
	if at := receivedBy(id, begun); at.Year() != 2024 {
		t.Errorf("received at %v", at)
	}
	if at := receivedBy("run-1", begun); !at.Equal(begun) {
		t.Errorf("received at %v", at)
	}
}

// A retry that shall not take what nobody knows changes nothing.
func TestAStrictRetry(t *testing.T) {
	l := newLake(t)
	cfg := Config{
		Lake: l, Control: l.Control(), Now: time.Now,
		Door: func([]byte) (conversation.Record, error) {
			return conversation.Record{}, fault.New(fault.Invalid, "closed")
		},
		Files: find(t, recordfiletest.Folder(t, map[string]string{"1.json": a})),
	}
	if _, err := Import(t.Context(), cfg); !errors.Is(err, fault.Incomplete) {
		t.Fatal(err)
	}
	cfg.Door = func([]byte) (conversation.Record, error) {
		return conversation.Record{}, fault.New(fault.Drifted, "strange")
	}
	if _, err := Retry(t.Context(), cfg); !errors.Is(err, fault.Drifted) || len(aside(t, l)) != 1 {
		t.Errorf("got %v", err)
	}
}
