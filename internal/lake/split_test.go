package lake

import (
	"fmt"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// Other programs read a large file in parts, and say by a property of the table how large they are; without one it is 128 MB. To us
// a file is a file: in parts its records would count, and be answered, several times.
func TestALargeFileIsListedOnce(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	const n = 2_500 // more than a row group has, which is what a part has at least
	records := make([]conversation.Version, n)
	for i := range records {
		records[i] = record(fmt.Sprintf("%04d", i), day1.Add(time.Duration(i)*time.Second), "")
	}
	commit(t, l, Commit{Records: all(records...)})
	for _, table := range []tables.Table{tables.Conversations, tables.Segments} {
		tbl, err := l.load(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		tx := tbl.NewTransaction()
		if err := tx.SetProperties(iceberg.Properties{"read.split.target-size": "1"}); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s := snapshot(t, l)
	if files := s.Files(tables.Conversations); len(files) != 1 || s.Rows(tables.Conversations) != n {
		t.Errorf("%d files with %d conversations; there is one with %d", len(files), s.Rows(tables.Conversations), n)
	}
	if files := s.Files(tables.Segments); len(files) != 1 {
		t.Errorf("%d files of segments", len(files))
	}
}
