package rows

import (
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordschema"
	"github.com/parley-hq/parley/internal/wire"
)

// errLate is a row whose conversation has been given away without it.
var errLate = fault.New(fault.Invalid, "the row comes after rows of later conversations, and its own has been taken without it; a report has its rows in order of timestamp")

// Door takes envelopes in, each of whose rows is held against a schema. Safe for concurrent use.
type Door struct{ rows *recordschema.Door }

// NewDoor makes a door at which rows are held against what is given.
func NewDoor(rows *recordschema.Door) Door { return Door{rows} }

// Record reads an envelope as wire.Record reads a record. A row that is in none is fault.Invalid, and so is an envelope with a
// row that breaks a hard rule. Two rows with one id are kept both, and count as a deviation.
func (d Door) Record(raw []byte) (conversation.Record, error) {
	rows, is := wire.RowsOf(raw)
	if !is {
		_, err := read(raw)
		if err == nil {
			err = errLate
		}
		return conversation.Record{JSON: raw}, err
	}
	r, err := wire.Record(raw)
	if err != nil {
		return r, err
	}
	for _, row := range rows {
		if err := d.rows.Hold(r.ID, row); err != nil {
			return r, err
		}
	}
	if twice(rows) {
		err = d.rows.Deviates(r.ID, "two rows with one interaction.id and another content")
	}
	return r, err
}

// twice says whether two rows, which are in order of their ids, have one id.
func twice(rows [][]byte) bool {
	ids := make([]string, len(rows))
	for i, text := range rows {
		r, err := read(text)
		if err != nil {
			return false // it is in an envelope, and was read before
		}
		ids[i] = r.interaction
	}
	return len(slices.Compact(ids)) < len(rows)
}
