// Package ingest brings records that lie in files into the lake: exports made by other tools, pages of job results, single
// records; plain, gzip or zstd.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Config is what an import needs.
type Config struct {
	Lake *lake.Lake
	// Control is where what is staged, and what is set aside, is entered: the control database of the lake.
	Control *state.DB
	Files   []recordfile.File
	// ReceivedAt is when the records were received from the platform; zero takes the modification time of each file. It
	// decides between two versions of a conversation: the lake keeps the one received later.
	ReceivedAt time.Time
	Limits     wire.Limits                  // of a single value; the zero value means the default
	Redact     func([]byte) ([]byte, error) // of the text of a record, before anything is written; nil for nothing
	Strict     bool                         // records that have members which neither this version nor the lake knows stop the import
	// Door reads a value of a file, as wire.Record does, which it is if it is nil. fault.Drifted stops the import.
	Door   func(raw []byte) (conversation.Record, error)
	Now    func() time.Time
	Report func(Progress) // may be nil
	Log    *slog.Logger   // may be nil
}

// Progress says how far an import is.
type Progress struct {
	Step    string
	Bytes   int64 // of the files read so far
	Records int64
}

// Summary says what an import did.
type Summary struct {
	Run   stage.RunID `json:"run"`
	Files int         `json:"files"`
	Read  int64       `json:"read"` // values found in the files
	load.Counts
	Seconds float64 `json:"seconds"`

	Empty []string `json:"files_empty,omitempty"`
	// Drift are the members of records that this import brought first, and that this version does not know.
	Drift []wire.Sight `json:"drift,omitempty"`
}

// A portion is sorted in memory; the larger it is, the fewer there are to be merged.
const (
	portionRecords = 20_000
	portionBytes   = 32 << 20
	commitRecords  = 200_000
)

// runPrefix tells the runs of imports, which are not resumed, from those of extractions, which are.
const runPrefix = "import-"

// Import brings the records of files into the lake. It makes no day whole: files do not say that they hold all of a
// day. Run again it changes nothing. A file that is damaged fails it with fault.Corrupt before anything is committed;
// values that are no records are kept aside, and the import then ends with fault.Incomplete, as it does when values of
// records do not fit the schema. Files without one value are fault.Invalid. The end of ctx ends it, whatever breaks
// because of that.
func Import(ctx context.Context, cfg Config) (Summary, error) {
	sum, err := during(ctx, cfg, (*importer).run)
	if err != nil {
		return sum, err
	}
	return sum, incomplete(sum.Rejected, ", set aside; parley lake rejected --lake DIR shows them, with the reason of each", sum.Unfit, sum.Misfits)
}

// during opens what an import needs, has something done with it, and closes it.
func during(ctx context.Context, cfg Config, do func(*importer, context.Context) error) (_ Summary, err error) {
	if cfg.Report == nil {
		cfg.Report = func(Progress) {}
	}
	if cfg.Door == nil {
		cfg.Door = wire.Record
	}
	begun := cfg.Now()
	turn, err := cfg.Lake.Turn(ctx, "import", "%s is importing into the lake; wait until it is done", 0)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(turn.Lost(ctx, err), turn.Close()) }()
	cfg.Lake, cfg.Control = turn.Lake(), turn.Fenced(cfg.Control)
	if err := stage.Clean(ctx, cfg.Control, cfg.Lake.Store(), func(run stage.RunID) bool { return strings.HasPrefix(string(run), runPrefix) }); err != nil {
		return Summary{}, err
	}
	i := importer{cfg: cfg, sum: Summary{Run: stage.RunID(runPrefix + uuid.Must(uuid.NewV7()).String()), Files: len(cfg.Files)}}
	i.loader = load.New(cfg.Lake, string(i.sum.Run), load.Patience, cfg.Log)
	i.loader.Strict = cfg.Strict
	if i.stage, err = stage.Open(ctx, cfg.Control, cfg.Lake.Store(), i.sum.Run); err != nil {
		return i.sum, err
	}
	i.stage.Redact = cfg.Redact
	if err = do(&i, ctx); err != nil && ctx.Err() != nil && !errors.Is(err, fault.InDoubt) {
		err = ctx.Err()
	}
	i.sum.Seconds = cfg.Now().Sub(begun).Seconds()
	if err := errors.Join(err, i.stage.Discard(ctx)); err != nil {
		return i.sum, err
	}
	i.sum.Drift, err = cfg.Lake.Drift(ctx, string(i.sum.Run))
	return i.sum, err
}

// incomplete says what of the files is not in the tables, and what became of the values that are no records; nil if
// everything is in the tables.
func incomplete(rejected int64, became string, unfit int64, misfits wire.Misfits) error {
	var texts []string
	if rejected > 0 {
		texts = append(texts, fmt.Sprintf("some values are no records, for want of a usable id or start, for their size or nesting, or by a hard rule of --schema: %d%s", rejected, became))
	}
	if unfit > 0 {
		texts = append(texts, misfits.Incomplete(unfit).Error())
	}
	if len(texts) == 0 {
		return nil
	}
	return fault.New(fault.Incomplete, "%s", strings.Join(texts, "; "))
}

// nothing says that files hold no value at all: whoever gives them means others.
func nothing(paths []string) error {
	return fault.New(fault.Invalid, "there is not one record in %s: a record is a JSON object with conversationId and conversationStart", strings.Join(paths, ", "))
}

type importer struct {
	cfg     Config
	loader  *load.Loader
	stage   *stage.Stage
	sum     Summary
	records []conversation.Version
	reject  []stage.Rejected
	size    int
	read    int64
	staging *errgroup.Group // stages a portion while the next one is read
}

func (i *importer) run(ctx context.Context) error {
	if err := i.readAll(ctx); err != nil {
		return err
	}
	return i.commit(ctx)
}

// readAll reads the files and stages what is in them.
func (i *importer) readAll(ctx context.Context) error {
	i.staging, ctx = errgroup.WithContext(ctx)
	i.staging.SetLimit(1) // Go waits for the portion before
	err := i.readFiles(ctx)
	// When staging fails, reading ends with a cancellation that is only its consequence.
	if failed := i.staging.Wait(); failed != nil {
		return failed
	}
	return err
}

func (i *importer) readFiles(ctx context.Context) error {
	for _, f := range i.cfg.Files {
		before := i.sum.Read
		if err := recordfile.Values(ctx, f, i.cfg.Limits, func(raw []byte) error { return i.take(ctx, f, raw) }); err != nil {
			return err
		}
		if i.sum.Read == before {
			i.sum.Empty = append(i.sum.Empty, f.Path)
		}
		i.read += f.Size
		i.report("reading")
	}
	if i.sum.Read == 0 {
		return nothing(i.sum.Empty)
	}
	i.flush(ctx)
	return nil
}

func (i *importer) report(step string) { i.cfg.Report(Progress{step, i.read, i.sum.Read}) }

func (i *importer) take(ctx context.Context, f recordfile.File, raw []byte) error {
	i.sum.Read++
	r, err := i.cfg.Door(raw)
	switch {
	case errors.Is(err, fault.Drifted):
		return err
	case err != nil:
		i.reject = append(i.reject, stage.Rejected{Reason: err.Error(), Text: raw})
		return i.grow(ctx, len(raw))
	}
	at := i.cfg.ReceivedAt
	if at.IsZero() {
		at = f.ModTime
	}
	return i.keep(ctx, r, at)
}

// keep keeps a record that was received at a time.
func (i *importer) keep(ctx context.Context, r conversation.Record, at time.Time) error {
	i.records = append(i.records, conversation.Version{Record: r, Run: string(i.sum.Run), At: at.UTC().Truncate(time.Microsecond)})
	return i.grow(ctx, len(r.JSON))
}

// grow has what was read staged when it is much.
func (i *importer) grow(ctx context.Context, size int) error {
	i.size += size
	if len(i.records)+len(i.reject) >= portionRecords || i.size >= portionBytes {
		i.flush(ctx)
	}
	return ctx.Err()
}

// flush has what was read staged.
func (i *importer) flush(ctx context.Context) {
	p := stage.Portion{Records: i.records, Rejected: i.reject, With: func(_ *state.Tx, c stage.Counts) error {
		i.sum.Staged(c)
		return nil
	}}
	i.records, i.reject, i.size = nil, nil, 0
	i.staging.Go(func() error { return i.stage.Put(ctx, p) })
	i.report("reading")
}

// commit commits the staged days in order, several at a time.
func (i *importer) commit(ctx context.Context) error {
	days, err := i.stage.Days(ctx)
	if err != nil {
		return err
	}
	waiting := int64(0)
	for n, day := range days {
		if waiting += day.Records; waiting < commitRecords && n < len(days)-1 {
			continue
		}
		waiting = 0
		if err := i.commitBefore(ctx, day.Day+1); err != nil {
			return err
		}
	}
	return nil
}

func (i *importer) commitBefore(ctx context.Context, end conversation.Day) error {
	i.report("committing")
	batch, err := i.stage.Before(ctx, end)
	if err != nil {
		return err
	}
	err = i.loader.Begin(ctx, load.Commit{At: i.cfg.Now(), Batch: batch, Landed: i.sum.Committed})
	if err != nil {
		return err
	}
	return i.loader.Wait(ctx)
}
