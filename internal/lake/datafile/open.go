package datafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/parley-hq/parley/internal/store"
)

// largestPage is the largest column page that is read: all that the format can say. The library's own limits are 64
// MiB compressed and 256 MiB not, and lakes that were written before pages were cut by bytes have larger ones.
const largestPage = math.MaxInt32

// streamBuffer is what is read of a column at a time. To read whole columns of a row group costs the memory of them.
const streamBuffer = 256 << 10

// openParquet opens a Parquet file to be read page by page. Damage is an error of whatever kind; it never panics.
func openParquet(ctx context.Context, f File, more ...file.ReadOption) (_ *file.Reader, err error) {
	o, err := f.Store.Open(ctx, f.At)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	defer recovered(&err)
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled, props.BufferSize = true, streamBuffer
	props.MaxCompressedPageSize, props.MaxUncompressedPageSize = largestPage, largestPage
	return file.NewParquetReader(object{store.Reader(o), o}, append(more, file.WithReadProps(props))...)
}

// object is one of a store, as the library reads and closes it.
type object struct {
	*io.SectionReader
	io.Closer
}

// othersPage is the largest column page that the library's own limits let through, and with it other programs.
const othersPage = 256 << 20

// Oversized says whether a file can have a column page that is larger: whether a column of a row group is. Files that
// were written before pages and row groups were cut by bytes can. What cannot be read is found by whoever reads it.
func Oversized(ctx context.Context, f File) bool {
	r, err := openParquet(ctx, f)
	if err != nil {
		return false
	}
	defer r.Close()
	most, err := largestColumn(r)
	return err == nil && most > othersPage
}

func largestColumn(f *file.Reader) (most int64, err error) {
	defer recovered(&err)
	for i := range f.NumRowGroups() {
		group := f.MetaData().RowGroup(i)
		for k := range group.NumColumns() {
			if c, err := group.ColumnChunk(k); err == nil {
				most = max(most, c.TotalUncompressedSize())
			}
		}
	}
	return most, nil
}

// recovered makes a panic an error. The library panics on some damaged files.
func recovered(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if failed, ok := p.(error); ok {
		*err = errors.Join(*err, plainly(failed))
		return
	}
	*err = errors.Join(*err, fmt.Errorf("the Parquet library gave up: %v", p))
}

// errNonsense is what a file is when the library panics on it, for example at an index beyond the end of a list.
var errNonsense = errors.New("its bytes do not make sense as Parquet")

// plainly replaces a panic of the library, or one that the library returns as an error: "index out of range" means nothing
// to the owner of a damaged file.
func plainly(err error) error {
	if _, ok := errors.AsType[runtime.Error](err); ok {
		return errNonsense
	}
	return err
}
