package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
)

// reading is somebody who follows something.
type reading struct {
	mu   sync.Mutex
	text strings.Builder
	stop context.CancelFunc
	over bool
}

func (r *reading) Header() http.Header { return http.Header{} }
func (r *reading) WriteHeader(int)     {}
func (r *reading) Flush()              {}

func (r *reading) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

// heard is what came since it was asked last.
func (r *reading) heard() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.TrimPrefix(r.text.String(), "retry: 1000\n\n")
	r.text.Reset()
	return text
}

// follow follows something from a version on, in a bubble.
func follow(t *testing.T, w *Web, of, last string) *reading {
	t.Helper()
	return followWhile(t, w, of, last, func() error { return nil })
}

// followWhile follows something for as long as somebody is signed in.
func followWhile(t *testing.T, w *Web, of, last string, signedIn func() error) *reading {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out := &reading{stop: stop}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/parley/v1/events?of="+of, nil)
	v := &visit{web: w, out: out, r: r, who: access.Client{ID: "me", Organization: "acme", Permissions: access.Usual()}}
	go func() {
		if err := v.stream(of, last, signedIn); err != nil {
			t.Errorf("%s: %v", of, err)
		}
		out.mu.Lock()
		defer out.mu.Unlock()
		out.over = true
	}()
	return out
}

// followed makes pages whose API answers with a text that the test changes.
func followedPages(t *testing.T) (w *Web, say func(string), asked *int) {
	t.Helper()
	var mu sync.Mutex
	var text string
	asked = new(int)
	w, err := New(Config{Machine: time.Now, Ask: func(access.Client) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			*asked++
			if text == "away" {
				out.(interface{ Fail(err error) }).Fail(fault.New(fault.Unavailable, "away"))
				return
			}
			_, _ = out.Write([]byte(text))
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w, func(s string) { mu.Lock(); defer mu.Unlock(); text = s }, asked
}

// idOf is the version that an event tells of.
func idOf(t *testing.T, events string) string {
	t.Helper()
	_, after, found := strings.Cut(events, "id: ")
	id, _, _ := strings.Cut(after, "\n")
	if !found || !strings.Contains(after, "event: changed") {
		t.Fatalf("heard %q, and no change", events)
	}
	return id
}

func TestReadersAreToldOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, say, asked := followedPages(t)
		say("one")
		a, b := follow(t, w, "jobs", ""), follow(t, w, "jobs", "")
		time.Sleep(600 * time.Millisecond)
		one := idOf(t, a.heard())
		if got := idOf(t, b.heard()); got != one {
			t.Errorf("two readers have heard %q and %q", one, got)
		}
		time.Sleep(3 * time.Second)
		if got := a.heard(); got != "" {
			t.Errorf("nothing has changed, and heard %q", got)
		}
		if *asked > 9 {
			t.Errorf("looked %d times within four seconds, for two readers", *asked)
		}
		say("two")
		time.Sleep(time.Second)
		two := idOf(t, a.heard())
		a.stop()

		// Whoever comes back says what they have: nothing is told twice, and nothing is missed.
		again := follow(t, w, "jobs", two)
		time.Sleep(time.Second)
		if got := again.heard(); strings.Contains(got, "changed") {
			t.Errorf("came back with the newest version, and heard %q", got)
		}
		late := follow(t, w, "jobs", one)
		time.Sleep(time.Second)
		if got := idOf(t, late.heard()); got != two {
			t.Errorf("came back with an older version, and heard %q", got)
		}
		restarted, sayThere, _ := followedPages(t)
		sayThere("two")
		there := follow(t, restarted, "jobs", one)
		time.Sleep(time.Second)
		if got := idOf(t, there.heard()); got != two {
			t.Errorf("after a restart of the server heard %q, and not %q", got, two)
		}
		w.Stopping()
		restarted.Stopping()
	})
}

func TestReadersAreToldThatTheServerIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, say, _ := followedPages(t)
		say("one")
		r := follow(t, w, "jobs", "")
		time.Sleep(time.Second)
		r.heard()
		time.Sleep(21 * time.Second)
		if got := strings.Count(r.heard(), "event: here"); got != 2 {
			t.Errorf("heard %d times within 21 s that the server is there", got)
		}
		say("away")
		time.Sleep(30 * time.Second)
		if got := r.heard(); got != "" {
			t.Errorf("the data is away, and heard %q", got)
		}
		say("two")
		time.Sleep(time.Second)
		idOf(t, r.heard())
		time.Sleep(streamLasts)
		synctest.Wait()
		if r.mu.Lock(); !r.over {
			t.Error("a stream lasts, and nobody asks again who reads it")
		}
		r.mu.Unlock()
		if n := w.watch.Readers(); n != 0 {
			t.Errorf("%d readers are left", n)
		}
	})
}

// Whoever signs out, or whose client is removed, is told nothing any more.
func TestAStreamEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, say, _ := followedPages(t)
		say("one")
		var out atomic.Bool
		r := followWhile(t, w, "jobs", "", func() error {
			if out.Load() {
				return fault.New(fault.Unauthorized, "signed out")
			}
			return nil
		})
		time.Sleep(time.Minute)
		idOf(t, r.heard())
		out.Store(true)
		time.Sleep(askAgain)
		say("two")
		time.Sleep(time.Minute)
		if got := r.heard(); strings.Contains(got, "changed") {
			t.Errorf("signed out, and heard %q", got)
		}
		if r.mu.Lock(); !r.over {
			t.Error("the stream goes on")
		}
		r.mu.Unlock()
	})
}

func TestAServerThatStopsEndsItsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, say, _ := followedPages(t)
		say("one")
		r := follow(t, w, "job/1", "")
		time.Sleep(time.Second)
		w.Stopping()
		w.Stopping()
		synctest.Wait()
		if r.mu.Lock(); !r.over {
			t.Error("the stream goes on")
		}
		r.mu.Unlock()
	})
}

func TestWhatCannotBeFollowedIsSaid(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for _, of := range []string{"", "nothing", "job/a/b"} {
		if status, text, _ := b.ask("GET", "/parley/v1/events?of="+of, ""); status != http.StatusBadRequest || !strings.Contains(text, "of says what is followed") {
			t.Errorf("%q: %d %s", of, status, text)
		}
	}
}

// One who follows very much leaves room for others.
func TestStreamsAreBounded(t *testing.T) {
	s := newCrowd(mostStreams, mostStreamsOf, "too many")
	var leave []func()
	for n := range mostStreams {
		l, err := s.enter("client " + strconv.Itoa(n%(mostStreams/mostStreamsOf)))
		if err != nil {
			t.Fatalf("stream %d: %v", n, err)
		}
		leave = append(leave, l)
	}
	if _, err := s.enter("another"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("one more of all: %v", err)
	}
	leave[0]()
	leave[1]()
	if _, err := s.enter("client 2"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("one more of a client: %v", err)
	}
	if _, err := s.enter("client 0"); err != nil {
		t.Errorf("a place that was left: %v", err)
	}
	for _, l := range leave[2:] {
		l()
	}
	if s.all != 1 || len(s.of) != 1 {
		t.Errorf("%d streams of %d clients are counted", s.all, len(s.of))
	}
}

// Who knows a record but for some digits must not find these by trying: versions are made with a key.
func TestVersionsTellNothing(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	one, other := &Web{cfg: Config{Key: []byte("one")}}, &Web{cfg: Config{Key: []byte("other")}}
	if one.versionOf("x", []byte("text")) == other.versionOf("x", []byte("text")) {
		t.Error("a version does not depend on the key")
	}
	if one.versionOf("x", []byte("text")) == one.versionOf("y", []byte("text")) {
		t.Error("what is alike in two organizations has one version")
	}
	v := &visit{web: one, r: httptest.NewRequest(http.MethodGet, "/", nil)}
	v.web.cfg.Machine = time.Now
	v.web.looks = limit.NewTurns(1, 1, 1)
	v.web.cfg.Ask = b.data.ask
	v.who = access.Client{Organization: "acme", Permissions: access.Usual()}
	got, err := v.following("conversation/" + id)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(compacted(t, planted))); got.Version == hex.EncodeToString(sum[:12]) {
		t.Error("the version of a masked conversation is the hash of what is not masked")
	}
}

// A client that is confined to one user is not told how many conversations there are.
func TestConfinedClientsSeeNoCounts(t *testing.T) {
	b := newBrowser(t)
	own := access.Client{ID: "own", Organization: "acme", UserID: "user-1", Permissions: []access.Permission{access.ViewOwnDetails}}
	if err := b.site.clients.Fix(own, "hush"); err != nil {
		t.Fatal(err)
	}
	b.ask("POST", "/ui/sign-in", url.Values{"client_id": {"own"}, "client_secret": {"hush"}}.Encode())
	for _, path := range []string{"/ui/calendar/2026", "/ui/day/2026-07-15", "/ui/runs", "/parley/v1/days", "/parley/v1/days/2026-07-15", "/parley/v1/runs", "/parley/v1/events?of=calendar", "/ui/figures"} {
		if strings.Contains(path, "events") {
			v := &visit{web: b.web, who: own, r: httptest.NewRequest(http.MethodGet, path, nil)}
			if _, err := v.following("calendar"); !errors.Is(err, fault.Forbidden) {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		if status, text, _ := b.ask("GET", path, ""); status != http.StatusForbidden || strings.Contains(text, "500") && strings.Contains(text, "records") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, text, _ := b.ask("GET", "/ui/calendar", ""); status != http.StatusOK || !strings.Contains(text, "<title>Explore") {
		t.Errorf("signed in, they come to %d %s", status, text)
	}
}

func TestWhereToGoAfterSigningIn(t *testing.T) {
	for from, want := range map[string]string{
		"/ui/jobs?state=FAILED": "/ui/jobs?state=FAILED", "/ui/../../evil": "/ui/", "/ui/..//evil.example": "/ui/", "//evil.example": "/ui/", "https://evil.example/ui/": "/ui/",
		"/ui/\\evil.example": "/ui/", "/uix": "/ui/", "": "/ui/",
	} {
		if got := next(from); got != want {
			t.Errorf("%s leads to %s", from, got)
		}
	}
}

// deadlines is an answer that notes which deadlines it was given.
type deadlines struct {
	*httptest.ResponseRecorder

	read bool
}

func (d *deadlines) SetReadDeadline(time.Time) error  { d.read = true; return nil }
func (d *deadlines) SetWriteDeadline(time.Time) error { return nil }

// A form has to come within some time. A stream has no end to what is read: a deadline for that would end it.
func TestOnlyFormsHaveToComeInTime(t *testing.T) {
	b := newBrowser(t)
	for method, want := range map[string]bool{http.MethodGet: false, http.MethodPost: true} {
		out := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		b.web.ServeHTTP(out, httptest.NewRequest(method, "http://localhost/ui/sign-in", strings.NewReader("")))
		if out.read != want {
			t.Errorf("%s: a deadline for reading: %v", method, out.read)
		}
	}
}

// What is new is told as soon as a look is old, whoever looked last and when.
func TestReadersComeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, say, _ := followedPages(t)
		say("one")
		a := follow(t, w, "jobs", "")
		time.Sleep(400 * time.Millisecond)
		b := follow(t, w, "jobs", "")
		time.Sleep(250 * time.Millisecond)
		one := idOf(t, a.heard())
		if got := idOf(t, b.heard()); got != one {
			t.Errorf("heard %q and %q", one, got)
		}
		a.stop()
		say("two")
		time.Sleep(625 * time.Millisecond) // half a second, and the time between two ticks
		if got := idOf(t, b.heard()); got == one {
			t.Errorf("heard %q again", got)
		}
		b.stop()
		synctest.Wait()
	})
}
