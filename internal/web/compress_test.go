package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"
)

func unpacked(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Pages, what they load and their JSON come compressed to who takes that, and are the same then.
func TestAnswersAreCompressed(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for _, path := range []string{"/ui/calendar/2026", "/ui/figures", "/parley/v1/conversations/" + id + "/account", named["style.css"], named["vendor/uplot.js"]} {
		_, whole, h := b.ask("GET", path, "", "Accept-Encoding", "identity")
		if h.Get("Content-Encoding") != "" || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s, as it is: %v", path, h)
		}
		_, text, h := b.ask("GET", path, "", "Accept-Encoding", "br, GZIP;q=0.5")
		if h.Get("Content-Encoding") != "gzip" || h.Get("Vary") != "Accept-Encoding" || len(text) > len(whole)*2/3 {
			t.Fatalf("%s: %d bytes of %d, %v", path, len(text), len(whole), h)
		}
		if unpacked(t, text) != whole {
			t.Errorf("%s: compressed, it is another", path)
		}
	}
}

// Nothing is gained by small answers. The page of a link has the link, and is sent as it is.
func TestWhatIsNotCompressed(t *testing.T) {
	b := newBrowser(t)
	for _, path := range []string{"/ui/link/any", "/ui/sign-in?next=/ui/day/2026-07-15", named["icon.svg"]} {
		if _, _, h := b.ask("GET", path, "", "Accept-Encoding", "gzip"); h.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	b.signIn()
	if _, text, h := b.ask("GET", "/parley/v1/days/2026-07-15", "", "Accept-Encoding", "gzip"); h.Get("Content-Encoding") != "" || len(text) >= leastCompressed {
		t.Errorf("%d bytes: %v", len(text), h)
	}
}

func TestWhoTakesGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "deflate, gzip;q=1.0, *;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "identity": false, "x-gzip": false, "br,GZIP": true,
	} {
		r := http.Request{Header: http.Header{"Accept-Encoding": {header}}}
		if got := takesGzip(&r); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
