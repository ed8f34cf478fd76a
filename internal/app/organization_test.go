package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

func TestTheOrganizationOfALakeIsTheLakes(t *testing.T) {
	client, ids := server.NewCredentials(), map[string]int{}
	dirs := []string{t.TempDir() + "/a", t.TempDir() + "/b"}
	for _, dir := range dirs {
		l, err := lake.Create(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			service, err := OpenService(t.Context(), ServiceOptions{Lakes: Lakes{server.DefaultOrganization: dir}, State: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			s := service.Serve(server.Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)}, time.Now)
			ids[servertest.Organization(t, s, client)]++
			if err := service.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(ids) != 2 {
		t.Errorf("two lakes served twice each: got %v, want two ids", ids)
	}
}
