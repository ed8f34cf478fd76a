package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/words"
)

//go:embed template
var templates embed.FS

//go:embed static
var statics embed.FS

// files are what pages load, by names that change with what is in them, so that browsers may keep them for ever. named are their
// addresses, by the names that templates and our own scripts call them: vendor/uplot.js is what comes from others, as
// static/vendor/vendored.json says.
var files, named = func() (files map[string][]byte, named map[string]string) {
	s := &rack{files: map[string][]byte{}, named: map[string]string{}}
	err := fs.WalkDir(statics, "static", func(at string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && types[path.Ext(at)] != "" {
			s.put(strings.TrimPrefix(at, "static/"))
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	return s.files, s.named
}()

// rack is where files are put, after those that they import.
type rack struct {
	files map[string][]byte
	named map[string]string
}

// put puts a file there, and gives its address.
func (s *rack) put(name string) string {
	if at, ok := s.named[name]; ok {
		return at
	}
	text, err := statics.ReadFile("static/" + name)
	if err != nil {
		panic(err) // a script imports what is not there
	}
	if path.Ext(name) == ".js" && path.Dir(name) == "." {
		text = s.addressed(text)
	}
	sum := sha256.Sum256(text)
	ext := path.Ext(name)
	as := strings.ReplaceAll(strings.TrimSuffix(name, ext), "/", "-") + "-" + hex.EncodeToString(sum[:6]) + ext
	s.files[as], s.named[name] = text, "/ui/static/"+as
	return s.named[name]
}

// imported is the file that a script imports: import x from "./vendor/x.js", or import("./x.js").
var imported = regexp.MustCompile(`\b((?:from|import) ?\(?)"\./([\w/-]+\.js)"`)

// addressed is a script that imports files by their addresses. An import map would say the same in the page, where the policy allows
// no script. Scripts do not import each other in a circle.
func (s *rack) addressed(text []byte) []byte {
	return imported.ReplaceAllFunc(text, func(match []byte) []byte {
		parts := imported.FindSubmatch(match)
		return fmt.Appendf(nil, "%s%q", parts[1], s.put(string(parts[2])))
	})
}

var types = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}

// static gives what pages load.
func static(v *visit) error {
	name := v.r.PathValue("name")
	text, ok := files[name]
	if !ok {
		return fault.New(fault.NotFound, "There is no such file")
	}
	h := v.out.Header()
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if less := smaller()[name]; less != nil && takesGzip(v.r) {
		h.Set("Content-Encoding", "gzip")
		text = less
	}
	_, _ = v.out.Write(text) // whoever asked has left
	return nil
}

// functions are what templates may call.
var functions = template.FuncMap{
	"static":  func(name string) string { return named[name] },
	"percent": words.Percent,
	"count":   words.Count,
	"number":  func(n int) string { return words.Count(int64(n)) },
	"brief":   words.Short,
}
