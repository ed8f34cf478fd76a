// Package platform is the client of the upstream API: login, transport, jobs. It retries what can be retried, so that
// whoever uses it sees only failures that last.
package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/budget"
	"github.com/parley-hq/parley/internal/platform/inside"
	"github.com/parley-hq/parley/internal/wire"
)

// Secret is a text that must not be printed.
type Secret string

// String says that there is a secret, and not which.
func (Secret) String() string { return "(secret)" }

// Format does the same whatever the verb: %#v and %d too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps the secret out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Config is what a client needs.
type Config struct {
	API          string // base URL of the API, for example https://api.mypurecloud.com
	Login        string // base URL of the login host
	ClientID     string
	ClientSecret Secret
	UserAgent    string
	Retry        Retry
	Patience     time.Duration     // how long the platform may say nothing, or take for 16 KiB of an answer; 0 means DefaultPatience
	Limits       wire.Limits       // of pages; the zero value means the defaults
	Log          *slog.Logger      // told of every retry; may be nil
	Transport    http.RoundTripper // nil means connections of the client's own
	NoLogin      bool              // whoever reaches the server may ask it: one in this process
	Budget       *budget.Budget    // that requests keep to; nil means none
}

// Retry says how long a failing request is tried again.
type Retry struct {
	Attempts int           // tries in all; 0 means 6
	First    time.Duration // wait before the second try, doubling from there; 0 means 500 ms
	Most     time.Duration // longest wait; 0 means 60 s. A server that asks for more in Retry-After gets it, up to 10 minutes
}

func (r Retry) withDefaults() Retry {
	if r.Attempts == 0 {
		r.Attempts = 6
	}
	if r.First == 0 {
		r.First = 500 * time.Millisecond
	}
	if r.Most == 0 {
		r.Most = time.Minute
	}
	return r
}

// Hosts gives the base URLs of an environment: a domain such as mypurecloud.com, euw2.pure.cloud.
func Hosts(environment string) (api, login string, err error) {
	domain := strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(environment)), "/"), "https://")
	domain = strings.TrimPrefix(strings.TrimPrefix(domain, "api."), "login.")
	if domain == "" || strings.ContainsAny(domain, "/:@ ?#") || !strings.Contains(domain, ".") {
		return "", "", fault.Field("GENESYS_ENVIRONMENT", "the environment must be a domain such as mypurecloud.com or euw2.pure.cloud")
	}
	return "https://api." + domain, "https://login." + domain, nil
}

// BaseURL checks the base URL of a server that has everything on one host.
func BaseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return "", fault.Field("--base-url", "--base-url must look like https://host or http://127.0.0.1:8080")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// IsLoopback says whether a server is on this machine: a sandbox, or a server of one's own, whose limit nobody shares.
func IsLoopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Client talks to the platform. Safe for concurrent use.
type Client struct {
	cfg     Config
	http    *http.Client
	token   token
	secrets secrets
	breaker breaker
	counted counters
	lately  lately
	resting resting
}

// New makes a client; it connects when it is used.
func New(cfg Config) *Client {
	cfg.Retry = cfg.Retry.withDefaults()
	if cfg.Patience == 0 {
		cfg.Patience = DefaultPatience
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Client{
		cfg: cfg, secrets: secretsOf(cfg), token: token{turn: make(chan struct{}, 1)},
		breaker: breaker{first: cfg.Retry.First, most: cfg.Retry.Most, log: cfg.Log},
		http: &http.Client{
			Transport: cfg.Transport,
			// A redirect would send the token to wherever the answer says.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Format names the platform, and keeps what a client holds, its secret and token, out of whatever it is printed to.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "client of "+c.cfg.API) }

// call is one request to the API.
type call struct {
	method string
	path   string
	query  url.Values
	body   any
	good   []int                   // statuses that say that it succeeded; none means 200 alone
	head   func(http.Header) error // reads the headers of an answer that is a success; nil if nobody does
}

// do sends a call until it succeeds or cannot, and hands the body of the answer to read, which may be nil if nothing
// is to be read. A read that fails because the body is cut or damaged, or is not what was asked for, counts as a failed
// try: read must start anew each time.
func (c *Client) do(ctx context.Context, what call, read func(io.Reader) error) error {
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, what, read)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err() // it is why, whatever broke because of it
		case attempt == c.cfg.Retry.Attempts || !temporary(err):
			return err
		}
		pause := c.wait(attempt, err)
		c.counted.pause(pause, err)
		c.cfg.Log.WarnContext(ctx, "the request failed for now; trying again", "method", what.method, "attempt", attempt,
			"wait", pause.Round(time.Millisecond), "err", err)
		if err := c.resting.rest(ctx, pause); err != nil {
			return err
		}
	}
}

// say says what was being asked, as fault.Wrap does, of a server elsewhere. To ask one in this process is no step of its
// own: what failed is told as it is.
func (c *Client) say(err *error, what string) {
	if !c.cfg.NoLogin {
		fault.Wrap(err, "%s", what)
	}
}

// wait doubles from the first wait on, with up to half as much again by chance so that clients do not move in step; a
// server that says how long gets what it asks.
func (c *Client) wait(attempt int, err error) time.Duration {
	wait := min(c.cfg.Retry.First, c.cfg.Retry.Most)
	for range attempt - 1 {
		wait = min(wait*2, c.cfg.Retry.Most)
	}
	wait += rand.N(wait/2 + 1)
	if asked := askedWait(err); asked > wait {
		return min(asked, 10*time.Minute)
	}
	return wait
}

// once sends a call and takes its answer.
func (c *Client) once(ctx context.Context, what call, read func(io.Reader) error) error {
	resp, err := c.ask(ctx, what)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.take(resp, what, read)
}

// ask sends a call, with a token where one is needed. A token that the platform does not take is renewed once; and again if it
// was taken before, from others: then they have used it up meanwhile.
func (c *Client) ask(ctx context.Context, what call) (*http.Response, error) {
	if c.cfg.NoLogin {
		return c.send(ctx, what, "")
	}
	var used *bearer
	for renewals := 0; ; renewals++ {
		next, err := c.bearer(ctx, used)
		if err != nil {
			return nil, err
		}
		used = next
		resp, err := c.send(ctx, what, used.value)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusUnauthorized {
			used.taken.Store(true)
			return resp, nil
		}
		if renewals == mostRenewals || renewals > 0 && !used.taken.Load() {
			return resp, nil
		}
		_ = resp.Body.Close()
	}
}

func (c *Client) send(ctx context.Context, what call, bearer string) (*http.Response, error) {
	var body io.Reader
	if what.body != nil {
		text, err := json.Marshal(what.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	target := c.cfg.API + what.path
	if len(what.query) > 0 {
		target += "?" + what.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, what.method, target, body)
	if err != nil {
		return nil, err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if what.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.guarded(req)
}

// guarded sends a request when the breaker and the budget let it. A server in this process has neither: what it cannot
// answer now it cannot answer later, and nobody else shares it.
func (c *Client) guarded(req *http.Request) (*http.Response, error) {
	if c.cfg.NoLogin {
		return c.roundTrip(req)
	}
	ctx := req.Context()
	end, err := c.breaker.enter(ctx)
	if err != nil {
		return nil, err
	}
	var v verdict
	defer func() { end(ctx, v) }()
	if err := c.slot(ctx); err != nil {
		return nil, err
	}
	c.lately.sent(time.Now())
	resp, err := c.roundTrip(req)
	if ctx.Err() != nil {
		return resp, err // given up: nobody knows
	}
	c.counted.answered(resp)
	v = judge(req, resp, err)
	if resp != nil {
		c.heard(ctx, resp.Header)
	}
	return resp, err
}

// heard takes note of what an answer says of the platform's limit.
func (c *Client) heard(ctx context.Context, h http.Header) {
	if n := budget.AllowedBy(h); n > 0 {
		c.counted.allowed.Store(int64(n))
	}
	if c.cfg.Budget != nil {
		c.cfg.Budget.Heard(ctx, h)
	}
}

// slot waits for a slot in the budget.
func (c *Client) slot(ctx context.Context) error {
	if c.cfg.Budget == nil {
		return nil
	}
	took, err := c.cfg.Budget.Wait(ctx)
	c.counted.slot(took)
	return err
}

// judge says what an answer, or none, tells of the platform as a whole. What will be so at the next try too, such as a
// certificate, is told at once to whoever asks.
func judge(req *http.Request, resp *http.Response, err error) verdict {
	switch {
	case err != nil && temporary(err):
		return verdict{known: true, err: err, why: err.Error()}
	case resp != nil && isDown(resp.StatusCode):
		return verdict{
			known: true, err: fault.New(fault.Unavailable, "%s is failing: it answered another request with %d", req.URL.Host, resp.StatusCode),
			why: fmt.Sprintf("%s answers with %d", req.URL.Host, resp.StatusCode),
		}
	}
	return verdict{known: true}
}

func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	if c.cfg.UserAgent != "" {
		req.Header.Set("User-Agent", c.cfg.UserAgent)
	}
	ctx, done := context.WithCancel(req.Context())
	p := newPatience(c.cfg.Patience, done)
	resp, err := c.http.Do(req.WithContext(ctx))
	late := p.rest()
	if err == nil && late == nil {
		resp.Body = &answer{ReadCloser: resp.Body, patience: p, done: done}
		return resp, nil
	}
	if err == nil {
		_ = resp.Body.Close()
	}
	done()
	switch {
	case req.Context().Err() != nil:
		return nil, req.Context().Err()
	case late != nil:
		return nil, fault.Because(fault.Unavailable, late, "%s cannot be reached", req.URL.Host)
	}
	if f, ok := errors.AsType[*inside.Failure](err); ok {
		return nil, f.Err
	}
	return nil, c.unreachable(req.URL, err)
}

// API is the base URL of the platform's API.
func (c *Client) API() string { return c.cfg.API }
