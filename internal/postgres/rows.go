package postgres

import (
	"context"
	"iter"
	"strings"

	"github.com/parley-hq/parley/internal/lake/datafile"
)

// rows are the rows of data files as Postgres takes them, those of some conversations only. It implements
// pgx.CopyFromSource.
type rows struct {
	names []string // of the columns, of which the first is conversation_id
	next  func() ([]any, error, bool)
	stop  func()
	of    map[string]bool // ids of the conversations; nil for all

	cells []any
	err   error

	n       int64 // rows given
	altered int64 // texts with characters that Postgres does not take
}

// rowsOf reads columns of files. stop must be called.
func rowsOf(ctx context.Context, files []datafile.File, of map[string]bool, names ...string) *rows {
	r := &rows{names: names, of: of}
	r.next, r.stop = iter.Pull2(func(yield func([]any, error) bool) {
		for _, f := range files {
			for cells, err := range datafile.Cells(ctx, f, names...) {
				if !yield(cells, err) || err != nil {
					return
				}
			}
		}
	})
	return r
}

// Next implements pgx.CopyFromSource.
func (r *rows) Next() bool {
	for more := true; more; {
		if r.cells, r.err, more = r.next(); r.err != nil || !more {
			return false
		}
		if id, _ := r.cells[0].(string); r.of == nil || r.of[id] {
			r.n++
			return true
		}
	}
	return false
}

// Values implements pgx.CopyFromSource. The driver writes them before it asks for the next row.
func (r *rows) Values() ([]any, error) {
	for i, cell := range r.cells {
		switch v := cell.(type) {
		case string:
			r.cells[i] = r.text(v)
		case []*string:
			for _, s := range v {
				if s != nil {
					*s = r.text(*s)
				}
			}
		}
	}
	return r.cells, nil
}

// Err implements pgx.CopyFromSource.
func (r *rows) Err() error { return r.err }

// text is a text that Postgres takes: it has neither the character U+0000 nor what is no UTF-8. In their place stands U+FFFD.
func (r *rows) text(s string) string {
	clean := strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	if clean != s {
		r.altered++
	}
	return clean
}
