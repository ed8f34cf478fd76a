package trino_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// liar is a coordinator that has no nodes. It says that a table has so many rows, and these files, whose paths are below what %s stands
// for.
type liar struct {
	url   string
	rows  int
	files []fileOf

	table string         // that was to be written
	said  map[string]any // to the last statement
}

type fileOf struct {
	path string
	rows int
}

var location = regexp.MustCompile(`location = '+([^']+)'`)

// ServeHTTP implements http.Handler: the protocol of statements, of which each is done at once.
func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method != http.MethodPost {
		send(w, l.said)
		return
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	defer func() {
		send(w, map[string]any{"id": "q", "infoUri": l.url, "nextUri": l.url + "/next", "stats": map[string]any{"state": "QUEUED"}})
	}()
	said := map[string]any{"id": "q", "infoUri": l.url, "stats": map[string]any{"state": "FINISHED"}}
	l.said = said
	answer := func(types []string, rows ...[]any) {
		columns := make([]any, len(types))
		for i, name := range types {
			columns[i] = map[string]any{"name": fmt.Sprint("c", i), "type": name, "typeSignature": map[string]any{"rawType": name, "arguments": []any{}}}
		}
		said["columns"], said["data"] = columns, rows
	}
	switch statement := string(text); {
	case strings.Contains(statement, "CREATE TABLE"):
		l.table = location.FindStringSubmatch(statement)[1]
		answer([]string{"bigint"}, []any{l.rows})
	case strings.Contains(statement, "$files"):
		var rows [][]any
		for _, f := range l.files {
			rows = append(rows, []any{strings.Replace(f.path, "%s", l.table, 1), f.rows, 1})
		}
		answer([]string{"varchar", "bigint", "bigint"}, rows...)
	case strings.Contains(statement, "query_id FROM system.runtime.queries"):
		answer([]string{"varchar"})
	case strings.Contains(statement, "system.runtime"):
		answer([]string{"bigint"}, []any{0})
	}
}

func send(w io.Writer, said map[string]any) {
	if err := json.NewEncoder(w).Encode(said); err != nil {
		panic(err)
	}
}

// What a cluster says of files is not believed where it cannot be: neither files of the lake, nor of another question, nor other rows
// than there are come into an answer.
func TestAClusterThatLies(t *testing.T) {
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	record, err := wire.Record([]byte(`{"conversationId":"0d9bdc4b-5e3c-4f6c-9a6c-000000000001","conversationStart":"2026-10-01T10:00:00.000Z","conversationEnd":"2026-10-01T10:05:00.000Z","participants":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	enginetest.Commit(t, l, []conversation.Record{record})
	own := ownFile(t, l)
	for name, c := range map[string]struct {
		rows  int
		files []fileOf
	}{
		"a file of the lake":          {1, []fileOf{{"%s/../../../" + own, 1}}},
		"of another question":         {1, []fileOf{{"%s/../other/x.parquet", 1}}},
		"of another lake":             {1, []fileOf{{"file:///elsewhere/x.parquet", 1}}},
		"the folder itself":           {1, []fileOf{{"%s/", 1}}},
		"a file twice":                {2, []fileOf{{"%s/x.parquet", 1}, {"%s/x.parquet", 1}}},
		"rows in no file":             {2, []fileOf{{"%s/x.parquet", 1}}},
		"more rows than the table":    {1, []fileOf{{"%s/x.parquet", 1}, {"%s/y.parquet", 1}}},
		"a negative number":           {1, []fileOf{{"%s/x.parquet", 2}, {"%s/y.parquet", -1}}},
		"no file, and a row":          {1, nil},
		"a negative number, no files": {-1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			coordinator := &liar{rows: c.rows, files: c.files}
			server := httptest.NewServer(coordinator)
			defer server.Close()
			coordinator.url = server.URL
			cluster, err := trino.Open(trino.Config{URL: server.URL, Catalog: "parley", Results: "results"})
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			e, err := trino.Views{Cluster: cluster, Lake: l}.Settled(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			day := conversation.DayOf(record.Start)
			var said error
			everything := query.Query{Interval: conversation.Interval{Start: day.Start(), End: day.End()}, OrderBy: query.ByConversationStart}
			for r, err := range e.Records(t.Context(), everything, 0, 0) {
				if said = err; err == nil {
					t.Errorf("got %s", r.ID)
				}
			}
			if !errors.Is(said, fault.Corrupt) || coordinator.table == "" {
				t.Errorf("of a table in %q: %v", coordinator.table, said)
			}
		})
	}
}

// ownFile is the path of the data file of the lake's conversations, within its place.
func ownFile(t *testing.T, l *lake.Lake) string {
	t.Helper()
	for o, err := range l.Store().List(t.Context(), "warehouse/parley/conversations/data") {
		if err != nil {
			t.Fatal(err)
		}
		return string(o.At)
	}
	t.Fatal("there is none")
	return ""
}
