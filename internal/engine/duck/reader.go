package duck

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/lake"
)

func nextHits(rows *sql.Rows) ([]hit, error) {
	var hits []hit
	for len(hits) < batchHits && rows.Next() {
		var h hit
		if err := rows.Scan(&h.file, &h.row); err != nil {
			return nil, err
		}
		hits = append(hits, h)
	}
	return hits, rows.Err()
}

// maxOpen bounds the files that a reader keeps open between batches: hits in order of start stay in one.
const maxOpen = 4

// reader reads the records of hits.
type reader struct {
	files []lake.File
	open  []*opened // least recently used first
}

type opened struct {
	file int
	*lake.RecordReader
}

func newReader(files []lake.File) *reader { return &reader{files: files} }

// read gives the text of each hit. It reads in the order of files and rows, whatever the order of hits.
func (r *reader) read(ctx context.Context, hits []hit) ([][]byte, error) {
	places := make([]int, len(hits))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int {
		return cmp.Or(cmp.Compare(hits[a].file, hits[b].file), cmp.Compare(hits[a].row, hits[b].row))
	})
	texts := make([][]byte, len(hits))
	for _, i := range places {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := r.file(hits[i].file)
		if err != nil {
			return nil, err
		}
		if texts[i], err = f.Read(hits[i].row); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func (r *reader) file(n int) (*opened, error) {
	if i := slices.IndexFunc(r.open, func(o *opened) bool { return o.file == n }); i >= 0 {
		o := r.open[i]
		r.open = append(slices.Delete(r.open, i, i+1), o)
		return o, nil
	}
	if len(r.open) == maxOpen {
		oldest := r.open[0]
		r.open = r.open[1:]
		if err := oldest.Close(); err != nil {
			return nil, err
		}
	}
	f, err := lake.OpenRecords(r.files[n].Path)
	if err != nil {
		return nil, err
	}
	o := &opened{n, f}
	r.open = append(r.open, o)
	return o, nil
}

func (r *reader) close() (err error) {
	for _, o := range r.open {
		err = errors.Join(err, o.Close())
	}
	return err
}
