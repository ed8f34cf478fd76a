package cli

import (
	"io"
	"net/http"
	"net/http/cookiejar"
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
	url := background(t, "serve", "--page", "--lake", "lake")
	for _, bad := range [][]string{{"--role", "all"}, {"--for", "13h"}} {
		if code, _, stderr := parley(t, append([]string{"page", "link", "--lake", "lake"}, bad...)...); code != 2 || !strings.Contains(stderr, bad[0]) {
			t.Errorf("%v: exit code %d, %s", bad, code, stderr)
		}
	}
	link := strings.TrimSpace(must(t, "page", "link", "--lake", "lake", "--url", url+"/"))
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
	api, err := browser.Get(url + "/api/v2/organizations/me")
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
