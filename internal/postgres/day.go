package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Day is a day of the lake, with its data files.
type Day struct {
	Day   conversation.Day
	Files map[tables.Table][]datafile.File
}

// conversations is how many there are.
func (d Day) conversations() (n int64) {
	for _, f := range d.Files[tables.Conversations] {
		n += f.Rows
	}
	return n
}

// files stands for the data files, which never change: another content has other files.
func (d Day) files() string {
	var all strings.Builder
	for _, t := range tables.All() {
		var names []string
		for _, f := range d.Files[t] {
			names = append(names, string(f.At))
		}
		slices.Sort(names)
		fmt.Fprintf(&all, "%s %q\n", t, names)
	}
	return sumOf(all.String())
}

// layout stands for the columns of all tables, and for the rules by which the derived ones were made: rows that were copied
// with others are copied anew, although their records are the same.
func (d Day) layout() string {
	var rules []string
	for _, f := range d.Files[tables.Summaries] {
		rules = append(rules, f.Rules)
	}
	return sumOf(columns() + strings.Join(rules, "\n"))
}

// Done says which days are in the copy as they are in the lake.
type Done struct {
	files, columns string
}

// Done gives what was copied of each day.
func (c *Copy) Done(ctx context.Context) (map[conversation.Day]Done, error) {
	out := map[conversation.Day]Done{}
	var there bool
	if err := c.conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", c.table(days)).Scan(&there); err != nil || !there {
		return out, asFault(ctx, err)
	}
	rows, err := c.conn.Query(ctx, "SELECT day, files, columns FROM "+c.table(days))
	if err != nil {
		return nil, asFault(ctx, err)
	}
	var at time.Time
	var d Done
	_, err = pgx.ForEachRow(rows, []any{&at, &d.files, &d.columns}, func() error {
		out[conversation.DayOf(at)] = d
		return nil
	})
	return out, asFault(ctx, err)
}

// Has says whether a day was copied as it is.
func (d Done) Has(day Day) bool { return d == Done{day.files(), day.layout()} }

// Outcome counts what became of the conversations of a day.
type Outcome struct {
	Written int64 `json:"written"` // conversations that were new, or had changed
	Removed int64 `json:"removed"` // that the lake does not have any more, or has on another day
	Same    int64 `json:"unchanged"`
	Rows    int64 `json:"rows"`    // of all tables
	Altered int64 `json:"altered"` // texts in which U+FFFD stands for what Postgres does not take
}

// Add adds what became of another day.
func (o *Outcome) Add(of Outcome) {
	o.Written += of.Written
	o.Removed += of.Removed
	o.Same += of.Same
	o.Rows += of.Rows
	o.Altered += of.Altered
}

// Put makes a day of the copy that of the lake, in one transaction. A day without files is removed.
func (c *Copy) Put(ctx context.Context, day Day, done Done) (out Outcome, err error) {
	err = c.tx(ctx, func(tx pgx.Tx) error {
		out = Outcome{}
		p := put{Copy: c, tx: tx, day: day, out: &out}
		return p.all(ctx, done.columns == day.layout())
	})
	crashpoint.Reach("postgres.committed")
	return out, err
}

// put is a day on its way.
type put struct {
	*Copy

	tx  pgx.Tx
	day Day
	out *Outcome
}

func (p *put) all(ctx context.Context, sameColumns bool) error {
	if err := p.compare(ctx, sameColumns); err != nil {
		return err
	}
	if err := p.remove(ctx); err != nil {
		return err
	}
	changed, err := p.changed(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables.All() {
		of := changed
		if t == tables.Changes {
			of = nil
		} else if p.out.Written == 0 {
			continue
		}
		if err := p.copy(ctx, t, of); err != nil {
			return err
		}
	}
	return p.note(ctx)
}

// compare brings the ids and hashes of the day's conversations into a table of this transaction, and finds those that are to
// be written: new ones, and those that were received since with another content.
func (p *put) compare(ctx context.Context, sameColumns bool) error {
	_, err := p.tx.Exec(ctx, `CREATE TEMPORARY TABLE incoming (conversation_id text NOT NULL, record_hash text NOT NULL, extracted_at timestamp with time zone NOT NULL,
		changed boolean NOT NULL DEFAULT true) ON COMMIT DROP`)
	if err != nil {
		return err
	}
	if _, err := p.send(ctx, pgx.Identifier{"pg_temp", "incoming"}, rowsOf(ctx, p.day.Files[tables.Conversations], nil, "conversation_id", "record_hash", "extracted_at")); err != nil {
		return err
	}
	if sameColumns {
		_, err = p.tx.Exec(ctx, fmt.Sprintf(`UPDATE pg_temp.incoming AS i SET changed = false FROM %s AS c
			WHERE c.conversation_id = i.conversation_id AND c.record_hash = i.record_hash AND c.extracted_at = i.extracted_at`, p.table(string(tables.Conversations))))
	}
	return err
}

// remove removes what will be written, and what the day does not have any more. Changes have no key, and are only ever added:
// those of the day are written anew, whole.
func (p *put) remove(ctx context.Context) error {
	main, bounds := p.table(string(tables.Conversations)), []any{p.day.Day.Start(), p.day.Day.End()}
	_, err := p.tx.Exec(ctx, fmt.Sprintf(`CREATE TEMPORARY TABLE outgoing ON COMMIT DROP AS
		SELECT c.conversation_id, i.conversation_id IS NULL AS gone FROM %s AS c LEFT JOIN pg_temp.incoming AS i USING (conversation_id)
		WHERE i.changed OR i.conversation_id IS NULL AND c.conversation_start >= '%s' AND c.conversation_start < '%s'`, main, stamp(bounds[0]), stamp(bounds[1])))
	if err != nil {
		return err
	}
	if err := p.tx.QueryRow(ctx, `SELECT count(*) FROM pg_temp.outgoing WHERE gone`).Scan(&p.out.Removed); err != nil {
		return err
	}
	for _, t := range tables.All() {
		if t == tables.Changes {
			_, err = p.tx.Exec(ctx, fmt.Sprintf(`DELETE FROM %s WHERE conversation_start >= $1 AND conversation_start < $2`, p.table(string(t))), bounds...)
		} else {
			_, err = p.tx.Exec(ctx, fmt.Sprintf(`DELETE FROM %s AS t USING pg_temp.outgoing AS o WHERE t.conversation_id = o.conversation_id`, p.table(string(t))))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func stamp(at any) string { return at.(time.Time).Format(time.RFC3339) } //nolint:forcetypeassert // the caller's

// changed gives the ids of the conversations that are to be written; nil for all.
func (p *put) changed(ctx context.Context) (map[string]bool, error) {
	var all int64
	if err := p.tx.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE changed) FROM pg_temp.incoming`).Scan(&all, &p.out.Written); err != nil {
		return nil, err
	}
	p.out.Same = all - p.out.Written
	if p.out.Same == 0 {
		return nil, nil //nolint:nilnil // all
	}
	rows, err := p.tx.Query(ctx, `SELECT conversation_id FROM pg_temp.incoming WHERE changed`)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, p.out.Written)
	var id string
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		out[id] = true
		return nil
	})
	return out, err
}

// copy copies the rows of some conversations, nil for all, of a table.
func (p *put) copy(ctx context.Context, t tables.Table, of map[string]bool) error {
	files := p.day.Files[t]
	if len(files) == 0 {
		return nil
	}
	var names []string
	for _, column := range tables.Columns(t) {
		names = append(names, column.Name)
	}
	from, err := p.send(ctx, pgx.Identifier{p.cfg.Schema, string(t)}, rowsOf(ctx, files, of, names...))
	p.out.Rows += from.n
	p.out.Altered += from.altered
	crashpoint.Reach("postgres.copied")
	return err
}

// send sends rows by the COPY protocol. What is wrong with the lake's files is told as such, and not as a failure of Postgres.
func (p *put) send(ctx context.Context, to pgx.Identifier, from *rows) (*rows, error) {
	defer from.stop()
	_, err := p.tx.CopyFrom(ctx, to, from.names, from)
	if from.err != nil {
		return from, from.err
	}
	return from, err
}

// note notes that the day is as in the lake.
func (p *put) note(ctx context.Context) (err error) {
	at := p.day.Day.Start()
	if p.day.conversations() == 0 && len(p.day.Files[tables.Changes]) == 0 {
		_, err = p.tx.Exec(ctx, "DELETE FROM "+p.table(days)+" WHERE day = $1", at)
		return err
	}
	_, err = p.tx.Exec(ctx, "INSERT INTO "+p.table(days)+` VALUES ($1, $2, $3, $4, now()) ON CONFLICT (day) DO UPDATE SET files = excluded.files,
		columns = excluded.columns, conversations = excluded.conversations, exported_at = excluded.exported_at`, at, p.day.files(), p.day.layout(), p.day.conversations())
	return err
}
