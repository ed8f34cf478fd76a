package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
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

// Snapshot is all tables as one commit left them. It stays readable until it is closed, whatever is committed or
// expired meanwhile, by whatever process; only who may not write to the lake's folder cannot hold off an expiry. Safe
// for concurrent use.
type Snapshot struct {
	ID    SnapshotID
	files map[tables.Table][]datafile.File
	of    map[tables.Table]int64 // the tables' own snapshots, of those that were opened and have one
	whole []conversation.Days    // as they were before it was opened
	pin   store.Lock             // nil for the empty lake, and when we may not write to the lake
	lake  *Lake                  // of which it is; nil where nothing is looked up in it
	names []datafile.File        // see WithNames

	commit string // that made it; empty for the empty lake
}

// Close lets the snapshot expire; its files must not be read any more. Closing again, or closing nil, does nothing.
func (s *Snapshot) Close() error {
	if s == nil || s.pin == nil {
		return nil
	}
	return s.pin.Close()
}

// fileAt is a data file in the lake's store.
func (l *Lake) fileAt(at store.Location) datafile.File {
	return datafile.File{Path: l.place.real + "/" + strings.TrimPrefix(string(at), string(warehouse)+"/"), Store: l.Store(), At: at}
}

// find makes files of a snapshot be read where they are.
func (l *Lake) find(files []datafile.File) []datafile.File {
	files = l.place.find(files)
	for i := range files {
		files[i].Store, files[i].At = l.read, l.at(files[i].Path)
		if l.where.Cache != nil {
			files[i].Copy = l.where.Cache.Path(files[i].At)
		}
	}
	return files
}

// Files lists the data files of a table by day.
func (s *Snapshot) Files(t tables.Table) []datafile.File {
	if t == tables.Names {
		return s.names
	}
	return s.files[t]
}

// Of is the snapshot of a table in its own history, by which other programs know it; false for a table that has none, and has no
// rows.
func (s *Snapshot) Of(t tables.Table) (id int64, is bool) {
	id, is = s.of[t]
	return id, is
}

// Touched lists the files of conversations in which a conversation can lie that started in starts and whose lifetime
// reaches beyond since. A zero time bounds nothing.
func (s *Snapshot) Touched(starts conversation.Interval, since time.Time) []datafile.File {
	var out []datafile.File
	for _, f := range s.files[tables.Conversations] {
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
// It reads none of them, and takes no copy for the file. Files that this process may not read are fault.Forbidden.
func (s *Snapshot) Verify(ctx context.Context) error {
	direct := s.direct()
	for _, t := range tables.All() {
		if err := direct.VerifyTable(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// VerifyTable does what Verify does, for the files of one table.
func (s *Snapshot) VerifyTable(ctx context.Context, t tables.Table) error {
	return s.verify(ctx, t, func(datafile.File) bool { return true })
}

// VerifyDays does what Verify does, for the files of some days.
func (s *Snapshot) VerifyDays(ctx context.Context, days map[conversation.Day]bool) error {
	for _, t := range tables.All() {
		if err := s.verify(ctx, t, func(f datafile.File) bool { return days[f.Day] }); err != nil {
			return err
		}
	}
	return nil
}

// asksAtOnce is how many files are looked at the same time: each is a round trip to object storage.
const asksAtOnce = 16

func (s *Snapshot) verify(ctx context.Context, t tables.Table, of func(datafile.File) bool) error {
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(asksAtOnce)
	for _, f := range s.Files(t) {
		if !of(f) {
			continue
		}
		if !isURL(f.Path) {
			if err := s.verifyFile(ctx, t, f); err != nil {
				return err
			}
			continue
		}
		g.Go(func() error { return s.verifyFile(asking, t, f) })
	}
	return g.Wait()
}

func (s *Snapshot) verifyFile(ctx context.Context, t tables.Table, f datafile.File) error {
	if err := s.mayRead(f); err != nil {
		return err
	}
	info, err := f.Store.Stat(ctx, f.At)
	switch {
	case err != nil && isURL(f.Path) && !errors.Is(err, fault.NotFound):
		return err // object storage that cannot be asked says nothing of the file
	case err != nil && s.slept(ctx):
		return fault.New(fault.Unavailable, "the snapshot that is read has expired: this process was stopped for too long, or did not reach the control database; ask again")
	case err != nil || info.Bytes != f.Bytes:
		return fault.New(fault.Corrupt, "data file %s of table %s is missing or damaged; see parley lake check", f.Path, t)
	}
	return nil
}

// slept says whether the snapshot may have expired because its pin was lost, which only a lease can be.
func (s *Snapshot) slept(ctx context.Context) bool {
	lease, can := s.pin.(interface {
		Check(ctx context.Context) error
	})
	return can && errors.Is(lease.Check(ctx), fault.Conflict)
}

// direct is the snapshot with its files where they are, and no copies of them.
func (s *Snapshot) direct() *Snapshot {
	d := *s
	d.files = map[tables.Table][]datafile.File{}
	for t, files := range s.files {
		d.files[t] = slices.Clone(files)
		for i := range files {
			if s.lake != nil {
				d.files[t][i].Store, d.files[t][i].Copy = s.lake.Store(), ""
			}
		}
	}
	return &d
}

// Rows is the number of rows of a table.
func (s *Snapshot) Rows(t tables.Table) (n int64) {
	for _, f := range s.files[t] {
		n += f.Rows
	}
	return n
}

// openTries is how often Snapshot looks for the newest snapshot. It takes a second try when between two of its steps
// the snapshot was replaced and then expired, which hardly happens once.
const openTries = 10

// errGone says that a snapshot expired before it was pinned.
var errGone = errors.New("the snapshot has expired")

// Snapshot opens the newest snapshot. The caller closes it.
func (l *Lake) Snapshot(ctx context.Context) (*Snapshot, error) {
	return l.snapshot(ctx, part{companions: tables.Companions()})
}

// ConversationFiles lists the files of conversations in the newest snapshot, for those who ask what the lake has and not what is in
// it. They may be gone when somebody opens them.
func (l *Lake) ConversationFiles(ctx context.Context) ([]datafile.File, error) {
	s, err := l.snapshot(ctx, part{})
	if err != nil {
		return nil, err
	}
	return s.Files(tables.Conversations), s.Close()
}

// ChangeFiles lists the files of changes as ConversationFiles does those of conversations: a row is a place in a record that a later
// version has changed.
func (l *Lake) ChangeFiles(ctx context.Context) ([]datafile.File, error) {
	s, err := l.snapshot(ctx, part{companions: []tables.Table{tables.Changes}})
	if err != nil {
		return nil, err
	}
	return s.Files(tables.Changes), s.Close()
}

// part is what of a snapshot is opened: the files of conversations, and those of some companions. To list those of all tables takes
// most of what opening costs in a large lake.
type part struct {
	companions []tables.Table
	holding    []conversation.ID // of conversations, only the files in which any of these can lie; all of them, if there are none
}

// snapshot opens a part of the newest snapshot.
func (l *Lake) snapshot(ctx context.Context, p part) (_ *Snapshot, err error) {
	defer fault.Wrap(&err, "open a snapshot of the lake")
	for range openTries {
		s, err := l.newest(ctx, p)
		if !errors.Is(err, errGone) && !errors.Is(err, errLocked) {
			return s, err
		}
	}
	return nil, fault.New(fault.Conflict, "another program has locked the newest snapshot in %s", pinsAt)
}

// newest opens the snapshot that is the newest at this moment. By the time it is to be pinned it may be expiring, which
// is errLocked, or have expired, which is errGone.
func (l *Lake) newest(ctx context.Context, p part) (_ *Snapshot, err error) {
	if err := l.inPlace(); err != nil {
		return nil, err
	}
	// The days come first: a commit enters them last, so all of their records are in the snapshot.
	whole, err := l.wholeDays(ctx)
	if err != nil {
		return nil, err
	}
	if last := l.listed.Load(); last != nil && last.has(p.companions) {
		if s, err := l.again(ctx, last, whole); s != nil || err != nil {
			return s, err
		}
	}
	head, err := l.load(ctx, tables.Conversations)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{files: map[tables.Table][]datafile.File{}, whole: whole, lake: l}
	current := head.CurrentSnapshot()
	if current == nil {
		return s, nil
	}
	s.ID, s.commit = SnapshotID(current.SnapshotID), commitOf(current)
	if s.pin, err = l.pin(ctx, s.ID); err != nil {
		return nil, err
	}
	if err := l.list(ctx, s, head, current, p); err != nil {
		return nil, errors.Join(l.replaced(ctx, head, err), s.Close())
	}
	if err := l.keepCopies(ctx, s, p); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if len(p.holding) == 0 {
		l.listed.Store(&listing{head.MetadataLocation(), s.ID, s.commit, s.files, s.of, p.companions})
	}
	return s, nil
}

// keepCopies removes from this machine the copies of files that the newest snapshot does not name any more, whichever machine
// replaced them: what was erased is to be nowhere. An older snapshot that is still read has them fetched again.
func (l *Lake) keepCopies(ctx context.Context, s *Snapshot, p part) error {
	if l.where.Cache == nil || len(p.holding) > 0 || len(p.companions) < len(tables.Companions()) {
		return nil
	}
	named := map[store.Location]bool{}
	for _, files := range s.files {
		for _, f := range files {
			named[f.At] = true
		}
	}
	names := data(tables.Names)
	return l.where.Cache.Only(ctx, warehouse, func(at store.Location) bool { return named[at] || strings.HasPrefix(string(at), string(names)+"/") })
}

// SnapshotOf opens a snapshot that is not the newest, such as one with a tag. fault.NotFound when there is none any more.
// The caller closes it.
func (l *Lake) SnapshotOf(ctx context.Context, id SnapshotID) (_ *Snapshot, err error) {
	defer fault.Wrap(&err, "open snapshot %d of the lake", id)
	head, err := l.load(ctx, tables.Conversations)
	if err != nil {
		return nil, err
	}
	at := head.SnapshotByID(int64(id))
	if at == nil {
		return nil, fault.New(fault.NotFound, "the lake has no snapshot %d", id)
	}
	s := &Snapshot{ID: id, commit: commitOf(at), files: map[tables.Table][]datafile.File{}}
	if s.pin, err = l.pin(ctx, id); err == nil {
		err = l.list(ctx, s, head, at, part{companions: tables.Companions()})
	}
	switch {
	case errors.Is(err, errLocked) || errors.Is(err, errGone): // it was expiring since it was looked for
		return nil, errors.Join(fault.New(fault.NotFound, "the lake has no snapshot %d any more", id), s.Close())
	case err != nil:
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// again opens the snapshot that was listed last, if it is still the newest; if not, it is nil. To read the metadata and
// to list the files anew took a tenth of a busy server's time. Metadata that has not moved when the snapshot is pinned
// has the snapshot in its history.
func (l *Lake) again(ctx context.Context, last *listing, whole []conversation.Days) (_ *Snapshot, err error) {
	unmoved := func() (bool, error) {
		location, err := l.location(ctx, tables.Conversations)
		if err != nil {
			return false, unloaded(tables.Conversations, err)
		}
		return location == last.location, nil
	}
	if same, err := unmoved(); !same || err != nil {
		return nil, err
	}
	s := &Snapshot{ID: last.id, commit: last.commit, files: last.files, of: last.of, whole: whole, lake: l}
	if s.pin, err = l.pin(ctx, s.ID); err != nil {
		return nil, err
	}
	same, err := unmoved()
	if !same || err != nil {
		return nil, errors.Join(cmp.Or(err, errGone), s.Close())
	}
	return s, nil
}

// replaced is errGone in place of err when conversations have other metadata by now: what the old ones name may be gone.
func (l *Lake) replaced(ctx context.Context, head *table.Table, err error) error {
	now, failed := l.location(ctx, tables.Conversations)
	if failed == nil && now != head.MetadataLocation() {
		return errGone
	}
	return err
}

// current is the table of conversations as it is now, of which some state was read before. Its metadata tell of every snapshot,
// and to read them takes more than all else in a lake with a long history: it is done again only if they have moved.
func (l *Lake) current(ctx context.Context, before *table.Table) (*table.Table, error) {
	now, err := l.location(ctx, tables.Conversations)
	switch {
	case err != nil:
		return nil, unloaded(tables.Conversations, err)
	case now == before.MetadataLocation():
		return before, nil
	}
	return l.load(ctx, tables.Conversations)
}

// list lists the files of a snapshot that was pinned. Conversations come first: their history tells whether the pin
// came in time, and only then are the companions there.
func (l *Lake) list(ctx context.Context, s *Snapshot, head *table.Table, current *table.Snapshot, p part) error {
	head, err := l.current(ctx, head)
	if err != nil {
		return err
	}
	if head.SnapshotByID(current.SnapshotID) == nil {
		return errGone
	}
	s.of = map[tables.Table]int64{tables.Conversations: current.SnapshotID}
	if s.files[tables.Conversations], err = l.conversationFiles(ctx, head, current, p.holding); err != nil {
		return err
	}
	planned := make([][]datafile.File, len(p.companions))
	g, planning := errgroup.WithContext(ctx)
	g.SetLimit(l.tablesAtOnce())
	for i, t := range p.companions {
		id, err := named(current, t)
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		if id != 0 {
			s.of[t] = id
		}
		g.Go(func() (err error) {
			planned[i], err = l.plan(planning, t, id)
			return err
		})
	}
	err = g.Wait()
	for i, t := range p.companions {
		s.files[t] = planned[i]
	}
	return err
}

// tablesAtOnce is of how many tables the metadata are read at the same time. In a folder it takes a core, in a bucket round trips.
func (l *Lake) tablesAtOnce() int {
	if l.dir != "" {
		return 1
	}
	return len(tables.Companions())
}

// listing is the files of a snapshot, for all who open it; nobody changes them.
type listing struct {
	location   string // metadata whose newest snapshot it is
	id         SnapshotID
	commit     string // that made it
	files      map[tables.Table][]datafile.File
	of         map[tables.Table]int64
	companions []tables.Table // those of which the files are listed
}

// has says whether the files of some companions are listed.
func (l *listing) has(companions []tables.Table) bool {
	return !slices.ContainsFunc(companions, func(t tables.Table) bool { return !slices.Contains(l.companions, t) })
}

// commitOf is the commit that made a snapshot of conversations; empty if there is no snapshot, or if another program made it.
func commitOf(s *table.Snapshot) string {
	if s == nil || s.Summary == nil {
		return ""
	}
	return s.Summary.Properties[propCommit]
}

// named is the snapshot of t that a snapshot of conversations names; 0 if t had none.
func named(s *table.Snapshot, t tables.Table) (int64, error) {
	if t == tables.Conversations {
		return s.SnapshotID, nil
	}
	var text string
	if s.Summary != nil {
		text = s.Summary.Properties[propSnapshot+string(t)]
	}
	if text == "" && t.IsDerived() {
		return 0, nil // it was committed before there were such tables
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.Corrupt, "snapshot %d of conversations does not name its snapshot of %s; was it written by another program?", s.SnapshotID, t)
	}
	return id, nil
}

// conversationFiles lists the files of conversations in a snapshot; if ids are asked for and the index knows, only those of their days.
func (l *Lake) conversationFiles(ctx context.Context, head *table.Table, of *table.Snapshot, holding []conversation.ID) ([]datafile.File, error) {
	var only []conversation.Day
	if len(holding) > 0 {
		days, known, err := l.daysOf(ctx, holding, commitOf(of))
		if err != nil {
			return nil, err
		}
		if known && len(days) == 0 {
			return nil, nil
		}
		if known {
			only = days
		}
	}
	files, err := planned(ctx, head, tables.Conversations, of.SnapshotID, only...)
	return l.find(files), err
}

// plan lists the files of t in one of its snapshots.
func (l *Lake) plan(ctx context.Context, t tables.Table, id int64) ([]datafile.File, error) {
	if id == 0 {
		return nil, nil
	}
	tbl, err := l.load(ctx, t)
	if err != nil {
		return nil, err
	}
	files, err := planned(ctx, tbl, t, id)
	return l.find(files), err
}

func planned(ctx context.Context, tbl *table.Table, t tables.Table, id int64, days ...conversation.Day) ([]datafile.File, error) {
	if tbl.SnapshotByID(id) == nil {
		return nil, fault.New(fault.Corrupt, "table %s has no snapshot %d any more", t, id)
	}
	tasks, err := tbl.Scan(table.WithSnapshotID(id), table.WithRowFilter(startedOn(days))).PlanFiles(ctx)
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "the files of table %s cannot be listed", t)
	}
	files, listed := make([]datafile.File, 0, len(tasks)), make(map[string]bool, len(tasks))
	for _, task := range tasks {
		if listed[task.File.FilePath()] {
			continue // the library cuts a file of over 128 MB into tasks of as much
		}
		listed[task.File.FilePath()] = true
		if len(task.DeleteFiles)+len(task.EqualityDeleteFiles)+len(task.DeletionVectorFiles) > 0 {
			return nil, fault.New(fault.Corrupt, "table %s has delete files; parley never writes them and cannot read them", t)
		}
		f, err := fileOf(t, task.File)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b datafile.File) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Path, b.Path)) })
	return files, nil
}

// startedOn is of what starts on any of some days; of everything, if there are none.
func startedOn(days []conversation.Day) iceberg.BooleanExpression {
	var some iceberg.BooleanExpression = iceberg.AlwaysFalse{}
	if len(days) == 0 {
		return iceberg.AlwaysTrue{}
	}
	start := iceberg.Reference("conversation_start")
	for _, day := range days {
		from, until := iceberg.Timestamp(day.Start().UnixMicro()), iceberg.Timestamp(day.End().UnixMicro())
		some = iceberg.NewOr(some, iceberg.NewAnd(iceberg.GreaterThanEqual(start, from), iceberg.LessThan(start, until)))
	}
	return some
}

// endID is the field id of conversation_end in conversations.
const endID = 3

func fileOf(t tables.Table, df iceberg.DataFile) (datafile.File, error) {
	path, err := filePath(df.FilePath())
	if err != nil {
		return datafile.File{}, err
	}
	f := datafile.File{Path: path, Rows: df.Count(), Bytes: df.FileSizeBytes()}
	if t == tables.Names {
		return f, nil
	}
	switch day := df.Partition()[1000].(type) {
	case iceberg.Date:
		f.Day = conversation.Day(day)
	case int32:
		f.Day = conversation.Day(day)
	default:
		return f, fault.New(fault.Corrupt, "a file of table %s has the partition %T and not a day", t, day)
	}
	if t == tables.Summaries {
		f.Rules = rulesOf(df)
	}
	if t == tables.Conversations {
		err = endsOf(&f, df)
	}
	return f, err
}

// rulesID is the field id of the column that says by which rules a row of summaries was derived.
const rulesID = 3

// rulesOf is the rules by which all rows of a file were derived; empty if they are several.
func rulesOf(df iceberg.DataFile) string {
	least, most := string(df.LowerBoundValues()[rulesID]), string(df.UpperBoundValues()[rulesID])
	if least != most {
		return ""
	}
	return least
}

// endsOf takes what a file of conversations says of their ends.
func endsOf(f *datafile.File, df iceberg.DataFile) error {
	f.Open = df.NullValueCounts()[endID]
	if bound := df.UpperBoundValues()[endID]; bound != nil {
		lit, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.TimestampTz, bound)
		if err != nil {
			return fault.Because(fault.Corrupt, err, "a bound of table %s cannot be read", tables.Conversations)
		}
		micros, ok := lit.(iceberg.TimestampLiteral)
		if !ok {
			return fmt.Errorf("a timestamp bound of table %s is a %T", tables.Conversations, lit)
		}
		f.LastEnd = time.UnixMicro(int64(micros)).UTC()
	}
	return nil
}
