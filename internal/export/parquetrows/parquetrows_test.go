package parquetrows

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/column"
)

var types = []column.Type{column.Text, column.Truth, column.Number, column.Decimal, column.Instant, column.Texts, column.Numbers, column.Map}

// What was written is read again, of every type, in several row groups and in one without rows.
func TestRowsComeBack(t *testing.T) {
	var columns []column.Selected
	for _, typ := range types {
		columns = append(columns, column.Selected{Name: string(typ), Column: column.Column{Type: typ}})
	}
	for _, n := range []int{0, 1, 3, rowsAtOnce, rowsInGroup + 5} {
		r := rand.New(rand.NewPCG(7, uint64(n)))
		var out bytes.Buffer
		w, err := New(&out, columns, false)
		if err != nil {
			t.Fatal(err)
		}
		want := make([][]any, n)
		for i := range want {
			for _, typ := range types {
				want[i] = append(want[i], value(r, typ))
			}
			if err := w.Row(want[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := readBack(t, out.Bytes())
		if len(got) != n {
			t.Fatalf("%d rows, want %d", len(got), n)
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("row %d of %d:\n got %#v\nwant %#v", i, n, got[i], want[i])
			}
		}
	}
}

func TestTimesAsNumbers(t *testing.T) {
	var out bytes.Buffer
	w, err := New(&out, []column.Selected{{Name: "t", Column: column.Column{Type: column.Instant}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1_700_000_000_123).UTC()
	for _, v := range []any{at, nil} {
		if err := w.Row([]any{v}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readBack(t, out.Bytes()); !reflect.DeepEqual(got, [][]any{{at.UnixMilli()}, {nil}}) {
		t.Errorf("got %v", got)
	}
}

// value is one of a type; one in four is absent.
func value(r *rand.Rand, t column.Type) any {
	if r.IntN(4) == 0 {
		return nil
	}
	word := func() string { return []string{"", "a", "\u00e9\n,\"", "longer than twelve bytes"}[r.IntN(4)] }
	switch t {
	case column.Truth:
		return r.IntN(2) == 0
	case column.Number:
		return r.Int64()
	case column.Decimal:
		return r.NormFloat64()
	case column.Instant:
		return time.UnixMicro(r.Int64N(1 << 50)).UTC()
	case column.Texts:
		return []string{word(), word()}
	case column.Numbers:
		return []int64{r.Int64()}
	case column.Map:
		return map[string]string{word(): word(), "k": word()}
	default:
		return word()
	}
}

// readBack reads a file as others do.
func readBack(t *testing.T, file []byte) (rows [][]any) {
	t.Helper()
	all, err := pqarrow.ReadTable(t.Context(), bytes.NewReader(file), parquet.NewReaderProperties(memory.DefaultAllocator), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	reader := array.NewTableReader(all, 0)
	defer reader.Release()
	for reader.Next() {
		batch := reader.RecordBatch()
		for i := range int(batch.NumRows()) {
			row := make([]any, batch.NumCols())
			for k := range row {
				row[k] = read(t, batch.Column(k), i)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func read(t *testing.T, values arrow.Array, i int) any {
	t.Helper()
	if values.IsNull(i) {
		return nil
	}
	switch v := values.(type) {
	case *array.String:
		return v.Value(i)
	case *array.Boolean:
		return v.Value(i)
	case *array.Int64:
		return v.Value(i)
	case *array.Float64:
		return v.Value(i)
	case *array.Timestamp:
		return time.UnixMicro(int64(v.Value(i))).UTC()
	case *array.Map:
		from, to := v.ValueOffsets(i)
		m := map[string]string{}
		for k := from; k < to; k++ {
			m[v.Keys().(*array.String).Value(int(k))] = v.Items().(*array.String).Value(int(k))
		}
		return m
	case *array.List:
		from, to := v.ValueOffsets(i)
		if texts, is := v.ListValues().(*array.String); is {
			list := []string{}
			for k := from; k < to; k++ {
				list = append(list, texts.Value(int(k)))
			}
			return list
		}
		list := []int64{}
		for k := from; k < to; k++ {
			list = append(list, v.ListValues().(*array.Int64).Value(int(k)))
		}
		return list
	}
	t.Fatalf("a column is a %T", values)
	return nil
}
