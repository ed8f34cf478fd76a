package web

import (
	"net"
	"net/http"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// policy is what a page may do in a browser: nothing but load what comes from here. There is no exception for styles and scripts in
// the page, since there are none.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard sets what browsers are to keep to.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// isPage says whether a path belongs to the pages, whatever is there.
func isPage(path string) bool { return path == "/" || strings.HasPrefix(path, "/ui/") || path == "/ui" }

// comesFromHere refuses what another site has a browser ask for: what changes anything, by http.CrossOriginProtection, and on
// the loopback address everything by another name, which a name server may have pointed here.
func (w *Web) comesFromHere(r *http.Request) error {
	if err := w.own.Check(r); err != nil {
		return fault.New(fault.Forbidden, "This was asked for by a page of another site")
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && isLoopback(local.String()) && !isLoopback(r.Host) {
		return fault.New(fault.Forbidden, "This server is reached as localhost, and not by another name")
	}
	return nil
}

// isLoopback says whether an address or a name, with its port or without, is this machine itself.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
