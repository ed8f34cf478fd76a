package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

// as is another visitor of the same server.
func (b *browser) as(client string, permissions ...access.Permission) *browser {
	b.t.Helper()
	if err := b.site.clients.Fix(access.Client{ID: access.ClientID(client), Organization: "acme", Permissions: append(access.Usual(), permissions...)}, "hush"); err != nil {
		b.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	other := *b
	other.client = &http.Client{Jar: jar}
	if status, text, _ := other.ask("POST", "/ui/sign-in", "client_id="+client+"&client_secret=hush"); status != http.StatusOK {
		b.t.Fatalf("%d %s", status, text)
	}
	return &other
}

// What is kept for somebody who may see personal data is shown to nobody else, and the other way round.
func TestModelsAreKeptForWhoMaySeeThem(t *testing.T) {
	for _, maySeeFirst := range []bool{true, false} {
		b := newBrowser(t)
		may, mayNot := b.as("may", access.ViewPersonalData), b.as("may-not")
		order := []*browser{may, mayNot, may, mayNot}
		if !maySeeFirst {
			order = []*browser{mayNot, may, mayNot, may}
		}
		for n, who := range order {
			for _, path := range []string{"/ui/conversation/" + id + "?seg=2.0.1", "/parley/v1/conversations/" + id + "/account", "/parley/v1/conversations/" + id + "/record?path=/participants/0"} {
				if got, want := strings.Contains(who.get(path), "Planted"), who == may; got != want {
					t.Errorf("visit %d, %s: personal data is shown: %v, want %v", n, path, got, want)
				}
			}
		}
		if n, _ := b.web.models.made.Kept(); n != 2 {
			t.Errorf("%d models are kept", n)
		}
	}
}

// Whether somebody may see a conversation is asked each time, though its model is kept.
func TestPermissionIsAskedEachTime(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.get("/ui/conversation/" + id)
	b.data.err = fault.New(fault.NotFound, "There is no conversation of this id")
	for _, path := range []string{"/ui/conversation/" + id, "/parley/v1/conversations/" + id + "/account", "/parley/v1/conversations/" + id + "/timeline", "/parley/v1/conversations/" + id + "/record?path=", "/parley/v1/conversations/" + id + "/compare"} {
		if status, _, _ := b.ask("GET", path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// counting is data that counts how often names are looked up.
type counting struct {
	Data

	asked int
	err   error
}

func (c *counting) Names(ctx context.Context, organization string, ids map[names.Kind][]string) (*names.Book, error) {
	if c.asked++; c.err != nil {
		return nil, c.err
	}
	return c.Data.Names(ctx, organization, ids)
}

// A model is made once, again when names may have changed, and for each version of the record. One that could not be made is not kept.
func TestModelsAreMadeAgainWhenTheyMayBeOld(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	data := &counting{Data: b.data, err: errors.New("away")}
	b.web.cfg.Data = data
	want := func(asked int) {
		t.Helper()
		b.get("/ui/conversation/" + id)
		if data.asked != asked {
			t.Errorf("models were made %d times, want %d", data.asked, asked)
		}
	}
	if status, _, _ := b.ask("GET", "/ui/conversation/"+id, ""); status != http.StatusInternalServerError {
		t.Errorf("without names: %d", status)
	}
	data.err = nil
	want(2)
	want(2)
	b.site.now = b.site.now.Add(namesLast)
	want(3)
	want(3)
	b.data.record = strings.Replace(planted, "10:04:30", "10:04:31", 1)
	want(4)
	want(4)
}
