package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
)

// MoveOptions say how a lake is made whole at its new place.
type MoveOptions struct {
	DryRun bool        // only find out what would be done
	Done   func(int64) // told of each file that is written; may be nil
	step   func(string) error
}

// Moved is what Move did, or would do.
type Moved struct {
	From      string `json:"from"`               // folder of the lake, as the tables named it
	To        string `json:"to"`                 // folder in which it is
	Respelled bool   `json:"respelled,omitzero"` // its tables named files percent-encoded, as earlier versions had it
	Snapshots int    `json:"snapshots"`
	Written   int    `json:"files_written"` // metadata of tables, lists of manifests, manifests
	Removed   int    `json:"files_removed"` // those that they stand for
}

// Needed says whether there was anything to do.
func (m Moved) Needed() bool { return m.From != m.To || m.Respelled }

// Move makes a lake whole that was moved to dir, or whose tables name files as earlier versions spelled them. It writes the metadata of every table anew, for every snapshot, with
// the names that the files have now; then the catalog changes to it, all tables in one transaction; then the old
// metadata goes. Data files are not touched, and no file is changed in place.
//
// Stopped at any point, even killed, it leaves a lake that can be read as before, and the next Move finishes: the names
// of the files that it writes follow from those that they stand for. It fails with fault.Conflict while somebody writes.
func Move(ctx context.Context, dir string, o MoveOptions) (Moved, error) {
	dir, err := resolve(dir)
	if err != nil {
		return Moved{}, err
	}
	return MoveAt(ctx, inFolder(dir), o)
}

// MoveAt is Move, of a lake wherever it is kept.
func MoveAt(ctx context.Context, at Address, o MoveOptions) (out Moved, err error) {
	defer fault.Wrap(&err, "move the lake")
	l, err := OpenAt(ctx, at)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	m := &mover{lake: l, o: o, out: Moved{From: l.place.home(), To: homeOf(l.place.real), Respelled: l.place.encoded}, lists: map[string]string{}}
	if o.DryRun {
		return m.out, m.rewrite(ctx)
	}
	if l.db.ReadOnly() {
		return m.out, l.where.readOnly()
	}
	lease, err := l.lease(ctx)
	if err != nil {
		return m.out, err
	}
	defer func() { err = errors.Join(err, lease.Close()) }()
	m.lake = l.under(lease)
	return m.out, m.move(ctx)
}

// mover is one Move.
type mover struct {
	lake *Lake
	o    MoveOptions
	out  Moved
	// lists and manifests are the new locations of those that were written, by their old ones: snapshots share manifests.
	lists    map[string]string
	switches []switching
	old      []string                    // paths of what the new files stand for
	before   func(context.Context) error // called when all is written, before the lake is marked; may be nil
}

// switching is the change of a table from its old metadata to its new.
type switching struct {
	table    tables.Table
	from, to string // locations
}

func (m *mover) move(ctx context.Context) error {
	if !m.lake.place.stale() {
		return m.mark(ctx) // should a Move have been killed before it
	}
	if err := m.rewrite(ctx); err != nil {
		return err
	}
	if err := m.reach("move.written"); err != nil {
		return err
	}
	if err := m.turn(ctx); err != nil {
		return err
	}
	if err := m.reach("move.switched"); err != nil {
		return err
	}
	if m.before != nil {
		if err := m.before(ctx); err != nil {
			return err
		}
	}
	if err := m.mark(ctx); err != nil {
		return err
	}
	if err := m.reach("move.marked"); err != nil {
		return err
	}
	return m.clear(ctx)
}

func (m *mover) reach(step string) error {
	crashpoint.Reach(step)
	if m.o.step != nil {
		return m.o.step(step)
	}
	return nil
}

// rewrite writes the new metadata of every table.
func (m *mover) rewrite(ctx context.Context) error {
	if !m.lake.place.stale() {
		return nil
	}
	all, err := m.lake.there(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if err := m.rewriteTable(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t, err)
		}
	}
	return nil
}

func (m *mover) rewriteTable(ctx context.Context, t tables.Table) error {
	tbl, err := m.lake.load(ctx, t)
	if err != nil {
		return err
	}
	for _, s := range tbl.Metadata().Snapshots() {
		m.out.Snapshots++
		if err := m.rewriteList(ctx, s.ManifestList); err != nil {
			return err
		}
	}
	from := tbl.MetadataLocation()
	to, err := m.rewriteMetadata(ctx, t, from)
	if err != nil {
		return err
	}
	m.switches = append(m.switches, switching{t, from, to})
	for entry := range tbl.Metadata().PreviousFiles() {
		m.replaces(entry.MetadataFile)
	}
	if m.o.DryRun {
		return nil
	}
	return m.compare(ctx, t, tbl, to)
}

// replaces enters a file that is no longer needed once the catalog has changed.
func (m *mover) replaces(location string) {
	if path, err := filePath(location); err == nil {
		m.old = append(m.old, m.lake.place.path(path))
	}
}

// located is what a file that the tables name so is to be named from now on. What is not a location of the lake stays.
func (m *mover) located(text string) string {
	path, err := filePath(text)
	if err != nil || !filepath.IsAbs(path) && !isURL(path) {
		return text
	}
	return locationOfFile(m.lake.place.path(path))
}

// renamed is the location of the file that is written for the one at an old location. It follows from that one and from
// the place, so that the files of a Move that was killed are written over by the next.
func (m *mover) renamed(location, suffix string) string {
	now := m.located(location)
	return now[:strings.LastIndex(now, "/")+1] + uuid.NewSHA1(uuid.NameSpaceURL, []byte(now)).String() + suffix
}

// rewriteMetadata writes the metadata of a table, and gives its location. Its history of earlier metadata ends here.
func (m *mover) rewriteMetadata(ctx context.Context, t tables.Table, location string) (string, error) {
	text, err := m.read(ctx, location)
	if err != nil {
		return "", err
	}
	var meta map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // ids of snapshots are longer than a float64 is exact
	if err := decoder.Decode(&meta); err != nil {
		return "", fault.Because(fault.Corrupt, err, "the metadata of table %s cannot be read", t)
	}
	meta["metadata-log"] = []any{}
	if text, err = json.Marshal(m.relocate(meta)); err != nil {
		return "", err
	}
	name := filepath.Base(location)
	number, _, _ := strings.Cut(name, "-")
	version, err := strconv.Atoi(number)
	if err != nil {
		return "", fault.New(fault.Corrupt, "the metadata of table %s is in %s, which has no number", t, name)
	}
	to := m.renamed(location, ".metadata.json")
	slash := strings.LastIndex(to, "/") + 1
	to = to[:slash] + fmt.Sprintf("%05d-", version+1) + to[slash:]
	m.replaces(location)
	return to, m.write(ctx, to, text)
}

// relocate renames every location in a JSON value.
func (m *mover) relocate(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = m.relocate(member)
		}
	case []any:
		for i, element := range v {
			v[i] = m.relocate(element)
		}
	case string:
		if list, ok := m.lists[v]; ok {
			return list
		}
		return m.located(v)
	}
	return value
}

// rewriteList writes a list of manifests, and the manifests that no list before it has named.
func (m *mover) rewriteList(ctx context.Context, location string) error {
	if _, done := m.lists[location]; done {
		return nil
	}
	return m.rewriteAvro(ctx, location, "-list.avro", func(entry map[string]any) error {
		manifest, err := member(entry, "manifest_path")
		if err != nil {
			return err
		}
		if err := m.rewriteManifest(ctx, manifest); err != nil {
			return err
		}
		to := m.lists[manifest]
		entry["manifest_path"] = to
		if m.o.DryRun {
			return nil
		}
		entry["manifest_length"], err = m.size(ctx, to)
		return err
	})
}

func (m *mover) rewriteManifest(ctx context.Context, location string) error {
	if _, done := m.lists[location]; done {
		return nil
	}
	return m.rewriteAvro(ctx, location, "-manifest.avro", func(entry map[string]any) error {
		file, ok := entry["data_file"].(map[string]any)
		if !ok {
			return fault.New(fault.Corrupt, "an entry of manifest %s has no data file", filepath.Base(location))
		}
		path, err := member(file, "file_path")
		file["file_path"] = m.located(path)
		return err
	})
}

func (m *mover) rewriteAvro(ctx context.Context, location, suffix string, change func(map[string]any) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	content, err := m.read(ctx, location)
	if err != nil {
		return err
	}
	changed, err := changeAvro(content, change)
	if err != nil {
		return fault.Because(fault.Corrupt, err, "%s cannot be read", filepath.Base(location))
	}
	to := m.renamed(location, suffix)
	m.lists[location] = to
	m.replaces(location)
	return m.write(ctx, to, changed)
}

func (m *mover) read(ctx context.Context, location string) ([]byte, error) {
	content, err := m.lake.inWhole(ctx).ReadFile(location)
	if err != nil {
		return nil, fault.Because(fault.Corrupt, err, "the metadata of the lake is not whole")
	}
	return content, nil
}

// size is the length of a file that was written.
func (m *mover) size(ctx context.Context, location string) (int64, error) {
	path, err := filePath(location)
	if err != nil {
		return 0, err
	}
	info, err := m.lake.Store().Stat(ctx, m.lake.at(path))
	return info.Bytes, err
}

// write writes a file and syncs it: the catalog is not to name what a power cut can lose.
func (m *mover) write(ctx context.Context, location string, content []byte) error {
	m.out.Written++
	if m.o.DryRun {
		return nil
	}
	if err := m.lake.inWhole(ctx).WriteFile(location, content); err != nil {
		return fault.Because(diskFault(err), err, "metadata of the lake cannot be written")
	}
	if m.o.Done != nil {
		m.o.Done(int64(m.out.Written))
	}
	return m.reach("move.file")
}

// compare looks whether the new metadata of a table names the very files that the old names, before anybody relies on
// it. The newest snapshot stands for all: they were written alike.
func (m *mover) compare(ctx context.Context, t tables.Table, old *table.Table, location string) error {
	now, err := table.NewFromLocation(ctx, identifier(t), location, m.lake.files, nil)
	if err != nil {
		return err
	}
	if old.CurrentSnapshot() == nil {
		return nil
	}
	want, err := planned(ctx, old, t, snapshotOf(old))
	if err != nil {
		return err
	}
	got, err := planned(ctx, now, t, snapshotOf(now))
	if err != nil {
		return err
	}
	if len(now.Metadata().Snapshots()) != len(old.Metadata().Snapshots()) || !slices.Equal(got, m.lake.place.find(want)) {
		return errors.New("what was written does not name the files of the lake; nothing was changed")
	}
	return nil
}

// turn changes the catalog from the old metadata to the new, of all tables or of none.
func (m *mover) turn(ctx context.Context) error {
	return m.lake.db.Tx(ctx, func(tx *state.Tx) error {
		for _, s := range m.switches {
			changed, err := tx.Exec(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = NULL
				WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
				s.to, catalogName, catalogNamespace(m.lake.db), string(s.table), s.from)
			if err == nil && changed == 0 {
				err = fault.New(fault.Conflict, "another program changed table %s; run again", s.table)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// mark writes lake.json. Older versions of parley go by it.
func (m *mover) mark(ctx context.Context) error {
	named := m.lake.place.real
	if marker, err := readMarker(ctx, m.lake.where); err == nil && marker.Warehouse == named {
		return nil
	}
	return m.lake.writeMarker(ctx, named)
}

// clear removes the old metadata. What it leaves when it is killed, nobody names: an expiry removes it.
func (m *mover) clear(ctx context.Context) error {
	slices.Sort(m.old)
	for _, path := range slices.Compact(m.old) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := gone(m.lake.Store().Remove(ctx, m.lake.at(path))); err != nil {
			return err
		}
		m.out.Removed++
		if err := m.reach("move.removed"); err != nil {
			return err
		}
	}
	return nil
}
