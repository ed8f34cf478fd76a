package lake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
)

// Shown is the tables as other engines are told of them: their own metadata, but of all tables as one commit left them. An
// engine that knows nothing of the rule that companions are read at the snapshots that conversations name keeps to it then.
// It is pinned as a Snapshot is, until it is closed. Safe for concurrent use.
type Shown struct {
	ID     SnapshotID     // of conversations, which the tables are shown at; 0 for the lake before its first commit
	Tables []tables.Table // that the lake has

	lake *Lake
	head *table.Table // conversations
	pin  store.Lock   // nil for the empty lake, and when we may not write to the lake
}

// Show shows the newest commit, or the one that has a tag or an id; fault.NotFound when there is none of that name. Of a
// lake that was moved the tables name files that are not there, and it is fault.Unavailable. The caller closes it.
func (l *Lake) Show(ctx context.Context, name string) (_ *Shown, err error) {
	defer fault.Wrap(&err, "show the tables of the lake")
	if err := l.inPlace(); err != nil {
		return nil, err
	}
	if l.place.moved() {
		return nil, fault.New(fault.Unavailable, "the lake was moved, and its tables name their files by the old path; run: parley lake move")
	}
	for range openTries {
		s, err := l.showOnce(ctx, name)
		if !errors.Is(err, errGone) && !errors.Is(err, errLocked) {
			return s, err
		}
	}
	return nil, fault.New(fault.Conflict, "the snapshot is about to expire; ask for a newer one")
}

// showOnce is errLocked or errGone when the snapshot expired before it was pinned.
func (l *Lake) showOnce(ctx context.Context, name string) (_ *Shown, err error) {
	s := &Shown{lake: l}
	if s.Tables, err = l.there(ctx); err != nil {
		return nil, err
	}
	if s.head, err = l.load(ctx, tables.Conversations); err != nil {
		return nil, err
	}
	if s.ID, err = called(s.head, name); err != nil || s.ID == 0 {
		return s, err
	}
	if s.pin, err = l.pin(ctx, s.ID); err != nil {
		return nil, err
	}
	// What is in the history now that the pin is there stays until it is released.
	if s.head, err = l.load(ctx, tables.Conversations); err == nil && s.head.SnapshotByID(int64(s.ID)) == nil {
		err = errGone
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// called is the snapshot of conversations that has a tag or an id, the newest one if there is no name.
func called(head *table.Table, name string) (SnapshotID, error) {
	if name == "" {
		return SnapshotID(snapshotOf(head)), nil
	}
	for _, tag := range tagsOf(head) {
		if tag.Name == name {
			return tag.Snapshot, nil
		}
	}
	if id, err := strconv.ParseInt(name, 10, 64); err == nil && head.SnapshotByID(id) != nil {
		return SnapshotID(id), nil
	}
	return 0, fault.New(fault.NotFound, "the lake has no tag and no snapshot of that name; see parley lake tag --list")
}

// Close lets the snapshot expire. Closing again, or closing nil, does nothing.
func (s *Shown) Close() error {
	if s == nil || s.pin == nil {
		return nil
	}
	return s.pin.Close()
}

// ShownTable is what an engine is told of a table.
type ShownTable struct {
	Location string // of the metadata that the catalog names
	Metadata []byte // of the table, as JSON: a change of what lies at Location
}

// Version changes whenever what is shown of a table does. It costs no reading of the table's metadata.
func (s *Shown) Version(ctx context.Context, t tables.Table) (string, error) {
	location, err := s.lake.location(ctx, t)
	if t == tables.Names {
		return location, err
	}
	return fmt.Sprint(s.ID, s.head.MetadataLocation(), location), err
}

// Table shows a table. With named, it has only the snapshots that have a name: the newest and those with a tag.
func (s *Shown) Table(ctx context.Context, t tables.Table, named bool) (out ShownTable, err error) {
	defer fault.Wrap(&err, "show table %s", t)
	var text []byte
	if out.Location, text, err = s.read(ctx, t); err != nil {
		return out, err
	}
	if t == tables.Names { // it is as it is now, whichever commit is shown
		out.Metadata = text
		return out, nil
	}
	h, err := s.pastOf(t)
	if err != nil {
		return out, err
	}
	out.Metadata, err = h.shape(text, named)
	return out, err
}

// read reads the metadata of a table. They were pinned with the snapshot as little as any earlier metadata are: when they
// go while they are read, the catalog names others.
func (s *Shown) read(ctx context.Context, t tables.Table) (location string, text []byte, err error) {
	for range openTries {
		if location, err = s.lake.location(ctx, t); err != nil {
			return location, nil, unloaded(t, err)
		}
		text, err = s.lake.inWhole(ctx).ReadFile(location)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		err = unloaded(t, err)
	}
	return location, text, err
}

// past is which snapshots of a table there are to be seen, as conversations name them.
type past struct {
	current int64            // 0: the table has no snapshot yet
	names   map[string]int64 // snapshots by tag
	log     []logged         // of what was the newest and since when, in order of time
}

type logged struct {
	Snapshot  int64 `json:"snapshot-id"`
	Timestamp int64 `json:"timestamp-ms"`
}

// pastOf is the past of a table up to the commit that is shown. A table is dated by the commits, so that an engine
// which asks for all tables as of one time gets them as of one commit.
func (s *Shown) pastOf(t tables.Table) (past, error) {
	h := past{names: map[string]int64{}}
	for _, tag := range tagsOf(s.head) {
		id, err := named(s.head.SnapshotByID(int64(tag.Snapshot)), t)
		if err != nil {
			return h, err
		}
		if id != 0 {
			h.names[tag.Name] = id
		}
	}
	for _, at := range s.upTo() {
		id, err := named(&at, t)
		if err != nil {
			return h, err
		}
		if id != h.current {
			h.log = append(h.log, logged{id, at.TimestampMs})
		}
		h.current = id
	}
	return h, nil
}

// upTo gives the snapshots of conversations that were committed up to the one that is shown, in order of time.
func (s *Shown) upTo() []table.Snapshot {
	if s.ID == 0 {
		return nil
	}
	at := s.head.SnapshotByID(int64(s.ID))
	all := slices.Clone(s.head.Metadata().Snapshots())
	slices.SortFunc(all, func(a, b table.Snapshot) int { return cmp.Compare(a.SequenceNumber, b.SequenceNumber) })
	return slices.DeleteFunc(all, func(other table.Snapshot) bool { return other.SequenceNumber > at.SequenceNumber })
}

// shape gives metadata with the snapshots, the names and the log of the past. All else is as it was written.
func (h past) shape(text []byte, named bool) ([]byte, error) {
	var meta map[string]json.RawMessage
	if err := json.Unmarshal(text, &meta); err != nil {
		return nil, fault.Because(fault.Corrupt, err, "the metadata cannot be read")
	}
	snapshots, err := h.snapshots(meta["snapshots"], named)
	if err != nil {
		return nil, err
	}
	log := h.log
	if h = h.since(snapshots); named {
		h.log = log // it is whole whichever snapshots are asked for
	}
	updated, err := h.updated(meta["last-updated-ms"])
	if err != nil {
		return nil, err
	}
	delete(meta, "current-snapshot-id")
	for name, value := range map[string]any{"snapshots": snapshots, "snapshot-log": nonNil(h.log), "refs": h.refs(), "last-updated-ms": updated} {
		if meta[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	if h.current != 0 {
		meta["current-snapshot-id"] = json.RawMessage(formatID(h.current))
	}
	return json.Marshal(meta)
}

// shownSnapshot is one in the metadata of a table, as it was written.
type shownSnapshot struct {
	id   int64
	text json.RawMessage
}

// MarshalJSON implements json.Marshaler.
func (s shownSnapshot) MarshalJSON() ([]byte, error) { return s.text, nil }

// snapshots gives those of the snapshots of a table that conversations name.
func (h past) snapshots(text json.RawMessage, named bool) ([]shownSnapshot, error) {
	var all []json.RawMessage
	if len(text) > 0 {
		if err := json.Unmarshal(text, &all); err != nil {
			return nil, fault.Because(fault.Corrupt, err, "the snapshots in the metadata cannot be read")
		}
	}
	seen := h.seen(named)
	kept := []shownSnapshot{}
	for _, one := range all {
		var s logged
		if err := json.Unmarshal(one, &s); err != nil {
			return nil, fault.Because(fault.Corrupt, err, "a snapshot in the metadata cannot be read")
		}
		if seen[s.Snapshot] {
			kept = append(kept, shownSnapshot{s.Snapshot, one})
		}
	}
	return kept, nil
}

// since leaves out what has expired since conversations were read. What is shown itself is pinned.
func (h past) since(there []shownSnapshot) past {
	gone := func(id int64) bool {
		return !slices.ContainsFunc(there, func(s shownSnapshot) bool { return s.id == id })
	}
	h.log = slices.DeleteFunc(slices.Clone(h.log), func(l logged) bool { return gone(l.Snapshot) })
	maps.DeleteFunc(h.names, func(_ string, id int64) bool { return gone(id) })
	return h
}

func (h past) seen(named bool) map[int64]bool {
	seen := map[int64]bool{h.current: true}
	for _, id := range h.names {
		seen[id] = true
	}
	for _, l := range h.log {
		seen[l.Snapshot] = seen[l.Snapshot] || !named
	}
	return seen
}

// ref is a name of a snapshot as Iceberg's metadata have it.
type ref struct {
	Snapshot int64         `json:"snapshot-id"`
	Type     table.RefType `json:"type"`
}

func (h past) refs() map[string]ref {
	refs := map[string]ref{}
	for name, id := range h.names {
		refs[name] = ref{id, table.TagRef}
	}
	if h.current != 0 {
		refs[table.MainBranch] = ref{h.current, table.BranchRef}
	}
	return refs
}

// updated is when the table was last changed: not before the last entry of its log, which engines see to.
func (h past) updated(text json.RawMessage) (at int64, err error) {
	if at, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err != nil {
		return 0, fault.Because(fault.Corrupt, err, "the metadata cannot be read")
	}
	if n := len(h.log); n > 0 {
		at = max(at, h.log[n-1].Timestamp)
	}
	return at, nil
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
