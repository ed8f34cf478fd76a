package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/test/unraced"
)

// Servers that share make no client by chance, which each would know alone: they start, and say what makes one. Stopped, they have nothing to
// complain of.
func TestAServerThatSharesMakesNoClient(t *testing.T) {
	unraced.Test(t)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("PARLEY_STATE", server.Database(t))
	t.Setenv("PARLEY_CLIENT_ID", "")
	t.Setenv("PARLEY_CLIENT_SECRET", "")
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-06", "--per-day", "5")
	if id, notes := served(t, lake); id != "" || !strings.Contains(notes, "parley client add --lake '"+lake+"' --name ...") {
		t.Errorf("the client is %q, notes: %s", id, notes)
	}
	if code, _, stderr := parley(t, "serve", "--lake", lake, "--addr", "127.0.0.1:0", "--client-id", "me"); code != 2 || !strings.Contains(stderr, "its id and its secret") {
		t.Errorf("half a client: exit code %d, %s", code, stderr)
	}
	if id, notes := served(t, lake, "--client-id", "me", "--client-secret", "hush"); id != "me" || strings.Contains(notes, "client add") {
		t.Errorf("the client is %q, notes: %s", id, notes)
	}
	must(t, "client", "add", "--lake", lake, "--name", "test")
	if id, notes := served(t, lake); id != "" || strings.Contains(notes, "client add") {
		t.Errorf("the client is %q, notes: %s", id, notes)
	}
}

// served starts a server and stops it once it is ready. It gives the client that it says it has, and what it said beside.
func served(t *testing.T, lake string, more ...string) (client, notes string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int)
	go func() {
		code := Run(ctx, append([]string{"serve", "--lake", lake, "--json", "--addr", "127.0.0.1:0"}, more...), &ui.Streams{Out: w, Err: &errs})
		_ = w.Close()
		done <- code
	}()
	var ready struct {
		ID string `json:"client_id"`
	}
	if err := json.NewDecoder(r).Decode(&ready); err != nil {
		t.Error(err)
	}
	stop()
	if code := <-done; code != 0 || strings.Contains(errs.String(), "level=ERROR") || strings.Contains(errs.String(), "level=WARN") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	return ready.ID, errs.String()
}
