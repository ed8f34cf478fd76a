package app

import (
	"encoding/json"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// catalogClient is somebody who asks a server for tables.
type catalogClient struct {
	t         *testing.T
	at, token string
}

// get gives what a route of the catalog answers.
func (e catalogClient) get(path string, into any) {
	e.t.Helper()
	body := servertest.Ask(e.t, e.token, "GET", e.at+"/iceberg/v1/"+path, "")
	defer body.Close()
	text, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		e.t.Fatalf("%s: %v", path, err)
	}
}

// shown is what a test looks at of the metadata of a table.
type shown struct {
	Current   json.Number `json:"current-snapshot-id"`
	Snapshots []struct {
		ID      json.Number `json:"snapshot-id"`
		Summary map[string]string
	}
}

// conversations asks the catalog of a warehouse for a table: for its newest snapshot, and how many rows that has.
func (e catalogClient) conversations(warehouse string) (id, rows string) {
	e.t.Helper()
	var config struct{ Overrides struct{ Prefix string } }
	e.get("config?warehouse="+warehouse, &config)
	var loaded struct{ Metadata shown }
	e.get(config.Overrides.Prefix+"/namespaces/parley/tables/conversations", &loaded)
	for _, s := range loaded.Metadata.Snapshots {
		if s.ID == loaded.Metadata.Current {
			return s.ID.String(), s.Summary["total-records"]
		}
	}
	e.t.Fatalf("the newest snapshot, %q, is not there", loaded.Metadata.Current)
	return "", ""
}

func TestEnginesAreShownTheLakeOfTheirOrganization(t *testing.T) {
	lakes, dir := Lakes{"acme": filepath.Join(t.TempDir(), "a"), "beta": filepath.Join(t.TempDir(), "b")}, t.TempDir()
	generated(t, lakes["acme"], "2026-11-02")
	generated(t, lakes["beta"], "2026-11-03")
	service, err := OpenService(t.Context(), ServiceOptions{Lakes: lakes, State: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	clients, err := access.Open(t.Context(), service.home.DB, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	at, _, _ := servertest.Running(t, service.Serve(server.Listen{Addr: "127.0.0.1:0", Log: quiet}, time.Now))
	for organization, want := range map[string]string{"acme": "20", "beta": "40"} {
		c, secret, err := clients.Add(t.Context(), access.Client{Name: "engine", Organization: organization})
		if err != nil {
			t.Fatal(err)
		}
		e := catalogClient{t, at, servertest.Login(t, at, server.Credentials{ID: string(c.ID), Secret: secret})}
		before, got := e.conversations("")
		if got != want {
			t.Errorf("%s has %s conversations, want %s", organization, got, want)
		}
		// A day more is seen at once, and the earlier state by its id.
		generated(t, lakes[organization], "2026-11-05")
		_, now := e.conversations("")
		if _, then := e.conversations(organization + "@" + before); now != "80" || then != want {
			t.Errorf("%s has %s conversations now and had %s, want 80 and %s", organization, now, then, want)
		}
	}
}

func TestAnArchiveIsShownToEngines(t *testing.T) {
	dir, client := filepath.Join(t.TempDir(), "lake"), server.NewCredentials()
	generated(t, dir, "2026-11-02")
	archive, err := OpenArchive(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	at, _, _ := servertest.Running(t, archive.Serve(server.Listen{Addr: "127.0.0.1:0", Client: client, Log: quiet}))
	if _, got := (catalogClient{t, at, servertest.Login(t, at, client)}).conversations("default"); got != "20" {
		t.Errorf("got %s conversations", got)
	}
}
