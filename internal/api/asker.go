package api

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-hq/parley/internal/access"
)

// Asker tells which client a request comes from: by its token, and of a login by its credentials, right or wrong. It is
// empty if nobody knows. What it reads of a body it puts back, so that the request can be answered afterwards.
func (s *Server) Asker(r *http.Request) access.ClientID {
	if r.URL.Path == "/oauth/token" {
		return loggingIn(r)
	}
	c, err := s.cfg.Access.Authenticate(r.Context(), bearer(r))
	if err != nil {
		return ""
	}
	return c.ID
}

// longestLogin is more than a login takes, in bytes.
const longestLogin = 16 << 10

func loggingIn(r *http.Request) access.ClientID {
	if id, _, basic := r.BasicAuth(); basic {
		return access.ClientID(id)
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, longestLogin))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), r.Body), r.Body}
	form, bad := url.ParseQuery(strings.TrimSpace(string(text)))
	if err != nil || bad != nil {
		return ""
	}
	return access.ClientID(form.Get("client_id"))
}
