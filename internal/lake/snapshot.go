package lake

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Keys of the snapshot summary of conversations.
const (
	propFormat   = "parley.format"
	propCommit   = "parley.commit"
	propRun      = "parley.run"
	propSnapshot = "parley.snapshot." // and the name of a companion: its snapshot id
)

// SnapshotID identifies a snapshot of conversations; 0 is the lake before its first commit.
type SnapshotID int64

// Snapshot is one consistent state of all tables. It stays readable while later commits replace files, as long as it
// is not expired.
type Snapshot struct {
	ID    SnapshotID
	files map[Table][]File
}

// File is a data file of a table.
type File struct {
	Path  string
	Day   conversation.Day // day of conversation_start of every row
	Rows  int64
	Bytes int64
	// LastEnd is the latest conversation_end in the file, Open the number of rows that have none.
	LastEnd time.Time
	Open    int64
}

// Files lists the data files of a table by day.
func (s *Snapshot) Files(t Table) []File { return s.files[t] }

// Touched lists the files of conversations in which a conversation can lie that started in starts and whose lifetime
// reaches beyond since. A zero time bounds nothing.
func (s *Snapshot) Touched(starts conversation.Interval, since time.Time) []File {
	var out []File
	for _, f := range s.files[Conversations] {
		day := f.Day.Interval()
		early := !starts.Start.IsZero() && !day.End.After(starts.Start)
		late := !starts.End.IsZero() && !day.Start.Before(starts.End)
		over := f.Open == 0 && f.LastEnd.Before(since) && !day.End.After(since)
		if !early && !late && !over {
			out = append(out, f)
		}
	}
	return out
}

// Verify looks whether the files of the tables are there and as long as the catalog says; if not it is fault.Corrupt.
// It reads none of them.
func (s *Snapshot) Verify() error {
	for _, t := range Tables() {
		for _, f := range s.files[t] {
			info, err := os.Stat(f.Path)
			if err != nil || info.Size() != f.Bytes {
				return fault.New(fault.Corrupt, "data file %s of table %s is missing or damaged; see parley lake check", f.Path, t)
			}
		}
	}
	return nil
}

// Rows is the number of rows of a table.
func (s *Snapshot) Rows(t Table) (n int64) {
	for _, f := range s.files[t] {
		n += f.Rows
	}
	return n
}

// Snapshot opens the newest consistent state.
func (l *Lake) Snapshot(ctx context.Context) (_ *Snapshot, err error) {
	defer fault.Wrap(&err, "open a snapshot of the lake")
	head, err := l.load(ctx, Conversations)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{files: map[Table][]File{}}
	current := head.CurrentSnapshot()
	if current == nil {
		return s, nil
	}
	s.ID = SnapshotID(current.SnapshotID)
	for _, t := range Tables() {
		id, err := named(current, t)
		if err != nil {
			return nil, err
		}
		if s.files[t], err = l.plan(ctx, t, id); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// named is the snapshot of t that a snapshot of conversations names; 0 if t had none.
func named(s *table.Snapshot, t Table) (int64, error) {
	if t == Conversations {
		return s.SnapshotID, nil
	}
	text := s.Summary.Properties[propSnapshot+string(t)]
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.Corrupt, "snapshot %d of conversations does not name its snapshot of %s; was it written by another program?", s.SnapshotID, t)
	}
	return id, nil
}

// plan lists the files of t in one of its snapshots.
func (l *Lake) plan(ctx context.Context, t Table, id int64) ([]File, error) {
	if id == 0 {
		return nil, nil
	}
	tbl, err := l.load(ctx, t)
	if err != nil {
		return nil, err
	}
	if tbl.SnapshotByID(id) == nil {
		return nil, fault.New(fault.Corrupt, "table %s has no snapshot %d any more", t, id)
	}
	tasks, err := tbl.Scan(table.WithSnapshotID(id)).PlanFiles(ctx)
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "the files of table %s cannot be listed", t)
	}
	files := make([]File, 0, len(tasks))
	for _, task := range tasks {
		if len(task.DeleteFiles)+len(task.EqualityDeleteFiles)+len(task.DeletionVectorFiles) > 0 {
			return nil, fault.New(fault.Corrupt, "table %s has delete files; parley never writes them and cannot read them", t)
		}
		f, err := fileOf(t, task.File)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Path, b.Path)) })
	return files, nil
}

// endID is the field id of conversation_end in conversations.
const endID = 3

func fileOf(t Table, df iceberg.DataFile) (File, error) {
	path, err := filePath(df.FilePath())
	if err != nil {
		return File{}, err
	}
	f := File{Path: path, Rows: df.Count(), Bytes: df.FileSizeBytes()}
	switch day := df.Partition()[1000].(type) {
	case iceberg.Date:
		f.Day = conversation.Day(day)
	case int32:
		f.Day = conversation.Day(day)
	default:
		return f, fault.New(fault.Corrupt, "a file of table %s has the partition %T and not a day", t, day)
	}
	if t != Conversations {
		return f, nil
	}
	f.Open = df.NullValueCounts()[endID]
	if bound := df.UpperBoundValues()[endID]; bound != nil {
		lit, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.TimestampTz, bound)
		if err != nil {
			return f, fault.Because(fault.Corrupt, err, "a bound of table %s cannot be read", t)
		}
		micros, ok := lit.(iceberg.TimestampLiteral)
		if !ok {
			return f, fmt.Errorf("a timestamp bound of table %s is a %T", t, lit)
		}
		f.LastEnd = time.UnixMicro(int64(micros)).UTC()
	}
	return f, nil
}
