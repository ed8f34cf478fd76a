package lake

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Deriving is the rules by which the derived tables of the lake are made from now on: those of this program, and the organization's
// that the lake remembers.
func (l *Lake) Deriving(ctx context.Context) (by tables.Deriving, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		by.Reasons = nil
		// A lake of an earlier version that was only read has no such table.
		if there, err := db.Has(ctx, "reason_rules"); err != nil || !there {
			return err
		}
		by.Reasons, err = state.All(db.Rows(ctx, `SELECT label, attribute, outcome, meanings FROM reason_rules ORDER BY place`), readReason)
		return err
	})
	return by, err
}

func readReason(r state.Row) (rule account.ReasonRule, err error) {
	var meanings string
	if err := r.Scan(&rule.Label, &rule.Attribute, &rule.Outcome, &meanings); err != nil {
		return rule, err
	}
	return rule, json.Unmarshal([]byte(meanings), &rule.Values)
}

// SetReasons has the lake remember the rules by which reasons are found from now on; none means that none are. Rows that were
// derived before stay until Derive derives them anew.
func (w *Writer) SetReasons(ctx context.Context, rules []account.ReasonRule) (err error) {
	defer fault.Wrap(&err, "remember the rules of the lake")
	err = w.lake.db.Tx(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM reason_rules`); err != nil {
			return err
		}
		for i, r := range rules {
			meanings, err := json.Marshal(r.Values)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO reason_rules (place, label, attribute, outcome, meanings) VALUES (?, ?, ?, ?, ?)`, i, r.Label, r.Attribute, r.Outcome, string(meanings)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		w.by, err = w.lake.Deriving(ctx)
	}
	return err
}

// LeaveUnderived has the writer write no rows of the derived tables: for benchmarks, which compare. Derive writes them.
func (w *Writer) LeaveUnderived() { w.by = tables.Underived() }

// Outdated lists the days of which the derived tables are missing, or were made by other rules.
func (s *Snapshot) Outdated(by tables.Deriving) (out []conversation.Day) {
	version, rules := by.Version(), map[conversation.Day]string{}
	for _, f := range s.files[tables.Summaries] {
		rules[f.Day] = f.Rules
	}
	for _, f := range s.files[tables.Conversations] {
		if rules[f.Day] != version {
			out = append(out, f.Day)
		}
	}
	return slices.Compact(out)
}

// outdated says whether a day is one of Outdated.
func (s *Snapshot) outdated(day conversation.Day, by tables.Deriving) bool {
	for _, f := range ofDay(s.files[tables.Summaries], day) {
		return f.Rules != by.Version()
	}
	return len(ofDay(s.files[tables.Conversations], day)) > 0
}

// Outdated lists the days of the newest snapshot of which the derived tables are missing, or were made by other rules than those
// of today, and says how many days there are.
func (l *Lake) Outdated(ctx context.Context) (days []conversation.Day, of int, err error) {
	by, err := l.Deriving(ctx)
	if err != nil {
		return nil, 0, err
	}
	s, err := l.snapshot(ctx, part{companions: []tables.Table{tables.Summaries}}) // to list the files of all tables takes longer
	if err != nil {
		return nil, 0, err
	}
	return s.Outdated(by), len(daysOf(s)), s.Close()
}

// DeriveOptions say what is derived.
type DeriveOptions struct {
	Run    string
	At     time.Time
	Within conversation.Interval // only days of it; a zero time bounds nothing
	Done   func(records int64)
}

// Derivation is what a derivation does, or did.
type Derivation struct {
	Days    int   `json:"days"`
	Records int64 `json:"conversations"`
}

// deriveAtOnce is how many conversations are derived in one commit, rounded up to whole days: what is lost when the process is
// killed takes some seconds, and a year of small days does not cost a commit each.
const deriveAtOnce = 100_000

// PlanDerive says what Writer.Derive would do by some rules. It changes nothing, and may be asked beside a writer.
func (l *Lake) PlanDerive(ctx context.Context, o DeriveOptions, by tables.Deriving) (out Derivation, err error) {
	s, err := l.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	for _, day := range o.days(s, by) {
		out.Days, out.Records = out.Days+1, out.Records+rowsOfDay(s, day)
	}
	return out, s.Close()
}

func (o DeriveOptions) days(s *Snapshot, by tables.Deriving) []conversation.Day {
	return slices.DeleteFunc(s.Outdated(by), func(day conversation.Day) bool {
		return day.Start().Before(o.Within.Start) || !o.Within.End.IsZero() && !day.Start().Before(o.Within.End)
	})
}

func rowsOfDay(s *Snapshot, day conversation.Day) (n int64) {
	for _, f := range ofDay(s.files[tables.Conversations], day) {
		n += f.Rows
	}
	return n
}

// Derive makes the derived tables anew for the days of which they are missing or were made by other rules: their files alone are
// written, from the records of the lake. A commit has some days; killed anywhere, it goes on with the others when it is called
// again. A day whose records cannot be read stays as it is, and is told as fault.Corrupt after the others are done.
func (w *Writer) Derive(ctx context.Context, o DeriveOptions) (out Derivation, err error) {
	defer fault.Wrap(&err, "derive the tables of the lake")
	base, err := w.lake.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	days := o.days(base, w.by)
	batches := batched(base, days)
	if err := base.Close(); err != nil {
		return out, err
	}
	var damaged error
	for batch := range batches {
		n, err := w.deriveBatch(ctx, o, batch)
		if errors.Is(err, fault.Corrupt) && len(batch) > 1 { // each alone, to find which
			n, err = w.deriveEach(ctx, o, batch)
		}
		out.Days, out.Records = out.Days+n.Days, out.Records+n.Records
		if err != nil && !errors.Is(err, fault.Corrupt) {
			return out, errors.Join(damaged, err)
		}
		damaged = errors.Join(damaged, err)
	}
	return out, damaged
}

// batched cuts days into those of one commit.
func batched(s *Snapshot, days []conversation.Day) iter.Seq[[]conversation.Day] {
	return func(yield func([]conversation.Day) bool) {
		var batch []conversation.Day
		var n int64
		for i, day := range days {
			batch, n = append(batch, day), n+rowsOfDay(s, day)
			if n < deriveAtOnce && i < len(days)-1 {
				continue
			}
			if !yield(batch) {
				return
			}
			batch, n = nil, 0
		}
	}
}

func (w *Writer) deriveEach(ctx context.Context, o DeriveOptions, days []conversation.Day) (out Derivation, damaged error) {
	for _, day := range days {
		n, err := w.deriveBatch(ctx, o, []conversation.Day{day})
		if err != nil && !errors.Is(err, fault.Corrupt) {
			return out, errors.Join(damaged, err)
		}
		if err != nil {
			damaged = errors.Join(damaged, fault.Because(fault.Corrupt, err, "day %v cannot be derived; see parley lake check", day))
		}
		out.Days, out.Records = out.Days+n.Days, out.Records+n.Records
	}
	return out, damaged
}

// deriveBatch is one commit.
func (w *Writer) deriveBatch(ctx context.Context, o DeriveOptions, days []conversation.Day) (out Derivation, err error) {
	base, err := w.lake.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	i := intent{id: uuid.Must(uuid.NewV7()).String(), run: o.Run, at: o.At, epoch: w.lake.epoch()}
	lasting := context.WithoutCancel(ctx)
	if err := w.lake.begin(lasting, i); err != nil {
		return out, err
	}
	crashpoint.Reach("derive.begun")
	written, err := w.writeDerived(ctx, i, base, days, o.Done)
	if err == nil {
		crashpoint.Reach("derive.files")
		err = w.commitDays(ctx, i, base, written, Outcome{}, replaced{})
	}
	if err != nil {
		return out, errors.Join(err, w.abandon(ctx, i))
	}
	crashpoint.Reach("derive.unsettled")
	for _, day := range days {
		out.Days, out.Records = out.Days+1, out.Records+rowsOfDay(base, day)
	}
	return out, w.lake.settle(lasting, i, true, indexed{sameAs: base.commit})
}

// writeDerived writes the files of the derived tables of some days. All other files of these days stay.
func (w *Writer) writeDerived(ctx context.Context, i intent, base *Snapshot, days []conversation.Day, done func(int64)) ([]writtenDay, error) {
	writing, ctx := newLanes(ctx)
	d := &dayWriter{Writer: w, name: i.file(), writing: writing, mem: new(recycler)}
	var failed error
	for _, day := range days {
		if failed = d.derive(ctx, base, day, done); failed != nil {
			break
		}
	}
	// When writing fails, deriving ends with a cancellation that is only its consequence.
	if err := writing.wait(); err != nil {
		failed = err
	}
	if failed != nil {
		return nil, errors.Join(failed, d.discard())
	}
	written := d.written()
	for _, day := range written {
		for t, files := range base.files {
			if t.IsDerived() || t == tables.Changes {
				continue
			}
			for _, f := range ofDay(files, day.day) {
				day.files[t] = append(day.files[t], f.At)
			}
		}
	}
	return written, nil
}

// derive has the derived tables of a day written.
func (d *dayWriter) derive(ctx context.Context, base *Snapshot, day conversation.Day, done func(int64)) error {
	files := newDayFiles(day, func(t tables.Table) (*datafile.Writer, error) { return datafile.Create(ctx, t, d.fileOf(t, day)) })
	d.days = append(d.days, files)
	s := tables.NewDerivedShredder(d.mem, d.by, d.writer(files))
	n := int64(0)
	for _, f := range ofDay(base.files[tables.Conversations], day) {
		for v, err := range datafile.Versions(ctx, f) {
			if err != nil {
				return err
			}
			c, _ := wire.Decode(v.JSON)
			s.AddDecoded(v, c)
			if n++; done != nil && n%1000 == 0 {
				done(1000)
			}
		}
	}
	s.Flush()
	if done != nil {
		done(n % 1000)
	}
	for _, t := range tables.Derived() {
		d.writing.add(t, func() error { return files.finish(ctx, t) })
	}
	return ctx.Err()
}
