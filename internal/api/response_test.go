package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCompression(t *testing.T) {
	x, server := onTheWire(t, 50)
	accept := func(value string) func(*http.Request) { return header("Accept-Encoding", value) }
	plain := x.ask(http.StatusOK, "POST", details+"/query", wholeDay)
	for value, want := range map[string]string{
		"gzip": "gzip", "br, GZIP;q=0.5": "gzip", "gzip, deflate": "gzip", "": "", "identity": "", "gzip;q=0": "", "br": "",
	} {
		w, err := x.send(server, "POST", details+"/query", wholeDay, accept(value))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		var body io.Reader = w.Body
		if want == "gzip" {
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatalf("%q: %v", value, err)
			}
		}
		if got := readAll(t, body); got != plain || w.Header.Get("Content-Encoding") != want || w.Header.Get("Vary") == "" {
			t.Errorf("%q: got headers %v, %d bytes, want %d", value, w.Header, len(got), len(plain))
		}
	}
	w, err := x.send(server, "GET", details+"/jobs/availability", "", accept("gzip"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	if got := readAll(t, w.Body); !strings.HasPrefix(got, "{") || w.Header.Get("Content-Encoding") != "" {
		t.Errorf("a small body: got %v, %s", w.Header, got)
	}
}

func TestFlushSendsWhatWasWritten(t *testing.T) {
	x := newFixture(t, 0, nil)
	w := httptest.NewRecorder()
	r := x.request("GET", "/", "")
	r.Header.Set("Accept-Encoding", "gzip")
	out := newResponse(w, r, x.server.encoders)
	if _, err := fmt.Fprint(out, "early"); err != nil {
		t.Fatal(err)
	}
	out.Flush()
	z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(z, got); err != nil || string(got) != "early" || !w.Flushed {
		t.Errorf("got %q, %v", got, err)
	}
}
