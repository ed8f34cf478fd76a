package rowscmd

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

const reportID = "6d0f1f52-2f5e-4d49-9a10-6a4d0a0c9a11"

// hostile is a server of one report that does what a test says.
type hostile struct {
	mu        sync.Mutex
	status    string                                    // body of the report's status
	page      func(token string, w http.ResponseWriter) // answers a page
	deleted   func(w http.ResponseWriter)               // answers the deletion
	submitted int
	dropped   int
	at        string
}

func newHostile(t *testing.T) *hostile {
	h := &hostile{
		status:  fmt.Sprintf(`{"id":%q,"status":"completed","count":3}`, reportID),
		deleted: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
	}
	h.page = honest
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":86400}`)
	})
	mux.HandleFunc("POST "+wire.PathQuery, func(w http.ResponseWriter, _ *http.Request) {
		h.submitted++
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprintf(w, `{"id":%q,"queryId":%[1]q,"status":"pending"}`, reportID)
	})
	mux.HandleFunc("GET "+wire.PathReports+"/"+reportID, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, h.status) })
	mux.HandleFunc("DELETE "+wire.PathReports+"/"+reportID, func(w http.ResponseWriter, _ *http.Request) { h.dropped++; h.deleted(w) })
	mux.HandleFunc("GET "+wire.PathReports+"/"+reportID+"/results", func(w http.ResponseWriter, r *http.Request) { h.page(r.URL.Query().Get("pageToken"), w) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	h.at = s.URL
	return h
}

// honest answers with three pages of one row each.
func honest(token string, w http.ResponseWriter) {
	next := map[string]string{"": `"n"`, "n": `"nn"`}[token] // of as many letters as rows that were given
	_, _ = io.WriteString(w, `{"data":[{"conversation.id":"c-`+strconv.Itoa(len(token))+`"}],"nextPageToken":`+cmp.Or(next, "null")+`}`)
}

func (h *hostile) run(ctx context.Context, out string, change func(*Options)) (string, error) {
	var printed bytes.Buffer
	o := &Options{
		Streams: &ui.Streams{Out: &printed, Err: io.Discard, In: strings.NewReader("")}, Version: "test", BaseURL: h.at, PageSize: 1, Poll: "1ns..2ns", Timeout: time.Hour, Times: "iso",
		From: "2026-11-01", Select: []string{"conversation.id"}, Out: out,
		Getenv: func(name string) string {
			return map[string]string{"GENESYS_CLIENT_ID": "me", "GENESYS_CLIENT_SECRET": "hush"}[name]
		},
	}
	if change != nil {
		change(o)
	}
	err := Run(ctx, o)
	return printed.String(), err
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func says(text string) func(string, http.ResponseWriter) {
	return func(_ string, w http.ResponseWriter) { _, _ = io.WriteString(w, text) }
}

const threeRows = `{"conversation.id":"c-0"}` + "\n" + `{"conversation.id":"c-1"}` + "\n" + `{"conversation.id":"c-2"}` + "\n"

// Pages that cannot be those of the report end the command: it neither goes on for ever nor passes a part off as the whole.
func TestPagesThatAreNotThoseOfTheReport(t *testing.T) {
	for name, c := range map[string]struct {
		page func(string, http.ResponseWriter)
		says string
	}{
		"the same token for ever": {says(`{"data":[{"conversation.id":"c"}],"nextPageToken":"again"}`), "lead nowhere"},
		"empty pages for ever":    {says(`{"data":[],"nextPageToken":"again"}`), "lead nowhere"},
		"fewer than are counted":  {says(`{"data":[{"conversation.id":"c"}],"nextPageToken":null}`), "counts 3 rows, and its pages have 1"},
		"rows that are none":      {says(`{"data":[7],"nextPageToken":null}`), "a row is no JSON object"},
		"other columns":           {says(`{"data":[{"conversationId":"c"}],"nextPageToken":null}`), "other members"},
		"two tokens that take turns": {func(token string, w http.ResponseWriter) {
			says(`{"data":[{"conversation.id":"c"}],"nextPageToken":"`+map[string]string{"": "b", "a": "b", "b": "a"}[token]+`"}`)("", w)
		}, "lead nowhere"},
	} {
		for _, format := range []string{"csv", "ndjson"} {
			if name == "other columns" && format == "ndjson" {
				continue // which says itself what is in it
			}
			h := newHostile(t)
			h.page = c.page
			out := filepath.Join(t.TempDir(), "rows."+format)
			if _, err := h.run(t.Context(), out, nil); !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, as %s: %v, want %q", name, format, err, c.says)
			}
			if _, err := h.run(t.Context(), "", func(o *Options) { o.Format = format }); !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, as %s on a stream: %v, want %q", name, format, err, c.says)
			}
			if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s, as %s: the file is there", name, format)
			}
			h.page = honest
			if _, err := h.run(t.Context(), out, nil); err != nil || h.submitted != 3 && c.says != "a row is no JSON object" && c.says != "other members" {
				t.Errorf("%s, and then the server is honest: %v, %d submissions", name, err, h.submitted)
			}
		}
	}
}

// The part of a file that was taken away, cut, or moved to its place by a run that was killed then, is read again: what lies
// behind its end must not become zeros.
func TestRowsGoOnOnlyBehindWhatIsThere(t *testing.T) {
	for name, spoil := range map[string]func(out string) error{
		"taken away": func(out string) error { return os.Remove(out + ".part") },
		"cut":        func(out string) error { return os.Truncate(out+".part", 7) },
		"moved":      func(out string) error { return os.Rename(out+".part", out) },
	} {
		for _, pages := range []int{1, 3} { // that were written
			h, out := newHostile(t), filepath.Join(t.TempDir(), "rows.ndjson")
			fails := h.status
			if pages == 3 {
				h.status = strings.Replace(h.status, `"count":3`, `"count":4`, 1) // so that it is not published
			}
			h.page = func(token string, w http.ResponseWriter) {
				if len(token) >= pages {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				honest(token, w)
			}
			if _, err := h.run(t.Context(), out, nil); err == nil {
				t.Fatal("it must fail")
			}
			if pages == 3 { // as it stands between the last page and the move
				note := fmt.Sprintf(`{"asks":%q,"queryId":%q,"pageToken":"","done":true,"bytes":%d,"rows":3}`, asksOf(t, h), reportID, len(threeRows))
				if err := os.WriteFile(out+".part.json", []byte(note), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := spoil(out); err != nil {
				t.Fatal(err)
			}
			h.status, h.page = fails, honest
			if _, err := h.run(t.Context(), out, nil); err != nil || content(t, out) != threeRows {
				t.Errorf("%s after %d pages: %v, got %q", name, pages, err, content(t, out))
			}
		}
	}
}

// asksOf is what a note of the test's request says that it asks.
func asksOf(t *testing.T, h *hostile) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "rows.ndjson")
	page := h.page
	h.page = func(_ string, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) }
	if _, err := h.run(t.Context(), out, nil); err == nil {
		t.Fatal("it must fail")
	}
	h.page = page
	var s standing
	if err := json.Unmarshal([]byte(content(t, out+".part.json")), &s); err != nil {
		t.Fatal(err)
	}
	return s.Asks
}

// A note that says what cannot be is not believed.
func TestForgedNotes(t *testing.T) {
	h := newHostile(t)
	asks := asksOf(t, h)
	for _, c := range []string{
		`{"asks":%q,"queryId":%q,"pageToken":"","done":false,"bytes":-1,"rows":0}`,
		`{"asks":%q,"queryId":%q,"pageToken":"","done":true,"bytes":9000000000000000000,"rows":3}`,
		`{"asks":%q,"queryId":%q,"pageToken":"n","done":false,"bytes":0,"rows":9}`,
		`{"asks":%q,"queryId":%q,"pageToken":"","done":true,"bytes":0,"rows":0}`,
		`{"asks":%q,"queryId":"../../../oauth","pageToken":"","done":true,"bytes":0,"rows":0}`,
		`[%q,%q]`, ``,
	} {
		out := filepath.Join(t.TempDir(), "rows.ndjson")
		if strings.Contains(c, "%q") {
			c = strings.Replace(strings.Replace(c, "%q", `"`+asks+`"`, 1), "%q", `"`+reportID+`"`, 1)
		}
		if err := os.WriteFile(out+".part.json", []byte(c), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := h.run(t.Context(), out, nil)
		if err != nil { // it has said so, and begins anew
			_, err = h.run(t.Context(), out, nil)
		}
		if err != nil {
			t.Errorf("%s: %v", c, err)
		} else if content(t, out) != threeRows {
			t.Errorf("%s: got %q", c, content(t, out))
		}
	}
}

// A report that has failed, or that took too long, has no rows for later runs either.
func TestReportsThatHaveEndedAreNotGoneOnWith(t *testing.T) {
	for status, within := range map[string]time.Duration{
		`{"id":"x","status":"failed","error":"no room"}`: time.Hour,
		`{"id":"x","status":"running"}`:                  time.Nanosecond,
	} {
		h, out := newHostile(t), filepath.Join(t.TempDir(), "rows.ndjson")
		good := h.status
		h.status = status
		if _, err := h.run(t.Context(), out, func(o *Options) { o.Timeout = within }); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", status, err)
		}
		h.status = good
		if _, err := h.run(t.Context(), out, nil); err != nil || h.submitted != 2 || content(t, out) != threeRows {
			t.Errorf("%s, run again: %v, %d submissions", status, err, h.submitted)
		}
	}
}

// A client may read reports and not delete them: the rows are there all the same.
func TestRowsOfAReportThatCannotBeDeleted(t *testing.T) {
	h, out := newHostile(t), filepath.Join(t.TempDir(), "rows.ndjson")
	h.deleted = func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }
	if _, err := h.run(t.Context(), out, nil); err != nil || content(t, out) != threeRows {
		t.Errorf("into a file: %v", err)
	}
	if got, err := h.run(t.Context(), "", nil); err != nil || got != threeRows {
		t.Errorf("on a stream: %v, %q", err, got)
	}
}

// Nobody goes on with a stream that broke: its report is not left to the server.
func TestTheReportOfABrokenStreamIsDeleted(t *testing.T) {
	h := newHostile(t)
	h.page = func(_ string, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) }
	if _, err := h.run(t.Context(), "", nil); err == nil || h.dropped != 1 {
		t.Errorf("%v, deleted %d times", err, h.dropped)
	}
}

// Rows that are written in another way do not go on behind those that are there.
func TestRowsWrittenInAnotherWayBeginAnew(t *testing.T) {
	h, out := newHostile(t), filepath.Join(t.TempDir(), "rows.csv")
	h.page = func(token string, w http.ResponseWriter) {
		if token != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		honest(token, w)
	}
	if _, err := h.run(t.Context(), out, nil); err == nil {
		t.Fatal("it must fail")
	}
	h.page = honest
	if _, err := h.run(t.Context(), out, func(o *Options) { o.Mark = true }); err != nil || content(t, out) != "\ufeffconversation.id\r\nc-0\r\nc-1\r\nc-2\r\n" {
		t.Errorf("%v, got %q", err, content(t, out))
	}
}

// Of two runs into one file the second is refused.
func TestTwoRunsIntoOneFile(t *testing.T) {
	h, out := newHostile(t), filepath.Join(t.TempDir(), "rows.csv")
	turn, err := export.TakeTurn(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.run(t.Context(), out, nil); !errors.Is(err, fault.Conflict) || h.submitted > 0 {
		t.Errorf("%v, %d submissions", err, h.submitted)
	}
	if err := turn.End(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.run(t.Context(), out, nil); err != nil {
		t.Error(err)
	}
}

// Compressed rows are the same, cut at any page or not.
func TestCompressedRows(t *testing.T) {
	for suffix, open := range map[string]func(io.Reader) (io.Reader, error){
		".gz":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		".zst": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		for cut := range 3 {
			h, out := newHostile(t), filepath.Join(t.TempDir(), "rows.csv"+suffix)
			h.page = func(token string, w http.ResponseWriter) {
				if len(token) >= cut {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				honest(token, w)
			}
			if _, err := h.run(t.Context(), out, nil); err == nil {
				t.Fatal("it must fail")
			}
			h.page = honest
			if _, err := h.run(t.Context(), out, nil); err != nil || h.submitted != 1 {
				t.Fatalf("%v, %d submissions", err, h.submitted)
			}
			r, err := open(strings.NewReader(content(t, out)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if want := "conversation.id\r\nc-0\r\nc-1\r\nc-2\r\n"; err != nil || string(got) != want {
				t.Errorf("%s cut after %d pages: %v, got %q", suffix, cut, err, got)
			}
		}
	}
}
