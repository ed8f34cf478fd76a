package lake

import (
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/parley-hq/parley/internal/conversation"
)

// column is one column of a table whose rows are made from an R: its name, its meaning for people, its type, and how
// its value is read from a row. The position of a column in its table is its Iceberg field id: columns are only ever
// added at the end.
type column[R any] struct {
	name     string
	doc      string
	typ      arrow.DataType
	required bool
	bind     func(to array.Builder, size *int64) func(*R) // adds to size the bytes of texts and lists
}

// field is the Arrow field with the Iceberg field id that readers go by, and the id of the field after it: a list
// takes one more for its element, as the catalog numbers them.
func (c column[R]) field(id int) (arrow.Field, int) {
	typ, next := c.typ, id+1
	if list, ok := typ.(*arrow.ListType); ok {
		typ = arrow.ListOfField(arrow.Field{Name: "element", Type: list.Elem(), Nullable: true, Metadata: fieldID(next)})
		next++
	}
	return arrow.Field{Name: c.name, Type: typ, Nullable: !c.required, Metadata: fieldID(id)}, next
}

func fieldID(id int) arrow.Metadata {
	return arrow.NewMetadata([]string{"PARQUET:field_id"}, []string{strconv.Itoa(id)})
}

// text is a text column; empty text is null.
func text[R any](name, doc string, get func(*R) string) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.BinaryTypes.String, bind: func(b array.Builder, size *int64) func(*R) {
		to := b.(*array.StringBuilder)
		return func(r *R) {
			if s := get(r); s != "" {
				to.Append(s)
				*size += int64(len(s))
			} else {
				to.AppendNull()
			}
		}
	}}
}

// instant is a point in time given as upstream's text; what cannot be read is null.
func instant[R any](name, doc string, get func(*R) string) column[R] {
	return moment(name, doc, func(r *R) time.Time {
		t, _ := conversation.ParseTime(get(r)) // the text itself stays in the record
		return t
	})
}

// moment is a point in time, UTC, to the microsecond; the zero time is null.
func moment[R any](name, doc string, get func(*R) time.Time) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.FixedWidthTypes.Timestamp_us, bind: func(b array.Builder, _ *int64) func(*R) {
		to := b.(*array.TimestampBuilder)
		return func(r *R) {
			if t := get(r); !t.IsZero() {
				to.Append(arrow.Timestamp(t.UnixMicro()))
			} else {
				to.AppendNull()
			}
		}
	}}
}

// number is a whole number; nil is null.
func number[R any](name, doc string, get func(*R) *int64) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.PrimitiveTypes.Int64, bind: func(b array.Builder, _ *int64) func(*R) {
		to := b.(*array.Int64Builder)
		return func(r *R) { appendPointer(to, get(r)) }
	}}
}

// count is a whole number that is always there.
func count[R any](name, doc string, get func(*R) int64) column[R] {
	c := number(name, doc, func(r *R) *int64 {
		n := get(r)
		return &n
	})
	c.required = true
	return c
}

// decimal is a floating-point number; nil is null.
func decimal[R any](name, doc string, get func(*R) *float64) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.PrimitiveTypes.Float64, bind: func(b array.Builder, _ *int64) func(*R) {
		to := b.(*array.Float64Builder)
		return func(r *R) { appendPointer(to, get(r)) }
	}}
}

// flag is a truth value; nil is null.
func flag[R any](name, doc string, get func(*R) *bool) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.FixedWidthTypes.Boolean, bind: func(b array.Builder, _ *int64) func(*R) {
		to := b.(*array.BooleanBuilder)
		return func(r *R) { appendPointer(to, get(r)) }
	}}
}

// appender is the part of Arrow's builders that one value needs.
type appender[T any] interface {
	Append(T)
	AppendNull()
}

func appendPointer[T any](to appender[T], v *T) {
	if v != nil {
		to.Append(*v)
	} else {
		to.AppendNull()
	}
}

// texts is a list of texts; an empty list is null.
func texts[R any](name, doc string, get func(*R) []string) column[R] {
	open := func(b array.Builder) appender[string] { return b.(*array.StringBuilder) }
	return list(name, doc, arrow.BinaryTypes.String, get, open, func(s string) int { return len(s) + arrow.Int32SizeBytes })
}

// numbers is a list of whole numbers; an empty list is null.
func numbers[R any](name, doc string, get func(*R) []int64) column[R] {
	open := func(b array.Builder) appender[int64] { return b.(*array.Int64Builder) }
	return list(name, doc, arrow.PrimitiveTypes.Int64, get, open, func(int64) int { return arrow.Int64SizeBytes })
}

func list[R, T any](name, doc string, elem arrow.DataType, get func(*R) []T, open func(array.Builder) appender[T], weigh func(T) int) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.ListOf(elem), bind: func(b array.Builder, size *int64) func(*R) {
		to := b.(*array.ListBuilder)
		values := open(to.ValueBuilder())
		return func(r *R) {
			v := get(r)
			to.Append(len(v) > 0)
			for _, x := range v {
				values.Append(x)
				*size += int64(weigh(x))
			}
		}
	}}
}

// need marks a column as never null.
func need[R any](c column[R]) column[R] {
	c.required = true
	return c
}
