package job

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// files is where the results are: one file for each time that a job is answered, by organization.
type files struct {
	at      Places
	indexes *indexes
}

const (
	resultsSuffix = ".results"
	partSuffix    = ".part" // of files that earlier versions were writing
)

// named is what a file is of: who answers a job anew writes a file of another name, so that whoever slept in the middle of it puts
// nothing in its place.
type named struct {
	id      ID
	attempt int64 // 0 for what is answered once, and jobs of earlier versions
}

func (e entry) named() named { return named{e.id, e.attempt} }

// file is the name of a results file: ID.results, or ID.ATTEMPT.results.
func (n named) file() string {
	if n.attempt == 0 {
		return string(n.id) + resultsSuffix
	}
	return string(n.id) + "." + strconv.FormatInt(n.attempt, 10) + resultsSuffix
}

// namedBy reads the name of a file that lies directly in a place. Files of other names are not ours.
func (p Place) namedBy(at store.Location) (n named, part, ours bool) {
	name := at.Name()
	if p.Under.Join(name) != at {
		return n, false, false
	}
	rest, whole := strings.CutSuffix(name, resultsSuffix)
	if !whole {
		rest, part = strings.CutSuffix(name, partSuffix)
	}
	id, attempt, again := strings.Cut(rest, ".")
	n.id = ID(id)
	if again {
		n.attempt, _ = strconv.ParseInt(attempt, 10, 64)
	}
	ours = uuid.Validate(id) == nil && (part && !again || whole && name == n.file())
	return n, part, ours
}

// write keeps texts, of records or rows, as the results of a job: afterwards the whole file is there, through a crash too, or
// none of it. Whoever gives the texts ends when ctx does.
func (f files) write(ctx context.Context, e entry, texts iter.Seq2[[]byte, error], most int64) (size Size, err error) {
	p, err := f.at(ctx, e.owner.Organization)
	if err != nil {
		return size, err
	}
	w, err := p.Create(context.WithoutCancel(ctx), p.Under.Join(e.named().file()), store.Replace)
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
func (f files) open(ctx context.Context, e entry, decoder *zstd.Decoder) (*results, error) {
	p, err := f.at(ctx, e.owner.Organization)
	if err != nil {
		return nil, err
	}
	o, err := p.Open(ctx, p.Under.Join(e.named().file()))
	if errors.Is(err, fault.Forbidden) {
		return nil, fault.Because(fs.ErrPermission, err, "a results file may not be read")
	}
	if err != nil {
		return nil, err
	}
	return readResults(o, decoder, e.size, f.indexes.of(e.named()))
}

// remove removes the results of a job, if it has any.
func (f files) remove(ctx context.Context, e entry) error {
	p, err := f.at(ctx, e.owner.Organization)
	if err != nil {
		return nil //nolint:nilerr // who has the lake finds them by listing
	}
	return absent(p.Remove(context.WithoutCancel(ctx), p.Under.Join(e.named().file())))
}

// clear removes the files of a place but those that are wanted, and what was left of writing those. Files of other names are not ours and stay.
// What is asked about a file is asked after it was seen: nobody comes to want one then.
func (p Place) clear(ctx context.Context, wanted func(n named, part bool) (bool, error)) error {
	var failed error
	err := p.Sweep(ctx, p.Under, func(at store.Location) bool {
		n, _, ours := p.namedBy(at)
		if !ours || failed != nil {
			return false
		}
		kept, err := wanted(n, true)
		failed = err
		return !kept && err == nil
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	for info, err := range p.List(ctx, p.Under) {
		if err != nil {
			return err
		}
		n, part, ours := p.namedBy(info.At)
		if !ours {
			continue
		}
		kept, err := wanted(n, part)
		if err == nil && !kept {
			err = absent(p.Remove(ctx, info.At))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// absent is err, but for a file that is not there.
func absent(err error) error {
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
