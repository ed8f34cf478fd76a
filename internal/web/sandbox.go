package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/words"
)

// The page of a sandbox sends the same requests to /_sandbox/ that a test would send, and shows each of them.

// sandboxBody is the page.
type sandboxBody struct {
	Reason   string    // why what was asked for was not done
	Said     string    // what was done just now
	Did      *eventRow // the same, of what has more to say
	Sentence string
	Clock    clockTold
	Faults   []faultRow
	Scenario *scenarioTold
	Done     deedsDone
	Journal  []journalRow
	Ready    []readyFault
	Draft    string // a fault that somebody writes
	May      bool   // act
	Where    string // this sandbox is, for a command
}

// clockTold is what GET /_sandbox/clock answers.
type clockTold struct {
	Now       string  `json:"now"`
	Speed     float64 `json:"speed"`
	Available string  `json:"dataAvailabilityDate"`
	NextBatch string  `json:"nextBatch"`
	Deeds     int64   `json:"deeds"`
}

// Runs says whether the clock goes.
func (c clockTold) Runs() bool { return c.Speed != 0 }

// Date writes one of the instants for people.
func (clockTold) Date(text string) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return ""
	}
	return at.UTC().Format("2 January 2006, 15:04:05")
}

// faultRow is a rule of harm, with how often it fired.
type faultRow struct {
	Name, Rule     string
	Matched, Fired int
}

// journalRow is a request that the sandbox was asked.
type journalRow struct {
	Number                                   int64
	At, Method, Path, Client, Rule, Duration string
	Status                                   int
	Broken, Failed                           bool
}

// readyFault is one that can be taken as it is.
type readyFault struct{ Name, Rule string }

// readyFaults are those that programs meet most.
var readyFaults = []readyFault{
	{"one 429 with Retry-After, while results are read", `{"route":"results","times":1,"answer":{"status":429,"retryAfter":"5s"}}`},
	{"one answer in ten is 503", `{"route":"any","probability":0.1,"answer":{"status":503,"retryAfter":"1s"}}`},
	{"the next page of results breaks off halfway", `{"route":"results","times":1,"cut":{"share":0.5}}`},
	{"the next token expires at once", `{"route":"any","times":1,"expireToken":true}`},
	{"the next job fails", `{"route":"submit","times":1,"job":{"fault":"failed"}}`},
	{"the results of the next job expire before their second page", `{"route":"submit","times":1,"job":{"fault":"expired","page":2}}`},
	{"the synchronous query is slow", `{"route":"query","firstByte":"10s"}`},
	{"the connection closes after a job was submitted", `{"route":"submit","times":1,"close":"after"}`},
}

// control sends a request to the controls, as somebody who comes from where the visitor does.
func (v *visit) control(method, path string, body []byte, into any) error {
	text, err := v.controlled(v.ctx(), method, path, body)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (v *visit) controlled(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	if v.web.cfg.Control == nil {
		return nil, fault.New(fault.NotFound, "Nobody controls this server: it is no sandbox, or was started with --control nobody")
	}
	r, err := http.NewRequestWithContext(ctx, method, "/_sandbox/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Host, r.RemoteAddr, r.RequestURI = v.r.Host, v.r.RemoteAddr, r.URL.RequestURI()
	r.Header.Set("Content-Type", "application/json")
	a := &answered{header: http.Header{}}
	if err := a.from(v.web.cfg.Control, r); err != nil {
		return nil, err
	}
	return a.body.Bytes(), ctx.Err()
}

// lookAtSandbox is what the page of the sandbox follows. A clock that goes says by itself what it shows.
func lookAtSandbox(ctx context.Context, v *visit, _ string) ([]byte, error) {
	var clock clockTold
	text, err := v.controlled(ctx, http.MethodGet, "clock", nil)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &clock); err != nil {
		return nil, err
	}
	now, err := conversation.ParseTime(clock.Now)
	if err == nil && clock.Runs() {
		clock.Now = beginning(now, v.web.cfg.Machine(), clock.Speed)
	}
	seen, err := json.Marshal(clock)
	if err != nil {
		return nil, err
	}
	happened, err := v.happened(ctx, now)
	if err != nil {
		return nil, err
	}
	seen = strconv.AppendInt(seen, int64(happened), 10)
	for _, path := range []string{"faults", "requests?since=" + strconv.FormatInt(1<<62, 10)} {
		text, err := v.controlled(ctx, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}
		seen = append(seen, text...)
	}
	return seen, nil
}

// beginning is a time by which a clock that goes is the same at every look, and another when it was set or advanced: what it would have
// shown when ours began, exact to ten seconds of ours.
func beginning(at, now time.Time, speed float64) string {
	began := float64(at.UnixMilli()) - speed*float64(now.UnixMilli())
	return strconv.FormatInt(int64(began/(speed*10_000)), 10)
}

func sandboxPage(v *visit) error { return v.showSandbox(http.StatusOK, "", "") }

// toSandbox leads to the page from the address of a form: whoever asks again for what was refused asks for that.
func toSandbox(v *visit) error { return v.redirect("/ui/sandbox") }

// showSandbox shows the page, with why something was not done, and what somebody was writing then.
func (v *visit) showSandbox(status int, reason, draft string) error {
	follows, err := v.following("sandbox")
	if err != nil {
		return err
	}
	b := sandboxBody{Reason: reason, Ready: readyFaults, Draft: cmp.Or(draft, readyFaults[0].Rule), May: v.who.Has(access.ActOnPages), Where: v.where()}
	if err := v.control(http.MethodGet, "clock", nil, &b.Clock); err != nil {
		return err
	}
	if b.Faults, err = v.faults(); err != nil {
		return err
	}
	if b.Journal, err = v.journal(); err != nil {
		return err
	}
	if b.Scenario, err = v.scenario(b.Clock); err != nil {
		return err
	}
	if b.Done, err = v.deedsDone(); err != nil {
		return err
	}
	if reason == "" {
		b.say(v.r.URL.Query().Get("did"))
	}
	b.Sentence = sandboxSentence(b)
	return v.write(status, "sandbox", page{Title: "Sandbox", Here: "Sandbox", Body: b, Live: follows, Command: "parley sandbox clock" + v.where(), JSON: "/_sandbox/clock"})
}

// say says what was done just now, as the address has it.
func (b *sandboxBody) say(did string) {
	switch did {
	case "rewrite", "drift", "batch":
		if len(b.Done.Rows) > 0 {
			b.Did = &b.Done.Rows[0]
		}
	case "reset":
		b.Said = "Everything was undone: the sandbox is as it began."
	case "load":
		b.Said = "The sandbox goes on from the state that was saved."
	}
}

func sandboxSentence(b sandboxBody) string {
	text := "The platform's clock stands still at " + b.Clock.Date(b.Clock.Now) + " UTC. "
	if b.Clock.Runs() {
		text = "The platform's clock goes " + pace(b.Clock.Speed) + ". "
	}
	if n := len(b.Faults); n > 0 {
		return text + words.Amount(n, "fault is set.", "faults are set.")
	}
	return text + "Everything is answered as it should be."
}

// faults are the rules of harm, each as the text that adds it.
func (v *visit) faults() (rows []faultRow, err error) {
	var list struct {
		Faults []jsontext.Value `json:"faults"`
	}
	if err := v.control(http.MethodGet, "faults", nil, &list); err != nil {
		return nil, err
	}
	for _, text := range list.Faults {
		var known struct {
			Name    string `json:"name"`
			Matched int    `json:"matched"`
			Fired   int    `json:"fired"`
		}
		rule := map[string]jsontext.Value{}
		if err := errors.Join(json.Unmarshal(text, &known), json.Unmarshal(text, &rule)); err != nil {
			return nil, err
		}
		for _, counted := range []string{"name", "matched", "fired", "jobs"} {
			delete(rule, counted)
		}
		text, err := json.Marshal(rule, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		rows = append(rows, faultRow{known.Name, string(text), known.Matched, known.Fired})
	}
	return rows, nil
}

// mostJournal is how many of the last requests are shown.
const mostJournal = 50

// journal are the last requests that the sandbox was asked, the newest first.
func (v *visit) journal() (rows []journalRow, err error) {
	type entry struct {
		Number   int64     `json:"number"`
		At       time.Time `json:"at"`
		Method   string    `json:"method"`
		Path     string    `json:"path"`
		Query    []string  `json:"query"`
		Client   string    `json:"client"`
		Status   int       `json:"status"`
		Duration float64   `json:"milliseconds"`
		Rule     string    `json:"rule"`
		Broken   bool      `json:"broken"`
	}
	var list struct {
		Requests []entry `json:"requests"`
		Last     int64   `json:"last"`
	}
	if err := v.control(http.MethodGet, "requests?since="+strconv.FormatInt(1<<62, 10), nil, &list); err != nil {
		return nil, err
	}
	since := max(list.Last-mostJournal, 0)
	if err := v.control(http.MethodGet, "requests?since="+strconv.FormatInt(since, 10), nil, &list); err != nil {
		return nil, err
	}
	for _, e := range list.Requests {
		path := e.Path
		if len(e.Query) > 0 {
			path += "?" + strings.Join(e.Query, "&")
		}
		rows = append(rows, journalRow{
			Number: e.Number, At: e.At.UTC().Format("2 Jan 15:04:05"), Method: e.Method, Path: path, Client: e.Client, Rule: e.Rule, Status: e.Status,
			Duration: strconv.FormatFloat(e.Duration, 'f', 1, 64) + " ms", Broken: e.Broken, Failed: e.Status >= http.StatusBadRequest || e.Broken,
		})
	}
	slices.Reverse(rows)
	return rows, nil
}

// kindOfField is how the text of a field stands in a body.
type kindOfField int

const (
	asText kindOfField = iota
	asNumber
	asList // with commas between
	asJSON
)

// deed is what a form does: which request it sends, and which fields stand in its body.
type deed struct {
	path   string
	fields map[string]kindOfField
}

// deeds are what a sandbox can be told, by the name in the form's address.
var deeds = map[string]deed{
	"clock":   {"clock", map[string]kindOfField{"set": asText, "advance": asText, "until": asText, "speed": asNumber}},
	"batch":   {"batch", map[string]kindOfField{"fail": asList, "halt": asJSON, "back": asText}},
	"rewrite": {"rewrite", map[string]kindOfField{"conversation": asText, "older": asText, "count": asNumber, "patch": asJSON}},
	"drift":   {"drift", map[string]kindOfField{"pointer": asText, "value": asJSON, "every": asNumber}},
	"reset":   {"reset", nil},
}

// body makes the body of the request of a form.
func (d deed) body(form url.Values) ([]byte, error) {
	members := map[string]any{}
	for name, kind := range d.fields {
		text := strings.TrimSpace(form.Get(name))
		if text == "" {
			continue
		}
		value, err := kind.value(name, text)
		if err != nil {
			return nil, err
		}
		members[name] = value
	}
	return json.Marshal(members, json.Deterministic(true))
}

func (k kindOfField) value(name, text string) (any, error) {
	switch k {
	case asNumber:
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) { // JSON has neither
			return n, nil
		}
		return nil, fault.Field(name, "%s is a number, and not %s", name, fault.Clip(text))
	case asList:
		parts := strings.Split(text, ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		return parts, nil
	case asJSON:
		if v := jsontext.Value(text); v.IsValid() {
			return v, nil
		}
		return nil, fault.Field(name, "%s is a value of JSON, and %s is none: a text has quotation marks", name, fault.Clip(text))
	case asText:
	}
	return text, nil
}

// doInSandbox does what a form says, and shows the page again.
func doInSandbox(v *visit) error {
	if err := v.who.Require(access.ActOnPages); err != nil {
		return err
	}
	v.r.Body = http.MaxBytesReader(v.out, v.r.Body, mostRule)
	if err := v.r.ParseForm(); err != nil {
		return fault.New(fault.TooLarge, "The form cannot be read, or has more than %s", words.Size(mostRule))
	}
	name := v.r.PathValue("deed")
	return v.done(name, v.act(name))
}

// done shows the page again: it says what was done, or why it was not.
func (v *visit) done(name string, err error) error {
	switch {
	case err == nil:
		return v.redirect("/ui/sandbox?did=" + url.QueryEscape(name))
	case !fault.Outward(err) || fault.HTTPStatus(err) == http.StatusForbidden:
		return err
	}
	return v.showSandbox(fault.HTTPStatus(err), saidOf(err), v.r.PostForm.Get("rule"))
}

// mostRule is how many bytes of a form are read: a rule may have a whole body in it.
const mostRule = 512_000

func (v *visit) act(name string) error {
	switch name {
	case "fault":
		return v.control(http.MethodPost, "faults", []byte(v.r.PostForm.Get("rule")), nil)
	case "remove":
		return v.control(http.MethodDelete, "faults/"+url.PathEscape(v.r.PostForm.Get("name")), nil, nil)
	case "clear":
		return v.control(http.MethodDelete, "faults", nil, nil)
	}
	d, ok := deeds[name]
	if !ok {
		return fault.New(fault.NotFound, "There is no such control")
	}
	body, err := d.body(v.r.PostForm)
	if err != nil {
		return err
	}
	return v.control(http.MethodPost, d.path, body, nil)
}
