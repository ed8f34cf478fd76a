package web

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/web/watch"
	"github.com/parley-hq/parley/internal/wire"
)

// Pages that change in front of their reader follow a stream of server-sent events. An event says which version there is now of what
// the page shows, and the page asks for itself again. The version follows from what is shown: whoever comes back, to this server
// after a restart or to another, and says which one they have, misses nothing.

// followed is something that pages follow.
type followed struct {
	every time.Duration // how often it is looked at, for all who follow it
	look  func(ctx context.Context, v *visit, id string) ([]byte, error)
}

// follows are what can be followed, by kind. The id of one is in the place of %s.
var follows = map[string]followed{
	"calendar":     {5 * time.Second, lookAtDays},
	"jobs":         {500 * time.Millisecond, lookAt(wire.PathList)},
	"job":          {500 * time.Millisecond, lookAt(wire.PathList + "/%s")},
	"conversation": {time.Second, lookAtConversation},
	"runs":         {time.Second, lookAtRuns},
	"run":          {time.Second, lookAtRuns},
	"sandbox":      {500 * time.Millisecond, lookAtSandbox},
}

// lookAt looks at what the API answers.
func lookAt(path string) func(context.Context, *visit, string) ([]byte, error) {
	return func(ctx context.Context, v *visit, id string) ([]byte, error) {
		return v.web.askAs(ctx, v.who, http.MethodGet, strings.ReplaceAll(path, "%s", url.PathEscape(id)), nil)
	}
}

func lookAtDays(ctx context.Context, v *visit, _ string) ([]byte, error) {
	if err := v.who.Require(access.ViewDetails); err != nil {
		return nil, err
	}
	days, err := v.web.cfg.Data.Days(ctx, v.who.Organization)
	if err != nil {
		return nil, err
	}
	return json.Marshal(days)
}

func lookAtRuns(ctx context.Context, v *visit, id string) ([]byte, error) {
	if err := v.who.Require(access.ViewDetails); err != nil {
		return nil, err
	}
	list, err := v.web.cfg.Data.Runs(ctx, v.who.Organization)
	if err != nil {
		return nil, err
	}
	if id != "" {
		list = slices.DeleteFunc(list, func(r runs.Run) bool { return r.ID != id })
	}
	return json.Marshal(map[string]any{"runs": list, "clock": byTheClock(list, v.web.cfg.Machine())}, json.Deterministic(true))
}

// live is what a page follows, and which version of it the page shows.
type live struct{ Of, Version string }

// Stream is the address of the stream.
func (l live) Stream() string {
	return "/parley/v1/events?" + url.Values{"of": {l.Of}, "last": {l.Version}}.Encode()
}

// following is what the page that is being made follows. It is asked for before the page looks at anything: what changes in between is
// told of, and not missed.
func (v *visit) following(of string) (live, error) {
	r, err := v.reader(of)
	if err != nil {
		return live{}, err
	}
	defer r.Close()
	version, err := r.Version(v.ctx(), v.web.cfg.Machine())
	return live{of, version}, err
}

// followingIfLive is following, where the data changes as one looks.
func (v *visit) followingIfLive(of string) (live, error) {
	if !v.web.cfg.Live {
		return live{}, nil
	}
	return v.following(of)
}

// reader reads what somebody follows, as they may see it.
func (v *visit) reader(of string) (*watch.Reader, error) {
	kind, id, _ := strings.Cut(of, "/")
	f, ok := follows[kind]
	if !ok || strings.Contains(id, "/") {
		return nil, fault.Field("of", "of says what is followed: calendar, jobs, job/ID, runs, run/ID, conversation/ID or sandbox")
	}
	user, only := v.who.OnlyUser()
	// Who comes from elsewhere may not control a sandbox, and what they are told of it is not what others are told.
	here := isLoopback(v.r.RemoteAddr) && isLoopback(v.r.Host)
	name := fmt.Sprintf("%s\x00%t\x00%s\x00%t\x00%s", v.who.Organization, only, user, here, of)
	return v.web.watch.Read(name, f.every, func(ctx context.Context) (string, error) {
		leave, err := wait(ctx, v.web.looks, v, false) // there may be as many things that are followed as there are streams
		if err != nil {
			return "", err
		}
		defer leave()
		text, err := f.look(ctx, v, id)
		return v.web.versionOf(name, text), err
	}), nil
}

// versionOf is the version of what somebody follows. It is made with a key: by a plain hash, who knows all of a text but some digits
// that are masked finds these by trying.
func (w *Web) versionOf(name string, text []byte) string {
	h := hmac.New(sha256.New, w.cfg.Key)
	_, _ = h.Write([]byte(name + "\x00")) // hashes take everything
	_, _ = h.Write(text)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// comesOften is how often a reader comes while one look is good. If it came once, a look that is a little too young when it comes would keep
// what is new from it for twice as long.
const comesOften = 4

// Bounds of streams: how many there are, how long one lasts, how often its reader is told that the server is there, and how often it is
// asked whether they are signed in still.
const (
	mostStreams   = 1000
	mostStreamsOf = 100 // of one client, or of who came by one link
	streamLasts   = 5 * time.Minute
	tellHere      = 10 * time.Second
	askAgain      = 15 * time.Second
	looksAtOnce   = 2
	sendWithin    = 10 * time.Second
)

// events streams what happens to something. It ends now and then by itself, and browsers come back.
func events(v *visit) error {
	q := v.r.URL.Query()
	leave, err := v.web.streams.enter(string(v.who.ID))
	if err != nil {
		return err
	}
	defer leave()
	return v.stream(q.Get("of"), cmp.Or(v.r.Header.Get("Last-Event-ID"), q.Get("last")), func() error {
		_, err := v.whoLooks()
		return err
	})
}

// stream tells the visitor of versions that they do not have, for as long as they are signed in.
func (v *visit) stream(of, have string, signedIn func() error) error {
	r, err := v.reader(of)
	if err != nil {
		return err
	}
	defer r.Close()
	kind, _, _ := strings.Cut(of, "/")
	s := stream{v: v, reader: r, every: follows[kind].every, have: have, signedIn: signedIn, asked: v.web.cfg.Machine()}
	s.run()
	return nil
}

// stream is a reader who is told of changes.
type stream struct {
	v      *visit
	reader *watch.Reader
	every  time.Duration
	have   string // version that the reader has
	told   time.Time

	signedIn func() error // why the reader is told nothing any more
	asked    time.Time
}

func (s *stream) run() {
	ctx, stop := context.WithTimeout(s.v.ctx(), streamLasts)
	defer stop()
	h := s.v.out.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies that gather what they pass on
	tick := time.NewTicker(s.every / comesOften)
	defer tick.Stop()
	for err := s.send("retry: 1000\n\n"); err == nil; err = s.look(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-s.v.web.stopping:
			return
		case <-tick.C:
		}
	}
}

// look tells the reader of another version than they have, and now and then that the server is there. What cannot be looked at
// now is looked at again.
func (s *stream) look(ctx context.Context) error {
	now := s.v.web.cfg.Machine()
	if now.Sub(s.asked) >= askAgain {
		if err := s.signedIn(); errors.Is(err, fault.Unauthorized) || errors.Is(err, fault.Forbidden) {
			return err
		}
		s.asked = now
	}
	version, err := s.reader.Version(ctx, now)
	switch {
	case err == nil && version != s.have:
		s.have, s.told = version, now
		return s.send("id: " + version + "\nevent: changed\ndata: {}\n\n")
	case err == nil && now.Sub(s.told) >= tellHere:
		s.told = now
		return s.send("event: here\ndata: {}\n\n")
	}
	return nil
}

// send sends at once, and gives up on a reader who takes nothing.
func (s *stream) send(text string) error {
	out := http.NewResponseController(s.v.out)
	_ = out.SetWriteDeadline(time.Now().Add(sendWithin)) // tests have no connection
	if _, err := s.v.out.Write([]byte(text)); err != nil {
		return err
	}
	return out.Flush()
}
