package outcome

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// How long somebody is tried to be told. The run has ended; its exit code waits for this.
const (
	tries    = 4
	firstTry = time.Second // doubling
	eachTry  = 10 * time.Second
)

// Webhook is where problems are told.
type Webhook struct {
	address   string // often with a secret in it; never printed
	userAgent string
	client    *http.Client
}

// NewWebhook makes a webhook. A nil transport means connections of its own.
func NewWebhook(address, version string, transport http.RoundTripper) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return nil, fault.New(fault.Invalid, "the address of the webhook must look like https://host/path")
	}
	return &Webhook{address: address, userAgent: "parley/" + version, client: &http.Client{
		Transport: transport,
		// A redirect would tell it to whomever the answer says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Post tells an alert, and tries again for a while what may work then. It does not end with ctx: a run that ends because
// it was told to may have gone wrong before.
func (w *Webhook) Post(ctx context.Context, a Alert) (err error) {
	ctx = context.WithoutCancel(ctx)
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	pause := firstTry
	for try := 1; ; try++ {
		again, err := w.post(ctx, text)
		if err == nil || !again || try == tries {
			return err
		}
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// post posts once, and says whether another try may end otherwise. What went wrong is said without the address.
func (w *Webhook) post(ctx context.Context, text []byte) (again bool, err error) {
	ctx, done := context.WithTimeout(ctx, eachTry)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address, bytes.NewReader(text))
	if err != nil {
		return false, fault.New(fault.Invalid, "the address of the webhook cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", w.userAgent)
	resp, err := w.client.Do(req)
	if err != nil {
		return true, fault.New(fault.Unavailable, "the webhook cannot be reached")
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again; what it says is nobody's
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout,
			fault.New(fault.Unavailable, "the webhook answers %d", resp.StatusCode)
	}
	return false, nil
}
