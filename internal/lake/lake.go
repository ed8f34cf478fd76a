// Package lake keeps conversations in Iceberg tables in a folder: how days are committed whole, how readers see all
// tables as one commit left them, and how it is checked, moved and freed of what nobody needs. What the tables are is
// in lake/tables, what their files are in lake/datafile.
//
// A commit writes the data files of every companion table (all but conversations), commits the companions, and
// commits conversations last. The snapshot of conversations names those of the companions: whoever starts from it
// sees all tables as of one commit, and a crash at any point leaves only files that nobody sees, which the next
// writer removes. One writer at a time holds the lease. Readers wait for nobody: they pin the snapshot that they
// read, so that it does not expire.
//
// The folder holds lake.json (what it is and in which format), control.db (SQLite: the Iceberg catalog, commits,
// days), warehouse/ (the tables), ids/ (the index of ids), pins/ (locks of snapshots that are read), and what other
// packages keep beside them.
package lake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// Format is the version of the lake's layout that this program writes. It reads every version up to it.
const Format = 1

// namespace is the folder of the tables, and the Iceberg namespace that they have in a control database of their own.
const namespace = "parley"

const markerName = "lake.json"

// marker is the content of lake.json.
type marker struct {
	Format    int    `json:"format"`
	Warehouse string `json:"warehouse"` // absolute, as Iceberg's metadata has it; the catalog is what counts
	// ID is Lake.ID, by which the control database that belongs to it is known; missing in lakes of earlier versions.
	ID string `json:"id,omitempty"`
	// MovedTo names the lake that this one was copied to; it is not written any more.
	MovedTo string `json:"moved_to,omitempty"`
}

// Lake is an open lake. Safe for concurrent use.
type Lake struct {
	where   Address
	dir     string      // the folder, without symbolic links; empty if the lake is not in one
	read    store.Store // of every File of a snapshot: the same, so that files can be compared
	place   place
	movedTo string // when it was opened
	db      *state.DB
	control fs.FileInfo // of the control database that db has open; nil if none is kept open
	catalog icebergCatalog
	holder  holder // for whom the lake writes, where the right to can be lost
	*remembered
}

// remembered is what was read last, kept because it is asked for again.
type remembered struct {
	listed atomic.Pointer[listing] // of the snapshot that was opened last
	whole  atomic.Pointer[wholeList]
}

// Create makes a lake in the folder dir, which must be empty, missing, or hold a lake already, which is then opened. A folder
// that may not be made is fault.Invalid.
func Create(ctx context.Context, dir string) (*Lake, error) {
	dir, err := resolve(dir)
	if err != nil {
		return nil, err
	}
	return CreateAt(ctx, inFolder(dir))
}

// CreateAt is Create, of a lake wherever it is kept.
func CreateAt(ctx context.Context, a Address) (*Lake, error) {
	if a.shared() {
		return createShared(ctx, a)
	}
	if there, err := a.Exists(ctx); there || err != nil {
		return openIf(ctx, a, err)
	}
	if err := a.Vacant(ctx); err != nil {
		return nil, err
	}
	if err := a.prepare(ctx); err != nil {
		return nil, err
	}
	lease, err := lease(ctx, a.Locks, "%s is making the lake; wait until it is done")
	if err != nil {
		return nil, err
	}
	defer lease.Close()
	if there, err := a.Exists(ctx); there || err != nil { // somebody else has just made it
		return openIf(ctx, a, err)
	}
	l, err := openWritable(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := l.createTables(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	// The marker comes last: a place with a marker has a whole lake, and one without is finished by the next Create.
	if err := l.writeMarker(ctx, l.place.named); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// openIf opens a lake if there was no failure.
func openIf(ctx context.Context, a Address, err error) (*Lake, error) {
	if err != nil {
		return nil, err
	}
	return OpenAt(ctx, a)
}

// Found says whether dir holds a lake that this process may read; if not, it fails as Open does.
func Found(ctx context.Context, dir string) error {
	dir, err := resolve(dir)
	if err == nil {
		err = FoundAt(ctx, inFolder(dir))
	}
	return err
}

// FoundAt is Found, of a lake wherever it is kept.
func FoundAt(ctx context.Context, a Address) error {
	_, err := readMarker(ctx, a)
	return err
}

// Open opens the lake in the folder dir, to read and, where that is allowed, to write. A folder without a lake is
// fault.NotFound, a lake of a newer format fault.Conflict. A lake that was moved can be read, and is whole again after Move.
func Open(ctx context.Context, dir string) (*Lake, error) {
	dir, err := resolve(dir)
	if err != nil {
		return nil, err
	}
	return OpenAt(ctx, inFolder(dir))
}

// OpenAt is Open, of a lake wherever it is kept. A control database of another lake is fault.Conflict.
func OpenAt(ctx context.Context, a Address) (*Lake, error) {
	m, err := readMarker(ctx, a)
	if err != nil {
		return nil, err
	}
	if a.shared() {
		return openShared(ctx, a, m)
	}
	if !a.hasControl() {
		if err := a.setAside(ctx); err != nil {
			return nil, err
		}
		return nil, a.noControl()
	}
	open := openReadable
	if a.writable() {
		open = openWritable
	}
	l, err := open(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := used(ctx, l.db, a); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.movedTo = m.MovedTo
	if err := l.is(ctx, m); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// is looks whether the control database is that of the lake whose marker lies beside the files. In a folder they lie together.
func (l *Lake) is(ctx context.Context, m marker) error {
	if l.dir != "" || m.ID == "" {
		return nil
	}
	other, err := l.notOf(ctx, m)
	if other {
		return fault.New(fault.Conflict, "the control database that --state names is not that of the lake %s; give the --state that the lake was made with; if it was this one, restore the files of its tables, which are missing", l)
	}
	return err
}

// notOf says whether the control database is another lake's than that of a marker, or no lake's. The files that another's names are not
// here, and so it is known before the ids can be compared.
func (l *Lake) notOf(ctx context.Context, m marker) (bool, error) {
	id, err := l.ID(ctx)
	if errors.Is(err, state.ErrNoRow) || errors.Is(err, fault.NotFound) || errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && m.ID != "" && id != m.ID, err
}

// elsewhere gives the address of the control database of the lake in a folder, where tests have it in a Postgres. nil: it is in the folder.
var elsewhere func(dir string) string

func controlPath(dir string) string { return filepath.Join(dir, ControlName) }

func readMarker(ctx context.Context, a Address) (m marker, err error) {
	text, err := markerText(ctx, a.Store)
	switch {
	case errors.Is(err, fault.NotFound) && a.dir != "" && hasCatalog(ctx, a.dir):
		return m, noMarker(fault.NotFound, a.dir)
	case errors.Is(err, fault.NotFound):
		return m, fault.New(fault.NotFound, "%s is no lake: it has no %s; parley extract and parley import make one", a, markerName)
	case errors.Is(err, fault.Forbidden) && a.dir != "":
		return m, fault.Because(fault.Forbidden, err, "the lake %s may not be read; its owner must give the right to read it", a)
	case err != nil:
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Format < 1 {
		return m, fault.New(fault.Corrupt, "%s is damaged", a.Root+"/"+markerName)
	}
	if m.Format > Format {
		return m, fault.New(fault.Conflict, "the lake %s has format %d and this parley knows formats up to %d; use a newer parley", a, m.Format, Format)
	}
	return m, nil
}

func markerText(ctx context.Context, files store.Store) (_ []byte, err error) {
	o, err := files.Open(ctx, markerName)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	return whole(o, mostMarker, markerName)
}

// mostMarker is far more than a marker has.
const mostMarker = 1 << 20

// whole reads an object that is small, if it is what its name says. One that is larger is fault.Corrupt, and is not held.
func whole(o store.Object, most int64, name string) ([]byte, error) {
	if o.Size() > most {
		return nil, fault.New(fault.Corrupt, "%s is damaged: it has %d bytes, and never more than %d", name, o.Size(), most)
	}
	return io.ReadAll(store.Reader(o))
}

// noMarker says what to do about a lake whose marker is gone. The catalog is what counts, so it can be written by hand.
func noMarker(kind error, dir string) error {
	text, err := json.Marshal(marker{Format: Format, Warehouse: warehouseOf(dir)})
	if err != nil {
		return err
	}
	return fault.New(kind, "%s has the control.db of a lake, and no %s; if it was interrupted while it was made, run that command again; "+
		"else restore the file from a backup, or write it, with this in it: %s", dir, markerName, text)
}

// writeMarker writes lake.json. Nobody else may do so meanwhile.
func (l *Lake) writeMarker(ctx context.Context, warehouse string) error {
	id, err := l.ID(ctx)
	if err != nil {
		return err
	}
	return l.mark(ctx, marker{Format: Format, Warehouse: warehouse, ID: id, MovedTo: l.movedTo})
}

// mark writes lake.json with this in it.
func (l *Lake) mark(ctx context.Context, m marker) (err error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := l.Store().Sweep(ctx, "", func(begun store.Location) bool { return begun == markerName }); err != nil {
		return err
	}
	w, err := l.Store().Create(ctx, markerName, store.Replace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := w.Write(append(text, '\n')); err != nil {
		return err
	}
	return w.Commit()
}

// createTables makes the tables that are not there.
func (l *Lake) createTables(ctx context.Context) error {
	if err := l.catalog.createNamespace(ctx); err != nil {
		return err
	}
	for _, t := range tables.All() {
		if err := l.catalog.createTable(ctx, t, l.place.url(l.tableDir(t))); err != nil {
			return err
		}
	}
	return nil
}

// complete makes the tables that are missing in a lake of an earlier version. Its commits name no snapshot of them, which is none.
func (l *Lake) complete(ctx context.Context) error {
	there, err := l.tables(ctx)
	if err != nil || len(there) == len(tables.All()) {
		return err
	}
	return l.createTables(ctx)
}

// tables lists the tables that the lake has, Conversations last. One of an earlier version that was only read lacks some of
// tables.Derived.
func (l *Lake) tables(ctx context.Context) (out []tables.Table, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		out = nil
		names, err := state.All(db.Rows(ctx, `SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?`, catalogName, catalogNamespace(db)), readName)
		for _, t := range tables.All() {
			if slices.Contains(names, string(t)) || !t.IsDerived() {
				out = append(out, t)
			}
		}
		return err
	})
	return out, err
}

func readName(r state.Row) (name string, err error) { return name, r.Scan(&name) }

// Close closes the control database.
func (l *Lake) Close() error { return l.db.Close() }

// Store is where the lake's files are.
func (l *Lake) Store() store.Store { return l.where.Store }

// String is what people call the lake: its folder, or s3://bucket/prefix.
func (l *Lake) String() string { return l.where.Name }

// Control is the control database, which whoever opens a lake hands to those who have tables of their own in it. Nobody who
// is given a lake takes it from there. Of a lake that may only be read, it can be viewed, and any other use of it is
// fault.ReadOnly.
func (l *Lake) Control() *state.DB { return l.db }

// Namespace is the schema in which other engines find the lake's tables in the catalog.
func (l *Lake) Namespace() string { return catalogNamespace(l.db) }

func identifier(t tables.Table) table.Identifier { return table.Identifier{namespace, string(t)} }

func (l *Lake) tableDir(t tables.Table) string {
	return l.place.named + "/" + namespace + "/" + string(t)
}

// warehouse is where the tables are in the store.
const warehouse store.Location = "warehouse"

// data is where the data files of a table are, in a folder for each day.
func data(t tables.Table) store.Location { return warehouse.Join(namespace, string(t), "data") }

// at is where a file is in the store that the tables name so.
func (l *Lake) at(name string) store.Location {
	return warehouse.Join(l.within(l.place.path(name)))
}

// url is what the tables name a file by.
func (l *Lake) url(at store.Location) string {
	return l.place.url(l.place.named + "/" + strings.TrimPrefix(string(at), string(warehouse)+"/"))
}

// load loads a table that commits through the catalog.
func (l *Lake) load(ctx context.Context, t tables.Table) (*table.Table, error) {
	location, err := l.location(ctx, t)
	if err != nil {
		return nil, unloaded(t, err)
	}
	tbl, err := table.NewFromLocation(ctx, identifier(t), location, l.files, l.catalog)
	if err != nil {
		return nil, unloaded(t, err)
	}
	return tbl, nil
}

// unloaded says why a table cannot be loaded: it is damaged, unless the cause is known to be another.
func unloaded(t tables.Table, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.Because(fault.Forbidden, err, "the metadata of table %s may not be read; the owner of the lake must give the right to read it", t)
	case fault.ExitCode(err) == 1:
		return fault.Because(fault.Corrupt, err, "table %s cannot be loaded", t)
	}
	return fmt.Errorf("table %s cannot be loaded: %w", t, err)
}

// location is where the catalog says that the metadata of a table is.
func (l *Lake) location(ctx context.Context, t tables.Table) (location string, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		location, err = locationOf(ctx, db, t)
		if errors.Is(err, state.ErrNoRow) { // as when the control database was moved since it was opened
			return cmp.Or(stays(ctx, db, l.where), err)
		}
		return err
	})
	return location, err
}

func locationOf(ctx context.Context, db *state.DB, t tables.Table) (location string, err error) {
	err = db.Row(ctx, `SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`,
		catalogName, catalogNamespace(db), string(t)).Scan(&location)
	return location, err
}
