package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// A link lets somebody in who has no client, and the pages show what the lake has. Without --page there are none.
func TestALinkLeadsToThePages(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "lake", "--from", "2026-11-02", "--to", "2026-11-04", "--per-day", "5", "--seed", "1")
	if code, _, stderr := parley(t, "page", "link", "--lake", "lake"); code != 5 || !strings.Contains(stderr, "parley serve --page") {
		t.Errorf("before there was a server: exit code %d, %s", code, stderr)
	}
	base := background(t, "serve", "--page", "--lake", "lake")
	for _, bad := range [][]string{{"--role", "all"}, {"--for", "13h"}} {
		if code, _, stderr := parley(t, append([]string{"page", "link", "--lake", "lake"}, bad...)...); code != 2 || !strings.Contains(stderr, bad[0]) {
			t.Errorf("%v: exit code %d, %s", bad, code, stderr)
		}
	}
	link := strings.TrimSpace(must(t, "page", "link", "--lake", "lake", "--url", base+"/"))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	r, err := browser.Post(link, "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(text), "Calendar 2026") || !strings.Contains(string(text), "parley status --lake lake") {
		t.Errorf("the link leads to %d, %v: %s", r.StatusCode, err, text)
	}
	api, err := browser.Get(base + "/api/v2/organizations/me")
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Body.Close(); err != nil || api.StatusCode != http.StatusUnauthorized {
		t.Errorf("the cookie opens the API: %d, %v", api.StatusCode, err)
	}
	bare, err := browser.Get(background(t, "serve", "--lake", "lake", "--state", "other") + "/ui/calendar")
	if err != nil {
		t.Fatal(err)
	}
	if err := bare.Body.Close(); err != nil || bare.StatusCode != http.StatusNotFound {
		t.Errorf("without --page: %d, %v", bare.StatusCode, err)
	}
}

// Whoever signs in by a client is that client: what they submit on a page is listed under it, at a lake and at a platform whose clock is moved.
func TestWhoSignsInByAClientIsThatClient(t *testing.T) {
	credentials(t)
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "lake", "--from", "2026-11-02", "--to", "2026-11-04", "--per-day", "5", "--seed", "1")
	for _, server := range [][]string{{"serve", "--page", "--lake", "lake"}, {"sandbox", "--days", "4", "--per-day", "10", "--now", "2026-11-05T12:00:00Z", "--speed", "0"}} {
		base := background(t, server...)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := http.Client{Jar: jar}
		post := func(path string, form url.Values) {
			t.Helper()
			r, err := browser.PostForm(base+path, form)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(r.Body); errors.Join(err, r.Body.Close()) != nil || r.StatusCode != http.StatusOK {
				t.Fatalf("%s %s: %d %s", server[0], path, r.StatusCode, text)
			}
		}
		post("/ui/sign-in", url.Values{"client_id": {"id"}, "client_secret": {"secret"}})
		post("/ui/explore", url.Values{"do": {"job"}, "body": {`{"interval":"2026-11-02/2026-11-04"}`}})
		var job struct {
			Client string `json:"clientId"`
		}
		if out := must(t, "jobs", "list", "--json", "--base-url", base); json.Unmarshal([]byte(out), &job) != nil || job.Client != "id" {
			t.Errorf("%s: the jobs are %s", server[0], out)
		}
	}
}
