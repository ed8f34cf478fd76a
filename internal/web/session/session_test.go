package session

import (
	"bytes"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

type fixture struct {
	*Store

	t       *testing.T
	db      *state.DB
	clients *access.Store
	now     time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	x := &fixture{t: t, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return x.now }
	var err error
	if x.db, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if x.clients, err = access.Open(t.Context(), x.db, now); err != nil {
		t.Fatal(err)
	}
	if x.Store, err = Open(t.Context(), x.db, x.clients, now); err != nil {
		t.Fatal(err)
	}
	return x
}

// signIn begins a session of a new client.
func (x *fixture) signIn(c access.Client) (access.Client, string) {
	x.t.Helper()
	c, secret, err := x.clients.Add(x.t.Context(), c)
	if err != nil {
		x.t.Fatal(err)
	}
	token, err := x.clients.Login(x.t.Context(), c.ID, secret)
	if err != nil {
		x.t.Fatal(err)
	}
	text, _, err := x.Begin(x.t.Context(), token)
	if err != nil {
		x.t.Fatal(err)
	}
	return c, text
}

func (x *fixture) wantOver(text, when string) {
	x.t.Helper()
	if c, err := x.Who(x.t.Context(), text); !errors.Is(err, fault.Unauthorized) {
		x.t.Errorf("%s: got %v, %v", when, c.ID, err)
	}
}

func TestASessionEnds(t *testing.T) {
	unraced.Test(t)
	for name, end := range map[string]func(x *fixture, c access.Client, text string) error{
		"when its client is removed": func(x *fixture, c access.Client, _ string) error { return x.clients.Remove(t.Context(), c.ID) },
		"with another secret": func(x *fixture, c access.Client, _ string) error {
			_, err := x.clients.Rotate(t.Context(), c.ID)
			return err
		},
		"when it is ended":    func(x *fixture, _ access.Client, text string) error { return x.End(t.Context(), text) },
		"when nobody uses it": func(x *fixture, _ access.Client, _ string) error { x.now = x.now.Add(Idle); return nil },
		"with the token":      func(x *fixture, _ access.Client, _ string) error { x.now = x.now.Add(time.Hour); return nil },
		"when the database was moved": func(x *fixture, _ access.Client, _ string) error {
			_, err := x.db.Exec(t.Context(), `UPDATE page_sessions SET box = ?`, []byte("x"))
			return err
		},
	} {
		x := newFixture(t)
		c, text := x.signIn(access.Client{Name: "test", Organization: "acme", TokenLifetime: time.Hour})
		if who, err := x.Who(t.Context(), text); err != nil || who.ID != c.ID || who.Organization != "acme" {
			t.Fatalf("got %+v, %v", who, err)
		}
		if err := end(x, c, text); err != nil {
			t.Fatal(err)
		}
		x.wantOver(text, name)
	}
}

// A session that is used lasts as long as it may, and no longer.
func TestASessionInUse(t *testing.T) {
	unraced.Test(t)
	x := newFixture(t)
	_, text := x.signIn(access.Client{Name: "test", Organization: "acme"})
	for passed := time.Duration(0); passed+time.Hour < Most; passed += time.Hour {
		x.now = x.now.Add(time.Hour)
		if _, err := x.Who(t.Context(), text); err != nil {
			t.Fatalf("after %v: %v", passed+time.Hour, err)
		}
	}
	x.now = x.now.Add(time.Hour)
	x.wantOver(text, "after 12 hours")
	x.wantOver("no such session", "of no session")
}

// Whoever reads the database has neither the text of a session, nor that of a token or a link.
func TestNothingIsKeptInClear(t *testing.T) {
	unraced.Test(t)
	x := newFixture(t)
	c, secret, err := x.clients.Add(t.Context(), access.Client{Name: "test", Organization: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := x.clients.Login(t.Context(), c.ID, secret)
	if err != nil {
		t.Fatal(err)
	}
	text, most, err := x.Begin(t.Context(), token)
	if err != nil || most != Most {
		t.Fatal(most, err)
	}
	link, err := x.Link(t.Context(), "acme", []access.Permission{access.ViewDetails}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`SELECT hash, box FROM page_sessions`, `SELECT hash, hash FROM page_links`} {
		for r, err := range x.db.Rows(t.Context(), query) {
			var a, b []byte
			if err == nil {
				err = r.Scan(&a, &b)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{text, token.Text, link} {
				if bytes.Contains(a, []byte(secret)) || bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s has a secret", query)
				}
			}
		}
	}
}

func TestALinkIsGoodOnce(t *testing.T) {
	x := newFixture(t)
	link := func() string {
		t.Helper()
		text, err := x.Link(t.Context(), "acme", []access.Permission{access.ViewDetails, access.ViewAggregates}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	one := link()
	text, most, err := x.Spend(t.Context(), one)
	if err != nil || most != time.Hour {
		t.Fatal(most, err)
	}
	who, err := x.Who(t.Context(), text)
	if err != nil || who.Organization != "acme" || !slices.Equal(who.Permissions, []access.Permission{access.ViewDetails, access.ViewAggregates}) {
		t.Errorf("got %+v, %v", who, err)
	}
	old := link()
	x.now = x.now.Add(LinkGood)
	for _, bad := range []string{one, old, "no such link", text} {
		if _, _, err := x.Spend(t.Context(), bad); !errors.Is(err, fault.Unauthorized) {
			t.Errorf("got %v", err)
		}
	}
	x.now = x.now.Add(time.Hour)
	x.wantOver(text, "after the hour of the link")
}

func TestLinksThatCannotBe(t *testing.T) {
	x := newFixture(t)
	for organization, lasts := range map[string]time.Duration{"ACME!": time.Hour, "acme": 0, "beta": Most + 1} {
		if _, err := x.Link(t.Context(), organization, nil, lasts); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s for %v: got %v", organization, lasts, err)
		}
	}
}

// Sessions and links that are over are forgotten when somebody signs in.
func TestWhatIsOverIsForgotten(t *testing.T) {
	unraced.Test(t)
	x := newFixture(t)
	x.signIn(access.Client{Name: "test", Organization: "acme"})
	if _, err := x.Link(t.Context(), "acme", nil, time.Hour); err != nil {
		t.Fatal(err)
	}
	x.now = x.now.Add(Most)
	x.signIn(access.Client{Name: "another", Organization: "acme"})
	var sessions, links int
	if err := x.db.Row(t.Context(), `SELECT (SELECT count(*) FROM page_sessions), (SELECT count(*) FROM page_links)`).Scan(&sessions, &links); err != nil || sessions != 1 || links != 0 {
		t.Errorf("%d sessions, %d links, %v", sessions, links, err)
	}
}

// Where the clock of tokens is moved, a session lasts by that of the machine. It is its client's all the same: it has the client's rights, and
// ends with it, or with its secret.
func TestASessionThatIsGrantedOutlivesTokens(t *testing.T) {
	unraced.Test(t)
	x := newFixture(t)
	confined := access.Client{Name: "confined", Organization: "acme", UserID: "u", Permissions: []access.Permission{access.ViewOwnDetails}}
	for name, c := range map[string]access.Client{"usual": {Name: "usual", Organization: "acme", Permissions: access.Usual()}, "confined": confined} {
		c, _, err := x.clients.Add(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		text, most, err := x.Grant(t.Context(), c.ID)
		if err != nil || most != Most {
			t.Fatalf("%s: %v, %v", name, most, err)
		}
		x.now = x.now.Add(Idle - time.Minute)
		if got, err := x.Who(t.Context(), text); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c)
		}
		x.now = x.now.Add(Idle - time.Minute)
		if _, err := x.Look(t.Context(), text); err != nil {
			t.Errorf("%s: looked at: %v", name, err)
		}
		x.now = x.now.Add(time.Minute)
		x.wantOver(text, "looked at, and not used")
		rotated, _, err := x.Grant(t.Context(), c.ID)
		if err == nil {
			_, err = x.clients.Rotate(t.Context(), c.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		x.wantOver(rotated, "the secret is another one")
		removed, _, err := x.Grant(t.Context(), c.ID)
		if err == nil {
			err = x.clients.Remove(t.Context(), c.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		x.wantOver(removed, "the client is gone")
	}
	if _, _, err := x.Grant(t.Context(), "nobody"); !errors.Is(err, fault.NotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

// A client that the process was given is known by its id and secret: a session outlives the process, if the next one is given both.
func TestAGrantOfAClientThatIsGiven(t *testing.T) {
	unraced.Test(t)
	x := newFixture(t)
	given := access.Client{ID: "id", Organization: "acme", Permissions: access.All()}
	if err := x.clients.Fix(given, "secret"); err != nil {
		t.Fatal(err)
	}
	text, _, err := x.Grant(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	restart := func(secret string) *Store {
		t.Helper()
		clients, err := access.Open(t.Context(), x.db, func() time.Time { return x.now.Add(1000 * time.Hour) }) // of the platform's clock
		if err == nil && secret != "" {
			err = clients.Fix(given, secret)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), x.db, clients, func() time.Time { return x.now })
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if c, err := restart("secret").Who(t.Context(), text); err != nil || c.ID != "id" || !c.Has(access.ActOnPages) {
		t.Errorf("after a restart: %+v, %v", c, err)
	}
	for _, secret := range []string{"another", ""} {
		if c, err := restart(secret).Who(t.Context(), text); !errors.Is(err, fault.Unauthorized) {
			t.Errorf("after a restart with the secret %q: %+v, %v", secret, c, err)
		}
	}
}
