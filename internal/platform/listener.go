package platform

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Listener hears over a channel of the platform's that something has happened. It learns that, and not what: whoever wants
// to know asks afterwards. Not for concurrent use.
type Listener struct {
	client  *Client
	topic   string
	silence time.Duration

	channel wire.Channel // without an id: none was made yet
	ws      *websocket.Conn
	told    chan struct{} // has one in it if something has happened
	ended   chan error    // gets why the connection has ended
	left    chan struct{} // closed when nobody reads any more
}

// silence is how long the platform may say nothing: it says every 30 s that it is there.
const silence = 75 * time.Second

// Bounds of what the platform says. The address of a channel has some 100 bytes, a message some 300.
const (
	maxAddress = 2 << 10
	maxMessage = 64 << 10
)

// Listen makes a listener for a topic; it connects by Connect.
func (c *Client) Listen(topic string) *Listener {
	return &Listener{client: c, topic: topic, silence: silence}
}

// Connect connects to a channel that is subscribed to the topic: to the one of before, while there is one. What happens
// from then on is heard by Wait. It fails with fault.NotFound if the server has no channels at all.
func (l *Listener) Connect(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "listen to the platform's notifications")
	l.Close()
	if l.channel.ID != "" {
		err := l.subscribe(ctx)
		if err == nil {
			return l.dial(ctx)
		}
		if !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	var made wire.Channel
	what := call{method: http.MethodPost, path: wire.PathChannels, good: []int{http.StatusOK, http.StatusCreated}}
	if err := l.client.do(ctx, what, into(&made, func() error { return l.client.checkChannel(made) })); err != nil {
		return err
	}
	l.channel = made
	err = l.subscribe(ctx)
	if errors.Is(err, fault.NotFound) { // the server has channels, and this one is gone: the next may be there
		return fault.New(fault.Unavailable, "the platform made a channel and knows nothing of it: %v", err)
	}
	if err != nil {
		return err
	}
	return l.dial(ctx)
}

// Renew has the channel last longer than it would. It fails if it has expired.
func (l *Listener) Renew(ctx context.Context) error { return l.subscribe(ctx) }

func (l *Listener) subscribe(ctx context.Context) error {
	var have wire.Entities[wire.ChannelTopic]
	return l.client.do(ctx, call{
		method: http.MethodPost, path: wire.PathChannels + "/" + url.PathEscape(l.channel.ID) + "/subscriptions",
		body: []wire.ChannelTopic{{ID: l.topic}}, good: []int{http.StatusOK, http.StatusAccepted},
	}, into(&have, nil))
}

// checkChannel says whether one can connect to a channel. Its address is the platform's to give, but not everywhere: no
// token goes there, and a request does.
func (c *Client) checkChannel(channel wire.Channel) error {
	if err := checkID(JobID(channel.ID)); err != nil {
		return fault.New(fault.Corrupt, "the platform gave a channel whose id cannot be used")
	}
	api, err := url.Parse(c.cfg.API)
	if err != nil {
		return err
	}
	at, err := url.Parse(channel.ConnectURI)
	switch {
	case err != nil || len(channel.ConnectURI) > maxAddress || at.Scheme != "ws" && at.Scheme != "wss" || at.User != nil:
		return fault.New(fault.Corrupt, "the platform gave a channel whose address is none of a websocket")
	case api.Scheme == "https" && at.Scheme != "wss":
		return fault.New(fault.Corrupt, "the platform gave a channel whose address is not encrypted")
	case !related(api.Hostname(), at.Hostname()):
		return fault.New(fault.Corrupt, "the platform gave a channel at %s, which has nothing to do with %s", c.clean(at.Host, maxWord), api.Host)
	}
	return nil
}

// related says whether two hosts are one, or of one domain, as api.mypurecloud.com and streaming.mypurecloud.com.
func related(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	_, a, okA := strings.Cut(strings.ToLower(a), ".")
	_, b, okB := strings.Cut(strings.ToLower(b), ".")
	return okA && okB && a == b && strings.Contains(a, ".") && net.ParseIP("0."+a) == nil
}

func (l *Listener) dial(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, l.client.cfg.Patience)
	defer done()
	//nolint:bodyclose // there is none, or the library closes it
	ws, resp, err := websocket.Dial(ctx, l.channel.ConnectURI, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: l.client.cfg.Transport, CheckRedirect: l.client.http.CheckRedirect},
		HTTPHeader: http.Header{"User-Agent": {l.client.cfg.UserAgent}},
	})
	if err != nil {
		return l.noWebsocket(resp, err)
	}
	ws.SetReadLimit(maxMessage)
	l.ws, l.told, l.ended, l.left = ws, make(chan struct{}, 1), make(chan error, 1), make(chan struct{})
	go func() { // Close waits for it
		defer close(l.left)
		l.read(context.WithoutCancel(ctx), ws, l.told, l.ended)
	}()
	return nil
}

// noWebsocket says why there is no connection. The address is in the library's words, and with it whoever reads them could
// listen: its cause says enough.
func (l *Listener) noWebsocket(resp *http.Response, err error) error {
	l.channel = wire.Channel{} // it may be gone: another is made next time
	if resp != nil {
		return fault.New(fault.Unavailable, "the websocket of the channel answers %s", l.client.clean(resp.Status, maxWord))
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return fault.New(fault.Unavailable, "the websocket of the channel cannot be reached: %s", l.client.clean(err.Error(), maxText))
}

// read hears what the platform says until it says nothing any more, or that it will.
func (l *Listener) read(ctx context.Context, ws *websocket.Conn, told chan<- struct{}, ended chan<- error) {
	err := l.hear(ctx, ws, told)
	_ = ws.CloseNow() // a server that stops waits for it
	ended <- err
}

func (l *Listener) hear(ctx context.Context, ws *websocket.Conn, told chan<- struct{}) error {
	for {
		text, err := l.next(ctx, ws)
		var n wire.Notification
		switch {
		case err != nil:
			return fault.New(fault.Unavailable, "the websocket of the channel has ended: %s", l.client.clean(err.Error(), maxText))
		case json.Unmarshal(text, &n) != nil:
			continue
		}
		switch n.TopicName {
		case l.topic:
			select {
			case told <- struct{}{}:
			default:
			}
		case wire.TopicClosing:
			return fault.New(fault.Unavailable, "the platform is about to close the websocket of the channel")
		}
	}
}

func (l *Listener) next(ctx context.Context, ws *websocket.Conn) ([]byte, error) {
	ctx, done := context.WithTimeoutCause(ctx, l.silence, errors.New("the platform says nothing"))
	defer done()
	_, text, err := ws.Read(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return text, err
}

// Wait returns nil when something has happened since it did so last, or so much time has passed. It fails with
// fault.Unavailable when the connection has ended: what happens then is not heard until Connect.
func (l *Listener) Wait(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-l.told:
		return nil
	case err := <-l.ended:
		l.ended <- err // it is so the next time too
		select {
		case <-l.told: // before it ended
			return nil
		default:
			return err
		}
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the connection, if there is one.
func (l *Listener) Close() {
	if l.ws == nil {
		return
	}
	_ = l.ws.CloseNow()
	<-l.left
	l.ws = nil
}
