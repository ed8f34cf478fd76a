package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	tries     = 8
	firstWait = 500 * time.Millisecond
	longWait  = time.Minute
)

// client asks the platform's API, and asks again where that helps. It is for one goroutine.
type client struct {
	api, login string // a sandbox has one address for both, the platform has two
	id, secret string
	http       *http.Client
	sleep      func(context.Context, time.Duration) error
	log        *log.Logger

	token string
}

// refusal is an answer with another status than 2xx.
type refusal struct {
	Status    int    `json:"-"`
	Message   string `json:"message"`
	Code      string `json:"code"`
	ContextID string `json:"contextId"`         // what the platform's support asks for
	Login     string `json:"error_description"` // refused logins have this instead

	retryAfter string
}

func (r *refusal) Error() string {
	if r.Login != "" {
		return fmt.Sprintf("%d %s", r.Status, r.Login)
	}
	return fmt.Sprintf("%d %s (%s, contextId %s)", r.Status, r.Message, r.Code, r.ContextID)
}

// ask sends a request until it is answered, and puts the answer into answer.
func (c *client) ask(ctx context.Context, method, path string, body, answer any) error {
	wait, mayLogIn := firstWait, true
	for try := 1; ; try++ {
		err := c.once(ctx, method, path, body, answer)
		if err == nil {
			return nil
		}
		var no *refusal
		errors.As(err, &no)
		switch {
		case no != nil && no.Status == http.StatusUnauthorized && mayLogIn:
			// Tokens expire, in the middle of a download too. A new one that is refused as well is another matter.
			c.token, mayLogIn = "", false
			continue
		case !passes(err) || ctx.Err() != nil || try == tries:
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		pause := wait
		if no != nil {
			pause = no.pause(wait)
		}
		c.log.Printf("%v; trying again in %v", err, pause)
		if err := c.sleep(ctx, pause); err != nil {
			return err
		}
		wait = min(2*wait, longWait)
	}
}

// passes tells whether the same request may be answered later. What is no refusal is a connection that was lost, or a body
// that was cut or is not JSON: some proxy may have answered.
func passes(err error) bool {
	var no *refusal
	if !errors.As(err, &no) {
		return true
	}
	return no.Status == http.StatusTooManyRequests || no.Status == http.StatusRequestTimeout || no.Status >= 500
}

// pause is how long to wait before the next try: as long as Retry-After says, in seconds or as a date, or else as long as
// it would be without it.
func (r *refusal) pause(without time.Duration) time.Duration {
	if seconds, err := strconv.Atoi(r.retryAfter); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(r.retryAfter); err == nil {
		return max(time.Until(at), 0)
	}
	return without
}

// once sends a request, after a login if there is no token.
func (c *client) once(ctx context.Context, method, path string, body, answer any) error {
	if c.token == "" {
		if err := c.logIn(ctx); err != nil {
			return fmt.Errorf("login: %w", err)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	r, err := http.NewRequestWithContext(ctx, method, c.api+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	return c.send(r, answer)
}

func (c *client) logIn(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.login+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.SetBasicAuth(c.id, c.secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	err = c.send(r, &answer)
	c.token = answer.Token
	return err
}

// send sends a request once. The body is read to its end before any of it counts: it may break off.
func (c *client) send(r *http.Request, answer any) error {
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if resp.StatusCode >= 300 {
		no := &refusal{}
		if err := json.Unmarshal(body, no); err != nil { // some proxy has answered: its status says it all
			*no = refusal{Message: http.StatusText(resp.StatusCode)}
		}
		no.Status, no.retryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
		return no
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	return nil
}
