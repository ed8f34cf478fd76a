package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"path"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

//go:embed template
var templates embed.FS

//go:embed static
var statics embed.FS

// files are what pages load, by names that change with what is in them, so that browsers may keep them for ever.
var files, named = func() (files map[string][]byte, named map[string]string) {
	files, named = map[string][]byte{}, map[string]string{}
	entries, err := statics.ReadDir("static")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		text, err := statics.ReadFile("static/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(text)
		base, ext := strings.TrimSuffix(e.Name(), path.Ext(e.Name())), path.Ext(e.Name())
		name := base + "-" + hex.EncodeToString(sum[:6]) + ext
		files[name], named[e.Name()] = text, "/ui/static/"+name
	}
	return files, named
}()

var types = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// static gives what pages load.
func static(v *visit) error {
	text, ok := files[v.r.PathValue("name")]
	if !ok {
		return fault.New(fault.NotFound, "There is no such file")
	}
	h := v.out.Header()
	h.Set("Content-Type", types[path.Ext(v.r.PathValue("name"))])
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = v.out.Write(text) // whoever asked has left
	return nil
}

// functions are what templates may call.
var functions = template.FuncMap{
	"static":  func(name string) string { return named[name] },
	"percent": percent,
	"count":   count,
	"number":  func(n int) string { return count(int64(n)) },
	"brief":   brief,
}

// brief is the beginning of an id, which tells it from others on a page.
func brief(id string) string { return id[:min(8, len(id))] }
