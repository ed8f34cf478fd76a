package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
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
	if err := c.cfg.checkCredentials(); err != nil {
		return "", err
	}
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
		return "", loginFailure(c.failure(resp))
	}
	var body wire.Token
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return "", c.cut(err)
	}
	if json.Unmarshal(text, &body) != nil || body.AccessToken == "" {
		return "", fault.New(fault.Unavailable, "%s answered the login with no access token; is it the right host?", req.URL.Host)
	}
	if strings.ContainsFunc(body.AccessToken, notInHeaders) {
		return "", fault.New(fault.Corrupt, "%s answered the login with an access token that cannot be sent: it has a line break, a blank or another character that a header must not have", req.URL.Host)
	}
	c.secrets.use(body.AccessToken)
	return body.AccessToken, nil
}

// notInHeaders says whether a character may not stand in a bearer token: RFC 6750 allows less than what is printable.
func notInHeaders(r rune) bool { return r <= ' ' || r > '~' }

// checkCredentials finds what is often wrong with credentials that come from a file.
func (cfg Config) checkCredentials() error {
	switch {
	case strings.ContainsFunc(cfg.ClientID, unicode.IsControl):
		return fault.New(fault.Unauthorized, "GENESYS_CLIENT_ID has a line break or another control character in it; set it without")
	case strings.ContainsFunc(string(cfg.ClientSecret), unicode.IsControl):
		return fault.New(fault.Unauthorized, "GENESYS_CLIENT_SECRET has a line break or another control character in it; set it without")
	case strings.Contains(cfg.ClientID, ":"):
		return fault.New(fault.Unauthorized, "GENESYS_CLIENT_ID has a colon in it, which no id of a client has")
	}
	return nil
}

// loginFailure says of a refused login what to look at.
func loginFailure(err error) error {
	r, refused := errors.AsType[*refusal](err)
	if refused && (errors.Is(r, fault.Invalid) || errors.Is(r, fault.Unauthorized)) {
		return fault.Because(fault.Unauthorized, plain(err), "the login was refused; check client id, client secret and environment")
	}
	return err
}

// plain keeps the text of err and drops its kind.
func plain(err error) error { return errors.New(err.Error()) }
