package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// vendored is what static/vendor/vendored.json says of a package.
type vendored struct {
	Package   string `json:"package"`
	Version   string `json:"version"`
	Integrity string `json:"integrity"`
	Licence   string `json:"licence"`
	Files     []struct {
		Name   string `json:"name"`
		From   string `json:"from"`
		Append string `json:"append"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// mostVendored is how many bytes of others are committed.
const mostVendored = 150_000

// Every file of others is named with where it comes from and under which licence, and is as it came.
func TestVendoredFilesAreAsTheyCame(t *testing.T) {
	there := map[string][]byte{}
	entries, err := fs.ReadDir(statics, "static/vendor")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, e := range entries {
		if there[e.Name()], err = statics.ReadFile("static/vendor/" + e.Name()); err != nil {
			t.Fatal(err)
		}
		total += len(there[e.Name()])
	}
	var list []vendored
	if err := json.Unmarshal(there["vendored.json"], &list); err != nil {
		t.Fatal(err)
	}
	delete(there, "vendored.json")
	for _, p := range list {
		p.check(t, there)
	}
	if len(there) > 0 {
		t.Errorf("vendored.json does not name %v", slices.Collect(maps.Keys(there)))
	}
	if total > mostVendored {
		t.Errorf("%d bytes of others, and at most %d are meant to be", total, mostVendored)
	}
}

// check takes the files of a package from those that are there.
func (p vendored) check(t *testing.T, there map[string][]byte) {
	t.Helper()
	licensed := false
	for _, f := range p.Files {
		sum := sha256.Sum256(there[f.Name])
		if hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("%s is not what came with %s %s: make web-vendor", f.Name, p.Package, p.Version)
		}
		licensed = licensed || f.From == "LICENSE" && len(there[f.Name]) > 0
		delete(there, f.Name)
	}
	if !licensed || p.Licence == "" || p.Version == "" || !strings.HasPrefix(p.Integrity, "sha512-") {
		t.Errorf("%s lacks its licence, version or integrity", p.Package)
	}
}

// A script imports another one by the name of its file; browsers get the address, which changes with what is in it.
func TestScriptsImportByAddress(t *testing.T) {
	s := &rack{files: map[string][]byte{}, named: map[string]string{}}
	for text, want := range map[string]string{
		`import { Idiomorph } from "./vendor/idiomorph.js";`: `import { Idiomorph } from "/ui/static/vendor-idiomorph-`,
		`const u = await import("./vendor/uplot.js");`:       `const u = await import("/ui/static/vendor-uplot-`,
		`import "./page.js";`:                                `import "/ui/static/page-`,
		`const from = "page.js";`:                            `const from = "page.js";`,
	} {
		if got := string(s.addressed([]byte(text))); !strings.HasPrefix(got, want) {
			t.Errorf("%s became %s", text, got)
		}
	}
	for name, at := range s.named {
		if _, ok := files[strings.TrimPrefix(at, "/ui/static/")]; !ok {
			t.Errorf("%s is not served at %s", name, at)
		}
	}
}

func TestVendoredFilesAreServed(t *testing.T) {
	b := newBrowser(t)
	for name, kind := range map[string]string{"vendor/idiomorph.js": "text/javascript", "vendor/uplot.css": "text/css", "vendor/uplot-licence.txt": "text/plain"} {
		status, text, header := b.ask("GET", named[name], "")
		if status != 200 || text == "" || !strings.HasPrefix(header.Get("Content-Type"), kind) {
			t.Errorf("%s at %s: %d, %s, %d bytes", name, named[name], status, header.Get("Content-Type"), len(text))
		}
	}
}
