// Package web is the pages of a server: what a browser shows of an organization's data, and of one conversation.
//
// A page is HTML made here, readable without script, and every state of it has an address. Every page links the same as JSON, and
// says the command that prints it in a terminal. Geometry is in attributes of SVG, in per cent, so that one text fits every width and
// the policy that browsers are given needs no exception.
//
// Who asks is signed in by a session (package session). What they may not see, because it is personal data, is masked here, before
// anything is made of it: no template ever has it.
package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/web/mask"
	"github.com/parley-hq/parley/internal/web/question"
	"github.com/parley-hq/parley/internal/web/session"
	"github.com/parley-hq/parley/internal/web/watch"
	"github.com/parley-hq/parley/internal/web/words"
	"github.com/parley-hq/parley/internal/wire"
)

// Data is what pages show and the API does not tell. Safe for concurrent use.
type Data interface {
	// Name is what a command calls the data of an organization, as --lake ./lake has it; empty where there is no lake.
	Name(organization string) string
	// Days are those of an organization, in order.
	Days(ctx context.Context, organization string) (Days, error)
	// Runs are the extractions, newest first.
	Runs(ctx context.Context, organization string) ([]runs.Run, error)
	// Day is what a day has beside what the list tells, of conversations that changed so many at most.
	Day(ctx context.Context, organization string, day conversation.Day, mostChanged int) (DayMore, error)
	// Changes are what the versions of a conversation changed that came into the data, so many at most, in the order in which they
	// were found.
	Changes(ctx context.Context, organization string, of conversation.Record, most int) (Changes, error)
	// Names are what things are called now that records name by id.
	Names(ctx context.Context, organization string, ids map[names.Kind][]string) (*names.Book, error)
	// Book is all names that there are now, of which something is found by its name too.
	Book(ctx context.Context, organization string) (*names.Book, error)
}

// Days are the days of an organization.
type Days struct {
	Name      string    // of the lake, as --lake ./lake has it
	Platform  string    // base URL of the server that it is extracted from; empty if nobody knows
	Available time.Time // the platform's data is complete up to here; zero if nobody knows
	Days      []ledger.Day
}

// Changes are what versions of a conversation changed.
type Changes struct {
	Name     string // what a command calls the data, as --lake ./lake
	Platform string // base URL of the server that it is extracted from; empty if nobody knows
	List     []Change
	More     bool // there are others
}

// Change is one place in which a version of a record differs from the one before.
type Change struct {
	FoundAt       time.Time
	Path          string // as package difference writes it
	Before, After string // JSON text; empty when there was nothing
}

// Config is what the pages need.
type Config struct {
	Data      Data
	Live      bool                             // there is no lake: the data is a platform's own, and changes as one looks
	Ask       func(access.Client) http.Handler // the API, for a client that is known
	Rate      limit.Rate                       // of what each asks of the pages
	Limits    query.Limits                     // of what may be asked of the API
	Access    *access.Store
	Key       []byte // the same at all servers over the control database, and told to nobody
	Sessions  *session.Store
	Questions *question.Store
	CSV       func(to io.Writer, columns []column.Selected) (Sheet, error) // begins a file for spreadsheets
	Control   http.Handler                                                 // answers under /_sandbox/; nil: this is no sandbox, or one that nobody controls
	Now       func() time.Time                                             // the clock of the data
	Machine   func() time.Time                                             // the clock by which requests are counted
	Secure    bool                                                         // browsers reach the server by TLS alone
	Log       *slog.Logger
	// Count counts a request for the metrics of the server: the pattern of its route, how it was answered and how long that took.
	Count func(route, method string, status int, took time.Duration, sent int64)
}

// Web answers for the pages.
type Web struct {
	cfg     Config
	routes  *http.ServeMux
	own     *http.CrossOriginProtection
	masks   masks
	watch   watch.Watch
	streams *crowd       // who follows something
	looks   *limit.Turns // of what is followed
	turns   *limit.Turns // of pages that are made
	large   *crowd       // large answers that are being sent
	models  models
	counts  *countsKept
	days    daysKept

	stopping chan struct{} // closed when the server stops
	stop     sync.Once
}

// masks take personal data away, and say who asks for it.
type masks struct{ mask.Mask }

// New makes the pages.
func New(c Config) (*Web, error) {
	m, err := mask.New()
	if err != nil {
		return nil, err
	}
	if c.Count == nil {
		c.Count = func(string, string, int, time.Duration, int64) {}
	}
	w := &Web{cfg: c, routes: http.NewServeMux(), own: http.NewCrossOriginProtection(), masks: masks{m}, models: newModels(), counts: newCountsKept(c.Machine), days: newDaysKept(), stopping: make(chan struct{})}
	w.turns, w.looks = limit.NewTurns(madeAtOnce, heavyAtOnce, mostWaiting), limit.NewTurns(looksAtOnce, looksAtOnce, mostStreams)
	w.streams = newCrowd(mostStreams, mostStreamsOf, "So many pages are followed already that this one is not; load it again to see what changed")
	w.large = newCrowd(mostLarge, mostLargeOf, "So many large answers are being sent already that this one waits; ask for it again when they have come")
	for pattern, answer := range w.pages() {
		w.routes.HandleFunc(pattern, func(out http.ResponseWriter, r *http.Request) { w.answer(out, r, answer) })
	}
	return w, nil
}

// Stopping ends the streams that pages follow: a server that stops would wait for them.
func (w *Web) Stopping() { w.stop.Do(func() { close(w.stopping) }) }

// pages are the routes, by pattern. Those that open are for who is not signed in.
func (w *Web) pages() map[string]handler {
	return map[string]handler{
		"GET /{$}":                                   open(toCalendar),
		"GET /ui/{$}":                                open(toCalendar),
		"GET /ui/static/{name}":                      open(static),
		"GET /ui/sign-in":                            open(signInPage),
		"POST /ui/sign-in":                           open(signIn),
		"POST /ui/sign-out":                          open(signOut),
		"GET /ui/link/{link}":                        open(linkPage),
		"POST /ui/link/{link}":                       open(spendLink),
		"GET /ui/calendar":                           signedIn(newestYear),
		"GET /ui/calendar/{year}":                    ofAll(calendarPage),
		"GET /ui/day/{day}":                          ofAll(dayPage),
		"GET /ui/conversation":                       signedIn(findPage),
		"GET /ui/conversation/{id}":                  signedIn(conversationPage),
		"GET /ui/jobs":                               signedIn(jobsPage),
		"GET /ui/jobs/{id}":                          signedIn(jobPage),
		"GET /ui/jobs/{id}/results.ndjson":           signedIn(jobResults),
		"GET /ui/jobs/{id}/cancel":                   signedIn(cancelPage),
		"POST /ui/jobs/{id}/cancel":                  signedIn(cancelJob),
		"GET /ui/jobs/{id}/remove":                   signedIn(cancelPage),
		"POST /ui/jobs/{id}/remove":                  signedIn(cancelJob),
		"GET /ui/runs":                               ofAll(runsPage),
		"GET /ui/runs/{id}":                          ofAll(runPage),
		"GET /parley/v1/runs":                        ofAll(runsJSON),
		"GET /parley/v1/runs/{id}":                   ofAll(runJSON),
		"GET /ui/sandbox":                            signedIn(sandboxPage),
		"POST /ui/sandbox/{deed}":                    signedIn(doInSandbox),
		"GET /ui/sandbox/{deed}":                     signedIn(toSandbox),
		"GET /ui/sandbox/reset":                      signedIn(resetPage),
		"POST /ui/sandbox/load":                      signedIn(loadState),
		"GET /parley/v1/events":                      signedIn(events),
		"GET /parley/v1/jobs":                        signedIn(jobsJSON),
		"GET /parley/v1/jobs/{id}":                   signedIn(jobJSON),
		"GET /parley/v1/days":                        ofAll(daysJSON),
		"GET /parley/v1/days/{day}":                  ofAll(dayJSON),
		"GET /parley/v1/conversations/{id}/account":  signedIn(accountJSON),
		"GET /parley/v1/conversations/{id}/record":   signedIn(recordJSON),
		"GET /parley/v1/conversations/{id}/timeline": signedIn(timelineJSON),
		"GET /parley/v1/conversations/{id}/compare":  signedIn(compareJSON),
		"GET /ui/explore":                            signedIn(explorePage),
		"GET /ui/explore/q/{hash}":                   signedIn(storedPage),
		"POST /ui/explore":                           signedIn(explore),
		"POST /parley/v1/lint":                       signedIn(lintJSON),
		"POST /parley/v1/questions":                  signedIn(questionJSON),
		"GET /parley/v1/dimensions":                  signedIn(dimensionsJSON),
		"GET /parley/v1/dimensions/{name}/values":    signedIn(valuesJSON),
		"GET /ui/figures":                            signedIn(figuresPage),
		"GET /parley/v1/figures":                     signedIn(figuresJSON),
	}
}

// Handles says whether a path is one of the pages', and not the API's. What both have is the API's for who shows a token.
func (w *Web) Handles(r *http.Request) bool {
	if r.Header.Get("Authorization") != "" && strings.HasPrefix(r.URL.Path, wire.PathList) {
		return false
	}
	_, pattern := w.routes.Handler(r)
	return pattern != "" || isPage(r.URL.Path)
}

// ServeHTTP answers a request. What changes anything must come from a page of this server.
func (w *Web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	t := newTold(out)
	defer w.log(t, r)
	out = t
	guard(out.Header())
	if err := w.comesFromHere(r); err != nil {
		w.fail(&visit{web: w, out: out, r: r}, err)
		return
	}
	if _, pattern := w.routes.Handler(r); pattern == "" {
		w.fail(&visit{web: w, out: out, r: r}, fault.New(fault.NotFound, "There is no such page"))
		return
	}
	w.routes.ServeHTTP(out, r)
}

// handler answers a visit.
type handler func(*visit) error

// open lets everybody in.
func open(h handler) handler { return h }

// signedIn lets those in who are signed in, and sends others to where they can do so.
func signedIn(h handler) handler {
	return func(v *visit) error {
		who, err := v.whoAsks()
		if errors.Is(err, fault.Unauthorized) && !v.wantsJSON() {
			return v.toSignIn()
		}
		if err != nil {
			return err
		}
		v.who = who
		v.tell()
		if u := v.web.cfg.Rate.Take(v.ctx(), string(who.ID), v.web.cfg.Machine()); u.Over {
			return &fault.Error{Kind: fault.Throttled, RetryAfter: u.Reset, Message: fmt.Sprintf("Pages were asked for %d times within a minute; try again in %d s", u.Allowed, u.Seconds())}
		}
		if err := who.Require(access.ViewDetails, access.ViewOwnDetails); err != nil {
			return err
		}
		return h(v)
	}
}

// ofAll is for what tells of all conversations: not for who is confined to those of one user.
func ofAll(h handler) handler {
	return signedIn(func(v *visit) error {
		if err := v.who.Require(access.ViewDetails); err != nil {
			return err
		}
		return h(v)
	})
}

// visit is one request for a page.
type visit struct {
	web *Web
	out http.ResponseWriter
	r   *http.Request
	who access.Client

	turn  func()   // leaves the turn that the visit has; nil: it has none
	ended []func() // to be done when the visit ends
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (w *Web) answer(out http.ResponseWriter, r *http.Request, h handler) {
	within := http.NewResponseController(out)
	_ = within.SetWriteDeadline(time.Now().Add(pageWithin)) // tests have no connection
	if r.Method == http.MethodPost {
		_ = within.SetReadDeadline(time.Now().Add(formWithin)) // of others it would end what streams
	}
	v := &visit{web: w, out: out, r: r}
	defer v.end()
	if err := h(v); err != nil {
		w.fail(v, err)
	}
}

// How long a form may take to come, and a page to be made and taken: who sends or takes nothing holds it in memory.
const (
	formWithin = 30 * time.Second
	pageWithin = 2 * time.Minute
)

// page is what the frame shows around a page.
type page struct {
	Title   string
	Here    string // the entry of the navigation
	Nav     []choice
	Who     string // who is signed in; empty: nobody
	Scheme  string // light or dark, as the visitor has chosen; empty: as their system has it
	State   string // of the data: complete to when
	JSON    string // address of the same as JSON
	Command string // that prints the same
	Live    live   // what the page follows, if anything
	Body    any
}

// show writes a page by its template.
func (v *visit) show(name string, p page) error {
	return v.write(http.StatusOK, name, p)
}

func (v *visit) write(status int, name string, p page) error {
	p.Nav, p.Who, p.Scheme = v.web.nav(p.Here), v.who.Organization, v.scheme()
	var text bytes.Buffer
	if err := pages[name].ExecuteTemplate(&text, "frame", p); err != nil {
		return err
	}
	v.send(status, "text/html; charset=utf-8", text.Bytes())
	return nil
}

// schemeCookie has the colours that a visitor has chosen. A script sets it; the server reads it, so that no page is shown in others first.
const schemeCookie = "parley-scheme"

func (v *visit) scheme() string {
	c, err := v.r.Cookie(schemeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

// nav are the pages that there are, and which of them somebody is at.
func (w *Web) nav(here string) (out []choice) {
	for _, name := range []string{"Calendar", "Explore", "Figures", "Jobs", "Runs", "Conversation", "Sandbox"} {
		if name == "Sandbox" && w.cfg.Control == nil || name == "Runs" && w.cfg.Live {
			continue
		}
		out = append(out, choice{name, "/ui/" + strings.ToLower(name), name == here})
	}
	return out
}

// link is an address, and what is said of it.
type link struct{ Text, Address string }

// failure is a page that says what went wrong.
type failure struct {
	Message string
	More    string // said below
	ID      string
	Again   bool // it may pass
	To      link // to go on from, if anywhere
}

// fail says what went wrong, as a page or as JSON. What is nobody's business but ours is in the log alone.
func (w *Web) fail(v *visit, err error) {
	f := failure{Message: "Something went wrong here that is not told outside; the log of the server has it under this id.", ID: v.id()}
	status := fault.HTTPStatus(err)
	if told, ok := errors.AsType[*fault.Error](err); ok && fault.Outward(err) {
		f.Message = told.Message
	}
	f.Again = status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests || status == http.StatusGatewayTimeout
	if status >= http.StatusInternalServerError && v.ctx().Err() == nil {
		w.cfg.Log.ErrorContext(v.ctx(), "page failed", "request", f.ID, "err", err)
	}
	if v.wantsJSON() {
		v.sendJSON(status, map[string]any{"message": f.Message, "status": status, "contextId": f.ID})
		return
	}
	f.Message = words.Sentence(f.Message)
	if status == http.StatusNotFound {
		f.To = elsewhere(v.r.URL.Path)
	}
	p := page{Title: http.StatusText(status), Body: f}
	if err := v.write(status, "failure", p); err != nil {
		w.cfg.Log.ErrorContext(v.ctx(), "page failed", "request", f.ID, "err", err)
	}
}

// elsewhere is where to go on from a page that is not there.
func elsewhere(path string) link {
	switch {
	case strings.HasPrefix(path, "/ui/conversation/"):
		return link{"Look for it by what it was", "/ui/explore"}
	case strings.HasPrefix(path, "/ui/jobs/"):
		return link{"The jobs that there are", "/ui/jobs"}
	case strings.HasPrefix(path, "/ui/runs/"):
		return link{"The runs that there are", "/ui/runs"}
	}
	return link{"The calendar says what there is", "/ui/calendar"}
}

// pages are the templates, by name.
var pages = func() map[string]*template.Template {
	out := map[string]*template.Template{}
	frame := template.Must(template.New("frame").Funcs(functions).Funcs(exploreFunctions).ParseFS(templates, "template/frame.html"))
	for _, name := range []string{"calendar", "day", "conversation", "explore", "find", "figures", "jobs", "job", "cancel", "runs", "run", "sandbox", "reset", "sign-in", "link", "failure"} {
		out[name] = template.Must(template.Must(frame.Clone()).ParseFS(templates, "template/"+name+".html"))
	}
	return out
}()
