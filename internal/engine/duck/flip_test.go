package duck_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// A byte of a data file that is wrong is damage, whatever stumbles over it: exit code 8. It may also go unnoticed here:
// only the check reads everything.
func TestFlippedByteIsDamage(t *testing.T) {
	unraced.Test(t)
	l, day := someLake(t)
	s, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, table := range []tables.Table{tables.Conversations, tables.Segments} {
		path := s.Files(table)[0].Path
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		wrong := map[string][]byte{}
		for _, at := range places(len(good)) {
			bad := append([]byte(nil), good...)
			bad[at] ^= 0x55
			wrong[fmt.Sprintf("byte %d of %d", at, len(good))] = bad
		}
		for _, length := range []uint32{0, 1, math.MaxInt32, math.MaxUint32} {
			bad := append([]byte(nil), good...)
			binary.LittleEndian.PutUint32(bad[len(bad)-8:], length)
			wrong[fmt.Sprintf("a footer of %d bytes", length)] = bad
		}
		for what, bad := range wrong {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			for name, ask := range map[string]func() error{
				"sql":    func() error { return readTable(t, s, table) },
				"engine": func() error { return readAnswer(t, s, day) },
			} {
				switch err := ask(); fault.ExitCode(err) {
				case 0:
				case 8:
					found++
				default:
					t.Errorf("%s: %s of %s: exit code %d: %v", name, what, table, fault.ExitCode(err), err)
				}
			}
		}
		if found == 0 {
			t.Errorf("no damage of %s was found", table)
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// places are some in the data of a file and many in its footer.
func places(size int) (out []int) {
	for i := range 12 {
		out = append(out, 4+i*size/12)
	}
	for i := range 24 {
		out = append(out, size-1-i*i*12%(size/4))
	}
	return out
}

func readTable(t *testing.T, s *lake.Snapshot, table tables.Table) error {
	t.Helper()
	return duck.SQL(t.Context(), duck.Config{Threads: 1}, s, "SELECT * FROM "+string(table), func([]string) error { return nil }, func([]any) error { return nil }) //nolint:unqueryvet // every column is meant
}

// readAnswer reads the conversations that have a segment with a queue.
func readAnswer(t *testing.T, s *lake.Snapshot, day conversation.Day) error {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e := duck.New(db, s)
	defer e.Close()
	starts := day.Interval()
	body := fmt.Sprintf(`{"interval":"%s/%s","segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","operator":"exists"}]}]}`,
		conversation.FormatTime(starts.Start), conversation.FormatTime(starts.End))
	q, err := query.DecodeJob([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range e.Records(t.Context(), q.Query, 0, 0) {
		if err != nil {
			return err
		}
	}
	return nil
}

func someLake(t *testing.T) (*lake.Lake, conversation.Day) {
	t.Helper()
	const day = conversation.Day(20_000)
	var records []conversation.Record
	for c := range sim.New(sim.Config{Seed: 7, PerDay: 60}).Day(day) {
		text, err := wire.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		r, err := wire.Record(text)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Unix(1, 0), Records: enginetest.Versions(records)}); err != nil {
		t.Fatal(err)
	}
	return l, day
}
