package export

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/export/handed"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// since exports what the last export of the name did not have.
func (o *Options) since(ctx context.Context, x *app.Exporting, p plan) (err error) {
	if err := handed.CheckName(o.SinceLast); err != nil {
		return err
	}
	if !o.DryRun {
		turn, err := x.Lake.Turn(ctx, "export-"+o.SinceLast, "%s is making the export "+o.SinceLast+"; wait until it is done", 0)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(turn.Lost(ctx, err), turn.Close()) }()
		x.Lake = turn.Lake()
	}
	last, err := handed.Load(ctx, x.Lake.Control(), o.SinceLast)
	if err != nil {
		return err
	}
	n, err := o.news(ctx, x, p, last)
	if err != nil {
		return err
	}
	if n.nothing {
		return o.nothingNew(ctx, x, p, last)
	}
	if o.DryRun {
		return o.wouldHand(ctx, p, n)
	}
	return o.hand(ctx, x, p, last, n)
}

// news is what an export of a name has to hand over.
type news struct {
	from    app.Exported
	deleted []conversation.ID
	nothing bool
	full    bool
	reason  string // why it is full
}

// news finds out. Ids of erased conversations are told even to whoever gets everything again.
func (o *Options) news(ctx context.Context, x *app.Exporting, p plan, last handed.State) (n news, err error) {
	n = news{from: x.Exported, full: true, deleted: last.Erased}
	switch {
	case o.Full:
		n.reason = "--full was given"
		return n, nil
	case last.Snapshot == 0:
		n.reason = "it is the first"
		return n, nil
	case last.Question != p.fingerprint(o):
		return n, fault.Field("--since-last", "--since-last %s: the last export of this name had other columns, filters, days, format or times; give another name, or --full to begin anew", o.SinceLast)
	case lake.SnapshotID(last.Snapshot) == x.Snapshot && len(last.Erased) == 0:
		return news{nothing: true}, nil
	}
	from, deleted, err := x.Since(ctx, lake.SnapshotID(last.Snapshot), p.query)
	if errors.Is(err, fault.NotFound) {
		n.reason = "the snapshot of the last export has expired, and with it what it had"
		return n, nil
	}
	if err != nil {
		return n, err
	}
	count, err := from.Count(ctx, p.query)
	return news{from: from, deleted: merged(deleted, last.Erased), nothing: count == 0 && len(deleted)+len(last.Erased) == 0}, err
}

// merged are the ids of two lists in order, each once.
func merged(a, b []conversation.ID) []conversation.ID {
	all := append(append([]conversation.ID{}, a...), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// nothingNew notes the newer snapshot: it has nothing else, and that of the last time expires.
func (o *Options) nothingNew(ctx context.Context, x *app.Exporting, p plan, last handed.State) error {
	if now := int64(x.Snapshot); !o.DryRun && now != last.Snapshot {
		if err := handed.Done(ctx, x.Lake.Control(), o.SinceLast, p.fingerprint(o), now, last.Done, nil); err != nil {
			return err
		}
		last.Snapshot = now
	}
	if o.JSON {
		none, zero, no := int64(0), 0, false
		return o.Streams.JSON(summary{Rows: &none, Deleted: &zero, Full: &no, Snapshot: lake.SnapshotID(last.Snapshot)})
	}
	o.Streams.Printf("Nothing is new since the last export %s, of %s; nothing was written.\n", o.SinceLast, conversation.FormatTime(last.Done))
	return nil
}

func (o *Options) wouldHand(ctx context.Context, p plan, n news) error {
	count, err := n.from.Count(ctx, p.query)
	if err != nil {
		return err
	}
	deleted := len(n.deleted)
	return o.handedOver(summary{Conversations: &count, Deleted: &deleted, Full: &n.full, Reason: n.reason}, "would be exported")
}

// hand writes the files, and then notes that they stand. The note comes last: noted first, a crash between would leave out for
// ever what changed; noted last, the next run hands it over again, and takes the place of the files of this one.
func (o *Options) hand(ctx context.Context, x *app.Exporting, p plan, last handed.State, n news) error {
	db, question := x.Lake.Control(), p.fingerprint(o)
	how := files{
		options: export.FileOptions{Fresh: true, May: last.Writing},
		more:    func(out *export.Files) error { return o.deleted(ctx, p, out, n.deleted) },
		before: func(ctx context.Context, out *export.Files) error {
			return handed.Begin(ctx, db, o.SinceLast, question, out.Paths())
		},
	}
	s, err := o.toFiles(ctx, n.from, p, how)
	if err != nil {
		return err
	}
	crashpoint.Reach("export.published")
	// The files stand, so that whoever interrupts it now has them: the note is written all the same.
	lasting := context.WithoutCancel(ctx)
	if err := handed.Done(lasting, db, o.SinceLast, question, int64(x.Snapshot), o.Now(), last.Erased); err != nil {
		return err
	}
	if len(last.Erased) > 0 {
		if err := db.Scrub(lasting); err != nil {
			return err
		}
	}
	deleted := len(n.deleted)
	s.Deleted, s.Full, s.Reason, s.Snapshot = &deleted, &n.full, n.reason, x.Snapshot
	return o.handedOver(s, "exported")
}

// deletedPart is the part of an export that has the ids of what is there no more.
const deletedPart = "deleted"

// deleted writes a file with the ids of what was deleted, if anything was.
func (o *Options) deleted(ctx context.Context, p plan, out *export.Files, ids []conversation.ID) error {
	if len(ids) == 0 {
		return nil
	}
	id, err := column.Parse("--select", column.Conversation, []string{"conversationId"})
	if err != nil {
		return err
	}
	rows := func(yield func([]any, error) bool) {
		for _, id := range ids {
			if !yield([]any{string(id)}, nil) {
				return
			}
		}
	}
	_, err = out.Part(ctx, deletedPart, p.sheet(o, id.Columns), rows)
	return err
}

func (o *Options) handedOver(s summary, what string) error {
	if err := o.summary(s, what); err != nil || o.JSON {
		return err
	}
	if *s.Deleted > 0 {
		o.Streams.Printf("%s deleted since: their ids are in the file beside it.\n", ui.Counted(int64(*s.Deleted), "conversation was", "conversations were"))
	}
	if *s.Full {
		o.Streams.Printf("It has everything, because %s: replace by it what you had.\n", s.Reason)
	}
	return nil
}
