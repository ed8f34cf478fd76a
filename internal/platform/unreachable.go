package platform

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// unreachable says why there is no answer. What will be so at the next try too is lasting.
func (c *Client) unreachable(to *url.URL, err error) error {
	// The URL in http's error may hold a cursor; its cause says enough.
	if inner, ok := err.(*url.Error); ok { //nolint:errorlint // http.Client.Do returns *url.Error itself
		err = inner.Err
	}
	text := c.clean(err.Error(), maxText)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return lasting{fault.New(fault.Unavailable, "the certificate of %s is not trusted (%s); if it is one of your own, set SSL_CERT_FILE to the file of the certificate that it was signed with", to.Host, text)}
	}
	if _, invalid := errors.AsType[*tls.CertificateVerificationError](err); invalid {
		return lasting{fault.New(fault.Unavailable, "the certificate of %s is not valid: %s", to.Host, text)}
	}
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return fault.Field("--base-url", "%s does not speak TLS; if that is right, write http:// in --base-url", to.Host)
	case to.Scheme == "http" && strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`): // an alert of TLS
		return errSpeaksTLS(to.Host)
	case isNoHTTP(err):
		return fault.New(fault.Corrupt, "%s answers with what is not HTTP: %s", to.Host, text)
	}
	return fault.New(fault.Unavailable, "%s cannot be reached: %s", to.Host, text)
}

// isNoHTTP says whether something came and was no answer of HTTP. Not all of these errors have a type: it goes by their
// texts in net/http, and TestAnswersThatAreNotHTTP keeps them honest.
func isNoHTTP(err error) bool {
	_, head := errors.AsType[textproto.ProtocolError](err)
	return head || strings.Contains(err.Error(), "malformed HTTP ")
}

func errSpeaksTLS(host string) error {
	return fault.Field("--base-url", "%s speaks TLS: write https:// in --base-url", host)
}

// speaksTLS says whether an answer is what a server says to a request that comes without TLS: a redirect to itself, or
// a refusal in Go's words or nginx's.
func speaksTLS(resp *http.Response, text []byte) bool {
	if resp.Request == nil || resp.Request.URL.Scheme != "http" {
		return false
	}
	if to, err := resp.Location(); err == nil && to.Scheme == "https" && to.Hostname() == resp.Request.URL.Hostname() {
		return true
	}
	says := string(text)
	return resp.StatusCode == http.StatusBadRequest &&
		(strings.Contains(says, "HTTP request to an HTTPS server") || strings.Contains(says, "plain HTTP request was sent to HTTPS port"))
}
