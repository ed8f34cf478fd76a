// Package lake keeps conversations in Iceberg tables in a folder: what the tables are, how records become rows, how
// days are committed whole, and how readers see one consistent state of all tables.
//
// A commit writes the data files of every companion table (all but conversations), commits the companions, and
// commits conversations last. The snapshot of conversations names those of the companions: whoever starts from it
// sees all tables as of one commit, and a crash at any point leaves only files that nobody sees, which the next
// writer removes. One writer at a time holds the lease. Readers wait for nobody: they pin the snapshot that they
// read, so that it does not expire.
//
// The folder holds lake.json (what it is and in which format), control.db (SQLite: the Iceberg catalog, commits,
// days), warehouse/ (the tables), pins/ (locks of snapshots that are read), and what other packages keep beside them.
package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// Format is the version of the lake's layout that this program writes. It reads every version up to it.
const Format = 1

// namespace is the Iceberg namespace of the one organisation whose conversations the lake keeps.
const namespace = "parley"

const markerName = "lake.json"

// marker is the content of lake.json.
type marker struct {
	Format    int    `json:"format"`
	Warehouse string `json:"warehouse"` // absolute, as Iceberg's metadata has it
}

// Lake is an open lake. Safe for concurrent use.
type Lake struct {
	dir       string
	warehouse string
	db        *sql.DB
	catalog   icebergCatalog
	listed    atomic.Pointer[listing] // of the snapshot that was opened last
}

// Create makes a lake in dir, which must be empty, missing, or hold a lake already, which is then opened.
func Create(ctx context.Context, dir string) (*Lake, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if Exists(dir) {
		return Open(ctx, dir)
	}
	if err := Vacant(dir); err != nil {
		return nil, err
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lease, err := state.TakeLock(filepath.Join(dir, leaseName), "%s is making the lake; wait until it is done")
	if err != nil {
		return nil, err
	}
	defer lease.Close()
	if Exists(dir) { // somebody else has just made it
		return Open(ctx, dir)
	}
	m := marker{Format: Format, Warehouse: filepath.Join(dir, "warehouse")}
	l, err := open(ctx, dir, m)
	if err != nil {
		return nil, err
	}
	if err := l.createTables(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	// The marker comes last: a folder with a marker is a whole lake, and one without is finished by the next Create.
	return l, writeMarker(dir, m)
}

// unfinished are the names that a Create which was cut short may leave.
var unfinished = map[string]bool{"control.db": true, "control.db-wal": true, "control.db-shm": true, "control.db-journal": true, "warehouse": true, "lake.json.tmp": true, "lost+found": true, leaseName: true}

// Vacant says whether a lake can be made in dir, or is there already; if not, fault.Invalid says why.
func Vacant(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, markerName)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Because(fault.Invalid, err, "%s cannot be read as a folder", dir)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, markerName)); err == nil {
			return nil // somebody else has just finished making it
		}
		if !unfinished[e.Name()] {
			return fault.New(fault.Invalid, "%s is not empty and holds no lake; give another folder for the lake", dir)
		}
	}
	return nil
}

// Exists says whether dir holds a lake.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, markerName))
	return err == nil
}

// Open opens the lake in dir. A folder without a lake is fault.NotFound; a lake of a newer format, or one that was
// moved, is fault.Conflict.
func Open(ctx context.Context, dir string) (*Lake, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, markerName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s is no lake: it has no %s; parley extract and parley import make one", dir, markerName)
	}
	if err != nil {
		return nil, err
	}
	var m marker
	if err := json.Unmarshal(text, &m); err != nil || m.Format < 1 {
		return nil, fault.New(fault.Corrupt, "%s is damaged", filepath.Join(dir, markerName))
	}
	if m.Format > Format {
		return nil, fault.New(fault.Conflict, "the lake %s has format %d and this parley knows formats up to %d; use a newer parley", dir, m.Format, Format)
	}
	if _, err := os.Stat(filepath.Join(dir, "control.db")); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Corrupt, "the lake %s has no control.db; restore it from a backup", dir)
	}
	if m.Warehouse != filepath.Join(dir, "warehouse") {
		return nil, fault.New(fault.Conflict, "the lake was made as %s and its tables name their files by that path; move it back",
			filepath.Dir(m.Warehouse))
	}
	return open(ctx, dir, m)
}

func open(ctx context.Context, dir string, m marker) (*Lake, error) {
	db, err := state.Open(ctx, filepath.Join(dir, "control.db"))
	if err != nil {
		return nil, err
	}
	l := &Lake{dir: dir, warehouse: m.Warehouse, db: db}
	if l.catalog, err = newCatalog(db, m.Warehouse); err == nil {
		err = state.Migrate(ctx, db, "lake", migrations)
	}
	if err != nil {
		return nil, errors.Join(state.Fault(err), db.Close())
	}
	return l, nil
}

func writeMarker(dir string, m marker) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, markerName)
	f, err := createFile(path+".tmp", os.O_TRUNC)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(text, '\n')); err != nil {
		return errors.Join(err, f.Close())
	}
	// The content first: named before it is on disk, a power cut could leave a marker that says nothing.
	if err := closeDurably(f, path+".tmp"); err != nil {
		return err
	}
	return errors.Join(onDisk.Rename(path+".tmp", path), syncDir(dir))
}

func (l *Lake) createTables(ctx context.Context) error {
	err := l.catalog.CreateNamespace(ctx, table.Identifier{namespace}, nil)
	if err != nil && !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
		return err
	}
	for _, t := range Tables() {
		err := l.catalog.createTable(ctx, identifier(t), t, l.tableDir(t))
		if err != nil && !errors.Is(err, catalog.ErrTableAlreadyExists) {
			return err
		}
	}
	return nil
}

// Close closes the control database.
func (l *Lake) Close() error { return l.db.Close() }

// Dir is the lake's folder.
func (l *Lake) Dir() string { return l.dir }

// DB is the control database, for the packages that keep their own tables in it.
func (l *Lake) DB() *sql.DB { return l.db }

func identifier(t Table) table.Identifier { return table.Identifier{namespace, string(t)} }

func (l *Lake) tableDir(t Table) string { return filepath.Join(l.warehouse, namespace, string(t)) }

func (l *Lake) load(ctx context.Context, t Table) (*table.Table, error) {
	tbl, err := l.catalog.LoadTable(ctx, identifier(t))
	if err != nil {
		return nil, fault.Because(fault.Corrupt, state.Fault(err), "table %s cannot be loaded", t)
	}
	return tbl, nil
}
