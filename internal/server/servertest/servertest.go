// Package servertest runs servers in tests and asks them over HTTP.
package servertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/server"
)

// Running runs a server until stop is called, or the test ends.
func Running(t *testing.T, s *server.Server) (at string, stop func(), ended <-chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	urls, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- s.Run(ctx, func(url string) error { urls <- url; return nil }) }()
	select {
	case at = <-urls:
	case err := <-done:
		t.Fatalf("the server did not start: %v", err)
	}
	return at, stop, done
}

// Login logs in as a client, and gives the token.
func Login(t *testing.T, at string, c server.Credentials) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ID}, "client_secret": {c.Secret}}
	var token struct {
		Text string `json:"access_token"`
	}
	Decode(t, Ask(t, "", "POST", at+"/oauth/token", form.Encode()), &token)
	return token.Text
}

// Ask asks, and gives the body of an answer that is none of a failure.
func Ask(t *testing.T, token, method, at, body string) io.ReadCloser {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, r.URL.Path, answer.Status)
	}
	return answer.Body
}

// Decode decodes a body of JSON, and closes it.
func Decode(t *testing.T, body io.ReadCloser, to any) {
	t.Helper()
	defer body.Close()
	if err := json.NewDecoder(body).Decode(to); err != nil {
		t.Fatal(err)
	}
}

// StartAndStop starts a role once, and stops it in one of four ways.
func StartAndStop(t *testing.T, way int, while func(context.Context, func(context.Context, string) error) error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if way%4 == 0 {
		stop()
	}
	err := while(ctx, func(ctx context.Context, url string) error {
		switch way % 4 {
		case 1:
			return nil
		case 2:
			stop()
		case 3:
			if url != "" {
				healthy(t, url)
			}
			return nil
		}
		<-ctx.Done()
		return nil
	})
	if err != nil {
		t.Errorf("way %d: %v", way%4, err)
	}
}

func healthy(t *testing.T, url string) {
	t.Helper()
	body := Ask(t, "", http.MethodGet, url+"/healthz", "")
	defer body.Close()
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Error(err)
	}
}

// Organization asks a server which organization it has.
func Organization(t *testing.T, s *server.Server, c server.Credentials) (id string) {
	t.Helper()
	at, stop, ended := Running(t, s)
	var body struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	Decode(t, Ask(t, Login(t, at, c), "GET", at+"/api/v2/organizations/me", ""), &body)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if body.Name == "" {
		t.Error("the organization has no name")
	}
	return body.ID
}
