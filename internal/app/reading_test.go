package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
)

// damagedDay makes a lake of two days, does something to a file of the second, and gives the file.
func damagedDay(t *testing.T, table tables.Table, do func(path string) error) (dir, file string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "lake")
	generated(t, dir, "2026-11-03")
	files, err := filepath.Glob(filepath.Join(dir, "warehouse/parley", string(table), "data/day=2026-11-02/*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := do(files[0]); err != nil {
		t.Fatal(err)
	}
	return dir, files[0]
}

// asked is what each way of asking gives for the first day, and for both.
func asked(ctx context.Context, t *testing.T, dir string) map[string]func(body string) error {
	t.Helper()
	decoded := func(body string) query.Query {
		q, err := query.DecodeDetail([]byte(body), query.OwnLimits())
		if err != nil {
			t.Fatal(err)
		}
		return q.Query
	}
	return map[string]func(string) error{
		"query": func(body string) error {
			return Ask(ctx, dir, Cluster{}, quiet, func(ctx context.Context, c *platform.Client) error {
				_, err := c.Query(ctx, []byte(body))
				return err
			})
		},
		"explain": func(body string) error {
			_, err := Explain(ctx, dir, Cluster{}, decoded(body), 0)
			return err
		},
		"export": func(body string) error {
			return Export(ctx, dir, func(ctx context.Context, x *Exporting) error {
				for _, err := range x.Records(ctx, decoded(body), 0, 0) {
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// A file that is missing or cut stops the questions that touch its day, which name it, and no others.
func TestADamagedDayStopsNoOtherDay(t *testing.T) {
	const (
		filter = `,"segmentFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"}]}]}`
		terms  = `,"aggregations":[{"type":"termFrequency","dimension":"queueId"}]}`
	)
	for name, do := range map[string]func(string) error{"missing": os.Remove, "cut": func(path string) error { return os.Truncate(path, 100) }} {
		for _, table := range []tables.Table{tables.Conversations, tables.Segments} {
			dir, file := damagedDay(t, table, do)
			for how, ask := range asked(t.Context(), t, dir) {
				for _, more := range []string{"}", filter, terms} {
					if err := ask(`{"interval":"2026-11-01/2026-11-02"` + more); err != nil {
						t.Errorf("%s of %s is %s, %s %s: the day before it cannot be asked: %v", filepath.Base(file), table, name, how, more, err)
					}
					err := ask(`{"interval":"2026-11-01/2026-11-03"` + more)
					if !errors.Is(err, fault.Corrupt) || fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), file) {
						t.Errorf("%s is %s, %s %s: got %v", table, name, how, more, err)
					}
				}
			}
		}
	}
}

// A statement of SQL says of no day that it needs it, and of tables which it reads.
func TestADamagedTableStopsNoOther(t *testing.T) {
	dir, file := damagedDay(t, tables.Segments, os.Remove)
	for statement, want := range map[string]int{
		"SELECT count(*) FROM conversations JOIN metrics USING (conversation_id)":                                    0,
		"SELECT count(*) FROM Segments":                                                                              8,
		"EXPLAIN SELECT count(*) FROM conversations WHERE conversation_id IN (SELECT conversation_id FROM segments)": 8,
		"DESCRIBE segments":                         8,
		"SELECT count(*) FROM segment":              2,
		"WITH segments AS (SELECT 1) FROM segments": 0,
	} {
		err := SQL(t.Context(), dir, statement, func([]string) error { return nil }, func([]any) error { return nil })
		if fault.ExitCode(err) != want || (want == 8) != (err != nil && strings.Contains(err.Error(), file)) {
			t.Errorf("%s: got %v", statement, err)
		}
	}
}
