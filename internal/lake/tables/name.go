package tables

import (
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

func nameColumns() []column[names.Version] {
	type R = names.Version
	return []column[R]{
		need(text("kind", "what the id is of: user, queue, wrapUpCode, division, skill, language", func(r *R) string { return string(r.Kind) })),
		need(text("id", "as records have it", func(r *R) string { return r.ID })),
		text("name", "what it was called", func(r *R) string { return r.Name }),
		text("division_id", "division that it belonged to; null if to none", func(r *R) string { return r.Division }),
		text("state", "as the platform says: of a user active, inactive or deleted; null if it says none", func(r *R) string { return r.State }),
		flag("gone", "the platform did not list it any more; name, division and state are its last ones", func(r *R) *bool { return &r.Gone }),
		need(moment("seen_from", "when it was first seen so", func(r *R) time.Time { return r.From })),
		moment("seen_until", "when it was first seen otherwise; null while it is so", func(r *R) time.Time { return r.Until }),
		text("run_id", "run that saw it first", func(r *R) string { return r.Run }),
	}
}

// NameRows hands on a history as rows, in its order. Whoever is given them releases them.
func NameRows(h names.History, give func(arrow.RecordBatch)) {
	r := newRows(memory.DefaultAllocator, nameColumns(), companionsAtOnce, give)
	for i := range h {
		r.add(&h[i])
	}
	r.flush()
}

// NameReader reads rows of the table back. Texts that come again and again are held once.
type NameReader struct {
	// Want chooses; nil wants all. The id is valid during the call.
	Want func(k names.Kind, id string, current bool) bool
	held map[string]string
}

// NameColumns are those that a reader needs to find the names of ids.
var NameColumns = []string{"kind", "id", "name", "seen_until"}

// Read reads rows, all columns of them or NameColumns alone: what is not there is empty. Rows that lack one of these are
// fault.Corrupt.
func (r *NameReader) Read(rows arrow.RecordBatch) (h names.History, err error) {
	c := cellsOf(rows)
	for _, name := range NameColumns {
		if c[name] == nil {
			return nil, fault.New(fault.Corrupt, "the table names has no column %s", name)
		}
	}
	for i := range int(rows.NumRows()) {
		k, id := names.Kind(c.text("kind", i)), c.text("id", i)
		if r.Want != nil && !r.Want(k, id, c["seen_until"].IsNull(i)) {
			continue
		}
		h = append(h, names.Version{
			Kind: names.Kind(r.hold(string(k))),
			Entry: names.Entry{
				ID: strings.Clone(id), Name: strings.Clone(c.text("name", i)), Division: r.hold(c.text("division_id", i)), State: r.hold(c.text("state", i)),
			},
			Gone: c.flag("gone", i), From: c.instant("seen_from", i), Until: c.instant("seen_until", i), Run: r.hold(c.text("run_id", i)),
		})
	}
	return h, nil
}

// hold gives a copy of a text, the same for equal ones: rows are not there for ever.
func (r *NameReader) hold(text string) string {
	if held, ok := r.held[text]; ok {
		return held
	}
	if r.held == nil {
		r.held = map[string]string{}
	}
	text = strings.Clone(text)
	r.held[text] = text
	return text
}

// nameCells are the columns of rows by their names. A cell of a column that is not there, or of another type, is empty.
type nameCells map[string]arrow.Array

func cellsOf(rows arrow.RecordBatch) nameCells {
	c := nameCells{}
	for i, f := range rows.Schema().Fields() {
		c[f.Name] = rows.Column(i)
	}
	return c
}

// text is valid as long as the rows are.
func (c nameCells) text(name string, i int) string {
	if of, ok := c[name].(*array.String); ok && of.IsValid(i) {
		return of.Value(i)
	}
	return ""
}

func (c nameCells) flag(name string, i int) bool {
	of, ok := c[name].(*array.Boolean)
	return ok && of.IsValid(i) && of.Value(i)
}

func (c nameCells) instant(name string, i int) time.Time {
	if of, ok := c[name].(*array.Timestamp); ok && of.IsValid(i) {
		return time.UnixMicro(int64(of.Value(i))).UTC()
	}
	return time.Time{}
}
