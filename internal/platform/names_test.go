package platform_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/platform"
)

// lister is a client of a server that answers every request with what answer writes, and the paths that it was asked for.
func lister(t *testing.T, answer func(w http.ResponseWriter, page int, r *http.Request)) (*platform.Client, *[]string) {
	t.Helper()
	asked := new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.String())
		page, _ := strconv.Atoi(r.URL.Query().Get("pageNumber"))
		w.Header().Set("Content-Type", "application/json")
		answer(w, page, r)
	}))
	t.Cleanup(server.Close)
	return platform.New(platform.Config{API: server.URL, NoLogin: true, Retry: platform.Retry{Attempts: 2, First: time.Millisecond, Most: time.Millisecond}}), asked
}

func entities(ids ...string) string {
	for i, id := range ids {
		ids[i] = fmt.Sprintf(`{"id":%q,"name":"N %s","state":"active","division":{"id":"d"}}`, id, id)
	}
	return "[" + strings.Join(ids, ",") + "]"
}

// Servers say in several ways that there is no further page. Only who says how many there are can have given all.
func TestTheEndOfAList(t *testing.T) {
	for what, c := range map[string]struct {
		pages []string
		whole bool
	}{
		"a number of pages":        {[]string{`{"pageSize":1,"pageCount":2,"total":2,"entities":` + entities("a") + `}`, `{"pageSize":1,"pageCount":2,"total":2,"entities":` + entities("b") + `}`}, true},
		"a page that is not full":  {[]string{`{"pageSize":1,"entities":` + entities("a") + `}`, `{"pageSize":2,"entities":` + entities("b") + `}`}, false},
		"no next page":             {[]string{`{"nextUri":"/x","entities":` + entities("a") + `}`, `{"entities":` + entities("b") + `}`}, false},
		"an empty page":            {[]string{`{"pageSize":2,"entities":` + entities("a", "b") + `}`, `{"pageSize":2,"entities":[]}`}, false},
		"a page size that shrinks": {[]string{`{"pageSize":1,"pageCount":2,"entities":` + entities("a") + `}`, `{"pageSize":1,"pageCount":2,"entities":` + entities("b") + `}`}, false},
		"more than there are":      {[]string{`{"pageCount":1,"total":0,"entities":` + entities("a", "b") + `}`}, false},
		"fewer than there are":     {[]string{`{"pageCount":1,"total":3,"entities":` + entities("a", "b") + `}`}, false},
	} {
		t.Run(what, func(t *testing.T) {
			client, asked := lister(t, func(w http.ResponseWriter, page int, _ *http.Request) { _, _ = w.Write([]byte(c.pages[page-1])) })
			l, err := client.List(t.Context(), names.Queue)
			if err != nil || len(l.Entries) != 2 || l.Entries[1] != (names.Entry{ID: "b", Name: "N b", Division: "d"}) || l.Whole != c.whole || len(*asked) != len(c.pages) {
				t.Errorf("got %+v, %v after %v", l, err, *asked)
			}
		})
	}
}

func TestListsThatMeanHarm(t *testing.T) {
	for what, c := range map[string]struct {
		answer func(page int) string
		want   error
	}{
		"the same page for ever": {func(int) string { return `{"nextUri":"/x","entities":` + entities("a", "b") + `}` }, fault.Corrupt},
		"more than anybody has": {func(page int) string {
			ids := make([]string, 1_000)
			for i := range ids {
				ids[i] = strconv.Itoa(page) + "-" + strconv.Itoa(i)
			}
			return `{"nextUri":"/x","entities":` + entities(ids...) + `}`
		}, fault.Corrupt},
		"a page without end": {func(int) string { return `{"entities":[{"id":"a","name":"` + strings.Repeat("x", 20<<20) + `"}]}` }, fault.Corrupt},
		"no JSON":            {func(int) string { return `<html>` }, fault.Corrupt},
		"another JSON":       {func(int) string { return `[1]` }, fault.Corrupt},
	} {
		t.Run(what, func(t *testing.T) {
			client, _ := lister(t, func(w http.ResponseWriter, page int, _ *http.Request) { _, _ = w.Write([]byte(c.answer(page))) })
			if l, err := client.List(t.Context(), names.Queue); !errors.Is(err, c.want) || len(l.Entries) != 0 {
				t.Errorf("got %d, %v", len(l.Entries), err)
			}
		})
	}
}

// What cannot be an id is left out, and then nothing counts as gone; a name cannot steer a terminal or fill a disk.
func TestEntriesThatMeanHarm(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	client, _ := lister(t, func(w http.ResponseWriter, _ int, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"pageCount":1,"entities":[{"id":%q,"name":"a"},{"id":"a\u001bb","name":"b"},{"id":"c","name":"C\u001b[2J\n\u202eD %s"},{"name":"none"}]}`, long, long)
	})
	l, err := client.List(t.Context(), names.User)
	if err != nil || l.Whole || len(l.Entries) != 1 || l.Entries[0].ID != "c" {
		t.Fatalf("got %d entries, whole %v, %v", len(l.Entries), l.Whole, err)
	}
	if name := l.Entries[0].Name; len(name) > 1_000 || strings.ContainsAny(name, "\x1b\n\u202e") || !strings.HasPrefix(name, `C\u001b[2J \u202eD x`) {
		t.Errorf("got %.60q of %d bytes", name, len(name))
	}
}

func TestListsThatAreNotGiven(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusForbidden: "the client lacks the permission routing:queue:view", http.StatusNotFound: "the server does not list them",
		http.StatusNotImplemented: "the server does not list them", http.StatusInternalServerError: "",
	} {
		client, asked := lister(t, func(w http.ResponseWriter, _ int, _ *http.Request) { w.WriteHeader(status) })
		_, err := client.List(t.Context(), names.Queue)
		if err == nil || platform.Unlisted(names.Queue, err) != want {
			t.Errorf("%d: %v, %q after %d requests", status, err, platform.Unlisted(names.Queue, err), len(*asked))
		}
	}
}

func TestLookup(t *testing.T) {
	client, asked := lister(t, func(w http.ResponseWriter, _ int, r *http.Request) {
		_, _ = w.Write([]byte(`{"pageCount":9,"entities":` + entities(append([]string{"stranger"}, r.URL.Query()["id"]...)...) + `}`)) //nolint:gosec // what the test asked for, and no page
	})
	var ids []string
	for i := range 120 {
		ids = append(ids, "id-"+strconv.Itoa(i))
	}
	got, err := client.Lookup(t.Context(), names.User, ids)
	if err != nil || len(got) != 120 || got[119].ID != "id-119" || len(*asked) != 3 || !strings.Contains((*asked)[0], "state=any") {
		t.Errorf("got %d, %v after %d requests, first %.80s", len(got), err, len(*asked), (*asked)[0])
	}
}
