package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
)

// token is the access token in use.
type token struct {
	mu    sync.Mutex
	value string
}

// bearer gives the token, logging in when there is none or when the one in use is refused. It goes by the platform's
// 401 and not by the clock: that is what counts, and clocks differ.
func (c *Client) bearer(ctx context.Context, refused string) (string, error) {
	c.token.mu.Lock()
	defer c.token.mu.Unlock()
	if c.token.value != "" && c.token.value != refused {
		return c.token.value, nil
	}
	value, err := c.login(ctx)
	if err != nil {
		return "", err
	}
	c.token.value = value
	return value, nil
}

func (c *Client) login(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.Login+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(c.cfg.ClientID, string(c.cfg.ClientSecret))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.roundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", loginFailure(failure(resp))
	}
	var body struct {
		AccessToken string `json:"access_token"`
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return "", cut(ctx, err)
	}
	if json.Unmarshal(text, &body) != nil || body.AccessToken == "" {
		return "", fault.New(fault.Unavailable, "%s answered the login with no access token; is it the right host?", req.URL.Host)
	}
	return body.AccessToken, nil
}

// loginFailure says of a refused login what to look at.
func loginFailure(err error) error {
	if errors.Is(err, fault.Invalid) || errors.Is(err, fault.Unauthorized) {
		return fault.Because(fault.Unauthorized, plain(err), "the login was refused; check client id, client secret and environment")
	}
	return err
}

// plain keeps the text of err and drops its kind.
func plain(err error) error { return errors.New(err.Error()) }
