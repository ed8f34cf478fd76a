package app

import (
	"context"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// engineReads is how long another engine can rely on files that it was told of, whatever maintenance removes meanwhile: a
// question that takes longer is rare, and room that is not given back for longer is noticed.
const engineReads = time.Hour

// lakeTables shows a lake to other engines.
type lakeTables struct{ lender *lake.Lender }

func newTables(l *lake.Lake) lakeTables { return lakeTables{&lake.Lender{Lake: l, Keep: engineReads}} }

// Close ends what was lent.
func (t lakeTables) Close() error { return t.lender.Close() }

// At shows the tables as one commit left them.
func (t lakeTables) At(ctx context.Context, name string) (api.TablesAt, error) {
	s, err := t.lender.Show(ctx, name)
	if err != nil {
		return nil, err
	}
	return tablesAt{s}, nil
}

type tablesAt struct{ shown *lake.Shown }

// Names lists the tables in order.
func (t tablesAt) Names() (names []string) {
	for _, name := range t.shown.Tables {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

// Version changes whenever what is shown of a table does.
func (t tablesAt) Version(ctx context.Context, table string) (string, error) {
	return t.shown.Version(ctx, tables.Table(table))
}

// Table gives where the metadata of a table are, and what they say.
func (t tablesAt) Table(ctx context.Context, table string, named bool) (string, []byte, error) {
	out, err := t.shown.Table(ctx, tables.Table(table), named)
	return out.Location, out.Metadata, err
}

// Close lets go of the commit.
func (t tablesAt) Close() error { return t.shown.Close() }
