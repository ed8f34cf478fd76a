package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web/form"
	"github.com/parley-hq/parley/internal/wire"
)

// exploreBody is the page of a question.
type exploreBody struct {
	bench

	Sentence string
	Answer   *answer
	Refused  string // why there is no answer
	Offer    bool   // of a job, which may take longer
	Missing  string // how many of the days that are asked for never came, or not whole; empty: none
	Absent   []absence
	Bring    string // the command that brings data; empty: there is some
	Held     bool   // the question was not asked: it is in an address, and must not be
	MayAct   bool
	MayTake  bool // what is found, as a file
	Names    []nameList
	Chooser  []gridHead // all columns
	Here     string     // the address without its parameters, and these without the columns
	Params   []param
	Figure   *figureNote // the question is that of a number on the page of figures
}

// param is a parameter of an address.
type param struct{ Name, Value string }

// bench is the question: its form and its body, which are redrawn together.
type bench struct {
	Form   form.Form
	Lists  []cards
	Body   string
	Lines  []line
	Found  []query.Finding
	Copies []copied
	Days   []turn // shortcuts for the interval
	Orders []string
	Bys    []string
	Masked bool

	Columns string // that were chosen, with commas between
}

// cards are the filters of one kind.
type cards struct {
	form.List

	Title string
	Cards []card
	Blank card
	Add   string
	Names string // id of the list of names
}

// card is a filter, with what it says.
type card struct {
	form.Card

	Item  string
	Words string
	Names string
}

// line is a line of the body, with whether there is a remark on it.
type line struct {
	Number int
	Wrong  bool
}

// copied is the question as somebody takes it elsewhere.
type copied struct{ Name, Text string }

// nameList is what can be asked of one kind of item.
type nameList struct {
	Kind  query.Kind
	Names []query.Dimension
}

// explorePage shows the question of the address.
func explorePage(v *visit) error {
	days, err := v.days()
	if err != nil {
		return err
	}
	body, err := v.bodyOf(days)
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	b := &exploreBody{Held: q.Has("body") && v.web.masks.asksPersonal(body)}
	if !q.Has("body") && q.Has("queue") {
		if b.Figure, err = v.noteOf(q); err != nil {
			return err
		}
	}
	return v.showQuestion(b, body, days)
}

// storedPage shows a question that is stored.
func storedPage(v *visit) error {
	body, err := v.stored(v.r.PathValue("hash"))
	if err != nil {
		return err
	}
	days, err := v.days()
	if err != nil {
		return err
	}
	return v.showQuestion(&exploreBody{}, body, days)
}

// explore takes a form: it redraws the question, does something with it, or leads to its address.
func explore(v *visit) error {
	body, err := v.sentBody()
	if err != nil {
		return err
	}
	sent := body
	body = form.Pretty(sent)
	refused := v.mayAsk(body)
	switch {
	case v.r.PostForm.Get("part") == "question" && v.r.PostForm.Get("side") == "text":
		return v.redraw(body, sent)
	case v.r.PostForm.Get("part") == "question":
		return v.redraw(body, body)
	case refused != nil:
		return v.showForbidden(body)
	case v.r.PostForm.Get("do") == "job":
		return v.submit(body)
	case v.r.PostForm.Get("do") == "export":
		return v.export(body)
	case v.r.PostForm.Get("do") == "csv":
		return v.exportCSV(body)
	}
	address, err := v.addressOf(body)
	if err != nil {
		return err
	}
	return v.redirect(v.withColumns(address))
}

// showForbidden shows a question that was sent and must not be asked.
func (v *visit) showForbidden(body []byte) error {
	days, err := v.days()
	if err != nil {
		return err
	}
	return v.showQuestion(&exploreBody{}, body, days)
}

// showQuestion shows a question and its answer. One that must not be asked is shown to who has written it, and goes nowhere.
func (v *visit) showQuestion(b *exploreBody, body []byte, days Days) error {
	if err := v.enter(); err != nil {
		return err
	}
	status := http.StatusOK
	if err := v.mayAsk(body); err != nil {
		status, b.Held, b.Refused = http.StatusForbidden, false, messageOf(err)
	}
	b.MayAct, b.MayTake, b.Names = v.who.Has(access.ActOnPages), v.who.Has(access.ViewPersonalData), v.nameLists()
	if err := v.benchOf(&b.bench, body, body, days); err != nil {
		return err
	}
	if status == http.StatusForbidden {
		b.Sentence = "This question was not asked."
	} else if err := v.answer(b, body); err != nil {
		return err
	}
	if b.Figure != nil && b.Answer != nil { // the interval begins before the time that it is of
		b.Sentence = b.Answer.found("")
	}
	b.Missing = missingOf(body, days)
	b.lacking(v, body, days)
	v.choose(b)
	if len(days.Days) == 0 {
		b.Sentence = "There are no days yet, so that nothing can be found."
		if !v.web.cfg.Live {
			b.Bring = "parley extract" + lakeAndPlatform(days.Name, days.Platform)
		}
	}
	p := page{Title: "Explore", Here: "Explore", Body: b}
	if !days.Available.IsZero() {
		p.State = "complete to " + days.Available.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	return v.write(status, "explore", p)
}

// choose lets somebody choose columns, at the address of the page.
func (v *visit) choose(b *exploreBody) {
	b.Here, b.Chooser = v.r.URL.Path, chooser(v.columnsAsked())
	for name, values := range v.r.URL.Query() {
		if name == columnsField {
			continue
		}
		for _, value := range values {
			b.Params = append(b.Params, param{name, value})
		}
	}
	slices.SortFunc(b.Params, func(a, c param) int { return strings.Compare(a.Name, c.Name) })
}

// missingOf says how much of what is asked for is not in the data.
func missingOf(body []byte, days Days) string {
	q, err := query.DecodeDetail(body, query.OwnLimits())
	if err != nil {
		return ""
	}
	n := 0
	for _, d := range days.Days {
		if d.Verdict == ledger.Gap && d.Day.Start().Before(q.Interval.End) && d.Day.End().After(q.Interval.Start) {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "1 of these days is missing, or a part of it."
	}
	return fmt.Sprintf("%d of these days are missing, or a part of them.", n)
}

// answer fills in the answer, or why there is none: the page of a question is there whatever is wrong with the question. What nobody can
// mend by asking otherwise is the failure of the page.
func (v *visit) answer(b *exploreBody, body []byte) error {
	if b.Held {
		b.Sentence = "This question was not asked."
		return nil
	}
	a, err := v.answerTo(body)
	if err == nil {
		b.Answer, b.Sentence = a, a.Sentence
		return nil
	}
	status := fault.HTTPStatus(err)
	if status >= http.StatusInternalServerError && status != http.StatusGatewayTimeout || status == http.StatusForbidden || v.ctx().Err() != nil {
		return err
	}
	b.Sentence, b.Refused = "There is no answer to this question.", messageOf(err)
	if status == http.StatusGatewayTimeout {
		b.Sentence = "The answer takes longer than a page can wait."
	}
	b.Offer = isJob(body)
	return nil
}

// isJob says that a job takes a question. Jobs have no bound on intervals, and as much time as they need.
func isJob(body []byte) bool {
	body, err := jobOf(body)
	if err == nil {
		_, err = query.DecodeJob(body)
	}
	return err == nil
}

// jobOf is a question as a job has it: jobs have their own pages, and no counts. Without being told otherwise they also find what began on
// days before and went on, which a query does not.
func jobOf(body []byte) ([]byte, error) {
	return form.Set(body, map[string]string{"paging": "", "aggregations": "", "startOfDayIntervalMatching": "true"})
}

// messageOf is what may be told of a failure.
func messageOf(err error) string {
	if all, ok := errors.AsType[query.Faults](err); ok && len(all) > 1 {
		return fmt.Sprintf("%d things are wrong with it; they stand at their fields and lines.", len(all))
	}
	if told, ok := errors.AsType[*fault.Error](err); ok {
		brief, _ := query.Brief(told.Message) // the list stands at the line
		return brief
	}
	return "It took too long."
}

// remark is what is wrong with a line, with what is allowed there beside it.
type remark struct {
	Text    string
	Allowed []string
}

func remarkOf(f query.Finding) remark {
	text, allowed := query.Brief(f.Message)
	return remark{text, allowed}
}

// redraw shows the form and the body alone, for a page that has the rest. Who writes in the box keeps what is in it: remarks tell its
// lines.
func (v *visit) redraw(body, inBox []byte) error {
	days, err := v.days()
	if err != nil {
		return err
	}
	var b exploreBody
	if err := v.benchOf(&b.bench, body, inBox, days); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := pages["explore"].ExecuteTemplate(&text, "question", b); err != nil {
		return err
	}
	status := http.StatusOK
	if v.mayAsk(body) != nil {
		status = http.StatusForbidden
	}
	v.send(status, "text/html; charset=utf-8", text.Bytes())
	return nil
}

// submit submits the question as a job, and leads to it.
func (v *visit) submit(body []byte) error {
	if err := v.who.Require(access.ActOnPages); err != nil {
		return err
	}
	body, err := jobOf(body)
	if err != nil {
		return err
	}
	var job wire.Submitted
	if err := v.askQuestion(jobsPath, body, &job); err != nil {
		return err
	}
	return v.redirect("/ui/jobs/" + url.PathEscape(string(job.JobID)))
}

// export gives the records of the page as a file, one a line. They are not masked, so that it is only for those who may see them so.
func (v *visit) export(body []byte) error {
	if err := v.who.Require(access.ViewPersonalData); err != nil {
		return err
	}
	var f found
	if err := v.askQuestion(queryPath, body, &f); err != nil {
		return err
	}
	if err := v.attach("application/x-ndjson", "conversations.ndjson"); err != nil {
		return err
	}
	for _, record := range f.Conversations {
		_, _ = v.out.Write(append(form.Compact(record), '\n')) // whoever asked has left
	}
	return nil
}

// benchOf draws a question, with what is wrong with it at the lines of the text that is in the box.
func (v *visit) benchOf(b *bench, body, inBox []byte, days Days) error {
	f := form.Of(body, nil)
	book, err := v.called(&f)
	if err != nil {
		return err
	}
	meant, err := v.meant(&f, book)
	if err != nil {
		return err
	}
	b.Found = v.found(body, inBox, &f, meant)
	b.Form = form.Of(body, b.Found)
	offer(&b.Form, meant)
	offerNames(&b.Form)
	b.Body, b.Masked, b.Columns = string(body), v.masked(), strings.Join(v.columnsAsked(), ",")
	b.Orders, b.Bys = []string{"", "asc", "desc", "unordered"}, []string{"", "conversationStart", "conversationEnd", "segmentStart", "segmentEnd"}
	b.Lines = linesOf(string(inBox), b.Found)
	b.Copies = v.copies(body, days)
	called := func(dimension, value string) string {
		if kind, ok := v.kindOf(dimension); ok {
			return book.Label(kind, value)
		}
		return ""
	}
	for _, l := range b.Form.Lists {
		b.Lists = append(b.Lists, cardsOf(l, called))
	}
	b.Days = v.daysOf(body, days)
	return nil
}

// titles are what lists of cards are called on the page.
var titles = map[query.Kind]string{
	query.OfConversation: "Conversation", query.OfSegment: "Segments", query.OfEvaluation: "Evaluations", query.OfSurvey: "Surveys", query.OfResolution: "Resolutions",
}

func cardsOf(l form.List, called func(dimension, value string) string) cards {
	out := cards{List: l, Title: titles[l.Kind], Names: "names-" + string(l.Kind)}
	for i, c := range l.Cards {
		out.Cards = append(out.Cards, card{Card: c, Item: l.Item(i), Words: c.Words(called), Names: out.Names})
	}
	out.Blank = card{Card: l.Blank, Item: l.Item(len(l.Cards)), Names: out.Names}
	out.Add = l.Item(len(l.Cards))
	return out
}

// called gives what values are called that the form shows by id.
func (v *visit) called(f *form.Form) (*names.Book, error) {
	ids := map[names.Kind][]string{}
	for _, p := range form.Rows(f) {
		if kind, ok := v.kindOf(p.Name.Value); ok {
			ids[kind] = append(ids[kind], p.Value.Value)
		}
	}
	return v.web.cfg.Data.Names(v.ctx(), v.who.Organization, ids)
}

// mostLines is how many lines have a number beside them: it takes more bytes than a line that is empty.
const mostLines = 10_000

// linesOf are the lines of the body, for the numbers beside it.
func linesOf(body string, found []query.Finding) []line {
	out := make([]line, min(strings.Count(strings.TrimSuffix(body, "\n"), "\n")+1, mostLines))
	for i := range out {
		out[i].Number = i + 1
		out[i].Wrong = slices.ContainsFunc(found, func(f query.Finding) bool { return f.Line == i+1 })
	}
	return out
}

// daysOf are shortcuts for the interval: the newest day, the week up to it, and the days around the one that is asked for.
func (v *visit) daysOf(body []byte, days Days) []turn {
	newest := newestDay(days, v.web.cfg.Now())
	out := []turn{dayLink(newest, newest+1, "newest day"), dayLink(newest-6, newest+1, "7 days")}
	if q, err := query.DecodeDetail(body, query.OwnLimits()); err == nil {
		first, after := conversation.DayOf(q.Interval.Start), conversation.DayOf(q.Interval.End)
		if length := max(after-first, 1); length < mostDays {
			out = append(out, dayLink(first-length, first, "‹ before"), dayLink(first+length, first+2*length, "after ›"))
		}
	}
	return out
}

func dayLink(from, to conversation.Day, text string) turn {
	return turn{Text: text, Do: "between " + from.String() + " " + to.String()}
}

// token has a shell sign in with the client that is in the environment.
const token = `TOKEN=$(curl -s -u "$GENESYS_CLIENT_ID:$GENESYS_CLIENT_SECRET" -d grant_type=client_credentials %s/oauth/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`

// copies are the question as JSON, as a request and as a command. A text that is no question is no part of a command: whoever sends
// somebody a link would say what runs on their machine.
func (v *visit) copies(body []byte, days Days) []copied {
	out := []copied{{"JSON", string(body)}}
	q, err := query.DecodeDetail(body, query.OwnLimits())
	if err != nil || strings.ContainsFunc(string(body), isKey) {
		return out
	}
	curl, base := hostOf(v.r), v.base()
	if v.web.cfg.Secure {
		curl = base
	}
	asks := "--lake " + quoted(days.Name)
	if v.web.cfg.Live {
		asks = "--base-url " + base
	}
	return append(out,
		copied{"curl", fmt.Sprintf(token, curl) + "\n" + "curl -X POST " + curl + queryPath + ` -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' --data-binary @- ` + heredoc(string(body))},
		copied{"parley", fmt.Sprintf("parley query %s --limit %d -f - %s", asks, q.Page.Offset()+q.Page.Size, heredoc(string(body)))},
	)
}

// isKey says that a terminal takes a character for a key, and not for text.
func isKey(c rune) bool { return unicode.IsControl(c) && c != '\n' }

// heredoc is a text as the input of a command, up to a line that the text does not have.
func heredoc(text string) string {
	end := "BODY"
	for strings.Contains("\n"+text+"\n", "\n"+end+"\n") {
		end += "_"
	}
	return "<<'" + end + "'\n" + strings.TrimSuffix(text, "\n") + "\n" + end + "\n"
}

// hostOf is by what name the server was reached, if a shell takes it for nothing else.
func hostOf(r *http.Request) string {
	odd := func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]", c)
	}
	if strings.ContainsFunc(r.Host, odd) {
		return "localhost"
	}
	return r.Host
}

// quoted is a word that a shell takes as it is.
func quoted(word string) string {
	odd := func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@=+", c)
	}
	if word == "" || strings.ContainsFunc(word, odd) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// nameLists are what can be asked, by kind, without what this visitor may not ask of.
func (v *visit) nameLists() (out []nameList) {
	for _, kind := range query.Kinds() {
		l := nameList{Kind: kind}
		for _, d := range query.Dimensions(kind) {
			if v.mayAskOf(d) == nil {
				l.Names = append(l.Names, d)
			}
		}
		out = append(out, l)
	}
	return out
}

// rowShown is a row of the form, with the list of what it can ask of.
type rowShown struct {
	Predicate form.Predicate
	Names     string
	Blank     bool
	Hint      string // in the field of a name that is empty
}

// boxShown is a card or a clause, with the list of what its rows can ask of.
type boxShown struct {
	Card  form.Card
	Names string
}

// blankOf is the row of a box in which another one is begun. It stays short: a field has no room for a sentence.
func blankOf(p form.Predicate, b boxShown) rowShown {
	r := rowShown{p, b.Names, true, "dimension or metric"}
	if len(b.Card.Predicates)+len(b.Card.Clauses) > 0 {
		r.Hint = "one more …"
	}
	return r
}

// operators are how a row compares, in words; limits are the bounds of a range, junctions how rows are joined.
var (
	operators = map[string]string{form.Is: "is", form.Lies: "lies between", form.Has: "is there", form.HasNot: "is not there"}
	limits    = map[string]string{"gte": "at least", "gt": "more than", "lt": "less than", "lte": "at most"}
	junctions = map[string]string{"and": "all", "or": "one", "": "…"}
)

// exploreFunctions are what the page's template may call beside what all may.
var exploreFunctions = map[string]any{
	"rowOf":    func(p form.Predicate, names string) rowShown { return rowShown{Predicate: p, Names: names} },
	"blankOf":  blankOf,
	"boxOf":    func(c form.Card, names string) boxShown { return boxShown{c, names} },
	"operator": func(o string) string { return cmp.Or(operators[o], o) },
	"limit":    func(path string) string { return limits[path[strings.LastIndexByte(path, '.')+1:]] },
	"junction": func(j string) string { return cmp.Or(junctions[j], j) },
	"options":  options,
	"remark":   remarkOf,
}

// options are what can be chosen: some values, and before them what is chosen now, if it is none of these.
func options(now string, values ...any) (out []string) {
	for _, value := range values {
		switch value := value.(type) {
		case string:
			out = append(out, value)
		case []string:
			out = append(out, value...)
		}
	}
	if !slices.Contains(out, now) {
		out = append([]string{now}, out...)
	}
	return out
}
