package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/test/unraced"
)

// answers are what a lake answers in each way of asking.
func answers(ctx context.Context, t *testing.T, name string) (out []string) {
	t.Helper()
	fail := func(how string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s, %s: %v", name, how, err)
		}
	}
	body := `{"interval":"2026-11-01/2026-11-03","segmentFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"}]}]}`
	decoded, err := query.DecodeDetail([]byte(body), query.OwnLimits())
	fail("decode", err)
	fail("query", Ask(ctx, name, Cluster{}, quiet, func(ctx context.Context, c *platform.Client) error {
		a, err := c.Query(ctx, []byte(body))
		out = append(out, fmt.Sprint("hits ", a.TotalHits))
		return err
	}))
	var id string
	fail("export", Export(ctx, name, func(ctx context.Context, x *Exporting) error {
		for r, err := range x.Records(ctx, decoded.Query, 0, 0) {
			if err != nil {
				return err
			}
			id, out = string(r.ID), append(out, string(r.JSON))
		}
		return nil
	}))
	record, _, err := Record(ctx, name, conversation.ID(id))
	fail("record", err)
	found, err := Find(ctx, name, conversation.ID(id))
	fail("find", err)
	out = append(out, string(record), string(found.Record))
	for _, statement := range []string{"SELECT count(*), min(conversation_start) FROM segments", "SELECT name FROM queues ORDER BY name", "SELECT count(*) FROM metrics JOIN conversations USING (conversation_id)"} {
		fail(statement, SQL(ctx, name, statement, func([]string) error { return nil }, func(row []any) error {
			out = append(out, fmt.Sprint(row...))
			return nil
		}))
	}
	return out
}

// A lake in a bucket answers as it did in a folder, from the bucket and then from copies; a copy that was damaged is fetched anew.
func TestALakeInABucketAnswersAsInAFolder(t *testing.T) {
	unraced.Test(t)
	server, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	if server == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	t.Cleanup(func() { _ = server.Stop() })
	dir, state := filepath.Join(t.TempDir(), "lake"), t.TempDir()
	generated(t, dir, "2026-11-03")
	name, room := fmt.Sprintf("s3://%s/of/a-lake", server.Bucket(t)), int64(1<<30)
	ctx := at.With(t.Context(), func() at.Settings {
		return at.Settings{State: state, CacheBytes: room, S3: s3.Config{Endpoint: server.URL}}
	})
	want := answers(ctx, t, dir)
	if _, err := at.Transfer(ctx, dir, name, "", lake.TransferOptions{Owners: Owners()}); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"from the bucket", "from copies", "beside damage"} {
		if got := answers(ctx, t, name); !slices.Equal(got, want) {
			t.Errorf("%s: got %d answers, want %d others", when, len(got), len(want))
		}
		if when == "from copies" {
			damageCopies(ctx, t, name)
		}
	}
	room = 1000 // for no question
	l, err := at.Open(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.RemoveAll(filepath.Join(state, "cache")); err != nil {
		t.Fatal(err)
	}
	err = SQL(ctx, name, "SELECT count(*) FROM segments", func([]string) error { return nil }, func([]any) error { return nil })
	if !errors.Is(err, fault.Full) {
		t.Errorf("without room: %v", err)
	}
}

// damageCopies cuts the copies of segments.
func damageCopies(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	l, err := at.Open(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := l.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.Files(tables.Segments)) == 0 {
		t.Fatal("there are no segments")
	}
	for _, f := range s.Files(tables.Segments) {
		cut(t, f)
	}
}

func cut(t *testing.T, f datafile.File) {
	t.Helper()
	if err := os.Truncate(f.Local(), f.Bytes/2); err != nil {
		t.Fatal(err)
	}
}
