package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/notification"
	"github.com/parley-hq/parley/internal/wire"
)

// withChannels has the first organization have channels.
func withChannels(c *Config) {
	c.Channels = map[string]*notification.Channels{"org-1": notification.New(notification.Config{Now: time.Now, Wait: func(ctx context.Context, _ time.Time) error {
		<-ctx.Done()
		return ctx.Err()
	}})}
}

// channel makes a channel.
func (x *fixture) channel() wire.Channel {
	x.t.Helper()
	return read[wire.Channel](x.t, x.ask(http.StatusOK, "POST", wire.PathChannels, ""))
}

const availability = `[{"id":"v2.analytics.conversations.details.jobs.availability"}]`

func TestChannelsAndSubscriptions(t *testing.T) {
	test(t, 1, withChannels, func(x *fixture) {
		c := x.channel()
		if c.ConnectURI != "ws://example.com/channels/"+c.ID || len(c.ID) < 30 {
			t.Errorf("the channel is %+v", c)
		}
		if want := wire.Date(time.Now().Add(24 * time.Hour)); c.Expires != want {
			t.Errorf("it expires at %s, want %s", c.Expires, want)
		}
		if got := read[wire.Entities[wire.Channel]](t, x.ask(http.StatusOK, "GET", wire.PathChannels, "")); len(got.Entities) != 1 || got.Entities[0] != c {
			t.Errorf("the list is %+v", got)
		}
		x.ask(http.StatusOK, "HEAD", wire.PathChannels+"/"+c.ID, "")
		of := wire.PathChannels + "/" + c.ID + "/subscriptions"
		one := `{"entities":[{"id":"` + wire.TopicAvailability + `","state":"Permitted","selfUri":"` + of + `"}]}`
		for _, step := range []struct{ method, body, want string }{
			{"GET", "", `{"entities":[]}`},
			{"POST", availability, one},
			{"POST", availability, one}, // once is enough
			{"GET", "", one},
			{"PUT", `[]`, `{"entities":[]}`},
			{"PUT", one[len(`{"entities":`) : len(one)-1], one}, // as it was given before
			{"GET", "", one},
		} {
			if got := x.ask(http.StatusOK, step.method, of, step.body); got != step.want {
				t.Errorf("%s %s: got %s, want %s", step.method, step.body, got, step.want)
			}
		}
		x.ask(http.StatusNoContent, "DELETE", of, "")
		if got := x.ask(http.StatusOK, "GET", of, ""); got != `{"entities":[]}` {
			t.Errorf("after all were removed it is %s", got)
		}
	})
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	test(t, 1, withChannels, func(x *fixture) {
		of := wire.PathChannels + "/" + x.channel().ID + "/subscriptions"
		for body, want := range map[string]string{
			`[{"id":"v2.users.x.presence"}]`: `There is no topic v2.users.x.presence`,
			`[{}]`:                           `There is no topic`,
			`{"id":"x"}`:                     `must be a JSON array`,
			`["x"]`:                          `must be a JSON array`,
			`[`:                              `must be a JSON array`,
			`[` + strings.Repeat(availability[1:len(availability)-1]+",", 10_000) + `]`: `over the size limit`,
		} {
			status := http.StatusBadRequest
			if len(body) > 512_000 {
				status = http.StatusRequestEntityTooLarge
			}
			if got := x.ask(status, "POST", of, body); !strings.Contains(got, want) {
				t.Errorf("%.50s: got %s, want %s", body, got, want)
			}
		}
		if got := x.ask(http.StatusOK, "GET", of, ""); got != `{"entities":[]}` {
			t.Errorf("what was refused leaves %s", got)
		}
	})
}

func TestTopicsNeedTheirPermission(t *testing.T) {
	test(t, 1, withChannels, func(x *fixture) {
		x.client(access.Client{ID: "few", Organization: "org-1", Permissions: []access.Permission{access.ViewLive}}, "secret-1")
		x.token = x.login("few", "secret-1")
		of := wire.PathChannels + "/" + x.channel().ID + "/subscriptions"
		if got := x.ask(http.StatusForbidden, "POST", of, availability); !strings.Contains(got, `"missing.permissions"`) {
			t.Errorf("got %s", got)
		}
		got := x.ask(http.StatusOK, "POST", of+"?ignoreErrors=true", availability)
		if !strings.Contains(got, `"state":"Rejected"`) || !strings.Contains(got, `"missingPermissions":["analytics:conversationDetail:view"]`) {
			t.Errorf("got %s", got)
		}
		if got := x.ask(http.StatusOK, "GET", of, ""); got != `{"entities":[]}` {
			t.Errorf("it is subscribed to %s", got)
		}
	})
}

func TestChannelsOfAnotherClient(t *testing.T) {
	test(t, 1, withChannels, func(x *fixture) {
		c := x.channel()
		x.client(access.Client{ID: "other", Organization: "org-1"}, "secret-1")
		x.token = x.login("other", "secret-1")
		of := wire.PathChannels + "/" + c.ID
		for _, r := range []struct{ method, path, body string }{
			{"HEAD", of, ""},
			{"GET", of + "/subscriptions", ""},
			{"POST", of + "/subscriptions", availability},
			{"POST", of + "/subscriptions", `[{"id":"unknown"}]`},
			{"PUT", of + "/subscriptions", availability},
			{"DELETE", of + "/subscriptions", ""},
		} {
			x.ask(http.StatusNotFound, r.method, r.path, r.body)
		}
		if got := x.ask(http.StatusOK, "GET", wire.PathChannels, ""); got != `{"entities":[]}` {
			t.Errorf("another client is shown %s", got)
		}
	})
}

func TestAvailableTopics(t *testing.T) {
	test(t, 1, withChannels, func(x *fixture) {
		if got := x.ask(http.StatusOK, "GET", wire.PathTopics, ""); got != `{"entities":[{"id":"`+wire.TopicAvailability+`"}]}` {
			t.Errorf("got %s", got)
		}
		got := x.ask(http.StatusOK, "GET", wire.PathTopics+"?expand=description,schema&expand=requiresPermissions&expand=unknown", "")
		for _, want := range []string{`"description":"`, `"dataAvailabilityDate":{"type":"string"`, `"requiresPermissions":["analytics:conversationDetail:view"]`} {
			if !strings.Contains(got, want) {
				t.Errorf("got %s, want %s in it", got, want)
			}
		}
	})
}

// An archive must not read as if the channel were gone: who waits for a message would make another, again and again.
func TestAServerWithoutNotificationsSaysSo(t *testing.T) {
	test(t, 1, nil, func(x *fixture) {
		for _, r := range []string{"GET " + wire.PathTopics, "POST " + wire.PathChannels, "HEAD " + wire.PathChannels + "/x", "DELETE " + wire.PathChannels + "/x/subscriptions", "GET /channels/x"} {
			method, path, _ := strings.Cut(r, " ")
			if got := x.ask(http.StatusNotFound, method, path, ""); !strings.Contains(got, `"route.not.found"`) || !strings.Contains(got, "This server has no notifications") {
				t.Errorf("%s: got %s", r, got)
			}
		}
	})
}

func TestTheWebsocketOfAChannel(t *testing.T) {
	x := newFixture(t, 1, func(c *Config) {
		withChannels(c)
		c.Origins = []string{page}
	})
	var requests sync.WaitGroup // a server that closes does not wait for those that have become a websocket
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		defer requests.Done()
		x.handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	at := "ws" + strings.TrimPrefix(server.URL, "http") + "/channels/" + x.channel().ID
	for origin, allowed := range map[string]bool{"": true, page: true, server.URL: true, "https://elsewhere.example.com": false, "null": false} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		ws, resp, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{HTTPHeader: header}) //nolint:bodyclose // the library's
		if (err == nil) != allowed || resp.StatusCode != map[bool]int{true: http.StatusSwitchingProtocols, false: http.StatusForbidden}[allowed] {
			t.Errorf("a page of %q: %v", origin, err)
		}
		if err == nil {
			_ = ws.Close(websocket.StatusNormalClosure, "")
		}
	}
	x.server.cfg.Channels["org-1"].Close(t.Context())
	server.Close()
	requests.Wait() // and so every one is in the log
	if log := x.log.String(); strings.Count(log, `"route":"/channels/{channelId}","status":101`) != 3 || strings.Contains(log, "superfluous") {
		t.Errorf("the log says %s", log)
	}
	x.ask(http.StatusNotFound, "GET", "/channels/unknown", "")
	if got := x.ask(http.StatusServiceUnavailable, "GET", strings.TrimPrefix(at, "ws"+strings.TrimPrefix(server.URL, "http")), ""); !strings.Contains(got, "stopping") {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsNoWebsocketIsRefusedAsThePlatformRefuses(t *testing.T) {
	test(t, 1, withChannels, func(x *fixture) {
		if got := x.ask(http.StatusBadRequest, "GET", "/channels/"+x.channel().ID, ""); !strings.Contains(got, `"message":"This is the websocket of a channel`) {
			t.Errorf("got %s", got)
		}
	})
}
