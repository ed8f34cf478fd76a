package examples_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/sandboxtest"
)

// pages is how the pipelines are called: pages of five make a day of some.
func pages(l language, folder, day string) []string {
	return []string{"--out", folder, "--page-size", "5", "--poll", "0.02" + l.seconds, day}
}

// Whatever goes wrong, the files have what the sandbox has, each record once.
func TestPipelineThroughFaults(t *testing.T) {
	each(t, 3, 30, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		for _, f := range []sandboxtest.Fault{
			{Route: "token", Times: 1, Answer: &sandboxtest.Answer{Status: 503}},
			{Route: "submit", Times: 1, Answer: &sandboxtest.Answer{Status: 502, Body: "<html>"}},
			{Route: "status", Times: 1, Close: sandboxtest.Before},
			{Route: "results", Nth: 2, Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfter: time.Second}},
			{Route: "results", Nth: 4, Times: 1, Cut: &sandboxtest.Cut{Share: 0.5, Unnoticed: true}},
			{Route: "results", Nth: 6, Times: 1, ExpireToken: true},
			{Job: &sandboxtest.Job{Fault: sandboxtest.JobFailed}, Times: 1},
			{Job: &sandboxtest.Job{Fault: sandboxtest.JobExpired, Page: 3}, Nth: 2, Times: 1},
			{Job: &sandboxtest.Job{Fault: sandboxtest.PageTwice, Page: 2}, Nth: 3, Times: 1},
		} {
			s.Fault(f)
		}
		folder := t.TempDir()
		out, code := l.run(t, s, "pipeline", pages(l, folder, "2026-11-07")...)
		if want := "2026-11-07: 30 conversations, 5 of them twice\n"; code != 0 || out != want {
			t.Fatalf("exit code %d, printed %q, want %q", code, out, want)
		}
		sameRows(t, folder, s)
		allFired(t, s)
	})
}

// Killed at its third page, it goes on there: no other job, and no page again.
func TestPipelineGoesOnAfterAKill(t *testing.T) {
	each(t, 2, 30, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		folder := t.TempDir()
		address, reached := stopping(t, s, 3)
		killed := l.start(t, s, address, "pipeline", pages(l, folder, "2026-11-07")...)
		if err := killed.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-reached:
		case <-time.After(endsWithin):
			t.Error("it did not come to its third page")
		}
		if err := errors.Join(killed.Process.Kill(), killed.Wait()); killed.ProcessState.ExitCode() != -1 {
			t.Fatalf("it was not killed: %v", err)
		}
		before := asked(s, "/results")
		if _, code := l.run(t, s, "pipeline", pages(l, folder, "2026-11-07")...); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		sameRows(t, folder, s)
		if n := asked(s, "/results") - before; before != 2 || n != 4 {
			t.Errorf("%d pages before the kill and %d after it, want 2 and 4", before, n)
		}
		if n := asked(s, "/jobs"); n != 1 {
			t.Errorf("%d jobs, want 1", n)
		}
	})
}

// stopping is a way to a sandbox on which the nth page of results never comes; the channel is closed when it is asked for.
func stopping(t *testing.T, s *sandboxtest.Sandbox, nth int) (address string, reached <-chan struct{}) {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	at, n := make(chan struct{}), 0
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/results") { // the program asks for one page after another
			if n++; n == nth {
				close(at)
				<-r.Context().Done()
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, at
}

// asked counts the requests that a sandbox has answered on paths with this end.
func asked(s *sandboxtest.Sandbox, end string) (n int) {
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, end) {
			n++
		}
	}
	return n
}

// A day that is not there yet, or that the platform counts otherwise, and a login that is refused, leave no files.
func TestPipelineLeavesNothingHalf(t *testing.T) {
	each(t, 2, 10, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		folder := t.TempDir()
		if _, code := l.run(t, s, "pipeline", pages(l, folder, "2026-11-08")...); code != 3 {
			t.Errorf("a day that is not there yet: exit code %d, want 3", code)
		}
		s.Fault(sandboxtest.Fault{Route: "query", Answer: &sandboxtest.Answer{Status: 200, Body: `{"conversations": [], "totalHits": 11}`}})
		if _, code := l.run(t, s, "pipeline", pages(l, folder, "2026-11-07")...); code != 3 {
			t.Errorf("a day of which more is counted: exit code %d, want 3", code)
		}
		s.Fault(sandboxtest.Fault{Route: "token", Answer: &sandboxtest.Answer{Status: 401}})
		if _, code := l.run(t, s, "pipeline", pages(l, folder, "2026-11-07")...); code != 1 {
			t.Errorf("a login that is refused: exit code %d, want 1", code)
		}
		empty(t, folder)
	})
}

// sameRows compares the rows of the day's files, in their order, with the sandbox's records.
func sameRows(t *testing.T, folder string, s *sandboxtest.Sandbox) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "2026-11-07.parquet", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	var got []map[string]any
	for _, name := range files {
		got = append(got, rows(t, name)...)
	}
	want := s.Records(day(7), day(8))
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i, r := range records(t, want) {
		var a, b any
		if err := errors.Join(json.Unmarshal([]byte(got[i]["record"].(string)), &a), json.Unmarshal(want[i], &b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("row %d has another record than the sandbox", i)
		}
		var handled int64
		for _, p := range r.Participants {
			for _, x := range p.Sessions {
				for _, m := range x.Metrics {
					if m.Name == "tHandle" {
						handled += m.Value
					}
				}
			}
		}
		if got[i]["conversation_id"] != r.ID || got[i]["conversation_start"] != r.Start || got[i]["conversation_end"] != r.End ||
			got[i]["handle_ms"] != handled || got[i]["media_type"] != r.Participants[0].Sessions[0].Medium {
			t.Errorf("row %d is %v", i, got[i])
		}
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*.partial")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// rows reads a Parquet file: texts, numbers, and times as records write them.
func rows(t *testing.T, name string) (out []map[string]any) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := pqarrow.ReadTable(t.Context(), f, parquet.NewReaderProperties(memory.DefaultAllocator), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	batches := array.NewTableReader(table, 0)
	defer batches.Release()
	for batches.Next() {
		batch := batches.RecordBatch()
		for i := range int(batch.NumRows()) {
			row := map[string]any{}
			for j, column := range batch.Columns() {
				row[batch.ColumnName(j)] = value(column, i)
			}
			out = append(out, row)
		}
	}
	return out
}

func value(column arrow.Array, i int) any {
	if column.IsNull(i) {
		return ""
	}
	switch column := column.(type) {
	case *array.Int64:
		return column.Value(i)
	case *array.Timestamp:
		return column.Value(i).ToTime(arrow.Millisecond).Format("2006-01-02T15:04:05.000Z")
	}
	return column.ValueStr(i)
}
