package tree_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/tree"
)

const record = `{"id":"Ann","list":[{"a/b":1,"ann":null},[],{}],"odd~name":true,"escaped":"x\u0041NN","list":2}`

// written is a branch in one line.
func written(b tree.Branch) string {
	var parts []string
	for _, m := range b.Members {
		parts = append(parts, fmt.Sprintf("%s %s %s %s %d", m.Name, m.Path, m.Kind, m.Text, m.Size))
	}
	return fmt.Sprintf("%s %s %d %d: %s", b.Kind, b.Text, b.Size, b.Next, strings.Join(parts, ", "))
}

func TestBranches(t *testing.T) {
	for path, want := range map[string]string{
		"":               `object  5 0: id /id string "Ann" 0, list /list array  3, odd~name /odd~0name boolean true 0, escaped /escaped string "x\u0041NN" 0, list /list number 2 0`,
		"/list":          `array  3 0: 0 /list/0 object  2, 1 /list/1 array  0, 2 /list/2 object  0`,
		"/list/0":        `object  2 0: a/b /list/0/a~1b number 1 0, ann /list/0/ann null null 0`,
		"/list/0/a~1b":   `number 1 0 0: `,
		"/odd~0name":     `boolean true 0 0: `,
		"/list/0/ann":    `null null 0 0: `,
		"/list/1":        `array  0 0: `,
		"/nothing":       "nothing at /nothing",
		"/list/3":        "nothing at /list/3",
		"/list/03":       "nothing at /list/03",
		"/id/0":          "nothing at /id/0",
		"participants/0": "path begins with a slash",
	} {
		b, err := tree.Read([]byte(record), path, 0, 100)
		got := written(b)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if _, err := tree.Read([]byte(record), "/none", 0, 1); !errors.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// All members of a branch are told once, whatever the size of a page.
func TestPagesOfABranch(t *testing.T) {
	var list []string
	for n := range 251 {
		list = append(list, strconv.Itoa(n))
	}
	text := []byte("[" + strings.Join(list, ",") + "]")
	for _, most := range []int{1, 100, 250, 251, 252} {
		var got []string
		for after := 0; ; {
			b, err := tree.Read(text, "", after, most)
			if err != nil || b.Size != 251 || len(b.Members) > most || b.After != after {
				t.Fatalf("%d: %+v, %v", most, b, err)
			}
			for _, m := range b.Members {
				got = append(got, m.Text)
			}
			if after = b.Next; after == 0 {
				break
			}
		}
		if strings.Join(got, ",") != strings.Join(list, ",") {
			t.Errorf("pages of %d: %v", most, got)
		}
	}
}

// Long texts are cut between characters, and say so.
func TestLongValuesAreCut(t *testing.T) {
	text := []byte(`{"a":"` + strings.Repeat("ä", 20_000) + `"}`)
	b, err := tree.Read(text, "", 0, 1)
	if err != nil || len(b.Members[0].Text) != 299 || !b.Members[0].Cut || strings.Contains(b.Members[0].Text, "\ufffd") {
		t.Errorf("%+v, %v", b, err)
	}
	if b, err := tree.Read(text, "/a", 0, 1); err != nil || len(b.Text) != 19_999 || !b.Cut {
		t.Errorf("%d bytes, %v", len(b.Text), err)
	}
}

func TestFinding(t *testing.T) {
	for what, want := range map[string]string{
		"ann": `/id "Ann", /list/0/ann , /escaped "x\u0041NN"`, "A/B": "/list/0/a~1b ", "2": "/list 2", "tru": "/odd~0name true", "list": "/list , /list ", "nobody": "",
	} {
		f, err := tree.Find([]byte(record), what, 0, 10)
		var got []string
		for _, h := range f.Hits {
			got = append(got, h.Path+" "+h.Text)
		}
		if err != nil || strings.Join(got, ", ") != want || f.Next != 0 {
			t.Errorf("%s: got %q, %v, want %s", what, got, err, want)
		}
	}
	first, err := tree.Find([]byte(record), "ann", 0, 2)
	if err != nil || len(first.Hits) != 2 || first.Next != 2 {
		t.Errorf("%+v, %v", first, err)
	}
	if rest, err := tree.Find([]byte(record), "ann", first.Next, 2); err != nil || len(rest.Hits) != 1 || rest.Next != 0 || rest.Hits[0].Path != "/escaped" {
		t.Errorf("%+v, %v", rest, err)
	}
}

// Whatever a record is, each path that is told leads somewhere.
func FuzzPaths(f *testing.F) {
	f.Add([]byte(record))
	f.Add([]byte(`{"":{"~":[{"/":1}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := tree.Read(text, "", 0, 10)
		if err != nil {
			return
		}
		for _, m := range b.Members {
			if _, err := tree.Read(text, m.Path, 0, 1); err != nil {
				t.Errorf("%s: %v", m.Path, err)
			}
		}
	})
}

// A name may be as long as a record. An answer has the beginning of each, and no path that cannot be asked for.
func TestLongNamesAreCut(t *testing.T) {
	long := strings.Repeat("n", 1_000_000)
	text := []byte(`{"short":{"` + long + `":[` + strings.Repeat(`"found",`, 200) + `"found"],"` + long + `2":true}}`)
	b, err := tree.Read(text, "/short", 0, 100)
	if err != nil || len(b.Members) != 2 {
		t.Fatalf("%d members, %v", len(b.Members), err)
	}
	for _, m := range b.Members {
		if len(m.Name) != 300 || m.Path != "" || !m.Cut {
			t.Errorf("a name of %d bytes, a path of %d, cut: %v", len(m.Name), len(m.Path), m.Cut)
		}
	}
	f, err := tree.Find(text, "found", 0, 100)
	if err != nil || len(f.Hits) != 100 {
		t.Fatalf("%d hits, %v", len(f.Hits), err)
	}
	for _, h := range f.Hits {
		if h.Path != "/short" {
			t.Errorf("found at a path of %d bytes", len(h.Path))
		}
	}
}
