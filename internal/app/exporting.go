package app

import (
	"context"
	"errors"
	"iter"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/role"
)

// Exported is what an export asks.
type Exported interface {
	engine.Engine
	engine.Gapped
	engine.Tabular

	// Table yields the rows of a table that belong to what q selects, in the order of the table, and gives its columns.
	Table(ctx context.Context, q query.Query, t tables.Table) ([]column.Selected, iter.Seq2[[]any, error])
}

// Exporting is a lake from which something is exported, as it is at one moment.
type Exporting struct {
	Exported

	Lake     *lake.Lake
	Snapshot lake.SnapshotID
	engine   *duck.Engine
}

// Export does something with the conversations of the lake in dir. A lake of rows is fault.Invalid.
func Export(ctx context.Context, dir string, do func(context.Context, *Exporting) error) error {
	return (&reading{dir: dir}).export(ctx, do)
}

// Rows does something with the lake of rows in dir. One of conversations is fault.Invalid.
func Rows(ctx context.Context, dir string, do func(context.Context, *Exporting) error) error {
	return (&reading{dir: dir, fits: rowsOf}).export(ctx, do)
}

func (r *reading) export(ctx context.Context, do func(context.Context, *Exporting) error) error {
	return role.Of("export", r.services()).During(ctx, func(ctx context.Context) error {
		return do(ctx, &Exporting{r.engine, r.lake, r.snapshot.ID, r.engine})
	})
}

// Since gives what is new or other than in an earlier snapshot, and the ids of what q selects no more. It is fault.NotFound when the
// snapshot has expired, or is none of this lake's.
func (x *Exporting) Since(ctx context.Context, snapshot lake.SnapshotID, q query.Query) (_ Exported, deleted []conversation.ID, err error) {
	earlier, err := x.Lake.SnapshotOf(ctx, snapshot)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, earlier.Close()) }()
	return x.engine.Since(ctx, earlier, q)
}
