package notification

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/fault"
)

// connection is one client at the websocket of a channel.
type connection struct {
	waiting chan []byte   // messages for the client
	pings   chan struct{} // that are to be answered
	end     func(why error)
	cut     func() // ends it without a word
}

// ending is why a connection ends, as its client is told.
type ending struct {
	code   websocket.StatusCode
	reason string
}

// Error is the reason.
func (e *ending) Error() string { return e.reason }

var (
	errExpired  = &ending{websocket.StatusNormalClosure, "The channel has expired"}
	errCrowded  = &ending{websocket.StatusNormalClosure, "The client has made too many other channels"}
	errReplaced = &ending{websocket.StatusNormalClosure, "Another connection to the channel was made"}
	errSlow     = &ending{websocket.StatusPolicyViolation, "Too many messages wait to be read"}
	errBinary   = &ending{websocket.StatusUnsupportedData, "Messages are JSON text"}
	errStopping = &ending{websocket.StatusGoingAway, "The server is stopping"}
)

// longest is the most that a client may say at once, in bytes, in however many pieces: a ping has 18.
const longest = 4 << 10

// hold has a message wait for its client. One that reads too slowly is let go: it comes back and reads how things stand.
func (c *connection) hold(text []byte) bool {
	select {
	case c.waiting <- text:
		return true
	default:
		c.end(errSlow)
		return false
	}
}

// Connect makes a request the websocket of a channel, and stays with it until it ends. Another connection to the same
// channel is ended by it. It fails, and has answered nothing, with fault.NotFound when there is no such channel,
// fault.Invalid when the request asks for no websocket, fault.Unavailable when there are too many connections. Whose pages
// may connect is for others to judge.
func (cs *Channels) Connect(w http.ResponseWriter, r *http.Request, id string) error {
	if err := cs.enter(id); err != nil {
		return err
	}
	defer cs.leave()
	taken, err := take(w, r)
	if err != nil {
		return notAsked(err)
	}
	ctx, end := context.WithCancelCause(context.WithoutCancel(r.Context())) // the request ends when the websocket begins
	defer end(nil)
	c := &connection{waiting: make(chan []byte, cs.cfg.Limits.Held), pings: make(chan struct{}, 1), end: end}
	taken.begins = func() { cs.attach(c, id) }
	defer cs.detach(c, id)
	ws, err := websocket.Accept(taken, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return notAsked(err)
	}
	ws.SetReadLimit(longest)
	c.cut = func() { _ = taken.conn.Close() }
	cs.begin(c)
	cs.attend(ctx, ws, c, id)
	return nil
}

func notAsked(err error) error {
	return fault.Because(fault.Invalid, err, "This is the websocket of a channel: connect to it by a websocket client, over HTTP/1.1")
}

// taking takes the connection of a request over from net/http. It keeps it so that it can be cut: websocket.Conn has no way
// to end without waiting once it says good-bye. And it keeps back what the library answers where it does not get that far.
type taking struct {
	w      http.ResponseWriter
	header http.Header
	conn   net.Conn
	// begins is called once it is sure that there will be a websocket, which takes the place of another, and before its client
	// knows that it is connected: what happens from then on must not be missed.
	begins func()
}

// take fails where no websocket is asked for, and where there is no connection to take: that of HTTP/2 serves other requests
// too.
func take(w http.ResponseWriter, r *http.Request) (*taking, error) {
	if r.Header.Get("Sec-WebSocket-Key") == "" {
		return nil, errors.New("no websocket is asked for")
	}
	for inner := w; ; {
		switch t := inner.(type) {
		case http.Hijacker:
			return &taking{w: w, header: http.Header{}}, nil
		case interface{ Unwrap() http.ResponseWriter }:
			inner = t.Unwrap()
		default:
			return nil, http.ErrNotSupported
		}
	}
}

// Header is the headers to be sent.
func (t *taking) Header() http.Header { return t.header }

// WriteHeader sends the headers of an answer that makes the connection a websocket.
func (t *taking) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		t.begins()
		maps.Copy(t.w.Header(), t.header)
		t.w.WriteHeader(status)
	}
}

// Write drops what another answer would say.
func (*taking) Write(b []byte) (int, error) { return len(b), nil }

// Hijack implements http.Hijacker.
func (t *taking) Hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	t.conn, rw, err = http.NewResponseController(t.w).Hijack()
	return t.conn, rw, err
}

// enter lets a connection in if there is room for it.
func (cs *Channels) enter(id string) error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.expire()
	switch {
	case cs.channels[id] == nil:
		return NotThere()
	case cs.closed:
		return fault.New(fault.Unavailable, "The server is stopping")
	case cs.open >= cs.cfg.Limits.Connections:
		return fault.New(fault.Unavailable, "There are %d websockets already, which is as many as this server holds", cs.open)
	}
	cs.open++
	cs.connected.Add(1)
	return nil
}

func (cs *Channels) leave() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open--
	cs.connected.Done()
}

// attach has a connection get the messages of its channel, which may be gone by now.
func (cs *Channels) attach(c *connection, id string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	of := cs.channels[id]
	if of == nil {
		c.end(errExpired)
		return
	}
	if of.reader != nil {
		of.reader.end(errReplaced)
	}
	of.reader = c
	cs.use(of)
}

// begin has a connection be ended when the others are.
func (cs *Channels) begin(c *connection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.reading[c] = struct{}{}
	if cs.closed {
		c.end(errStopping)
	}
}

func (cs *Channels) detach(c *connection, id string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.reading, c)
	if of := cs.channels[id]; of != nil && of.reader == c {
		of.reader = nil
	}
}

// attend reads, writes and watches the time until one of them ends.
func (cs *Channels) attend(ctx context.Context, ws *websocket.Conn, c *connection, id string) {
	var group errgroup.Group
	group.Go(func() error { c.end(c.read(ctx, ws)); return nil })
	group.Go(func() error { c.end(cs.watch(ctx, id)); return nil })
	// It says good-bye while the reader still reads, which is how it learns that the client has heard it.
	why := cs.write(ctx, ws, c)
	c.end(why)
	if e, is := errors.AsType[*ending](why); is {
		_ = ws.Close(e.code, e.reason)
	}
	_ = ws.CloseNow() // and so the reader comes to its end
	_ = group.Wait()
	cs.cfg.Log.DebugContext(ctx, "a websocket has ended", "why", why)
}

// read answers pings until the client is gone, or says something that nobody here says.
func (c *connection) read(ctx context.Context, ws *websocket.Conn) error {
	for {
		kind, text, err := ws.Read(context.WithoutCancel(ctx))
		switch {
		case err != nil:
			return err
		case kind != websocket.MessageText:
			return errBinary
		case !isPing(text):
			continue
		}
		select {
		case c.pings <- struct{}{}:
		case <-ctx.Done():
		}
	}
}

// watch returns when the channel has expired, however often that is put off.
func (cs *Channels) watch(ctx context.Context, id string) error {
	for {
		until, there := cs.lasts(id)
		if !there {
			return errExpired
		}
		if err := cs.cfg.Wait(ctx, until); err != nil {
			return err
		}
		cs.mu.Lock()
		if of := cs.channels[id]; of != nil && !of.expires.After(until) {
			cs.remove(of, errExpired)
		}
		cs.mu.Unlock()
	}
}

// lasts is until when a channel lasts, if it is there.
func (cs *Channels) lasts(id string) (until time.Time, there bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	of := cs.channels[id]
	if of == nil {
		return until, false
	}
	return of.expires, true
}

// write sends what waits, and a heartbeat now and then, until the connection ends. It gives why.
func (cs *Channels) write(ctx context.Context, ws *websocket.Conn, c *connection) error {
	beat := time.NewTicker(cs.cfg.Heartbeat)
	defer beat.Stop()
	for {
		var text []byte
		select {
		case <-ctx.Done():
			return cs.last(ctx, ws, c)
		case text = <-c.waiting:
		case <-c.pings:
			text = pong
		case <-beat.C:
			text = heartbeat
		}
		if err := cs.send(ctx, ws, text); err != nil {
			return err
		}
	}
}

// last sends what waits still, and if the server stops also that it does. It gives why the connection ends.
func (cs *Channels) last(ctx context.Context, ws *websocket.Conn, c *connection) error {
	why := context.Cause(ctx)
	if !errors.Is(why, errStopping) && !errors.Is(why, errExpired) {
		return why
	}
	for len(c.waiting) > 0 {
		if err := cs.send(ctx, ws, <-c.waiting); err != nil {
			return err
		}
	}
	if errors.Is(why, errStopping) {
		if err := cs.send(ctx, ws, closing); err != nil {
			return err
		}
	}
	return why
}

// send gives up on a client that takes nothing. That the connection ends cuts no message off.
func (cs *Channels) send(ctx context.Context, ws *websocket.Conn, text []byte) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), cs.cfg.Patience)
	defer done()
	return ws.Write(ctx, websocket.MessageText, text)
}

// Close ends all connections and lets nobody connect any more. It returns when they have ended: clients that take no
// good-bye are cut off when ctx ends.
func (cs *Channels) Close(ctx context.Context) {
	cs.mu.Lock()
	cs.closed = true
	for c := range cs.reading {
		c.end(errStopping)
	}
	cs.mu.Unlock()
	defer context.AfterFunc(ctx, cs.cut)()
	cs.connected.Wait()
}

func (cs *Channels) cut() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.reading {
		c.cut()
	}
}
