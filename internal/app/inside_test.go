package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/generate"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
)

var quiet = slog.New(slog.DiscardHandler)

// generated writes the days from the first of November on into a lake, which is made if it is not there: twenty
// conversations each.
func generated(t *testing.T, dir, to string) {
	t.Helper()
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g := generate.Generation{Lake: l, Control: l.Control(), PerDay: 20, Seed: 7, Log: quiet, Progress: func(int64) {}}
	if g.First, err = conversation.ParseDay("2026-11-01"); err != nil {
		t.Fatal(err)
	}
	if g.End, err = conversation.ParseDay(to); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var wholeMonth = []byte(`{"interval":"2026-11-01/2026-12-01","paging":{"pageSize":1,"pageNumber":1}}`)

// total asks how many conversations there are.
func total(t *testing.T, c *platform.Client) int64 {
	t.Helper()
	a, err := c.Query(t.Context(), wholeMonth)
	if err != nil {
		t.Fatal(err)
	}
	return a.TotalHits
}

// What is asked in several requests fits together, whatever is written between them. Asking writes nothing.
func TestALakeIsAskedAsItWasAtOneMoment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	generated(t, dir, "2026-11-02")
	err := Ask(t.Context(), dir, Cluster{}, quiet, func(_ context.Context, c *platform.Client) error {
		before := total(t, c)
		generated(t, dir, "2026-11-03")
		if after := total(t, c); before != 20 || after != before {
			t.Errorf("got %d conversations, and then %d", before, after)
		}
		if _, err := c.Jobs(t.Context()); !errors.Is(err, fault.NotFound) {
			t.Errorf("a lake has jobs: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Ask(t.Context(), dir, Cluster{}, quiet, func(_ context.Context, c *platform.Client) error {
		if n := total(t, c); n != 40 {
			t.Errorf("asked again, the lake has %d conversations", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, inLake)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a server's folder was made: %v", err)
	}
}

// Whoever interrupts an answer gets its own end back, when nothing reads the lake any more.
func TestAskingIsInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	generated(t, dir, "2026-11-21")
	ctx, cancel := context.WithCancel(t.Context())
	records := 0
	err := Ask(ctx, dir, Cluster{}, quiet, func(ctx context.Context, c *platform.Client) error {
		_, err := c.ReadQuery(ctx, []byte(`{"interval":"2026-11-01/2026-12-01","paging":{"pageSize":400,"pageNumber":1}}`), func() func([]byte) error {
			return func([]byte) error {
				records++
				cancel()
				return nil
			}
		})
		return err
	})
	if !errors.Is(err, context.Canceled) || fault.ExitCode(err) != 130 || records == 0 || records == 400 {
		t.Errorf("after %d records: %v", records, err)
	}
}

// The kind of a failure is that of the lake, and what is said of it too: outsiders would be told of an internal error.
func TestALakeThatIsDamagedSaysSo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	generated(t, dir, "2026-11-02")
	err := Ask(t.Context(), dir, Cluster{}, quiet, func(ctx context.Context, c *platform.Client) error {
		files, err := filepath.Glob(filepath.Join(dir, "warehouse/parley/conversations/data/*/*.parquet"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%v, %v", files, err)
		}
		if err := os.Truncate(files[0], 100); err != nil {
			t.Fatal(err)
		}
		_, err = c.Query(ctx, wholeMonth)
		return err
	})
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || fault.ExitCode(err) != 8 || f.Message == "" {
		t.Errorf("got %v", err)
	}
}
