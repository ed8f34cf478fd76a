package lake

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/private"
)

// dataFile is one Parquet file being written.
type dataFile struct {
	path string
	f    *os.File
	buf  *bufio.Writer
	w    *pqarrow.FileWriter
}

// Settings measured in measurements.md section 4: zstd level 1 is smaller and faster than the default, times and
// numbers go as deltas, and a dictionary only costs where every value is different. Small row groups of conversations
// bound the memory of writers and let readers fetch few records.
const (
	conversationsPerGroup = 2_000
	rowsPerGroup          = 64_000
	columnPageBytes       = 256 << 10
	rowsPerCheck          = 32 // rows after which a page is looked at: more, and pages of records become ten times as large
)

// unique names the columns in which nearly every value differs.
var unique = []string{
	"conversation_id", "participant_id", "session_id", "peer_id", "protocol_call_id", "ani", "record", "record_hash", "remote", "evaluation_id", "survey_id",
}

func writerProperties(t Table, schema *arrow.Schema) *parquet.WriterProperties {
	group := int64(rowsPerGroup)
	if t == Conversations {
		group = conversationsPerGroup
	}
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1), parquet.WithMaxRowGroupLength(group),
		parquet.WithPageIndexEnabled(true), parquet.WithDataPageSize(columnPageBytes), parquet.WithStats(true), parquet.WithBatchSize(rowsPerCheck),
	}
	for _, f := range schema.Fields() {
		delta := f.Type.ID() == arrow.TIMESTAMP || f.Type.ID() == arrow.INT64
		if delta || slices.Contains(unique, f.Name) {
			opts = append(opts, parquet.WithDictionaryFor(f.Name, false))
		}
		if delta {
			opts = append(opts, parquet.WithEncodingFor(f.Name, parquet.Encodings.DeltaBinaryPacked))
		}
	}
	return parquet.NewWriterProperties(opts...)
}

// createDataFile begins the file at path, whose folder it makes; the path must be free.
func createDataFile(t Table, path string) (*dataFile, error) {
	if err := private.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := private.Open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY)
	if err != nil {
		return nil, err
	}
	schema := layoutOf(t).schema
	// The Parquet writer closes its sink when that is an io.Closer; the buffer is none, so flush, sync and close are ours.
	d := &dataFile{path: path, f: f, buf: bufio.NewWriterSize(f, 1<<20)}
	if d.w, err = pqarrow.NewFileWriter(schema, d.buf, writerProperties(t, schema), pqarrow.NewArrowWriterProperties()); err != nil {
		return nil, errors.Join(err, d.discard())
	}
	return d, nil
}

func (d *dataFile) write(batch arrow.RecordBatch) error { return d.w.WriteBuffered(batch) }

// finish makes the file whole and durable.
func (d *dataFile) finish() error {
	if err := d.w.Close(); err != nil {
		return errors.Join(err, d.discard())
	}
	if err := errors.Join(d.buf.Flush(), d.f.Sync()); err != nil {
		return errors.Join(err, d.discard())
	}
	return errors.Join(d.f.Close(), syncDir(filepath.Dir(d.path)))
}

// discard gives up the file.
func (d *dataFile) discard() error {
	return errors.Join(d.f.Close(), os.Remove(d.path))
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
