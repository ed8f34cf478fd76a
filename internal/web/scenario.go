package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/words"
)

// How a sandbox began, what happens in it by itself, and what was done to it.

// scenario is what GET /_sandbox/scenario answers.
type scenario struct {
	Seed          uint64           `json:"seed"`
	Days          int              `json:"days"`
	PerDay        int              `json:"per_day"`
	Uneven        bool             `json:"uneven"`
	Start         time.Time        `json:"start"`
	Speed         float64          `json:"speed"`
	Lag           string           `json:"lag"`
	Given         string           `json:"given"`
	FailedBatches []string         `json:"failed_batches"`
	Events        []scenarioEvent  `json:"events"`
	Faults        []jsontext.Value `json:"faults"`
}

type scenarioEvent struct {
	At time.Time `json:"at"`
	sandboxDeed
}

// sandboxDeed is what happens to a sandbox, by its scenario or by somebody. One member is set.
type sandboxDeed struct {
	Batch   *batchDeed     `json:"batch"`
	Drift   *driftDeed     `json:"drift"`
	Rewrite jsontext.Value `json:"rewrite"` // in a scenario which are meant, in a journal which were
}

type batchDeed struct {
	Fail []string   `json:"fail"`
	Halt *bool      `json:"halt"`
	Back *time.Time `json:"back"`
}

type driftDeed struct {
	Pointer string         `json:"pointer"`
	Value   jsontext.Value `json:"value"`
	Every   int            `json:"every"`
}

// rewriteMeant is a rewriting of a scenario.
type rewriteMeant struct {
	Conversation string `json:"conversation"`
	Older        string `json:"older"`
	Count        int    `json:"count"`
}

// scenarioTold is a scenario on the page.
type scenarioTold struct {
	Pairs   [][2]string
	Events  []eventRow
	Next    *eventRow // that the clock has not come to
	Command string    // that starts a sandbox like it
	File    bool      // which needs the scenario as a file
}

// eventRow is an event of a scenario, or a deed of somebody.
type eventRow struct {
	At, When, Instant, Words string
	Links                    []link
	More                     int // conversations that have no link
	State                    string
}

// mostLinks is how many of the conversations that were rewritten have a link.
const mostLinks = 10

func (v *visit) scenario(clock clockTold) (*scenarioTold, error) {
	var s scenario
	if err := v.control(http.MethodGet, "scenario", nil, &s); err != nil {
		return nil, err
	}
	now, err := conversation.ParseTime(clock.Now)
	if err != nil {
		return nil, err
	}
	told := &scenarioTold{Pairs: s.pairs(), File: len(s.Events)+len(s.Faults) > 0}
	told.Events, told.Next, err = s.rows(now)
	told.Command = s.command(told.File)
	return told, err
}

// happened is how many events of the scenario have.
func (v *visit) happened(ctx context.Context, now time.Time) (n int, err error) {
	var s scenario
	text, err := v.controlled(ctx, http.MethodGet, "scenario", nil)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return 0, err
	}
	for _, e := range s.Events {
		if !e.At.After(now) {
			n++
		}
	}
	return n, nil
}

// pairs are what the scenario says of the beginning.
func (s scenario) pairs() (out [][2]string) {
	add := func(name, value string) { out = append(out, [2]string{name, value}) }
	if s.Given != "" {
		add("records", "those that were given by --load")
	} else {
		about := ""
		if s.Uneven {
			about = "about "
		}
		add("records", fmt.Sprintf("simulated from seed %d: %s with %s%s conversations each", s.Seed, words.Amount(s.Days, "day", "days"), about, words.Count(int64(s.PerDay))))
	}
	speed := ""
	switch s.Speed {
	case 0:
		speed = ", standing still"
	case 1:
	default:
		speed = ", " + pace(s.Speed)
	}
	add("the clock began", s.Start.UTC().Format("2 January 2006, 15:04:05")+" UTC"+speed)
	if lag, err := time.ParseDuration(s.Lag); err == nil && lag > 0 {
		add("figures are finished", account.Length(lag).String()+" after the end of a conversation")
	}
	if len(s.FailedBatches) > 0 {
		add("nightly batches fail", "on the mornings of "+strings.Join(s.FailedBatches, ", "))
	}
	if n := len(s.Faults); n > 0 {
		add("faults", words.Amount(n, "from the beginning", "from the beginning"))
	}
	return out
}

// pace says how fast a clock goes.
func pace(speed float64) string {
	if speed == 1 {
		return "as fast as ours"
	}
	return decimal(speed) + " times as fast as ours"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// rows are the events in their order. Those that the clock has passed have happened: whoever asks has them happen.
func (s scenario) rows(now time.Time) (rows []eventRow, next *eventRow, err error) {
	for _, e := range s.Events {
		words, err := e.meant()
		if err != nil {
			return nil, nil, err
		}
		row := eventRow{At: e.At.UTC().Format("2 Jan 2006 15:04:05"), Words: words, Instant: conversation.FormatTime(e.At), State: "happened"}
		if e.At.After(now) {
			row.State, row.When = "later", "in "+account.Length(e.At.Sub(now)).String()
			if next == nil {
				row.State = "next"
				next = &row
			}
		}
		rows = append(rows, row)
	}
	return rows, next, nil
}

// meant is what an event of a scenario does.
func (e scenarioEvent) meant() (string, error) {
	if e.Rewrite == nil {
		return e.told(), nil
	}
	var r rewriteMeant
	if err := json.Unmarshal(e.Rewrite, &r); err != nil {
		return "", err
	}
	if r.Conversation != "" {
		return "the conversation " + r.Conversation + " is rewritten", nil
	}
	older, err := time.ParseDuration(cmp.Or(r.Older, "0s"))
	if err != nil {
		return "", err
	}
	which := "the last conversation"
	if r.Count > 1 {
		which = "the last " + words.Count(int64(r.Count)) + " conversations"
	}
	if older > 0 {
		which += " that began longer ago than " + account.Length(older).String()
	}
	verb := " is rewritten"
	if r.Count > 1 {
		verb = " are rewritten"
	}
	return which + verb, nil
}

// told is what a deed that is no rewriting does.
func (d sandboxDeed) told() string {
	switch {
	case d.Drift != nil:
		which := "every record"
		if d.Drift.Every > 1 {
			which = fmt.Sprintf("one in %d records", d.Drift.Every)
		}
		return which + " of a conversation that begins from then on has " + fault.Clip(string(d.Drift.Value)) + " at " + fault.Clip(d.Drift.Pointer)
	case d.Batch == nil:
		return "something that this version does not know"
	case d.Batch.Back != nil:
		return "dataAvailabilityDate goes back to " + d.Batch.Back.UTC().Format("2 January 2006, 15:04:05") + " UTC, until the next batch has ended"
	case d.Batch.Halt != nil && *d.Batch.Halt:
		return "from then on no nightly batch comes to its end"
	case d.Batch.Halt != nil:
		return "nightly batches come to their end again"
	}
	return "the nightly batch fails on the morning of " + strings.Join(d.Batch.Fail, ", ")
}

// command starts a sandbox that begins as this one did.
func (s scenario) command(file bool) string {
	switch {
	case s.Given != "" && file:
		return "parley sandbox --scenario scenario.yaml --load FILES"
	case file:
		return "parley sandbox --scenario scenario.yaml"
	case s.Given != "":
		return "parley sandbox --load FILES" + s.clockFlags()
	}
	text := fmt.Sprintf("parley sandbox --seed %d --days %d --per-day %d", s.Seed, s.Days, s.PerDay)
	if !s.Uneven {
		text += " --steady"
	}
	return text + s.clockFlags()
}

func (s scenario) clockFlags() string {
	text := " --now " + conversation.FormatTime(s.Start)
	if s.Speed != 1 {
		text += " --speed " + decimal(s.Speed)
	}
	if lag, err := time.ParseDuration(s.Lag); err == nil && lag > 0 {
		text += " --lag " + s.Lag
	}
	if len(s.FailedBatches) > 0 {
		text += " --failed-batch " + strings.Join(s.FailedBatches, ",")
	}
	return text
}

// savedState is what GET /_sandbox/state answers, as far as it says what was done.
type savedState struct {
	Entries []struct {
		At   time.Time `json:"at"`
		Deed struct {
			sandboxDeed

			Scenario jsontext.Value `json:"scenario"`
			Clock    *struct {
				At    time.Time `json:"at"`
				Speed float64   `json:"speed"`
			} `json:"clock"`
			Part string `json:"part"`
		} `json:"deed"`
	} `json:"entries"`
}

// mostDeeds is how many of the last deeds are shown.
const mostDeeds = 20

// deedsDone are what was done to the sandbox, the last first, and how many more there were.
type deedsDone struct {
	Rows []eventRow
	More int
}

func (v *visit) deedsDone() (d deedsDone, err error) {
	var s savedState
	if err := v.control(http.MethodGet, "state", nil, &s); err != nil {
		return d, err
	}
	for i, e := range slices.Backward(s.Entries) {
		if i < 2 { // its scenario, and where its clock began
			break
		}
		row := eventRow{At: e.At.UTC().Format("2 Jan 2006 15:04:05")}
		switch {
		case e.Deed.Clock != nil && e.Deed.Clock.Speed == 0:
			row.Words = "the clock stands still at " + e.Deed.Clock.At.UTC().Format("2 January 2006, 15:04:05") + " UTC"
		case e.Deed.Clock != nil:
			row.Words = "the clock goes on from " + e.Deed.Clock.At.UTC().Format("2 January 2006, 15:04:05") + " UTC, " + pace(e.Deed.Clock.Speed)
		case e.Deed.Rewrite != nil:
			if err := row.rewritten(e.Deed.Rewrite); err != nil {
				return d, err
			}
		case e.Deed.Part != "":
			continue // faults stand beside
		default:
			row.Words = e.Deed.told()
		}
		if len(d.Rows) == mostDeeds {
			d.More++
			continue
		}
		d.Rows = append(d.Rows, row)
	}
	return d, nil
}

// rewritten says which records were.
func (r *eventRow) rewritten(text jsontext.Value) error {
	var all []rewriteMeant
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	r.Words = words.Amount(len(all), "record was rewritten:", "records were rewritten:")
	for _, one := range all[:min(mostLinks, len(all))] {
		r.Links = append(r.Links, link{words.Short(one.Conversation), "/ui/conversation/" + url.PathEscape(one.Conversation)})
	}
	r.More = len(all) - len(r.Links)
	return nil
}

// resetBody is the page that asks whether all of it shall be undone.
type resetBody struct{ Lost, Stays []string }

// resetPage names what is lost.
func resetPage(v *visit) error {
	if err := v.who.Require(access.ActOnPages); err != nil {
		return err
	}
	var clock clockTold
	if err := v.control(http.MethodGet, "clock", nil, &clock); err != nil {
		return err
	}
	var s scenario
	if err := v.control(http.MethodGet, "scenario", nil, &s); err != nil {
		return err
	}
	faults, err := v.faults()
	if err != nil {
		return err
	}
	done, err := v.deedsDone()
	if err != nil {
		return err
	}
	b := resetBody{Lost: lostByReset(clock, s, len(faults), len(done.Rows)+done.More), Stays: []string{"jobs with their results", "clients and their tokens, and who is signed in", "the list of what was asked lately"}}
	return v.show("reset", page{Title: "Undo everything", Here: "Sandbox", Body: b, Command: "parley sandbox reset" + v.where()})
}

func lostByReset(clock clockTold, s scenario, faults, deeds int) []string {
	lost := []string{"The clock goes back from " + clock.Date(clock.Now) + " UTC to " + s.Start.UTC().Format("2 January 2006, 15:04:05") + " UTC. Conversations that began since are gone until it gets there again."}
	if deeds > 0 {
		lost = append(lost, words.Amount(deeds, "deed is undone: changes to records, drift, nightly batches, moves of the clock.", "deeds are undone: changes to records, drift, nightly batches, moves of the clock."))
	}
	if faults > 0 {
		lost = append(lost, words.Amount(faults, "fault is removed, with its counts.", "faults are removed, with their counts."))
	}
	if n := len(s.Faults); n > 0 {
		lost = append(lost, words.Amount(n, "fault of the scenario is set anew.", "faults of the scenario are set anew."))
	}
	return lost
}

// mostState is how many bytes of a saved state a browser may send. Larger ones are loaded by the command.
const mostState = 32 << 20

// loadState has the sandbox go on from a state that was saved.
func loadState(v *visit) error {
	if err := v.who.Require(access.ActOnPages); err != nil {
		return err
	}
	v.r.Body = http.MaxBytesReader(v.out, v.r.Body, mostState)
	text, err := uploaded(v.r, "state")
	if err == nil {
		err = v.control(http.MethodPut, "state", text, nil)
	}
	return v.done("load", err)
}

// uploaded is the file that a form sends. It is read as it comes, and never written to a disk.
func uploaded(r *http.Request, field string) ([]byte, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.Field(field, "Choose a file first: the form came without one")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, fault.Field(field, "Choose a file first: the form came without one")
		}
		if part.FormName() == field {
			return wholePart(part, field)
		}
	}
}

func wholePart(part *multipart.Part, field string) ([]byte, error) {
	var text bytes.Buffer
	if _, err := io.Copy(&text, part); err != nil {
		return nil, fault.New(fault.TooLarge, "The file cannot be read, or has more than %s: load it by parley sandbox load", words.Size(mostState))
	}
	if text.Len() == 0 {
		return nil, fault.Field(field, "Choose a file first: it is empty, or there is none")
	}
	return text.Bytes(), nil
}
