package model_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// organization has a lake, clients and jobs.
type organization struct {
	name    string
	corpus  *corpus
	clients []*client
	jobs    []*asyncJob // oldest first
}

// client is a program that asks, with the credentials of one that the server knows.
type client struct {
	id, secret string
	org        *organization
	token      string
	until      time.Time // when the token expires, of the server's clock; a little later at most
}

// answer is what the server said.
type answer struct {
	status int
	body   []byte
	at     span
	ended  int // commits to the client's lake that had ended before it was asked
}

// errDown says that the server did not answer, or not to the end.
var errDown = errors.New("the server is down")

// unexpected is an answer that the model does not allow.
func (a answer) unexpected(want string) error {
	said := fmt.Sprintf("%d bytes", len(a.body)) // perhaps of conversations
	if a.status >= 400 {
		said = string(a.body)
	}
	return fmt.Errorf("the server answers with status %d, %s, want %s", a.status, said, want)
}

func (a answer) decode(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}

// request asks the server as a client, and logs it in when its token is none any more. Coding is what of codings it
// takes.
func (r *run) request(c *client, method, path, coding string, body []byte) (answer, error) {
	if c.token == "" {
		if err := r.login(c); err != nil {
			return answer{}, err
		}
	}
	a, err := r.exchange(c, method, path, coding, body)
	if err != nil || a.status != http.StatusUnauthorized {
		return a, err
	}
	if a.at.to.Before(c.until) {
		return a, a.unexpected("that the token holds, up to " + c.until.String())
	}
	if err := r.login(c); err != nil {
		return answer{}, err
	}
	return r.exchange(c, method, path, coding, body)
}

func (r *run) login(c *client) error {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {c.secret}}
	c.token = ""
	a, err := r.exchange(c, "POST", "/oauth/token", "", []byte(form.Encode()))
	if err != nil {
		return err
	}
	var token struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := a.decode(&token); err != nil || a.status != http.StatusOK {
		return errors.Join(a.unexpected("a token"), err)
	}
	c.token, c.until = token.AccessToken, a.at.from.Add(time.Duration(token.ExpiresIn)*time.Second)
	return nil
}

// exchange is one request and its answer. It is errDown when there is none.
func (r *run) exchange(c *client, method, path, coding string, body []byte) (a answer, err error) {
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.url+path, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if coding != "" {
		req.Header.Set("Accept-Encoding", coding)
	}
	a.ended = c.org.corpus.ended()
	a.at.from = r.now()
	resp, err := r.http.Do(req)
	if err != nil {
		return a, fmt.Errorf("%w: %v", errDown, err)
	}
	defer resp.Body.Close()
	if a.body, err = decompressed(resp, coding); err != nil {
		return a, err
	}
	a.status, a.at.to = resp.StatusCode, r.now()
	return a, nil
}

// decompressed reads the whole body first: a decoder may take a broken connection for the end.
func decompressed(resp *http.Response, coding string) ([]byte, error) {
	body, err := io.ReadAll(resp.Body)
	got := resp.Header.Get("Content-Encoding")
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %v", errDown, err)
	case got == "":
		return body, nil
	case got != coding:
		return nil, fmt.Errorf("coding %q, when %q was asked for", got, coding)
	case got == "zstd":
		return unzstd.DecodeAll(body, nil)
	}
	unpack, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unpack)
}

var unzstd = func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return d
}()

const jobsPath = "/api/v2/analytics/conversations/details/jobs"

func (j *asyncJob) path() string { return jobsPath + "/" + j.id }

func (j *asyncJob) results(cursor, size string) string {
	values := url.Values{}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	if size != "" {
		values.Set("pageSize", size)
	}
	return strings.TrimSuffix(j.path()+"/results?"+values.Encode(), "?")
}
