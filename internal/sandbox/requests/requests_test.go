package requests

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
)

var noon = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

func newLog() *Log {
	return New(Config{Now: func() time.Time { return noon }, Client: func(r *http.Request) string { return r.Header.Get("Who") }})
}

// ask has a log watch a request, and says what is remembered of it.
func ask(t *testing.T, l *Log, target string, h http.HandlerFunc) Entry {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", target, strings.NewReader("secret"))
	r.Header.Set("Who", "me")
	r.Header.Set("Authorization", "Bearer secret")
	before := l.Last()
	func() {
		defer func() { _ = recover() }()
		l.Wrap(h).ServeHTTP(httptest.NewRecorder(), r)
	}()
	all := l.Since(before, 0)
	if len(all) != 1 || all[0].Number != before+1 {
		t.Fatalf("%s: %d requests are remembered: %+v", target, len(all), all)
	}
	return all[0]
}

func TestWhatIsRemembered(t *testing.T) {
	good := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "secret")
	}
	for name, c := range map[string]struct {
		target string
		h      http.HandlerFunc
		want   Entry
	}{
		"an answer": {"/a/b", good, Entry{Path: "/a/b", Status: 202, Bytes: 6}},
		"a query": {"/a?cursor=secret&pageSize=100&pageNumber=7secret&name=secret", good,
			Entry{Path: "/a", Query: []string{"cursor", "name", "pageNumber=7", "pageSize=100"}, Status: 202, Bytes: 6}},
		"a bad query": {"/a?b=%ff%zz", good, Entry{Path: "/a", Query: []string{"(malformed)"}, Status: 202, Bytes: 6}},
		"nothing":     {"/a", func(http.ResponseWriter, *http.Request) {}, Entry{Path: "/a", Status: 200}},
		"no status": {"/a", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") },
			Entry{Path: "/a", Status: 200, Bytes: 1}},
		"no answer": {"/a", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Entry{Path: "/a", Broken: true}},
		"a part of one": {"/a", func(w http.ResponseWriter, r *http.Request) {
			good(w, r)
			panic(http.ErrAbortHandler)
		}, Entry{Path: "/a", Status: 202, Bytes: 6, Broken: true}},
		"harm": {"/a", func(w http.ResponseWriter, r *http.Request) {
			Harmed(r.Context(), "first")
			Harmed(r.Context(), "second")
			good(w, r)
		}, Entry{Path: "/a", Status: 202, Bytes: 6, Rule: "second"}},
		"a long path": {"/" + strings.Repeat("x", 1000), good, Entry{Path: "/" + strings.Repeat("x", 255), Status: 202, Bytes: 6}},
	} {
		l := newLog()
		c.want.Number, c.want.At, c.want.Method, c.want.Client = 1, noon, "GET", "me"
		got := ask(t, l, c.target, c.h)
		got.Duration = 0
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, c.want)
		}
		if text, err := json.Marshal(got); err != nil || strings.Contains(string(text), "secret") {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
	Harmed(t.Context(), "of nobody")
}

func TestControlIsNotRemembered(t *testing.T) {
	l := newLog()
	w := httptest.NewRecorder()
	l.Wrap(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/_sandbox/requests", http.NoBody))
	if w.Code != http.StatusNotFound || l.Last() != 0 {
		t.Errorf("got %d, and %+v", w.Code, l.Since(0, 0))
	}
}

// brokenWriter is a connection whose client has gone.
type brokenWriter struct{ http.ResponseWriter }

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestClientsThatGoAndAnswersThatTakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		h := l.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(1500 * time.Millisecond) // in a bubble
			_, _ = io.WriteString(w, "x")
		}))
		r := httptest.NewRequestWithContext(t.Context(), strings.Repeat("M", 100), "/", http.NoBody)
		h.ServeHTTP(brokenWriter{httptest.NewRecorder()}, r)
		if e := l.Since(0, 0)[0]; e.Duration != 1500 || !e.Broken || e.Bytes != 0 || e.Status != 200 || len(e.Method) != 16 {
			t.Errorf("got %+v", e)
		}
	})
}

func TestTheOldestAreForgotten(t *testing.T) {
	l := newLog()
	for range 10_005 {
		l.add(Entry{})
	}
	for _, c := range []struct {
		since       int64
		limit, want int
		first       int64
	}{
		{0, 0, 10_000, 6}, {5, 0, 10_000, 6}, {6, 0, 9_999, 7}, {10_000, 0, 5, 10_001}, {10_000, 2, 2, 10_001}, {10_005, 0, 0, 0},
		{10_100, 0, 0, 0}, {-7, 3, 3, 6},
	} {
		got := l.Since(c.since, c.limit)
		if len(got) != c.want || c.want > 0 && (got[0].Number != c.first || got[c.want-1].Number != c.first+int64(c.want)-1) {
			t.Errorf("since %d, at most %d: %d requests", c.since, c.limit, len(got))
		}
	}
	if got := newLog().Since(0, 0); len(got) != 0 {
		t.Errorf("an empty log: %+v", got)
	}
}

func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begun := newLog(), time.Now()
		time.AfterFunc(time.Minute, func() { l.add(Entry{}) })
		time.AfterFunc(2*time.Minute, func() { l.add(Entry{}) })
		for since, want := range []time.Duration{time.Minute, 2 * time.Minute} {
			if err := l.Wait(t.Context(), int64(since)); err != nil || time.Since(begun) != want {
				t.Errorf("a request after %d came after %v, %v", since, time.Since(begun), err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := l.Wait(ctx, 2); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 3*time.Minute {
			t.Errorf("nothing came: %v after %v", err, time.Since(begun))
		}
	})
}
