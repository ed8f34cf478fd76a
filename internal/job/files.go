package job

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// files is where the results are: one file a job.
type files struct{ store.Store }

const (
	resultsSuffix = ".results"
	partSuffix    = ".part" // of files that earlier versions were writing
)

func resultsAt(id ID) store.Location { return store.Location(id) + resultsSuffix }

// write keeps texts, of records or rows, as the results of a job: afterwards the whole file is there, through a crash too, or
// none of it. Whoever gives the texts ends when ctx does.
func (f files) write(ctx context.Context, id ID, texts iter.Seq2[[]byte, error], most int64) (size Size, err error) {
	w, err := f.Create(context.WithoutCancel(ctx), resultsAt(id), store.Replace)
	if err != nil {
		return size, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if size, err = writeResults(w, texts, most); err != nil {
		return size, err
	}
	return size, w.Commit()
}

// open opens the results of a job. The kind of a failure is not that of the question, whoever asks may ask.
func (f files) open(ctx context.Context, id ID, decoder *zstd.Decoder) (*results, error) {
	o, err := f.Open(ctx, resultsAt(id))
	if errors.Is(err, fault.Forbidden) {
		return nil, fault.Because(fs.ErrPermission, err, "a results file may not be read")
	}
	if err != nil {
		return nil, err
	}
	return readResults(o, decoder)
}

// remove removes the results of a job, if it has any.
func (f files) remove(ctx context.Context, id ID) error {
	return absent(f.Remove(context.WithoutCancel(ctx), resultsAt(id)))
}

// clear removes the results of all jobs but those that keep says, and what was left of writing those of jobs that are
// not being answered. Files of other names are not ours and stay.
func (f files) clear(ctx context.Context, answering func(ID) bool, keep func(ID) (bool, error)) error {
	err := f.Sweep(ctx, "", func(at store.Location) bool {
		id, _, ours := jobOf(at)
		return ours && !answering(id)
	})
	if err != nil {
		return err
	}
	for info, err := range f.List(ctx, "") {
		if err != nil {
			return err
		}
		id, suffix, ours := jobOf(info.At)
		if !ours {
			continue
		}
		kept := answering(id)
		if !kept && suffix == resultsSuffix {
			kept, err = keep(id)
		}
		if err == nil && !kept {
			err = absent(f.Remove(ctx, info.At))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// jobOf says whether a file is of a job, of which, and what its name ends in.
func jobOf(at store.Location) (id ID, suffix string, ours bool) {
	suffix = path.Ext(string(at))
	name := strings.TrimSuffix(string(at), suffix)
	return ID(name), suffix, (suffix == resultsSuffix || suffix == partSuffix) && uuid.Validate(name) == nil
}

// absent is err, but for a file that is not there.
func absent(err error) error {
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
