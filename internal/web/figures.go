package web

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/web/words"
	"github.com/parley-hq/parley/internal/wire"
)

// Bounds of the page of figures. Each stretch of time of each queue is a row of a table, with a link: more rows than this make a page
// of a megabyte.
const (
	mostStretches   = 750   // a month of hours
	mostQueues      = 24    // that are drawn
	mostFigureRows  = 1_200 // stretches times queues
	mostQueueLinks  = 200   // queues that are listed by name
	mostLackingDays = 5     // that are listed
)

// usualDays are how many days the figures are of, if nobody says.
const usualDays = 7

// drawn are the figures that have a chart, in order, by the names that programs read.
var drawn = []string{"serviceLevel", "offered", "answered", "abandoned", "averageAnswerSeconds", "averageHandleSeconds"}

// figureTitles are what a chart is called, where a table says something shorter.
var figureTitles = map[string]string{
	"serviceLevel": "Service level", "offered": "Offered", "answered": "Answered", "abandoned": "Abandoned",
	"averageAnswerSeconds": "Speed of answer", "averageHandleSeconds": "Handle time",
}

// figuresBody is the page of figures.
type figuresBody struct {
	Sentence    string
	Asked       figuresForm
	Lacking     []string // days that the data lacks
	MoreLacking int
	Absent      []absence
	Queues      []queueFigures
	Others      []choice // queues that are not drawn
	MoreOthers  int
	Chosen      *chosenFigure
	Definitions []definition
	Request     string
	Empty       bool
}

// figuresForm is what the form of the page says.
type figuresForm struct {
	From, To string // days; the last one is not in it
	Zone     string
	Word     string   // of the stretch of time
	Queues   []string // ids; none: all
	Figure   string   // that is drawn large
	Words    []string
	Options  []queueOption
	Wrong    string // the field that is at fault, if one is
	Why      string // there are no figures

	question figure.Question
	edges    []time.Time
}

// queueOption is a queue that can be chosen.
type queueOption struct {
	ID, Name string
	Now      bool
}

// definition says what a figure is.
type definition struct{ Title, What, Metrics string }

// figuresPage shows the figures of queues.
func figuresPage(v *visit) error {
	days, err := v.days()
	if err != nil {
		return err
	}
	a, err := askedOf(v.r.URL.Query(), days.Days, v.web.cfg.Now())
	b := &figuresBody{Asked: a, Empty: len(days.Days) == 0, Definitions: definitions()}
	if err == nil {
		err = b.fill(v, days)
	}
	if errors.Is(err, fault.Invalid) {
		return v.refusedFigures(b, err)
	}
	if err != nil {
		return err
	}
	p := page{Title: "Figures", Here: "Figures", Body: b, JSON: "/parley/v1/figures?" + b.Asked.query(nil).Encode()}
	if !v.web.cfg.Live {
		p.Command = b.Asked.command(days.Name)
	}
	return v.show("figures", p)
}

// fill asks for the figures.
func (b *figuresBody) fill(v *visit, days Days) error {
	totals, err := v.linesOf(b.Asked.totals())
	if err != nil {
		return err
	}
	book, err := v.queueNames(totals)
	if err != nil {
		return err
	}
	if err := b.draw(v, b.choose(totals, book), totals, book); err != nil {
		return err
	}
	b.lacks(days.Days)
	at := b.Asked.question.Interval
	b.Absent = v.absences(at, days)
	if len(totals) == 0 {
		b.Sentence = cmp.Or(v.nothingOf(at, days), b.Sentence)
	}
	return nil
}

// refusedFigures shows the form as it was sent, with what is wrong at its field.
func (v *visit) refusedFigures(b *figuresBody, err error) error {
	told, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	b.Sentence, b.Asked.Wrong, b.Asked.Why = "There are no figures for this.", told.Field, told.Message
	if !slices.Contains([]string{"from", "to", "granularity", "tz", "queue"}, told.Field) {
		b.Asked.Wrong = "" // it has no field
	}
	book, err := v.web.cfg.Data.Names(v.ctx(), v.who.Organization, map[names.Kind][]string{names.Queue: b.Asked.Queues})
	if err != nil {
		return err
	}
	for _, id := range b.Asked.Queues[:min(len(b.Asked.Queues), mostQueueLinks)] {
		b.Asked.Options = append(b.Asked.Options, queueOption{id, queueName(book, id), true})
	}
	return v.write(http.StatusBadRequest, "figures", page{Title: "Figures", Here: "Figures", Body: b})
}

// figuresJSON gives what the API answers to the question of the page, for all queues that it is of.
func figuresJSON(v *visit) error {
	days, err := v.days()
	if err != nil {
		return err
	}
	a, err := askedOf(v.r.URL.Query(), days.Days, v.web.cfg.Now())
	if err != nil {
		return err
	}
	body, err := a.question.Body()
	if err != nil {
		return err
	}
	text, err := v.ask(http.MethodPost, wire.PathAggregates, body)
	if err != nil {
		return err
	}
	v.sendText(http.StatusOK, text)
	return nil
}

// linesOf has the API answer a question.
func (v *visit) linesOf(q figure.Question) ([]figure.Line, error) {
	body, err := q.Body()
	if err != nil {
		return nil, err
	}
	var answer wire.Aggregates
	if err := v.askFor(http.MethodPost, wire.PathAggregates, body, &answer); err != nil {
		return nil, err
	}
	return figure.Lines(answer, q.GroupBy)
}

// queueNames are what the queues of lines are called.
func (v *visit) queueNames(lines []figure.Line) (*names.Book, error) {
	var ids []string
	for _, l := range lines {
		ids = append(ids, l.Values[0])
	}
	slices.Sort(ids)
	return v.web.cfg.Data.Names(v.ctx(), v.who.Organization, map[names.Kind][]string{names.Queue: slices.Compact(ids)})
}

// askedOf reads what an address asks. Left out, it is the last days of the data, day by day, of all queues.
func askedOf(q url.Values, days []ledger.Day, now time.Time) (a figuresForm, err error) {
	a = figuresForm{From: q.Get("from"), To: q.Get("to"), Zone: cmp.Or(q.Get("tz"), "UTC"), Word: cmp.Or(q.Get("granularity"), "day"), Figure: cmp.Or(q.Get("figure"), drawn[0])}
	for _, s := range figure.Stretches {
		a.Words = append(a.Words, s.Word)
	}
	for _, id := range q["queue"] {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(a.Queues, id) {
			a.Queues = append(a.Queues, id)
		}
	}
	if !slices.Contains(drawn, a.Figure) {
		return a, fault.Field("figure", "figure is one of %s", strings.Join(drawn, ", "))
	}
	if len(a.Queues) > mostQueues {
		return a, fault.Field("queue", "at most %d queues are drawn at once; leave out queue, and the largest are", mostQueues)
	}
	a.question.GroupBy = []string{"queueId"}
	if len(a.Queues) > 0 {
		a.question.Only = []figure.Only{{Dimension: "queueId", Values: a.Queues}}
	}
	if err := a.zone(); err != nil {
		return a, err
	}
	if err := a.interval(days, now); err != nil {
		return a, err
	}
	return a, a.stretches()
}

// zone finds the place by whose clocks days begin.
func (a *figuresForm) zone() error {
	zone, err := time.LoadLocation(a.Zone)
	if err != nil || a.Zone == "Local" {
		return fault.Field("tz", "%s is not a time zone; write a name of the IANA database such as Europe/Berlin, America/New_York or UTC", fault.Clip(a.Zone))
	}
	a.question.Zone = zone
	return nil
}

// interval is from the first day to the one after the last.
func (a *figuresForm) interval(days []ledger.Day, now time.Time) (err error) {
	end := now.In(a.question.Zone)
	if n := len(days); n > 0 {
		end = days[n-1].Day.Start().AddDate(0, 0, 1)
	}
	if a.To == "" {
		a.To = end.Format(time.DateOnly)
	}
	at := &a.question.Interval
	if at.End, err = a.day("to", a.To); err != nil {
		return err
	}
	if a.From == "" {
		a.From = at.End.AddDate(0, 0, -usualDays).Format(time.DateOnly)
	}
	if at.Start, err = a.day("from", a.From); err != nil {
		return err
	}
	if !at.End.After(at.Start) {
		return fault.Field("to", "to must lie after from: it is the day after the last one")
	}
	return nil
}

func (a *figuresForm) day(field, text string) (time.Time, error) {
	at, err := time.ParseInLocation(time.DateOnly, text, a.question.Zone)
	if err != nil {
		return at, fault.Field(field, "%s is a day such as 2026-11-01, and not %q", field, fault.Clip(text))
	}
	return at, nil
}

// stretches divides the interval.
func (a *figuresForm) stretches() error {
	for _, s := range figure.Stretches {
		if s.Word == a.Word {
			a.question.Period = s.Period
		}
	}
	if a.question.Period == "" {
		return fault.Field("granularity", "granularity is one of %s", strings.Join(a.Words, ", "))
	}
	if a.edges = a.question.Edges(mostStretches); a.edges == nil {
		return fault.Field("granularity", "granularity %s divides the days from %s to %s into more than %d parts; choose a longer one, or fewer days", a.Word, a.From, a.To, mostStretches)
	}
	return nil
}

// totals is the question for one line a queue, of every queue: it says which are the largest, and what can be chosen.
func (a *figuresForm) totals() figure.Question {
	q := a.question
	q.Period, q.Only = "", nil
	return q
}

// query is the address of the page with something changed; nothing in place of a value leaves it out.
func (a *figuresForm) query(change url.Values) url.Values {
	q := url.Values{"from": {a.From}, "to": {a.To}, "granularity": {a.Word}, "tz": {a.Zone}, "queue": a.Queues}
	maps.Copy(q, change)
	return q
}

func (a *figuresForm) address(change url.Values) string {
	return "/ui/figures?" + a.query(change).Encode()
}

// command prints the same.
func (a *figuresForm) command(lake string) string {
	text := fmt.Sprintf("parley report --lake %s --from %s --to %s --by queue,%s --time-zone %s", quoted(lake), quoted(a.From), quoted(a.To), a.Word, quoted(a.Zone))
	if len(a.Queues) > 0 {
		text += " --queue " + quoted(strings.Join(a.Queues, ","))
	}
	return text
}

// choose says which queues are drawn: those that were asked for, or the largest. The others are listed.
func (b *figuresBody) choose(totals []figure.Line, book *names.Book) (shown []string) {
	offered := drawnFigure("offered")
	slices.SortStableFunc(totals, func(x, y figure.Line) int {
		return cmp.Or(cmp.Compare(*offered.Of(y), *offered.Of(x)), cmp.Compare(queueName(book, x.Values[0]), queueName(book, y.Values[0])))
	})
	most := max(1, min(mostQueues, mostFigureRows/(len(b.Asked.edges)-1)))
	for _, l := range totals {
		id := l.Values[0]
		now := slices.Contains(b.Asked.Queues, id)
		if len(b.Asked.Options) < mostQueueLinks {
			b.Asked.Options = append(b.Asked.Options, queueOption{id, queueName(book, id), now})
		}
		switch {
		case (now || len(b.Asked.Queues) == 0) && len(shown) < most:
			shown = append(shown, id)
		case len(b.Others) < mostQueueLinks:
			b.Others = append(b.Others, choice{queueName(book, id), b.Asked.address(url.Values{"queue": {id}}), false})
		default:
			b.MoreOthers++
		}
	}
	return shown
}

// queueName is what people read in place of an id.
func queueName(book *names.Book, id string) string { return cmp.Or(book.Label(names.Queue, id), id) }

// drawnFigure is one of those that have a chart.
func drawnFigure(name string) figure.Figure {
	f, _ := figure.Named(name)
	return f
}

// draw asks for the stretches of the queues that are drawn, and says in a sentence what they come to.
func (b *figuresBody) draw(v *visit, shown []string, totals []figure.Line, book *names.Book) error {
	total := figure.Total(totals)
	if len(b.Asked.Queues) > 0 {
		total = figure.Total(slices.DeleteFunc(slices.Clone(totals), func(l figure.Line) bool { return !slices.Contains(b.Asked.Queues, l.Values[0]) }))
	}
	b.Sentence = sentenceOfFigures(total, int(b.Asked.question.Interval.Duration().Hours()+12)/24)
	if len(shown) == 0 {
		return nil
	}
	q := b.Asked.question
	q.Only = []figure.Only{{Dimension: "queueId", Values: shown}}
	lines, err := v.linesOf(q)
	if err != nil {
		return err
	}
	b.Queues = queuesOf(b.Asked, shown, totals, lines, book)
	b.Request, err = pretty(q)
	if err == nil && len(shown) == 1 {
		b.Chosen, err = b.chosen()
	}
	return err
}

// sentenceOfFigures answers what people ask first.
func sentenceOfFigures(total figure.Line, days int) string {
	when := "In 1 day"
	if days != 1 {
		when = "In " + words.Count(int64(days)) + " days"
	}
	offered, answered := drawnFigure("offered").Of(total), drawnFigure("answered").Of(total)
	if *offered == 0 {
		return when + " no conversation came into a queue."
	}
	text := fmt.Sprintf("%s %.0f %% of %s offered conversations were answered", when, 100**answered / *offered, words.Count(int64(*offered)))
	if level := drawnFigure("serviceLevel").Of(total); level != nil {
		text += fmt.Sprintf("; the service level is %.0f %%", 100**level)
	}
	return text + "."
}

// lacks lists the days that the data lacks, and which the figures leave out.
func (b *figuresBody) lacks(days []ledger.Day) {
	at := b.Asked.question.Interval
	for _, d := range days {
		if d.Verdict != ledger.Gap || !d.Day.Start().Before(at.End) || !(d.Day + 1).Start().After(at.Start) {
			continue
		}
		if len(b.Lacking) == mostLackingDays {
			b.MoreLacking++
			continue
		}
		b.Lacking = append(b.Lacking, d.Day.String())
	}
}

func definitions() (out []definition) {
	for _, name := range drawn {
		f := drawnFigure(name)
		out = append(out, definition{figureTitles[name], f.What, strings.Join(f.Metrics, ", ")})
	}
	return out
}

// pretty is the body of a question, over lines.
func pretty(q figure.Question) (string, error) {
	body, err := q.Body()
	if err != nil {
		return "", err
	}
	text := jsontext.Value(body)
	err = text.Indent(jsontext.WithIndent("  "))
	return string(text), err
}
