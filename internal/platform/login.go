package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// token is the access token in use. Whoever has the turn may renew it, and the others wait for that.
type token struct {
	turn  chan struct{}
	now   *bearer   // nil before the first
	renew time.Time // when to ask for the next one, while this one is good still; zero means when it is refused
}

// bearer is an access token.
type bearer struct {
	value string
	taken atomic.Bool // whether the platform has ever taken it
}

// mostRenewals is how often one request may find that its token was used up by others.
const mostRenewals = 5

// When a token is renewed: once it has a tenth of its time left, or a minute if that is less. It is tried again now and
// then, for as long as the token in use is taken.
const (
	atLeft     = time.Minute
	renewAgain = 10 * time.Second
)

// bearer gives the token, logging in when there is none, when the one in use is refused, or shortly before it expires.
// What counts is the platform's 401, as the platform may end a token at any time; but a request that is refused for it
// has cost one of the budget.
func (c *Client) bearer(ctx context.Context, refused *bearer) (*bearer, error) {
	select {
	case c.token.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.token.turn }()
	good := c.token.now != nil && c.token.now != refused
	if good && (c.token.renew.IsZero() || time.Now().Before(c.token.renew)) {
		return c.token.now, nil
	}
	value, lifetime, err := c.login(ctx)
	if err != nil && good && ctx.Err() == nil {
		c.cfg.Log.WarnContext(ctx, "the token could not be renewed; the one in use is good for a while", "err", err)
		c.token.renew = time.Now().Add(renewAgain)
		return c.token.now, nil
	}
	if err != nil {
		return nil, err
	}
	c.token.now, c.token.renew = &bearer{value: value}, time.Time{}
	if lifetime > 0 {
		c.token.renew = time.Now().Add(lifetime - min(lifetime/10, atLeft))
	}
	return c.token.now, nil
}

// login asks for a token, and gives it with the time that it is good for; 0 if the platform does not say.
func (c *Client) login(ctx context.Context) (_ string, lifetime time.Duration, err error) {
	c.counted.logins.Add(1)
	if err := c.cfg.checkCredentials(); err != nil {
		return "", 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.Login+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return "", 0, err
	}
	req.SetBasicAuth(c.cfg.ClientID, string(c.cfg.ClientSecret))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.roundTrip(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", 0, loginFailure(c.failure(resp))
	}
	var body wire.Token
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return "", 0, c.cut(err)
	}
	if json.Unmarshal(text, &body) != nil || body.AccessToken == "" {
		return "", 0, fault.New(fault.Unavailable, "%s answered the login with no access token; is it the right host?", req.URL.Host)
	}
	if strings.ContainsFunc(body.AccessToken, notInHeaders) {
		return "", 0, fault.New(fault.Corrupt, "%s answered the login with an access token that cannot be sent: it has a line break, a blank or another character that a header must not have", req.URL.Host)
	}
	c.secrets.use(body.AccessToken)
	return body.AccessToken, lifetimeIn(text), nil
}

// lifetimeIn reads how long a token is good for. A server that says it in another way is not asked to: its token is used
// until it is refused.
func lifetimeIn(text []byte) time.Duration {
	var body struct {
		ExpiresIn int64 `json:"expires_in"`
	}
	if json.Unmarshal(text, &body) != nil || body.ExpiresIn < 1 {
		return 0
	}
	return time.Duration(min(body.ExpiresIn, 7*86_400)) * time.Second
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
	r, refused := errors.AsType[*Refusal](err)
	if refused && (errors.Is(r, fault.Invalid) || errors.Is(r, fault.Unauthorized)) {
		return fault.Because(fault.Unauthorized, &loginRefused{r}, "the login was refused; check client id, client secret and environment")
	}
	return err
}

// loginRefused has the answer to a login, and not its kind: who retries and logs in again by the kinds of answers does so for others.
type loginRefused struct{ answer *Refusal }

func (l *loginRefused) Error() string { return l.answer.Error() }
