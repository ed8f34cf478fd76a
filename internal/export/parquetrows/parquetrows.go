// Package parquetrows writes rows of columns as Parquet. It stands beside the lake's own data files, which have other needs: here a
// reader wants all rows of a few columns.
package parquetrows

import (
	"io"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/column"
)

// Rows are gathered as Arrow and encoded into a row group, which is in memory until it is full: of so many rows, or of so many bytes
// of values.
const (
	rowsAtOnce  = 2_048
	bytesAtOnce = 4 << 20
	rowsInGroup = 64_000
	bytesGroup  = 64 << 20
)

// Writer writes rows into one file. Not for concurrent use.
type Writer struct {
	w       *pqarrow.FileWriter
	builder *array.RecordBuilder
	put     []func(any)
	rows    int
	size    int // bytes of the texts gathered
	group   int // bytes in the row group that is open
}

// New begins a file: texts, numbers, decimals and truths as such, times as timestamps in UTC or, as epoch asks, milliseconds since
// 1970; lists and maps as Parquet's own. Every column may be null. Values are compressed by zstd.
func New(w io.Writer, columns []column.Selected, epoch bool) (*Writer, error) {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: typeOf(c.Type, epoch), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1),
		parquet.WithMaxRowGroupLength(rowsInGroup), parquet.WithStats(true))
	// The library closes a sink that can be closed; a file has an end of its own.
	out, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w}, properties, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		return nil, err
	}
	p := &Writer{w: out, builder: array.NewRecordBuilder(memory.DefaultAllocator, schema)}
	for i := range columns {
		p.put = append(p.put, p.putter(p.builder.Field(i)))
	}
	return p, nil
}

func typeOf(t column.Type, epoch bool) arrow.DataType {
	switch t {
	case column.Number:
		return arrow.PrimitiveTypes.Int64
	case column.Decimal:
		return arrow.PrimitiveTypes.Float64
	case column.Truth:
		return arrow.FixedWidthTypes.Boolean
	case column.Instant:
		if epoch {
			return arrow.PrimitiveTypes.Int64
		}
		return arrow.FixedWidthTypes.Timestamp_us
	case column.Texts:
		return arrow.ListOf(arrow.BinaryTypes.String)
	case column.Numbers:
		return arrow.ListOf(arrow.PrimitiveTypes.Int64)
	case column.Map:
		return arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String)
	default:
		return arrow.BinaryTypes.String
	}
}

// putter is what adds a value to a column.
func (p *Writer) putter(to array.Builder) func(any) {
	switch to := to.(type) {
	case *array.Int64Builder:
		return func(v any) {
			if at, is := v.(time.Time); is {
				v = at.UnixMilli()
			}
			appendOr(to, to.Append, v)
		}
	case *array.Float64Builder:
		return func(v any) { appendOr(to, to.Append, v) }
	case *array.BooleanBuilder:
		return func(v any) { appendOr(to, to.Append, v) }
	case *array.TimestampBuilder:
		return func(v any) {
			if at, is := v.(time.Time); is {
				v = arrow.Timestamp(at.UnixMicro())
			}
			appendOr(to, to.Append, v)
		}
	case *array.MapBuilder:
		return func(v any) { p.putMap(to, v) }
	case *array.ListBuilder:
		return func(v any) { p.putList(to, v) }
	case *array.StringBuilder:
		return func(v any) {
			s, _ := v.(string)
			p.size += len(s)
			appendOr(to, to.Append, v)
		}
	}
	return nil
}

// appendOr adds a value of the builder's type, and for any other a null.
func appendOr[T any](to array.Builder, add func(T), v any) {
	if x, is := v.(T); is {
		add(x)
		return
	}
	to.AppendNull()
}

func (p *Writer) putMap(to *array.MapBuilder, v any) {
	m, _ := v.(map[string]string)
	if m == nil {
		to.AppendNull()
		return
	}
	to.Append(true)
	keys, items := to.KeyBuilder().(*array.StringBuilder), to.ItemBuilder().(*array.StringBuilder)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		keys.Append(key)
		items.Append(m[key])
		p.size += len(key) + len(m[key])
	}
}

func (p *Writer) putList(to *array.ListBuilder, v any) {
	switch list := v.(type) {
	case []string:
		to.Append(true)
		for _, s := range list {
			to.ValueBuilder().(*array.StringBuilder).Append(s)
			p.size += len(s)
		}
	case []int64:
		to.Append(true)
		to.ValueBuilder().(*array.Int64Builder).AppendValues(list, nil)
	default:
		to.AppendNull()
	}
}

// Row writes a row.
func (p *Writer) Row(values []any) error {
	for i, v := range values {
		p.put[i](v)
	}
	p.size += 8 * len(values)
	if p.rows++; p.rows >= rowsAtOnce || p.size >= bytesAtOnce {
		return p.flush()
	}
	return nil
}

func (p *Writer) flush() error {
	if p.rows == 0 {
		return nil
	}
	if p.group += p.size; p.group > bytesGroup && p.group > p.size {
		if err := p.w.NewBufferedRowGroupChecked(); err != nil {
			return err
		}
		p.group = p.size
	}
	p.rows, p.size = 0, 0
	batch := p.builder.NewRecordBatch()
	defer batch.Release()
	return p.w.WriteBuffered(batch)
}

// Close writes what is left, and the foot.
func (p *Writer) Close() error {
	defer p.builder.Release()
	if err := p.flush(); err != nil {
		return err
	}
	return p.w.Close()
}
