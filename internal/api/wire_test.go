package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// rawAnswer sends a request byte by byte and gives the answer as it stands on the wire.
func rawAnswer(t *testing.T, server *httptest.Server, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return readAll(t, conn)
}

// onTheWire starts a real server and gives its address.
func onTheWire(t *testing.T, n int) (*fixture, *httptest.Server) {
	t.Helper()
	x := newFixture(t, n, nil)
	server := httptest.NewServer(x.handler)
	t.Cleanup(server.Close)
	return x, server
}

func (x *fixture) send(server *httptest.Server, method, path, body string, change func(*http.Request)) (*http.Response, error) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+x.token)
	if change != nil {
		change(r)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("a redirect") },
	}
	return client.Do(r)
}
