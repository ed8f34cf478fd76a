package app

import (
	"hash/fnv"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/requests"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// Control is what can be done to a sandbox while it runs.
type Control struct {
	Faults   *rule.Set
	Requests *requests.Log

	harm    *rule.Handler
	watched *requests.Surface
}

// Control gives what can be done to the server, before it runs too; nil if it is no sandbox.
func (s *Server) Control() *Control { return s.control }

func newControl(s *Server, w *sandbox.World) *Control {
	who := func(r *http.Request) string { return string(s.surface.Asker(r)) }
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(w.Name())) // it tells of the seed, and of records that were given
	return &Control{
		Faults: rule.New(rule.Config{
			Seed: seed.Sum64(), Routes: api.Routes(), Client: who, Fired: requests.Harmed,
			Prepare: func(w http.ResponseWriter, r *http.Request) { s.surface.Prepare(w, r) },
		}),
		Requests: requests.New(requests.Config{Now: w.Clock, Client: who}),
	}
}

// before stands before the platform: it does harm by the rules, remembers requests, and serves what is under /_sandbox/.
func (c *Control) before(platform http.Handler) http.Handler {
	c.harm, c.watched = c.Faults.Wrap(platform), c.Requests.Surface()
	control := http.NewServeMux()
	control.Handle(rule.Path, c.Faults.Surface())
	control.Handle(rule.Path+"/", c.Faults.Surface())
	control.Handle(requests.Path, c.watched)
	ours, theirs := near(control), c.Requests.Wrap(c.harm)
	// No mux for both: it would redirect from paths that need cleaning, which the platform does not.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
			ours.ServeHTTP(w, r)
		} else {
			theirs.ServeHTTP(w, r)
		}
	})
}

// near lets in whoever asks from this machine.
func near(control http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip, bad := netip.ParseAddr(host); err != nil || bad != nil || !ip.Unmap().IsLoopback() {
			rule.Refuse(w, fault.New(fault.Forbidden, "the sandbox is controlled from its own machine alone"))
			return
		}
		control.ServeHTTP(w, r)
	})
}

// stopping ends what waits.
func (c *Control) stopping() {
	c.harm.Stopping()
	c.watched.Stopping()
}
