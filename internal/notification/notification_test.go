package notification_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/notification"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/wire"
)

const topic = wire.TopicAvailability

var start = time.Date(2026, 11, 8, 9, 0, 0, 0, time.UTC)

// rig is channels behind a server, and the platform's clock, which stands still unless it is moved.
type rig struct {
	*notification.Channels

	t     *testing.T
	clock *clock.Clock
	addr  string
}

func newRig(t *testing.T, change func(*notification.Config)) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.New(clock.Setting{At: start, Since: time.Now()}, nil)}
	cfg := notification.Config{Now: r.clock.Now, Wait: r.clock.Wait}
	if change != nil {
		change(&cfg)
	}
	r.Channels = notification.New(cfg)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if err := r.Connect(w, q, strings.TrimPrefix(q.URL.Path, "/channels/")); err != nil {
			http.Error(w, err.Error(), fault.HTTPStatus(err))
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { r.Close(t.Context()) }) // which is over, and cuts whoever is left
	r.addr = strings.TrimPrefix(server.URL, "http://")
	return r
}

func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	s, err := r.clock.After(clock.Change{Advance: d})
	if err != nil {
		r.t.Fatal(err)
	}
	r.clock.Set(s)
}

// dial connects to a channel; the answer says why not, if it fails.
func (r *rig) dial(id string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(r.t.Context(), "ws://"+r.addr+"/channels/"+id, nil)
}

func (r *rig) connect(id string) *websocket.Conn {
	r.t.Helper()
	ws, _, err := r.dial(id) //nolint:bodyclose // as above
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

// ping asks whether anybody is there, and waits for the answer.
func (r *rig) ping(ws *websocket.Conn) {
	r.t.Helper()
	if err := ws.Write(r.t.Context(), websocket.MessageText, []byte(`{"message":"ping"}`)); err != nil {
		r.t.Fatal(err)
	}
	if n := r.read(ws); n.TopicName != wire.TopicChannel || string(n.EventBody) != `{"message":"pong"}` {
		r.t.Fatalf("a ping is answered by %+v", n)
	}
}

func (r *rig) read(ws *websocket.Conn) (n wire.Notification) {
	r.t.Helper()
	ctx, done := context.WithTimeout(r.t.Context(), time.Minute)
	defer done()
	_, text, err := ws.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// ends is how a connection ends for its client.
func (r *rig) ends(ws *websocket.Conn) (e websocket.CloseError) {
	r.t.Helper()
	ctx, done := context.WithTimeout(r.t.Context(), time.Minute)
	defer done()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			if !errors.As(err, &e) {
				r.t.Fatalf("the connection ends by %v, and not by a word of the server", err)
			}
			return e
		}
	}
}

func (r *rig) subscribed(owner string) notification.Channel {
	r.t.Helper()
	c := r.Create(owner)
	if _, err := r.Subscribe(owner, c.ID, []string{topic}, false); err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) publish(topic string, want int) {
	r.t.Helper()
	told, err := r.Publish(topic, wire.Availability{DataAvailabilityDate: "2026-11-08T04:00:00.000Z"})
	if err != nil || told != want {
		r.t.Fatalf("told %d, %v; want %d", told, err, want)
	}
}

func TestMessagesReachWhoSubscribed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	a, b, other := r.connect(r.subscribed("a").ID), r.connect(r.subscribed("b").ID), r.connect(r.Create("c").ID)
	r.publish(topic, 2)
	for _, ws := range []*websocket.Conn{a, b} {
		n := r.read(ws)
		if n.TopicName != topic || n.Version != "2" || n.Metadata == nil || n.Metadata.CorrelationID == "" ||
			string(n.EventBody) != `{"dataAvailabilityDate":"2026-11-08T04:00:00.000Z"}` {
			t.Errorf("got %+v", n)
		}
	}
	r.ping(other) // and nothing before that
}

// Who is connected may ask how things stand, and rely on being told of what happens after that.
func TestMessagesReachWhoHasJustConnected(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for range 300 {
		c := r.subscribed("a")
		ws := r.connect(c.ID)
		r.publish(topic, 1)
		if n := r.read(ws); n.TopicName != topic {
			t.Fatalf("got %+v", n)
		}
		_ = ws.CloseNow()
		for r.connections(c.ID) > 0 {
			runtime.Gosched()
		}
	}
}

// connections is how many are told of a topic of their own.
func (r *rig) connections(id string) int {
	r.t.Helper()
	if _, err := r.Subscribe("a", id, []string{"mine"}, true); err != nil {
		r.t.Fatal(err)
	}
	told, err := r.Publish("mine", "")
	if err != nil {
		r.t.Fatal(err)
	}
	return told
}

func TestChannelIsOfItsClient(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := r.subscribed("a")
	for name, err := range map[string]error{
		"find":      second(r.Find("b", c.ID)),
		"topics":    second(r.Topics("b", c.ID)),
		"subscribe": second(r.Subscribe("b", c.ID, []string{topic}, true)),
		"unknown":   second(r.Find("a", "no such one")),
	} {
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := r.List("b"); len(list) != 0 {
		t.Errorf("another client is shown %v", list)
	}
	if list := r.List("a"); len(list) != 1 || list[0] != (notification.Channel{ID: c.ID, Expires: start.Add(notification.Lasts)}) {
		t.Errorf("the client is shown %v", list)
	}
	if _, resp, err := r.dial("no such one"); err == nil || resp.StatusCode != http.StatusNotFound { //nolint:bodyclose // an answer of the library's
		t.Errorf("there is a websocket of no channel: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notification.Config) { c.Limits.Topics = 3 })
	c := r.Create("a")
	for _, step := range []struct {
		topics  []string
		inPlace bool
		want    string
		bad     bool
	}{
		{topics: []string{"x", "y", "x"}, want: "x y"},
		{topics: []string{"y", "z"}, want: "x y z"},
		{topics: []string{"w"}, want: "x y z", bad: true},
		{topics: []string{"w", "x"}, inPlace: true, want: "w x"},
		{inPlace: true},
	} {
		_, err := r.Subscribe("a", c.ID, step.topics, step.inPlace)
		if step.bad != errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", step, err)
		}
		if topics, err := r.Topics("a", c.ID); err != nil || strings.Join(topics, " ") != step.want {
			t.Errorf("after %+v it is subscribed to %v, %v", step, topics, err)
		}
	}
	ws := r.connect(c.ID)
	r.publish("x", 0)
	r.ping(ws)
}

func TestChannelExpiresByThePlatformsClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	kept, gone := r.subscribed("a"), r.subscribed("a")
	longer, shorter := r.connect(kept.ID), r.connect(gone.ID)
	r.advance(notification.Lasts - time.Second)
	if _, err := r.Subscribe("a", kept.ID, []string{topic}, true); err != nil { // which is how a client keeps it
		t.Fatal(err)
	}
	r.advance(time.Second)
	if e := r.ends(shorter); e.Code != websocket.StatusNormalClosure || e.Reason != "The channel has expired" {
		t.Errorf("the websocket of a channel that expires ends with %v", e)
	}
	r.publish(topic, 1)
	if n := r.read(longer); n.TopicName != topic {
		t.Errorf("the channel that was subscribed anew gets %+v", n)
	}
	if list := r.List("a"); len(list) != 1 || list[0].ID != kept.ID {
		t.Errorf("left are %v", list)
	}
	r.advance(notification.Lasts)
	if e := r.ends(longer); e.Reason != "The channel has expired" {
		t.Errorf("a day later its websocket ends with %v", e)
	}
}

func TestOneChannelTooManyTakesThePlaceOfTheLeastUsed(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notification.Config) { c.Limits.Channels = 3 })
	other := r.Create("b")
	first, second, third := r.Create("a"), r.Create("a"), r.Create("a")
	ws := r.connect(first.ID) // who is connected is spared
	fourth := r.Create("a")
	r.has("a", third, first, fourth)
	if _, err := r.Find("a", second.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("the channel used least lately is still there: %v", err)
	}
	r.connect(third.ID)
	r.connect(fourth.ID)
	fifth := r.Create("a") // all are connected: the one that was used first goes
	r.has("a", third, fourth, fifth)
	if e := r.ends(ws); e.Code != websocket.StatusNormalClosure {
		t.Errorf("its websocket ends with %v", e)
	}
	r.has("b", other)
}

func (r *rig) has(owner string, want ...notification.Channel) {
	r.t.Helper()
	if got := r.List(owner); !slices.Equal(got, want) {
		r.t.Errorf("%s has %v, want %v", owner, got, want)
	}
}

func TestSecondConnectionEndsTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := r.subscribed("a")
	first := r.connect(c.ID)
	second := r.connect(c.ID)
	if e := r.ends(first); e.Reason != "Another connection to the channel was made" {
		t.Errorf("the first ends with %v", e)
	}
	r.publish(topic, 1)
	if n := r.read(second); n.TopicName != topic {
		t.Errorf("the second gets %+v", n)
	}
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notification.Config) { c.Limits.Connections = 2 })
	first := r.connect(r.Create("a").ID)
	r.connect(r.Create("a").ID)
	c := r.Create("a")
	if _, resp, err := r.dial(c.ID); err == nil || resp.StatusCode != http.StatusServiceUnavailable { //nolint:bodyclose // an answer of the library's
		t.Fatalf("a third connects: %v", err)
	}
	_ = first.Close(websocket.StatusNormalClosure, "")
	r.room(c.ID)
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notification.Config) { c.Heartbeat = time.Millisecond })
	ws, _, err := r.dial(r.Create("a").ID) //nolint:bodyclose // an answer of the library's
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	if n := r.read(ws); n.TopicName != wire.TopicChannel || string(n.EventBody) != `{"message":"WebSocket Heartbeat"}` {
		t.Errorf("got %+v", n)
	}
}

func TestSlowReaderIsLetGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notification.Config) {
		c.Limits.Held, c.Limits.Connections, c.Patience = 2, 2, 2*time.Second
	})
	slow, quick := r.subscribed("slow"), r.connect(r.subscribed("quick").ID)
	r.handshake(slow.ID)
	big := strings.Repeat("x", 256<<10) // what the kernel does not take for a client
	for told := 2; told == 2; {
		var err error
		if told, err = r.Publish(topic, wire.ChannelMessage{Message: big}); err != nil {
			t.Fatal(err)
		}
		quick.SetReadLimit(1 << 20)
		r.read(quick) // who reads gets each
	}
	r.room(r.Create("next").ID) // its place is free
}

// room waits until there is room for another connection: the server learns of the end of one when it does.
func (r *rig) room(id string) {
	r.t.Helper()
	for {
		ws, _, err := r.dial(id) //nolint:bodyclose // an answer of the library's
		if err == nil {
			_ = ws.CloseNow()
			return
		}
	}
}

// handshake connects by hand.
func (r *rig) handshake(id string) net.Conn {
	r.t.Helper()
	conn, err := new(net.Dialer).DialContext(r.t.Context(), "tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /channels/%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", id, r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil) //nolint:bodyclose // there is none
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("got %v, %v", resp, err)
	}
	return conn
}

func TestWhatNobodyUnderstands(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for name, c := range map[string]struct {
		kind websocket.MessageType
		text string
		code websocket.StatusCode // 0: the connection goes on
	}{
		"large":    {websocket.MessageText, strings.Repeat(" ", 5000), websocket.StatusMessageTooBig},
		"binary":   {websocket.MessageBinary, `{"message":"ping"}`, websocket.StatusUnsupportedData},
		"no JSON":  {websocket.MessageText, `ping`, 0},
		"a number": {websocket.MessageText, `{"message":1}`, 0},
		"empty":    {websocket.MessageText, ``, 0},
		"other":    {websocket.MessageText, `{"message":"subscribe","topics":["x"]}`, 0},
	} {
		ws := r.connect(r.subscribed(name).ID)
		if err := ws.Write(t.Context(), c.kind, []byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if c.code == 0 {
			r.ping(ws)
		} else if e := r.ends(ws); e.Code != c.code {
			t.Errorf("%s: the connection ends with %v, want %v", name, e, c.code)
		}
	}
}

// A message in pieces without end is as much of it as may be said at once, and no more.
func TestPiecesWithoutEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	conn := r.handshake(r.Create("a").ID)
	piece := append([]byte{0x01, 0x80 | 100, 0, 0, 0, 0}, make([]byte, 100)...) // text, not the last, masked with nothing
	for sent := 0; ; sent += len(piece) {
		if _, err := conn.Write(piece); err != nil {
			return
		}
		piece[0] = 0x00 // goes on
		if sent > 64<<20 {
			t.Fatal("the server takes 64 MiB of one message")
		}
	}
}

func TestCloseEndsConnections(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notification.Config) { c.Patience = time.Hour })
	c := r.subscribed("a")
	ws := r.connect(c.ID)
	r.handshake(r.subscribed("b").ID) // answers no good-bye
	r.publish(topic, 2)
	var closed sync.WaitGroup
	ctx, end := context.WithCancel(t.Context())
	closed.Go(func() { r.Close(ctx) })
	if n := r.read(ws); n.TopicName != topic {
		t.Errorf("what waited is lost: %+v", n)
	}
	if n := r.read(ws); n.TopicName != wire.TopicClosing {
		t.Errorf("before it ends, a client hears %+v", n)
	}
	if e := r.ends(ws); e.Code != websocket.StatusGoingAway {
		t.Errorf("the connection ends with %v", e)
	}
	end()
	closed.Wait()
	if _, resp, err := r.dial(c.ID); err == nil || resp.StatusCode != http.StatusServiceUnavailable { //nolint:bodyclose // an answer of the library's
		t.Errorf("one connects to a server that has stopped: %v", err)
	}
}

// Who asks for a websocket that there cannot be takes the place of nobody.
func TestARefusedConnectionEndsNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := r.subscribed("a")
	ws := r.connect(c.ID)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.addr+"/channels/"+c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}, "Sec-Websocket-Version": {"8"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s", resp.Status)
	}
	r.publish(topic, 1)
	if n := r.read(ws); n.TopicName != topic {
		t.Errorf("got %+v", n)
	}
}

func TestNoWebsocketIsAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	at := (&url.URL{Scheme: "http", Host: r.addr, Path: "/channels/" + r.Create("a").ID}).String()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 400 {
		t.Errorf("got %s", resp.Status)
	}
	req.Header.Set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
	if err := r.Connect(httptest.NewRecorder(), req, r.Create("a").ID); !errors.Is(err, fault.Invalid) {
		t.Errorf("where no connection can be taken: %v", err)
	}
}
