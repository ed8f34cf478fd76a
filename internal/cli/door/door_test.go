package door

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// opened gives what the flags say.
func opened(t *testing.T, args ...string) (Door, error) {
	t.Helper()
	var o Options
	cmd := &cobra.Command{}
	o.Flags(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return o.Open()
}

func TestFlagsAreRead(t *testing.T) {
	for args, strict := range map[string]bool{"": false, "--on-drift=warn": false, "--on-drift=fail": true} {
		d, err := opened(t, strings.Fields(args)...)
		if err != nil || d.Strict != strict || d.Record != nil {
			t.Errorf("%s: %+v, %v", args, d, err)
		}
	}
	if _, err := opened(t, "--on-drift=perhaps"); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "--on-drift") {
		t.Errorf("got %v", err)
	}
	if _, err := opened(t, "--schema", t.TempDir()); err == nil {
		t.Error("a folder is a schema")
	}
}

func TestADoorWarns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(`{"required":["conversationEnd"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := opened(t, "--schema", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Record([]byte(`{"conversationId":"c","conversationStart":"2026-11-01T10:00:00Z"}`)); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	d.Warn(&ui.Streams{Err: &errs}, []wire.Sight{{Key: wire.Key{Path: "new", Type: "object"}, Example: "c7"}})
	for _, want := range []string{"new (object, as in conversation c7)", "the record: required conversationEnd (1)"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%q is missing in %s", want, &errs)
		}
	}
	errs.Reset()
	plain, err := opened(t)
	if plain.Warn(&ui.Streams{Err: &errs}, nil); err != nil || errs.Len() > 0 {
		t.Errorf("warned of %s, %v", &errs, err)
	}
}
