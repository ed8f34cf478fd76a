package control

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
)

// Client controls a sandbox that runs somewhere.
type Client struct {
	URL  string       // where the sandbox is, as http://127.0.0.1:8080
	HTTP *http.Client // nil means http.DefaultClient
}

// Do sends a control: a path without Prefix, what is sent as JSON, or nil, and where the answer goes, or nil. What the
// sandbox refuses is of the kind that it names; one that cannot be reached is fault.Unavailable.
func (c Client) Do(ctx context.Context, method, path string, body, answer any) error {
	at, err := url.Parse(c.URL)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return fault.Field("--url", "--url %s: write where the sandbox is, as http://127.0.0.1:8080", fault.Clip(c.URL))
	}
	var text bytes.Buffer
	if body != nil {
		if err := json.MarshalWrite(&text, body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(at.String(), "/")+Prefix+path, &text)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	return c.send(r, answer)
}

func (c Client) send(r *http.Request, answer any) error {
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(r) //nolint:gosec // the address is the caller's
	if err != nil {
		if r.Context().Err() != nil {
			return r.Context().Err()
		}
		return fault.Because(fault.Unavailable, err, "no sandbox answers at %s; start one by parley sandbox, or say by --url where it is", r.URL.Host)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxState))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return refused(response.StatusCode, text)
	}
	if answer == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fault.Because(fault.Unavailable, err, "what answers at %s is no sandbox of this version", r.URL.Host)
	}
	return nil
}

// refused is the fault that a sandbox told.
func refused(status int, text []byte) error {
	var r refusal
	if err := json.Unmarshal(text, &r); err != nil || r.Code == "" {
		return fault.New(fault.Unavailable, "what answers there is no sandbox: HTTP status %d", status)
	}
	kind := fault.Invalid
	switch status {
	case http.StatusNotFound:
		kind = fault.NotFound
	case http.StatusConflict:
		kind = fault.Conflict
	case http.StatusForbidden:
		kind = fault.Forbidden
	case http.StatusInternalServerError, http.StatusServiceUnavailable:
		kind = fault.Unavailable
	}
	return &fault.Error{Kind: kind, Field: r.Field, Message: r.Message}
}
