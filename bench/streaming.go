package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// streams is how many pages follow something at once: as many as one client may.
const streams = 100

// streamBudget is how much memory of the server a page may take that follows something, in KiB.
const streamBudget = 64

// streaming measures what a page that follows something takes of the server's memory.
func (b *bench) streaming(lake string) (err error) {
	s, stop, err := b.serve(lake, "--page", "--client-id", client, "--client-secret", client, "--rate-limit", "1000000")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	browser, err := b.browser(s.url)
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(b.ctx)
	defer leave()
	if err := follow(ctx, browser, s.url); err != nil { // what the first of them takes is kept for all
		return err
	}
	before, err := s.memory("VmRSS")
	if err != nil {
		return err
	}
	for range streams - 1 {
		if err := follow(ctx, browser, s.url); err != nil {
			return err
		}
	}
	after, err := s.memory("VmRSS")
	if err != nil {
		return err
	}
	each := (after - before) * 1024 / (streams - 1)
	b.add(fmt.Sprintf("memory of the server for a page that follows, of %d", streams), fmt.Sprintf("%.0f KiB", each), fmt.Sprintf("goal %d KiB", streamBudget), times(streamBudget, each))
	return nil
}

// browser is somebody who is signed in.
func (b *bench) browser(at string) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Jar: jar}
	form := url.Values{"client_id": {client}, "client_secret": {client}}.Encode()
	r, err := http.NewRequestWithContext(b.ctx, http.MethodPost, at+"/ui/sign-in", strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	_, err = io.Copy(io.Discard, answer.Body)
	return c, err
}

// follow opens a stream, waits for its first line, and leaves it open until the context ends.
func follow(ctx context.Context, c *http.Client, at string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/parley/v1/events?of=calendar", nil)
	if err != nil {
		return err
	}
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = answer.Body.Close() }) // nobody reads it any more
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("a stream: %s", answer.Status)
	}
	_, err = bufio.NewReaderSize(answer.Body, 16).ReadString('\n')
	return err
}
