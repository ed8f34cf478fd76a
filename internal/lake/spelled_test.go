package lake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// locations gives every location that the tables name: of metadata, of lists of manifests, of manifests and of data files.
func locations(t *testing.T, l *Lake) (out []string) {
	t.Helper()
	for _, of := range tables.All() {
		tbl, err := l.load(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		files, err := tbl.FS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tbl.Location(), tbl.MetadataLocation())
		for entry := range tbl.Metadata().PreviousFiles() {
			out = append(out, entry.MetadataFile)
		}
		for _, s := range tbl.Metadata().Snapshots() {
			out = append(out, s.ManifestList)
			manifests, err := s.Manifests(files)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range manifests {
				out = append(out, m.FilePath())
				for e, err := range m.Entries(files, true) {
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, e.DataFile().FilePath())
				}
			}
		}
	}
	return out
}

// wantPlain looks whether whoever takes the locations of a lake literally, as most engines do, finds every file.
func wantPlain(t *testing.T, dir string) {
	t.Helper()
	l := mustOpen(t, dir)
	defer l.Close()
	all := locations(t, l)
	for _, location := range all {
		path, ok := strings.CutPrefix(location, "file://")
		if _, err := os.Stat(path); !ok || err != nil {
			t.Errorf("%s: %v", location, err)
		}
	}
	if len(all) < 5*len(tables.All()) {
		t.Errorf("only %d locations", len(all))
	}
}

// work does to a lake what is done to one in its life.
func work(t *testing.T, dir string) {
	t.Helper()
	l := mustOpen(t, dir)
	defer l.Close()
	commit(t, l, Commit{Records: all(record("z", day1, "new"))})
	commit(t, l, Commit{Records: all(record("y", day1, "new"))})
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Tag(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Maintain(t.Context(), MaintainOptions{Run: "upkeep", At: day1, Expire: ExpireOptions{Before: later()}}); err != nil {
		t.Fatal(err)
	}
	if report := mustCheck(t, l); report.Conversations != 4 || report.Unreferenced != 0 {
		t.Errorf("after all that: %+v", report)
	}
}

func TestLocationsAreWhatEnginesTakeLiterally(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "näme with blank")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := wander(t, l)
	wantPlain(t, dir)
	wantLake(t, dir, want)

	moved := filepath.Join(t.TempDir(), "möved & elsewhere")
	relocate(t, dir, moved)
	if did, err := Move(t.Context(), moved, MoveOptions{}); err != nil || did.Respelled {
		t.Fatalf("moved: %+v, %v", did, err)
	}
	wantPlain(t, moved)
	wantLake(t, moved, want)
	work(t, moved)
	wantPlain(t, moved)
}

// TestALakeOfPercentEncodedLocations is about lakes that an earlier version has made.
func TestALakeOfPercentEncodedLocations(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "an old läke")
	l := encodedLake(t, dir)
	want := wander(t, l)
	wantEncoded := func() {
		t.Helper()
		l := mustOpen(t, dir)
		defer l.Close()
		for _, location := range locations(t, l) {
			if strings.ContainsAny(location, " ä") {
				t.Errorf("a second spelling in one lake: %s", location)
			}
		}
	}
	wantEncoded()
	wantLake(t, dir, want)
	work(t, dir)
	wantEncoded()
	want = contents(t, mustOpen(t, dir))

	would, err := Move(t.Context(), dir, MoveOptions{DryRun: true})
	if err != nil || !would.Needed() || !would.Respelled || would.Written == 0 || would.From != would.To {
		t.Errorf("a dry run: %+v, %v", would, err)
	}
	old := mustOpen(t, dir) // by somebody who goes on writing
	did, err := Move(t.Context(), dir, MoveOptions{})
	if err != nil || did.Written != would.Written || did.Removed == 0 {
		t.Errorf("respelled: %+v, %v", did, err)
	}
	wantPlain(t, dir)
	wantLake(t, dir, want)
	if err := tryCommit(t, old, record("w", day1, "new")); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "run again") {
		t.Errorf("written by the old names: %v", err)
	}
	wantPlain(t, dir)
	if again, err := Move(t.Context(), dir, MoveOptions{}); err != nil || again.Needed() {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// encodedLake makes a lake as earlier versions did.
func encodedLake(t *testing.T, dir string) *Lake {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := openWritable(t.Context(), inFolder(dir))
	if err != nil {
		t.Fatal(err)
	}
	l.place.encoded = true
	if err := l.createTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.writeMarker(t.Context(), l.place.named); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLocationOfAPath(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b":       "file:///a/b",
		"/ä/b c":     "file:///ä/b c",
		"/a+b/[c];d": "file:///a+b/[c];d",
		"/a:b/@c":    "file:///a:b/@c",
		// Read as URIs these would be other paths: they stay encoded.
		"/100%/b":  "file:///100%25/b",
		"/%41/b":   "file:///%2541/b",
		"/a?b/c":   "file:///a%3Fb/c",
		"/a #1/c":  "file:///a%20%231/c",
		`/a\b/c`:   "file:///a%5Cb/c",
		"/a\x01/c": "file:///a%01/c",
	} {
		got := fileURL(path)
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
		for _, location := range []string{got, encodedURL(path)} {
			if back, err := filePath(location); err != nil || back != path {
				t.Errorf("%s: the path is %s, %v", location, back, err)
			}
		}
	}
}
