package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/wire"
)

// Found says what files hold.
type Found struct {
	Files    int      `json:"files"`
	Records  int64    `json:"records"`
	Rejected int64    `json:"rejected"` // values that are no records, each counted once as far as Survey remembers
	Unfit    int64    `json:"unfit"`    // conversations with values that do not fit the schema
	Empty    []string `json:"files_empty,omitempty"`
	First    string   `json:"first,omitempty"` // earliest and latest conversationStart
	Last     string   `json:"last,omitempty"`

	Misfits wire.Misfits `json:"misfits,omitempty"` // the values that do not fit, by path
}

// Survey reads files and changes nothing. What an import would say of them it says too: values that are no records, and
// values that do not fit the schema, are fault.Incomplete, files without one value fault.Invalid. It does not look into
// a lake, so that what is there already counts.
func Survey(ctx context.Context, files []recordfile.File, limits wire.Limits) (Found, error) {
	s := newSurveyor(len(files), mostRemembered)
	read := int64(0)
	for _, f := range files {
		before := read
		err := recordfile.Values(ctx, f, limits, func(raw []byte) error {
			read++
			s.take(raw)
			return nil
		})
		if err != nil {
			return s.found, err
		}
		if read == before {
			s.found.Empty = append(s.found.Empty, f.Path)
		}
	}
	if read == 0 {
		return s.found, nothing(s.found.Empty)
	}
	found := s.sum()
	return found, incomplete(found.Rejected, "", found.Unfit, found.Misfits)
}

// mostRemembered bounds the memory of a survey to some 50 MB, whatever the files hold.
const mostRemembered = 100_000

// surveyor remembers what is counted once, however often it comes: so many of the rejected and of the unfit. Those beyond
// count each time that they come.
type surveyor struct {
	found       Found
	first, last time.Time
	most        int
	rejected    map[[sha256.Size]byte]bool
	unfit       map[conversation.ID]wire.Misfits // of the version that was read last
}

func newSurveyor(files, most int) *surveyor {
	return &surveyor{found: Found{Files: files}, most: most, rejected: map[[sha256.Size]byte]bool{}, unfit: map[conversation.ID]wire.Misfits{}}
}

func (s *surveyor) take(raw []byte) {
	r, err := wire.Record(raw)
	if err != nil {
		s.reject(sha256.Sum256(raw))
		return
	}
	s.found.Records++
	if s.first.IsZero() || r.Start.Before(s.first) {
		s.first = r.Start
	}
	if r.Start.After(s.last) {
		s.last = r.Start
	}
	_, misfits := wire.Decode(raw)
	s.fit(r.ID, misfits)
}

func (s *surveyor) reject(hash [sha256.Size]byte) {
	switch {
	case s.rejected[hash]:
	case len(s.rejected) < s.most:
		s.rejected[hash] = true
	default:
		s.found.Rejected++
	}
}

// fit notes what of a conversation does not fit the schema; nil is nothing.
func (s *surveyor) fit(id conversation.ID, misfits wire.Misfits) {
	switch {
	case misfits == nil:
		delete(s.unfit, id)
	case s.unfit[id] != nil || len(s.unfit) < s.most:
		s.unfit[id] = misfits
	default:
		s.found.Unfit++
		s.found.Misfits = s.found.Misfits.Add(misfits)
	}
}

func (s *surveyor) sum() Found {
	s.found.Rejected += int64(len(s.rejected))
	s.found.Unfit += int64(len(s.unfit))
	for _, misfits := range s.unfit {
		s.found.Misfits = s.found.Misfits.Add(misfits)
	}
	if s.found.Records > 0 {
		s.found.First, s.found.Last = conversation.FormatTime(s.first), conversation.FormatTime(s.last)
	}
	return s.found
}

// errBegun ends a look at the beginning of a file.
var errBegun = errors.New("there is something in it")

// Begin reads the first value of each file and changes nothing. It fails as an import would on a file that is none of
// records from its beginning, and when there is not one value in all of them.
func Begin(ctx context.Context, files []recordfile.File, limits wire.Limits) error {
	var empty []string
	for _, f := range files {
		switch err := recordfile.Values(ctx, f, limits, func([]byte) error { return errBegun }); {
		case err == nil:
			empty = append(empty, f.Path)
		case !errors.Is(err, errBegun):
			return err
		}
	}
	if len(empty) == len(files) {
		return nothing(empty)
	}
	return nil
}
