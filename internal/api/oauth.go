package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// issueToken answers POST /oauth/token. It reads a form whatever the content type says, since the JavaScript SDK may
// not set one. Every refusal is 400: the Java SDK takes a 401 for a token that has expired, asks for another by a grant
// of its own and shows its user the refusal of that one instead.
func (s *Server) issueToken(x *exchange) error {
	text, err := x.readBody()
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(text)))
	switch {
	case err != nil:
		return x.refuseToken("invalid_request", "the body is not a form")
	case form.Get("grant_type") == "":
		return x.refuseToken("invalid_request", "grant_type is missing")
	case form.Get("grant_type") != "client_credentials":
		return x.refuseToken("unsupported_grant_type", "only client_credentials is supported")
	}
	return s.login(x, form)
}

// login checks the client's credentials, in the header or else in the form, and issues a token.
func (s *Server) login(x *exchange, form url.Values) error {
	id, secret, basic := x.r.BasicAuth()
	if !basic && !strings.HasPrefix(strings.ToLower(x.r.Header.Get("Authorization")), "basic") {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	if id == "" {
		return x.refuseToken("invalid_client", "client credentials are missing")
	}
	token, err := s.cfg.Access.Login(x.r.Context(), access.ClientID(id), secret)
	if f, ok := errors.AsType[*fault.Error](err); ok && errors.Is(err, fault.Unauthorized) {
		return x.refuseToken("invalid_client", f.Message)
	}
	if err != nil {
		return err
	}
	x.client = token.Client
	return x.send(http.StatusOK, wire.IssuedToken{Token: wire.Token{AccessToken: token.Text}, TokenType: "bearer", ExpiresIn: int64(token.Lifetime / time.Second)})
}

func (x *exchange) refuseToken(code, description string) error {
	return x.send(http.StatusBadRequest, wire.RefusedLogin{Error: code, Description: description, ErrorDescription: description})
}
