package tables

import (
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

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
	shared   bool                          // the same for all rows of a session
	bind     func(to *cells) func(*R, int) // appends the value of a row so many times
}

// cells are the values of one column, as they are gathered for a record batch. Most columns of most of them have none:
// a null is only counted until a value follows it.
type cells struct {
	builder array.Builder
	nulls   int    // at the end, not in the builder yet
	most    int    // rows at once
	size    *int64 // bytes of texts and lists in the record batch
	texts   int    // bytes of the texts in the one before
}

func (c *cells) null(n int) { c.nulls += n }

// value makes the builder ready for a value.
func (c *cells) value() {
	if c.builder.Len() == 0 {
		c.reserve()
	}
	if c.nulls > 0 {
		c.builder.AppendNulls(c.nulls)
		c.nulls = 0
	}
}

// reserve makes room for a record batch as large as the one before, once rather than by doubling.
func (c *cells) reserve() {
	c.builder.Reserve(c.most)
	if texts, ok := c.builder.(*array.StringBuilder); ok {
		texts.ReserveData(c.texts)
	}
}

// take gives the values gathered, n of them, and begins anew.
func (c *cells) take(n int) arrow.Array {
	if c.builder.Len() == 0 && c.nulls == n {
		c.nulls = 0
		return array.MakeArrayOfNull(memory.DefaultAllocator, c.builder.Type(), n)
	}
	c.value()
	if texts, ok := c.builder.(*array.StringBuilder); ok {
		c.texts = texts.DataLen()
	}
	return c.builder.NewArray()
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
	return column[R]{name: name, doc: doc, typ: arrow.BinaryTypes.String, bind: func(c *cells) func(*R, int) {
		to := c.builder.(*array.StringBuilder)
		return func(r *R, n int) {
			s := get(r)
			if s == "" {
				c.null(n)
				return
			}
			c.value()
			for range n {
				to.Append(s)
			}
			*c.size += int64(n * len(s))
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
	return column[R]{name: name, doc: doc, typ: arrow.FixedWidthTypes.Timestamp_us, bind: func(c *cells) func(*R, int) {
		to := c.builder.(*array.TimestampBuilder)
		return func(r *R, n int) {
			t := get(r)
			if t.IsZero() {
				c.null(n)
				return
			}
			repeat(c, to, arrow.Timestamp(t.UnixMicro()), n)
		}
	}}
}

// number is a whole number; nil is null.
func number[R any](name, doc string, get func(*R) *int64) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.PrimitiveTypes.Int64, bind: func(c *cells) func(*R, int) {
		to := c.builder.(*array.Int64Builder)
		return func(r *R, n int) { appendPointer(c, to, get(r), n) }
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
	return column[R]{name: name, doc: doc, typ: arrow.PrimitiveTypes.Float64, bind: func(c *cells) func(*R, int) {
		to := c.builder.(*array.Float64Builder)
		return func(r *R, n int) { appendPointer(c, to, get(r), n) }
	}}
}

// flag is a truth value; nil is null.
func flag[R any](name, doc string, get func(*R) *bool) column[R] {
	return column[R]{name: name, doc: doc, typ: arrow.FixedWidthTypes.Boolean, bind: func(c *cells) func(*R, int) {
		to := c.builder.(*array.BooleanBuilder)
		return func(r *R, n int) { appendPointer(c, to, get(r), n) }
	}}
}

// appender is the part of Arrow's builders that one value needs.
type appender[T any] interface{ Append(v T) }

func repeat[T any](c *cells, to appender[T], v T, n int) {
	c.value()
	for range n {
		to.Append(v)
	}
}

func appendPointer[T any](c *cells, to appender[T], v *T, n int) {
	if v == nil {
		c.null(n)
		return
	}
	repeat(c, to, *v, n)
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
	return column[R]{name: name, doc: doc, typ: arrow.ListOf(elem), bind: func(c *cells) func(*R, int) {
		to := c.builder.(*array.ListBuilder)
		values := open(to.ValueBuilder())
		return func(r *R, n int) {
			v := get(r)
			if len(v) == 0 {
				c.null(n)
				return
			}
			c.value()
			for range n {
				to.Append(true)
				for _, x := range v {
					values.Append(x)
					*c.size += int64(weigh(x))
				}
			}
		}
	}}
}

// shared marks columns that are the same for all rows of a session: they are looked at once for all of them.
func shared[R any](columns ...column[R]) []column[R] {
	for i := range columns {
		columns[i].shared = true
	}
	return columns
}

// need marks a column as never null.
func need[R any](c column[R]) column[R] {
	c.required = true
	return c
}
