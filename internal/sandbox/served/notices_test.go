package served

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/wire"
)

// listen makes a channel that is subscribed to the availability, and connects to it.
func listen(t *testing.T, at, token string) *websocket.Conn {
	t.Helper()
	var c wire.Channel
	servertest.Decode(t, servertest.Ask(t, token, "POST", at+wire.PathChannels, ""), &c)
	if want := "ws" + strings.TrimPrefix(at, "http") + "/channels/"; !strings.HasPrefix(c.ConnectURI, want) {
		t.Fatalf("the channel is at %s, want it at %s", c.ConnectURI, want)
	}
	if status, text := answered(t, token, "POST", at+wire.PathChannels+"/"+c.ID+"/subscriptions", `[{"id":"`+wire.TopicAvailability+`"}]`); status != http.StatusOK {
		t.Fatalf("subscribe: %d %s", status, text)
	}
	ws, _, err := websocket.Dial(t.Context(), c.ConnectURI, nil) //nolint:bodyclose // the library's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"message":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	if n := next(t, ws); n.TopicName != wire.TopicChannel {
		t.Fatalf("a ping is answered by %+v", n)
	}
	return ws
}

func next(t *testing.T, ws *websocket.Conn) (n wire.Notification) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	_, text, err := ws.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestClientsAreToldOfTheNightlyBatch(t *testing.T) {
	client := server.Credentials{ID: "me", Secret: "hush"}
	s, err := Open(t.Context(), "", func(*sandbox.Scenario) (*sandbox.World, error) {
		return sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 2, PerDay: 10, Start: noon}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	// Rules and the journal of requests stand before the websocket too.
	if _, err := s.Faults().AddAll([]rule.Rule{{Name: "late", Route: "GET /channels/{channelId}", Delay: rule.Duration(time.Millisecond)}}); err != nil {
		t.Fatal(err)
	}
	at, stop, ended := servertest.Running(t, s.Serve(server.Listen{Addr: "127.0.0.1:0", Client: client, Log: slog.New(slog.DiscardHandler)}, Control{}, nil))
	token := servertest.Login(t, at, client)
	one, other := listen(t, at, token), listen(t, at, token)
	if err := s.World.MoveClock(t.Context(), clock.Change{Advance: 20 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	var body wire.Availability
	servertest.Decode(t, servertest.Ask(t, token, "GET", at+wire.PathJobs+"/availability", ""), &body)
	for _, ws := range []*websocket.Conn{one, other} {
		if n := next(t, ws); n.TopicName != wire.TopicAvailability || string(n.EventBody) != `{"dataAvailabilityDate":"`+body.DataAvailabilityDate+`"}` {
			t.Errorf("got %+v, and the date is %s", n, body.DataAvailabilityDate)
		}
	}
	if fired := s.Faults().List()[0].Fired; fired != 2 {
		t.Errorf("the rule fired %d times, want 2", fired)
	}
	// A month at one time: the batches in it are told of once, and then the channels have expired.
	if err := s.World.MoveClock(t.Context(), clock.Change{Advance: 30 * 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	date, err := s.World.Available(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var e websocket.CloseError
	for _, ws := range []*websocket.Conn{one, other} {
		if n := next(t, ws); string(n.EventBody) != `{"dataAvailabilityDate":"`+wire.Date(date)+`"}` {
			t.Errorf("got %+v, and the date is %v", n, date)
		}
		if _, _, err := ws.Read(t.Context()); !errors.As(err, &e) || e.Reason != "The channel has expired" {
			t.Errorf("a month later the connection ends with %v", err)
		}
	}
	token = servertest.Login(t, at, client)
	one = listen(t, at, token)
	stop()
	if n := next(t, one); n.TopicName != wire.TopicClosing {
		t.Errorf("when the server stops a client hears %+v", n)
	}
	if _, _, err := one.Read(t.Context()); !errors.As(err, &e) || e.Code != websocket.StatusGoingAway {
		t.Errorf("when the server stops the connection ends with %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
