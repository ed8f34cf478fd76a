package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/wire"
)

var aMorning = time.Date(2026, 11, 8, 9, 0, 0, 0, time.UTC)

func TestListenerHearsOfABatch(t *testing.T) {
	w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 10, Start: aMorning}, nil)
	if err != nil {
		t.Fatal(err)
	}
	who := server.Credentials{ID: "me", Secret: "hush"}
	run := func(addr string) (at string, stop func()) {
		at, end, ended := servertest.Running(t, served.New(server.Listen{Addr: addr, Client: who, Log: slog.New(slog.DiscardHandler)}, w))
		return at, func() {
			end()
			if err := <-ended; err != nil {
				t.Errorf("the server ended with %v", err)
			}
		}
	}
	at, stop := run("127.0.0.1:0")
	c := New(Config{API: at, Login: at, ClientID: who.ID, ClientSecret: Secret(who.Secret)})
	l := c.Listen(wire.TopicAvailability)
	defer l.Close()
	hear := func() {
		t.Helper()
		if err := w.MoveClock(t.Context(), clock.Change{Advance: 23 * time.Hour}); err != nil { // a channel lasts for a day
			t.Fatal(err)
		}
		begun := time.Now()
		if err := l.Wait(t.Context(), time.Hour); err != nil || time.Since(begun) > time.Minute {
			t.Fatalf("waited %v: %v", time.Since(begun), err)
		}
	}
	connect(t, l)
	hear()
	if err := l.Wait(t.Context(), time.Nanosecond); err != nil { // only time has passed
		t.Fatal(err)
	}
	channel := l.channel
	connect(t, l) // to the same channel
	if l.channel != channel {
		t.Errorf("it made another channel, though the first is there")
	}
	hear()
	stop()
	if err := l.Wait(t.Context(), time.Hour); !errors.Is(err, fault.Unavailable) {
		t.Errorf("when the server stops it says %v", err)
	}
	_, stop = run(strings.TrimPrefix(at, "http://"))
	connect(t, l) // to another channel: the server has forgotten the first
	hear()
	stop()
}

// connect connects, and gives a server that has just begun time to take the connection up: it answers in this order.
func connect(t *testing.T, l *Listener) {
	t.Helper()
	if err := l.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.ws.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// channels is a platform that has channels of some kind.
type channels struct {
	forgets bool   // each channel once it is made
	uri     string // the address that it gives; HOST is the server's, empty that of its websocket
	speak   func(ctx context.Context, ws *websocket.Conn)
	host    string
}

func (c *channels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/oauth/token":
		_, _ = fmt.Fprint(w, `{"access_token":"abc"}`)
	case strings.HasSuffix(r.URL.Path, "/subscriptions") && c.forgets:
		http.Error(w, `{"status":404,"code":"not.found","message":"no"}`, http.StatusNotFound)
	case strings.HasSuffix(r.URL.Path, "/subscriptions"):
		_, _ = fmt.Fprint(w, `{"entities":[]}`)
	case r.URL.Path == wire.PathChannels:
		_, _ = fmt.Fprintf(w, `{"id":"c1","connectUri":%q}`, strings.ReplaceAll(c.uri, "HOST", c.host))
	case c.speak == nil || r.Header.Get("Authorization") != "":
		http.Error(w, "no", http.StatusTeapot)
	default:
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		c.speak(ws.CloseRead(r.Context()), ws)
		_ = ws.CloseNow()
	}
}

func (c *channels) listener(t *testing.T) *Listener {
	t.Helper()
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.host = strings.TrimPrefix(s.URL, "http://")
	l := New(Config{API: s.URL, Login: s.URL, ClientID: "me", ClientSecret: "hush", Retry: Retry{Attempts: 1}, Patience: 10 * time.Second}).Listen("topic")
	t.Cleanup(l.Close)
	return l
}

func TestListenerGoesToNoOtherPlace(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"ws://elsewhere.example.com/channels/c1": "has nothing to do with",
		"http://HOST/channels/c1":                "none of a websocket",
		"ws://me:you@HOST/channels/c1":           "none of a websocket",
		"":                                       "none of a websocket",
		"ws://HOST/" + strings.Repeat("x", 3000): "none of a websocket",
		"ws://HOST/channels/c1":                  "418",
	} {
		err := (&channels{uri: uri}).listener(t).Connect(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "channels/c1") {
			t.Errorf("%.40s: got %v, want %s in it", uri, err, want)
		}
	}
	c := New(Config{API: "https://api.mypurecloud.com"})
	for uri, good := range map[string]bool{
		"wss://streaming.mypurecloud.com/channels/c1": true,
		"wss://api.mypurecloud.com/channels/c1":       true,
		"ws://api.mypurecloud.com/channels/c1":        false,
		"wss://mypurecloud.com/channels/c1":           false,
		"wss://x.streaming.mypurecloud.com/":          false,
		"wss://127.0.0.1/channels/c1":                 false,
	} {
		if err := c.checkChannel(wire.Channel{ID: "c1", ConnectURI: uri}); (err == nil) != good {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if related("10.0.0.1", "127.0.0.1") || related("api.com", "streaming.com") {
		t.Error("places are taken for related that are not")
	}
}

func TestListenerOfAPlatformThatMeansHarm(t *testing.T) {
	t.Parallel()
	say := func(texts ...string) func(context.Context, *websocket.Conn) {
		return func(ctx context.Context, ws *websocket.Conn) {
			for _, text := range texts {
				if ws.Write(ctx, websocket.MessageText, []byte(text)) != nil {
					return
				}
			}
			<-ctx.Done()
		}
	}
	for name, c := range map[string]struct {
		speak func(context.Context, *websocket.Conn)
		want  string // "": it hears something
	}{
		"other messages first": {speak: say(`[`, `{"topicName":"channel.metadata"}`, `{"topicName":1}`, "\xff", `{"topicName":"topic"}`)},
		"many at once":         {speak: say(`{"topicName":"topic"}`, `{"topicName":"topic"}`, `{"topicName":"topic"}`)},
		"closing":              {speak: say(`{"topicName":"v2.system.socket_closing"}`), want: "about to close"},
		"large":                {speak: say(strings.Repeat(" ", 1<<20)), want: "has ended"},
		"silent":               {speak: say(), want: "the platform says nothing"},
		"gone":                 {speak: func(context.Context, *websocket.Conn) {}, want: "has ended"},
		"closes with terminal codes": {speak: func(_ context.Context, ws *websocket.Conn) {
			_ = ws.Close(websocket.StatusNormalClosure, "a\x1b[2Jb")
		}, want: "has ended"},
	} {
		l := (&channels{uri: "ws://HOST/channels/c1", speak: c.speak}).listener(t)
		if name == "silent" {
			l.silence = 50 * time.Millisecond
		}
		if err := l.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := l.Wait(t.Context(), time.Minute)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\x1b")) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// Who takes that for a server without channels gives up for ever.
func TestListenerOfAPlatformThatForgetsChannels(t *testing.T) {
	t.Parallel()
	if err := (&channels{uri: "ws://HOST/channels/c1", forgets: true}).listener(t).Connect(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// A server that speaks HTTP/2 too is reached by HTTP/1.1, which websockets need.
func TestListenerOverTLS(t *testing.T) {
	t.Parallel()
	c := &channels{uri: "wss://HOST/channels/c1", speak: func(ctx context.Context, ws *websocket.Conn) {
		_ = ws.Write(ctx, websocket.MessageText, []byte(`{"topicName":"topic"}`))
		<-ctx.Done()
	}}
	s := httptest.NewUnstartedServer(c)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c.host = strings.TrimPrefix(s.URL, "https://")
	l := New(Config{API: s.URL, Login: s.URL, ClientID: "me", ClientSecret: "hush", Retry: Retry{Attempts: 1}, Transport: s.Client().Transport}).Listen("topic")
	t.Cleanup(l.Close)
	if err := l.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := l.Wait(t.Context(), time.Hour); err != nil || time.Since(begun) > time.Minute {
		t.Errorf("waited %v, %v", time.Since(begun), err)
	}
	c.uri = "ws://HOST/channels/c1"
	if err := New(l.client.cfg).Listen("topic").Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("an address that is not encrypted: %v", err)
	}
}

func TestListenerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := (&channels{uri: "ws://HOST/channels/c1", speak: func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() }}).listener(t)
	if err := l.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if err := l.Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	end()
	waiting.Wait()
	l.Close()
	l.Close() // again is nothing
}
