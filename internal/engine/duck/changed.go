package duck

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// changes are the conversations to which an engine is confined: a table of their ids, and the days on which they started.
type changes struct {
	table string
	days  map[conversation.Day]bool
}

// only is the table of the ids that are asked of; empty: all.
func (e *Engine) only() string {
	if e.changes == nil {
		return ""
	}
	return e.changes.table
}

// files are those of the snapshot, or of the days that have changes.
func (e *Engine) files() sqltext.Files {
	if e.changes == nil {
		return e.snapshot
	}
	return ofDays{e.snapshot, e.changes.days}
}

// ofDays are the files of a snapshot of some days.
type ofDays struct {
	*lake.Snapshot

	days map[conversation.Day]bool
}

func (o ofDays) Files(t tables.Table) []datafile.File { return o.of(o.Snapshot.Files(t)) }

func (o ofDays) of(files []datafile.File) (some []datafile.File) {
	for _, f := range files {
		if o.days[f.Day] {
			some = append(some, f)
		}
	}
	return some
}

// Since gives an engine confined to the conversations that an earlier snapshot does not have, or has in another version: rows and
// records are of those alone. Deleted are the ids of what q selected there and selects here no more. Data files never change, so
// that only those are compared which one of the snapshots does not have. The engine is as long-lived as e, and is closed with it;
// the earlier snapshot is not needed any more.
func (e *Engine) Since(ctx context.Context, earlier *lake.Snapshot, q query.Query) (_ *Engine, deleted []conversation.ID, err error) {
	fresh, stale := differ(e.snapshot, earlier), differ(earlier, e.snapshot)
	now, err := e.confined(ctx, e.snapshot, fresh, stale)
	if err != nil {
		return nil, nil, err
	}
	then, err := e.confined(ctx, earlier, stale, fresh)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, e.db.drop(ctx, then.only())) }()
	was, err := then.search(ctx, q)
	if err != nil || was.Empty() {
		return now, nil, err
	}
	statement := was.Within(sqltext.AllParts, then.only()).IDs()
	// Here a conversation may be on no day that has changes, and then it is not there.
	is := sqltext.NewSearch(e.near.dialect(), ofDays{e.snapshot, then.changes.days}, q)
	if !is.Empty() {
		statement = sqltext.Concat(statement, " EXCEPT ", is.Within(sqltext.AllParts, then.only()).IDs())
	}
	err = answers.Texts(ctx, e, sqltext.Concat(statement, " ORDER BY conversation_id"), func(id string) { deleted = append(deleted, conversation.ID(id)) })
	return now, deleted, err
}

// confined is an engine for what some files of its snapshot have and others do not.
func (e *Engine) confined(ctx context.Context, s *lake.Snapshot, files, others []datafile.File) (*Engine, error) {
	c := &changes{table: fmt.Sprintf("changes_%d", e.db.tables.Add(1)), days: map[conversation.Day]bool{}}
	for _, f := range files {
		c.days[f.Day] = true
	}
	create := sqltext.Concat("CREATE TABLE "+c.table+" AS ", sqltext.Without(e.near.dialect(), files, others))
	if err := e.near.hold(ctx); err != nil {
		return nil, err
	}
	if err := e.db.exec(ctx, create, func() { _ = e.db.drop(ctx, c.table) }); err != nil {
		return nil, err
	}
	return &Engine{db: e.db, snapshot: s, days: e.days, atOnce: e.atOnce, changes: c, near: e.near}, nil
}

// differ are the files of conversations that a snapshot has and another has not.
func differ(s, other *lake.Snapshot) (files []datafile.File) {
	there := map[string]bool{}
	for _, f := range other.Files(tables.Conversations) {
		there[f.Path] = true
	}
	for _, f := range s.Files(tables.Conversations) {
		if !there[f.Path] {
			files = append(files, f)
		}
	}
	return files
}
