package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/wire"
)

func TestAJobOverHTTP(t *testing.T) {
	test(t, 2500, nil, func(x *fixture) {
		answer := x.ask(http.StatusAccepted, "POST", details+"/jobs", `{"interval":"2026-11-01/2026-12-01","limit":2100}`)
		if !uuids.MatchString(answer) || uuids.ReplaceAllString(answer, "<id>") != `{"jobId":"<id>"}` {
			t.Fatalf("submit: got %s", answer)
		}
		path := details + "/jobs/" + uuids.FindString(answer)
		synctest.Wait()
		want := `{"state":"FULFILLED","expirationDate":"2000-01-08T00:00:00.000Z","submissionDate":"2000-01-01T00:00:00.000Z","completionDate":"2000-01-01T00:00:00.000Z"}`
		if got := x.ask(http.StatusOK, "GET", path, ""); got != want {
			t.Errorf("status: got %s", got)
		}
		if got := x.ask(http.StatusOK, "GET", details+"/jobs/availability", ""); got != `{"dataAvailabilityDate":"2026-11-01T18:00:00.000Z"}` {
			t.Errorf("availability: got %s", got)
		}
		pages, seen := "", 0
		var cursor string
		for query := "?pageSize=0"; ; query = "?cursor=" + url.QueryEscape(cursor) {
			page, err := wire.ReadPage(strings.NewReader(x.ask(http.StatusOK, "GET", path+"/results"+query, "")), func(raw []byte) error {
				if want := x.views.records[seen].JSON; !bytes.Equal(raw, want) {
					t.Fatalf("record %d: got %s, want it verbatim, with attributes", seen, raw)
				}
				seen++
				return nil
			})
			if err != nil || !page.DataAvailabilityDate.Equal(day.Add(18*time.Hour)) {
				t.Fatalf("page: %v, available %v", err, page.DataAvailabilityDate)
			}
			pages += fmt.Sprint(page.Records, " ")
			if cursor = page.Cursor; cursor == "" {
				break
			}
			if !strings.ContainsAny(cursor, "+/=") {
				t.Errorf("cursor %q needs no encoding: clients that forget it would not notice", cursor)
			}
		}
		if pages != "1000 1000 100 " {
			t.Errorf("records on the pages: got %s", pages)
		}
		if got := x.ask(http.StatusNoContent, "DELETE", path, ""); got != "" {
			t.Errorf("delete: got %s", got)
		}
		x.ask(http.StatusNotFound, "GET", path, "")
		x.ask(http.StatusNotFound, "GET", path+"/results", "")
	})
}

// Nothing runs jobs here, so that they stay where they are.
func TestAJobThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newFixture(t, 3, nil)
		path := details + "/jobs/" + string(x.submit())
		if got := x.ask(http.StatusAccepted, "GET", path, ""); got != `{"state":"QUEUED","submissionDate":"2000-01-01T00:00:00.000Z"}` {
			t.Errorf("status: got %s", got)
		}
		if got := x.ask(http.StatusNotFound, "GET", path+"/results", ""); !strings.Contains(got, "QUEUED") {
			t.Errorf("results too early: got %s", got)
		}
		x.ask(http.StatusNoContent, "DELETE", path, "")
		if got := x.ask(http.StatusOK, "GET", path, ""); got != `{"state":"CANCELLED","submissionDate":"2000-01-01T00:00:00.000Z"}` {
			t.Errorf("status: got %s", got)
		}
		x.submit()
		x.submit()
		x.submit()
		w := x.do(x.request("POST", details+"/jobs", wholeDay))
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "10" || !strings.Contains(w.Body.String(), `"limit":{"key":"details.jobs`) {
			t.Errorf("a job too many: got %d, %v, %s", w.Code, w.Header(), w.Body)
		}
	})
}

func TestAnotherOrganizationsJobIsNotFound(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		path := x.fulfilled()
		x.token = x.login("client-2", "secret-2")
		x.ask(http.StatusNotFound, "GET", path, "")
		x.ask(http.StatusNotFound, "GET", path+"/results", "")
		x.ask(http.StatusNotFound, "DELETE", path, "")
	})
}

// A page that breaks in the middle must not look like a page.
func TestABrokenPageBreaksTheConnection(t *testing.T) {
	for _, encoding := range []string{"gzip", "identity"} {
		t.Run(encoding, func(t *testing.T) {
			test(t, 3000, nil, func(x *fixture) {
				path := x.fulfilled()
				damageLastBlock(t, x.dir)
				r := x.request("GET", path+"/results?pageSize=3000", "")
				r.Header.Set("Accept-Encoding", encoding)
				if !aborts(func() { x.do(r) }) {
					t.Error("the answer was ended properly")
				}
				if !strings.Contains(x.log.String(), "damaged") {
					t.Error("the cause is not in the log")
				}
			})
		})
	}
}

// A block that is copied as it lies is checked by whoever decompresses it.
func TestADamagedBlockIsNoPageForAClientThatTakesZstd(t *testing.T) {
	test(t, 3000, nil, func(x *fixture) {
		path := x.fulfilled()
		r := x.request("GET", path+"/results?pageSize=3000", "")
		r.Header.Set("Accept-Encoding", "zstd")
		read := func() (string, error) {
			w := x.do(r)
			if got := w.Header().Get("Content-Encoding"); got != "zstd" {
				t.Fatalf("Content-Encoding: got %q", got)
			}
			d, err := zstd.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			text, err := io.ReadAll(d)
			return string(text), err
		}
		if got, err := read(); err != nil || got != x.ask(http.StatusOK, "GET", path+"/results?pageSize=3000", "") {
			t.Errorf("compressed, the page is another one (%v)", err)
		}
		damageLastBlock(t, x.dir)
		if _, err := read(); err == nil {
			t.Error("a damaged block passes")
		}
	})
}

// The list is ours; the platform has none.
func TestListOfJobs(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		x.fulfilled()
		got := uuids.ReplaceAllString(x.ask(http.StatusOK, "GET", "/parley/v1/jobs", ""), "<id>")
		want := `{"jobs":[{"jobId":"<id>","clientId":"client-1","state":"FULFILLED","expirationDate":"2000-01-08T00:00:00.000Z",` +
			`"submissionDate":"2000-01-01T00:00:00.000Z","completionDate":"2000-01-01T00:00:00.000Z","records":3,`
		if !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want it to begin %s", got, want)
		}
		x.token = x.login("client-2", "secret-2")
		if got := x.ask(http.StatusOK, "GET", "/parley/v1/jobs", ""); got != `{"jobs":[]}` {
			t.Errorf("another organization: got %s", got)
		}
	})
}

func aborts(f func()) (aborted bool) {
	defer func() {
		err, _ := recover().(error)
		aborted = errors.Is(err, http.ErrAbortHandler) // the value that makes net/http break the connection
	}()
	f()
	return false
}

func damageLastBlock(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.results"))
	if err != nil || len(files) != 1 {
		t.Fatalf("results files: %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-300] ^= 1
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a job found is told of those that found something out: of the others nothing is known, and 0 would be a lie.
func TestOnlyJobsThatFoundSomethingSayWhat(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		done := strings.TrimPrefix(x.fulfilled(), details+"/jobs/")
		path := x.fulfilled()
		x.ask(http.StatusNoContent, "DELETE", path, "") // removes it
		x.views.stuck = make(chan struct{})
		var list struct {
			Jobs []struct {
				JobID, ClientID, State, SubmissionDate string
				Records, Bytes, StoredBytes            *int64
			}
		}
		waiting := string(x.submit())
		<-x.views.stuck // and so it stays
		if err := json.Unmarshal([]byte(x.ask(http.StatusOK, "GET", "/parley/v1/jobs", "")), &list, json.MatchCaseInsensitiveNames(true)); err != nil || len(list.Jobs) != 2 {
			t.Fatalf("got %+v, %v, want two jobs", list, err)
		}
		newest, oldest := list.Jobs[0], list.Jobs[1]
		if newest.JobID != waiting || newest.State != "PENDING" || newest.Records != nil || newest.Bytes != nil || newest.StoredBytes != nil || newest.SubmissionDate == "" {
			t.Errorf("newest: got %+v", newest)
		}
		if oldest.JobID != done || oldest.ClientID != "client-1" || oldest.State != "FULFILLED" || oldest.Records == nil || *oldest.Records != 3 || *oldest.Bytes == 0 || *oldest.StoredBytes == 0 {
			t.Errorf("oldest: got %+v", oldest)
		}
	})
}
