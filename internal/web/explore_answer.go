package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web/form"
	"github.com/parley-hq/parley/internal/web/mask"
	"github.com/parley-hq/parley/internal/web/words"
	"github.com/parley-hq/parley/internal/wire"
)

// The platform's addresses of questions.
const (
	queryPath = "/api/v2/analytics/conversations/details/query"
	jobsPath  = "/api/v2/analytics/conversations/details/jobs"
)

// countFor is how long a page waits for counts beside the answer: each is a question of its own. What has not come is left out.
const countFor = 3 * time.Second

// answer is what the page shows below the question.
type answer struct {
	Sentence  string
	Total     int64
	Rows      []foundRow
	Grid      *grid  // in the place of the rows, if somebody chose columns
	Wrong     string // with the columns that were chosen
	Days      []dayCount
	Uncounted bool // days that were not counted in time
	Facets    []facet
	NoFacets  bool
	Before    *turn
	After     *turn
}

// foundRow is a conversation in the table.
type foundRow struct {
	ID, Start, Lasted, Media, Direction, Queues, Agents, Ended string
}

// turn leads to another question: by its address, or by a button where it may not be in one.
type turn struct{ Text, Address, Do string }

// dayCount is a day with how much of it was found. Places are parts of the width of the drawing, and of its height.
type dayCount struct {
	turn

	Label      string
	Count      int64
	X, W, Y, H float64
}

// facet is how often the values of a dimension occur.
type facet struct {
	Dimension string
	Name      string
	Values    []facetValue
	More      int64 // occurrences of values that are not listed
}

type facetValue struct {
	turn

	Value string
	Count int64
	Part  float64 // of the most frequent one
}

// found is what the API answers to a question.
type found struct {
	Conversations []jsontext.Value          `json:"conversations"`
	TotalHits     int64                     `json:"totalHits"`
	Aggregations  []query.AggregationResult `json:"aggregations"`
}

// answerTo asks the API.
func (v *visit) answerTo(body []byte) (*answer, error) {
	var f found
	if err := v.askQuestion(queryPath, body, &f); err != nil {
		return nil, err
	}
	q, err := query.DecodeDetail(body, query.OwnLimits())
	if err != nil {
		return nil, err // the API has taken it, so that this does not happen
	}
	a := &answer{Total: f.TotalHits}
	items, err := v.itemsOf(f.Conversations)
	if err != nil {
		return nil, err
	}
	if a.Rows, err = v.rowsOf(items); err != nil {
		return nil, err
	}
	if err := v.fillGrid(a, items); err != nil {
		return nil, err
	}
	a.Sentence = sentenceOfAnswer(q, a)
	a.turns(v, body, q)
	if a.Total == 0 {
		return a, nil
	}
	ctx, cancel := context.WithTimeout(v.ctx(), countFor)
	defer cancel()
	if err := v.facets(ctx, a, body); err != nil {
		return nil, err
	}
	return a, v.byDay(ctx, a, body, q, startsOf(items))
}

// sentenceOfAnswer answers in words.
func sentenceOfAnswer(q query.Detail, a *answer) string {
	return a.found(" of " + intervalWords(q.Interval))
}

// found says how much was found of something.
func (a *answer) found(of string) string {
	switch n := len(a.Rows); {
	case a.Total == 0:
		return "No conversation" + of + " is like this."
	case a.Total == 1:
		return "1 conversation" + of + "."
	case int64(n) == a.Total:
		return words.Count(a.Total) + " conversations" + of + "; all are shown."
	default:
		return words.Count(a.Total) + " conversations" + of + "; " + shownWords(n) + "."
	}
}

func shownWords(n int) string {
	if n == 0 {
		return "this page has none of them"
	}
	return words.Count(int64(n)) + " shown"
}

// intervalWords is how long an interval is, in words.
func intervalWords(iv conversation.Interval) string {
	days := iv.Duration().Hours() / 24
	first := conversation.DayOf(iv.Start)
	switch whole := days == float64(int(days)) && first.Start().Equal(iv.Start); {
	case whole && days == 1:
		return first.Start().Format("Monday 2 January 2006")
	case whole:
		return fmt.Sprintf("%d days", int(days))
	}
	return iv.Start.UTC().Format("2 January 2006 15:04") + " to " + iv.End.UTC().Format("2 January 15:04")
}

// turns are the pages before and after.
func (a *answer) turns(v *visit, body []byte, q query.Detail) {
	if q.Page.Number > 1 {
		t := v.turnTo(body, "page "+strconv.Itoa(q.Page.Number-1), "page before")
		a.Before = &t
	}
	if int64(q.Page.Number)*int64(q.Page.Size) < a.Total && len(a.Rows) > 0 {
		t := v.turnTo(body, "page "+strconv.Itoa(q.Page.Number+1), "next page")
		a.After = &t
	}
}

// turnTo leads to the question that a button would make of this one.
func (v *visit) turnTo(body []byte, do, text string) turn {
	t := turn{Text: text, Do: do}
	if to, err := change(body, do); err == nil {
		t.Address = v.withColumns(v.web.masks.inAddress(to))
	}
	return t
}

// itemsOf reads the conversations of an answer, masked where they must be.
func (v *visit) itemsOf(texts []jsontext.Value) (out []column.Item, err error) {
	for _, text := range texts {
		raw, err := wire.Record(text)
		if err != nil {
			return nil, err
		}
		masked, err := v.fit(raw)
		if err != nil {
			return nil, err
		}
		c, _ := wire.Decode(masked.JSON)
		if err := mask.NameThings(c, raw.JSON); err != nil {
			return nil, err
		}
		out = append(out, column.Items(conversation.Version{Record: masked}, c, column.Conversation)...)
	}
	return out, nil
}

// rowsOf are the rows of a table of conversations.
func (v *visit) rowsOf(items []column.Item) (rows []foundRow, err error) {
	var all []*conversation.Conversation
	for i := range items {
		all = append(all, items[i].Conversation)
	}
	book, err := v.bookOf(all)
	if err != nil {
		return nil, err
	}
	for i, c := range all {
		r := foundRowOf(account.Of(c, account.Options{Names: v.calledBy(book)}))
		r.Start = items[i].Start.UTC().Format("2006-01-02 15:04:05")
		rows = append(rows, r)
	}
	return rows, nil
}

// startsOf are when conversations began.
func startsOf(items []column.Item) (out []time.Time) {
	for i := range items {
		out = append(out, items[i].Start)
	}
	return out
}

// bookOf has what things are called that some conversations name.
func (v *visit) bookOf(all []*conversation.Conversation) (*names.Book, error) {
	ids := map[names.Kind][]string{}
	gather := func(of account.Noun, id string) string {
		if k := names.Kind(of); v.mayName(of) && !slices.Contains(ids[k], id) {
			ids[k] = append(ids[k], id)
		}
		return ""
	}
	for _, c := range all {
		account.Of(c, account.Options{Names: gather})
	}
	return v.web.cfg.Data.Names(v.ctx(), v.who.Organization, ids)
}

func (v *visit) calledBy(book *names.Book) account.Names {
	return func(of account.Noun, id string) string {
		if !v.mayName(of) {
			return ""
		}
		return book.Label(names.Kind(of), id)
	}
}

func foundRowOf(a account.Account) foundRow {
	r := foundRow{ID: string(a.ID), Media: strings.Join(a.Media, ", "), Direction: a.Direction.Value, Ended: a.Ending.Value}
	if a.End.IsZero() {
		r.Lasted = "goes on"
	} else {
		r.Lasted = lastedText(a.End.Sub(a.Start.Time))
	}
	var queues, agents []string
	for _, visit := range a.Visits {
		queues = append(queues, visit.Queue)
	}
	for _, h := range a.Handlers {
		agents = append(agents, h.Label)
	}
	r.Queues, r.Agents = eachOnce(queues), eachOnce(agents)
	return r
}

// eachOnce writes names, each once.
func eachOnce(all []string) string {
	var out []string
	for _, name := range all {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// lastedText writes a length as people read it on a clock.
func lastedText(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
	case d >= time.Hour:
		return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// counted are the dimensions whose values stand beside an answer.
var counted = []struct{ name, title string }{
	{"queueId", "queue"}, {"mediaType", "media type"}, {"direction", "direction of a leg"}, {"wrapUpCode", "wrap-up code"}, {"disconnectType", "how a leg ended"},
}

// frequency is an aggregation as it is asked for.
type frequency struct {
	Type      query.AggregationType `json:"type"`
	Dimension string                `json:"dimension"`
	Size      int                   `json:"size"`
}

// mostValues is how many values of a dimension stand beside an answer.
const mostValues = 6

// facets counts some dimensions over all that was found. What takes too long is left out.
func (v *visit) facets(ctx context.Context, a *answer, body []byte) error {
	var wanted []frequency
	for _, c := range counted {
		wanted = append(wanted, frequency{query.TermFrequency, c.name, mostValues})
	}
	text, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	f, err := v.counts(ctx, body, string(text))
	if err != nil {
		a.NoFacets = true // the answer is there; counts beside it are no reason to lose it
		return v.ctx().Err()
	}
	ids := map[names.Kind][]string{}
	for _, r := range f.Aggregations {
		if kind, ok := v.kindOf(r.Dimension); ok {
			for _, e := range r.Results {
				ids[kind] = append(ids[kind], valueOf(e))
			}
		}
	}
	book, err := v.web.cfg.Data.Names(v.ctx(), v.who.Organization, ids)
	if err != nil {
		return err
	}
	for i, r := range f.Aggregations {
		if len(r.Results) > 0 {
			a.Facets = append(a.Facets, v.facetOf(body, counted[i].title, r, book))
		}
	}
	return nil
}

func valueOf(e query.AggregationEntry) string {
	if e.Value == nil {
		return ""
	}
	return *e.Value
}

// kindOf is what the values of a dimension are ids of, if names of such may be seen.
func (v *visit) kindOf(dimension string) (names.Kind, bool) {
	kind, ok := map[string]names.Kind{
		"queueId": names.Queue, "wrapUpCode": names.WrapUpCode, "userId": names.User, "divisionId": names.Division,
		"requestedRoutingSkillId": names.Skill, "requestedLanguageId": names.Language,
	}[dimension]
	return kind, ok && v.mayName(account.Noun(kind))
}

// mayTell says whether the visitor may be told a value of a dimension: one that a record has masked is not told elsewhere.
func (v *visit) mayTell(value string) bool { return !v.masked() || !v.web.masks.Tells(value) }

func (v *visit) facetOf(body []byte, title string, r query.AggregationResult, book *names.Book) facet {
	f := facet{Dimension: r.Dimension, Name: title, More: r.Count}
	kind, named := v.kindOf(r.Dimension)
	for _, e := range r.Results {
		value := valueOf(e)
		if !v.mayTell(value) {
			continue // it is among the others
		}
		text := value
		if name := book.Label(kind, value); named && name != "" {
			text = name
		}
		f.More -= e.Count
		f.Values = append(f.Values, facetValue{
			turn:  v.turnTo(body, "with segmentFilters "+r.Dimension+" "+value, text),
			Value: value, Count: e.Count, Part: float64(e.Count) / float64(max(r.Results[0].Count, 1)),
		})
	}
	return f
}

// mostDays is how many days are counted one by one.
const mostDays = 31

// byDay counts what was found by the day on which it started. Where all of it is on the page, nobody is asked.
func (v *visit) byDay(ctx context.Context, a *answer, body []byte, q query.Detail, starts []time.Time) error {
	first, last := conversation.DayOf(q.Interval.Start), conversation.DayOf(q.Interval.End.Add(-time.Nanosecond))
	days := int(last-first) + 1
	if days < 2 || days > mostDays {
		return nil
	}
	for day := first; day <= last; day++ {
		c := dayCount{Label: day.Start().Format("Mon 2 Jan")}
		from, to := maxTime(q.Interval.Start, day.Start()), minTime(q.Interval.End, day.End())
		switch {
		case int64(len(starts)) == a.Total:
			c.Count = int64(countWithin(starts, day))
		case ctx.Err() != nil:
			a.Uncounted = true
			continue
		default:
			n, err := v.countBetween(ctx, body, from, to)
			if err != nil {
				a.Uncounted = true
				continue
			}
			c.Count = n
		}
		c.turn = v.turnTo(body, "between "+instantText(from)+" "+instantText(to), day.String())
		a.Days = append(a.Days, c)
	}
	a.place(days)
	return v.ctx().Err()
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func countWithin(starts []time.Time, day conversation.Day) (n int) {
	for _, at := range starts {
		if conversation.DayOf(at) == day {
			n++
		}
	}
	return n
}

func instantText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (v *visit) countBetween(ctx context.Context, body []byte, from, to time.Time) (int64, error) {
	body, err := form.Between(body, instantText(from), instantText(to))
	if err != nil {
		return 0, err
	}
	f, err := v.counts(ctx, body, "")
	return f.TotalHits, err
}

// place says where the bars of the days are.
func (a *answer) place(days int) {
	var top int64 = 1
	for _, d := range a.Days {
		top = max(top, d.Count)
	}
	for i := range a.Days {
		d := &a.Days[i]
		d.W = 1 / float64(days)
		d.X = float64(i) * d.W
		d.H = float64(d.Count) / float64(top)
		d.Y = 1 - d.H
	}
}
