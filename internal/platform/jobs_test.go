package platform_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

func TestABodyIsSentAsItIs(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	const body = `{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","limit":1e0,"order":"desc"}`
	if id, err := f.Client().SubmitBody(t.Context(), []byte(body)); err != nil || id != "job-1" || f.Submissions()[0].Body != body {
		t.Errorf("got %s, %v; submitted %+v", id, err, f.Submissions())
	}
}

// A page that is cut is handed on anew, and an error of whoever takes the records ends it.
func TestReadPage(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{Records: records(5), Rules: []platformtest.Rule{{Route: platformtest.Results, First: 1, Do: platformtest.Cut}}})
	c := f.Client()
	if _, err := c.SubmitBody(t.Context(), []byte(`{"interval":"2026-11-01/P1D"}`)); err != nil {
		t.Fatal(err)
	}
	if s, err := c.Status(t.Context(), "job-1"); err != nil || !s.Done() || s.SubmissionDate == "" {
		t.Fatalf("got %+v, %v", s, err)
	}
	tries := 0
	var got []string
	begin := func() func([]byte) error {
		tries++
		got = nil
		return func(raw []byte) error {
			got = append(got, string(raw))
			return nil
		}
	}
	p, err := c.ReadPage(t.Context(), "job-1", "", 3, begin)
	var want []string
	for _, raw := range records(3) {
		want = append(want, string(raw))
	}
	if err != nil || tries != 2 || !slices.Equal(got, want) || p.Next == "" || p.Records != nil || p.Available.IsZero() {
		t.Errorf("%d tries gave %q, %+v, %v", tries, got, p, err)
	}
	tries = 0
	p, err = c.ReadPage(t.Context(), "job-1", p.Next, 3, func() func([]byte) error {
		tries++
		return func([]byte) error { return io.ErrShortWrite }
	})
	if !errors.Is(err, io.ErrShortWrite) || errors.Is(err, fault.Unavailable) || tries != 1 || p.Next != "" {
		t.Errorf("after %d tries: %+v, %v", tries, p, err)
	}
}

func TestJobs(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	if _, err := f.Client().Jobs(t.Context()); !errors.Is(err, fault.NotFound) {
		t.Errorf("a platform that keeps no list: %v", err)
	}
	one := `{"jobId":"` + strings.Repeat("j", 1000) + `","clientId":"me","state":"FULFILLED","submissionDate":"s","completionDate":"c","expirationDate":"e","records":7,"bytes":8,"storedBytes":9}`
	list := `{"jobs":[` + strings.Repeat(one+",", 2000) + one + `]}` // larger than other answers may be
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/parley/v1/jobs" {
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			_, _ = io.WriteString(w, list)
			return
		}
		f.ServeHTTP(w, r)
	}))
	defer server.Close()
	cfg := f.ClientConfig()
	cfg.API, cfg.Login, cfg.Transport = server.URL, server.URL, nil
	jobs, err := platform.New(cfg).Jobs(t.Context())
	want := platform.Listed{
		ID: platform.JobID(strings.Repeat("j", 1000)), Client: "me", Records: new(int64(7)), Bytes: new(int64(8)), StoredBytes: 9,
		JobStatus: platform.Status{State: platform.Fulfilled, SubmissionDate: "s", CompletionDate: "c", ExpirationDate: "e"},
	}
	if err != nil || len(jobs) != 2001 || !reflect.DeepEqual(jobs[2000], want) {
		t.Errorf("got %d jobs, %v", len(jobs), err)
	}
}

func TestDone(t *testing.T) {
	for state, want := range map[platform.State]bool{platform.Queued: false, platform.Pending: false, platform.Fulfilled: true, platform.Failed: true, "NEW": true} {
		if got := (platform.Status{State: state}).Done(); got != want {
			t.Errorf("%s: done is %v", state, got)
		}
	}
}
