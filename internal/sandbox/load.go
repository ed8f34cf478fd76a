package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/wire"
)

// Loaded says what was found in the files that a world was made of.
type Loaded struct {
	Files      int
	Records    int
	Duplicates int            // records that took the place of another of the same id
	Rejected   map[string]int // values that are no records, by file
	Empty      []string       // files without one record

	digest [sha256.Size]byte // of all records, in whatever order they come
}

// Load makes a world of given records. They are served as they are; whose they are nobody says. Files without one
// record are fault.Invalid: whoever gives them means others.
func Load(ctx context.Context, s Scenario, files []recordfile.File, limits wire.Limits) (*World, Loaded, error) {
	s.Given = "records"
	w, err := newWorld(s)
	if err != nil {
		return nil, Loaded{}, err
	}
	found, err := w.past().load(ctx, files, limits)
	if err != nil {
		return nil, found, err
	}
	if found.Records == 0 {
		return nil, found, fault.Field("--load", "there is not one record in %s: a record is a JSON object with conversationId and conversationStart", strings.Join(found.Empty, ", "))
	}
	w.scenario.Given = hex.EncodeToString(found.digest[:8])
	return w, found, nil
}

// loadAtOnce is how many records are added at a time.
const loadAtOnce = 10_000

func (p *past) load(ctx context.Context, files []recordfile.File, limits wire.Limits) (Loaded, error) {
	found := Loaded{Files: len(files), Rejected: map[string]int{}}
	var records []conversation.Record
	add := func() error {
		duplicates, err := p.store.Add(records...)
		found.Duplicates += duplicates
		records = records[:0]
		return err
	}
	for _, f := range files {
		before := found.Records
		err := recordfile.Values(ctx, f, limits, func(raw []byte) error {
			r, err := wire.Record(raw)
			if err != nil {
				found.Rejected[f.Path]++
				return nil //nolint:nilerr // counted and reported; the rest of the file goes on
			}
			found.Records++
			for i, b := range r.Sum() {
				found.digest[i] ^= b
			}
			if records = append(records, r); len(records) == loadAtOnce {
				return add()
			}
			return nil
		})
		if err != nil {
			return found, err
		}
		if found.Records == before {
			found.Empty = append(found.Empty, f.Path)
		}
	}
	return found, add()
}
