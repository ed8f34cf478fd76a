package at_test

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

// process has the settings of a process whose control databases are at an address.
func process(t *testing.T, state string) context.Context {
	t.Helper()
	return at.With(t.Context(), func() at.Settings { return at.Settings{State: state} })
}

func made(ctx context.Context, t *testing.T, dir string) (id string) {
	t.Helper()
	l, err := at.Create(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	id, idErr := l.ID(ctx)
	if err := errors.Join(idErr, l.Close()); err != nil {
		t.Fatal(err)
	}
	return id
}

// The control database of a new lake is in the Postgres of the process, of one that has its own in its folder there; and no lake is opened with
// that of another, or with none.
func TestControlDatabasesInAPostgres(t *testing.T) {
	address := server.Database(t)
	ctx := process(t, address)
	one, two, local := filepath.Join(t.TempDir(), "One lake"), filepath.Join(t.TempDir(), "two"), filepath.Join(t.TempDir(), "three")
	id := made(ctx, t, one)
	if made(ctx, t, two) == id || made(ctx, t, one) != id {
		t.Error("two lakes are one, or one is two")
	}
	made(t.Context(), t, local)
	for dir, want := range map[string]bool{one: false, two: false, local: true} {
		if lake.HasControl(dir) != want {
			t.Errorf("%s has a control database of its own: %v", dir, !want)
		}
	}
	made(ctx, t, local)
	for what, c := range map[string]struct {
		state string
		kind  error
	}{
		"none":           {"", fault.Corrupt},
		"another lake's": {address + "&schema=" + at.SchemaOf(two), fault.Conflict},
		"no schema":      {address + "&schema=nowhere", fault.NotFound},
	} {
		l, err := at.Open(process(t, c.state), one)
		if err == nil {
			t.Error(errors.Join(errors.New("it was opened with "+what), l.Close()))
		} else if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", what, err)
		}
	}
	stolen := filepath.Join(t.TempDir(), "stolen")
	if _, err := at.Create(process(t, address+"&schema="+at.SchemaOf(two)), stolen); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), two) {
		t.Errorf("a lake was made with the control database of another: %v", err)
	}
	four := filepath.Join(t.TempDir(), "four")
	if _, err := at.Transfer(process(t, address+"&schema="+at.SchemaOf(one)), one, four, "", lake.TransferOptions{Owners: lake.Tables()}); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "--to-state") {
		t.Errorf("two lakes came to have one control database: %v", err)
	}
	if _, err := at.Transfer(ctx, one, four, "", lake.TransferOptions{Owners: lake.Tables()}); err != nil || made(ctx, t, four) != id || lake.HasControl(four) {
		t.Errorf("beside its control database: %v", err)
	}
	five := filepath.Join(t.TempDir(), "five")
	if _, err := at.Transfer(ctx, four, five, five, lake.TransferOptions{Owners: lake.Tables()}); err != nil || made(t.Context(), t, five) != id || !lake.HasControl(five) {
		t.Errorf("out of a Postgres: %v", err)
	}
}

func TestSchemaOf(t *testing.T) {
	valid := regexp.MustCompile(`^lake_[a-z0-9_]{1,58}$`)
	for _, root := range []string{"s3://bucket/acme/prod", "/data/Über lake", "/", "/" + strings.Repeat("long", 50)} {
		if got := at.SchemaOf(root); !valid.MatchString(got) || len(got) > 63 || got == at.SchemaOf(root+"x") {
			t.Errorf("%s: %s", root, got)
		}
	}
}
