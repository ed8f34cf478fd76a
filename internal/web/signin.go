package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/session"
)

// cookie names the cookie of a session. Under TLS its name has browsers take it from this host alone, for all of it. On this machine
// several servers share a host, and each has a port.
func (v *visit) cookie() string {
	if v.web.cfg.Secure {
		return "__Host-parley"
	}
	if _, port, err := net.SplitHostPort(v.r.Host); err == nil && isLoopback(v.r.Host) {
		return "parley-" + port
	}
	return "parley"
}

// whoAsks is the client that a session is of, or whose token the request has. A token is no session: programs ask for JSON with it.
func (v *visit) whoAsks() (access.Client, error) {
	return v.known((*session.Store).Who)
}

// whoLooks is whoAsks, of somebody who does nothing: their session is not used by it.
func (v *visit) whoLooks() (access.Client, error) {
	return v.known((*session.Store).Look)
}

func (v *visit) known(by func(*session.Store, context.Context, string) (access.Client, error)) (access.Client, error) {
	if scheme, token, ok := strings.Cut(v.r.Header.Get("Authorization"), " "); ok && v.wantsJSON() && strings.EqualFold(scheme, "Bearer") {
		return v.web.cfg.Access.Authenticate(v.ctx(), strings.TrimSpace(token))
	}
	c, err := v.r.Cookie(v.cookie())
	if err != nil {
		return access.Client{}, fault.New(fault.Unauthorized, "Sign in first, at /ui/sign-in")
	}
	return by(v.web.cfg.Sessions, v.ctx(), c.Value)
}

// signInBody is what the page to sign in shows.
type signInBody struct {
	Next   string // where to go then
	Reason string // why it did not work
	ID     string // that was given
}

func signInPage(v *visit) error {
	return v.show("sign-in", page{Title: "Sign in", Body: signInBody{Next: next(v.r.URL.Query().Get("next"))}})
}

// toSignIn sends somebody to sign in and come back.
func (v *visit) toSignIn() error {
	to := *v.r.URL
	if q := to.Query(); q.Has("find") { // it may name somebody, and addresses are kept by whoever passes them on
		q.Del("find")
		to.RawQuery = q.Encode()
	}
	return v.redirect("/ui/sign-in?" + url.Values{"next": {to.RequestURI()}}.Encode())
}

func (v *visit) redirect(to string) error {
	v.out.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.out, v.r, to, http.StatusSeeOther)
	return nil
}

// next is where to go after signing in: a page of this server, whatever the address says.
func next(to string) string {
	if u, err := url.Parse(to); err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(to, "/ui/") || !strings.HasPrefix(path.Clean(u.Path)+"/", "/ui/") || strings.Contains(to, `\`) {
		return "/ui/"
	}
	return to
}

// mostForm is how many bytes of a form are read.
const mostForm = 16 << 10

// signIn begins a session with the id and secret of a client.
func signIn(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.out, v.r.Body, mostForm)
	if err := v.r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "The form cannot be read")
	}
	id, to := v.r.PostForm.Get("client_id"), next(v.r.PostForm.Get("next"))
	token, err := v.web.cfg.Access.Login(v.ctx(), access.ClientID(id), v.r.PostForm.Get("client_secret"))
	if err != nil {
		if status := fault.HTTPStatus(err); status >= http.StatusInternalServerError {
			return err
		}
		p := page{Title: "Sign in", Body: signInBody{Next: to, ID: id, Reason: reasonOf(err)}}
		return v.write(fault.HTTPStatus(err), "sign-in", p)
	}
	text, most, err := v.begin(token)
	if err != nil {
		return err
	}
	v.keep(text, most)
	return v.redirect(to)
}

// saidOf is what may be said of a failure.
func saidOf(err error) string {
	if told, ok := errors.AsType[*fault.Error](err); ok {
		return told.Message
	}
	return err.Error()
}

// begin begins a session. That of a platform whose clock may be moved does not end with its token.
func (v *visit) begin(t access.Token) (text string, most time.Duration, err error) {
	if v.web.cfg.Live {
		return v.web.cfg.Sessions.Grant(v.ctx(), t.Client.ID)
	}
	return v.web.cfg.Sessions.Begin(v.ctx(), t)
}

// reasonOf says why somebody is not signed in, and not which of id and secret is wrong.
func reasonOf(err error) string {
	if fault.HTTPStatus(err) == http.StatusTooManyRequests {
		return "Too many attempts; try again in a minute."
	}
	return "There is no client of this id with this secret."
}

// keep has the browser keep the text of a session.
func (v *visit) keep(text string, most time.Duration) {
	http.SetCookie(v.out, &http.Cookie{ //nolint:gosec // Secure where browsers come by TLS: on the loopback address they would not send it
		Name: v.cookie(), Value: text, Path: "/", MaxAge: int(most.Seconds()), HttpOnly: true, Secure: v.web.cfg.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// signOut ends a session.
func signOut(v *visit) error {
	if c, err := v.r.Cookie(v.cookie()); err == nil {
		if err := v.web.cfg.Sessions.End(v.ctx(), c.Value); err != nil {
			return err
		}
	}
	v.keep("", -time.Second)
	return v.redirect("/ui/sign-in")
}

// linkPage shows a button and nothing else: whatever looks at links before people do must not spend them.
func linkPage(v *visit) error { return v.show("link", page{Title: "Sign in by a link"}) }

// Link makes a path by which somebody signs in once, for as long as one may stay.
func (w *Web) Link(ctx context.Context, organization string, permissions []access.Permission) (path string, err error) {
	text, err := w.cfg.Sessions.Link(ctx, organization, permissions, session.Most)
	return "/ui/link/" + text, err
}

// spendLink begins the session of a link.
func spendLink(v *visit) error {
	text, most, err := v.web.cfg.Sessions.Spend(v.ctx(), v.r.PathValue("link"))
	if err != nil {
		return err
	}
	v.keep(text, most)
	return v.redirect("/ui/")
}

func toCalendar(v *visit) error { return v.redirect("/ui/calendar") }
