package job

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func newTestSealer(t testing.TB, key byte) *sealer {
	t.Helper()
	s, err := newSealer([32]byte{key})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCursorsOpenToTheirPlace(t *testing.T) {
	s, e := newTestSealer(t, 1), entry{id: newID(), owner: me}
	seen := map[string]bool{}
	for _, place := range []int64{0, 1, 2, 999, 1000, 1 << 40} {
		cursor := s.seal(e, place)
		if got, err := s.place(e, cursor); err != nil || got != place {
			t.Errorf("place %d: got %d, %v", place, got, err)
		}
		if again := s.seal(e, place); again != cursor || seen[cursor] || !strings.HasSuffix(cursor, "==") {
			t.Errorf("place %d: %q, then %q", place, cursor, again)
		}
		seen[cursor] = true
	}
	if got, err := s.place(e, ""); got != 0 || err != nil {
		t.Errorf("no cursor: got %d, %v", got, err)
	}
}

func TestForeignAndAlteredCursorsAreRefused(t *testing.T) {
	s, e := newTestSealer(t, 1), entry{id: newID(), owner: me}
	good := s.seal(e, 1000)
	bad := map[string]string{
		"another job":          s.seal(entry{id: newID(), owner: me}, 1000),
		"another organization": s.seal(entry{id: e.id, owner: Owner{Organization: "org-2", Client: me.Client}}, 1000),
		"another key":          newTestSealer(t, 2).seal(e, 1000),
		"garbage":              "next please",
		"a number":             "1000",
		"line break":           good[:4] + "\n" + good[4:],
		"line break behind":    good + "\r\n",
		"without padding":      strings.TrimRight(good, "="),
		"twice":                good + good,
		"url alphabet":         base64.URLEncoding.EncodeToString([]byte(strings.Repeat("\xff", 37))),
		"long":                 strings.Repeat("A", 1<<20),
		"loose last bits":      good[:len(good)-3] + string(good[len(good)-3]+1) + "==",
	}
	for i := range len(good) {
		bad["without byte "+good[i:]] = good[:i] + good[i+1:]
		bad["changed byte "+good[i:]] = good[:i] + string(good[i]^1) + good[i+1:]
	}
	for name, cursor := range bad {
		_, err := s.place(e, cursor)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Field != "cursor" || !strings.Contains(f.Message, "start again without a cursor") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzOpenCursor(f *testing.F) {
	s, e := newTestSealer(f, 1), entry{id: "3f2c1a52-0f6f-4f4e-9d4e-1f2a3b4c5d6e", owner: me}
	f.Add(s.seal(e, 1000))
	f.Add("")
	f.Add("not a cursor")
	f.Fuzz(func(t *testing.T, cursor string) {
		place, err := s.place(e, cursor)
		if err == nil && cursor != "" && s.seal(e, place) != cursor {
			t.Errorf("%q was opened and was never sealed", cursor)
		}
		if err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want fault.Invalid", cursor, err)
		}
	})
}

// One nonce for two texts, or for one text of two jobs, would give the seal away.
func TestNoTwoCursorsShareANonce(t *testing.T) {
	s, id := newTestSealer(t, 1), newID()
	seen := map[string]bool{}
	for _, e := range []entry{{id: id, owner: me}, {id: newID(), owner: me}, {id: id, owner: Owner{Organization: "org-2", Client: me.Client}}} {
		for place := range int64(3) {
			sealed, err := base64.StdEncoding.DecodeString(s.seal(e, place))
			if err != nil {
				t.Fatal(err)
			}
			nonce := string(sealed[:s.aead.NonceSize()])
			if seen[nonce] {
				t.Errorf("place %d: a nonce for the second time", place)
			}
			seen[nonce] = true
		}
	}
}

// Cursors outlive the process that gave them out, and so an update of parley.
func TestACursorThatWasGivenOutBeforeAnUpdate(t *testing.T) {
	e := entry{id: "3f2c1a52-0f6f-4f4e-9d4e-1f2a3b4c5d6e", owner: Owner{Organization: "org-1"}}
	const cursor = "TzCl3TFGzx2AfHOAfPu07vIte2hcXm3ktjvJ9iE7QmoSrUCdiA=="
	if place, err := newTestSealer(t, 1).place(e, cursor); place != 1000 || err != nil {
		t.Errorf("got %d, %v", place, err)
	}
}
