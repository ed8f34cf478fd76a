package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web/form"
	"github.com/parley-hq/parley/internal/web/question"
	"github.com/parley-hq/parley/internal/web/words"
)

// mostInAddress is how many bytes of a body an address has. Longer ones are stored.
const mostInAddress = 4 << 10

// mostAsked is how many bytes of a form are read: a body, each byte of which may be written as three, and the fields.
const mostAsked = 4 << 20

// defaultPage is how many conversations a question begins with.
const defaultPage = 25

// asked is what a body asks for, as far as it can be read, and whether it can be read as a whole. Nothing is too long or too much here:
// the API judges that.
func asked(body []byte) (predicates []query.Predicate, whole bool) {
	detail, err := query.DecodeDetail(body, query.OwnLimits())
	job, errJob := query.DecodeJob(body)
	for _, f := range append(detail.Filters, job.Filters...) {
		predicates = append(predicates, f.Predicates...)
		for _, c := range f.Clauses {
			predicates = append(predicates, c.Predicates...)
		}
	}
	for _, a := range detail.Aggregations {
		predicates = append(predicates, query.Predicate{Dimension: a.Dimension})
	}
	return predicates, err == nil || errJob == nil
}

// personal says whether the values of a dimension are masked in records, and so must not be found out by asking either.
func (m masks) personal(d query.Dimension) bool {
	path, _, _ := strings.Cut(d.From, ";")
	return slices.ContainsFunc(strings.Split(strings.ReplaceAll(path, "[]", ""), "."), m.Meets)
}

// mayAsk refuses bodies that ask for personal data, of who may not see it.
func (v *visit) mayAsk(body []byte) error {
	predicates, _ := asked(body)
	for _, p := range predicates {
		if err := v.mayAskOf(p.Dimension); err != nil {
			return err
		}
		if v.masked() && v.web.masks.Tells(p.Text) {
			return fault.New(fault.Forbidden, "A value of %s looks like a number or an address of a person, which is masked for you wherever it stands; to ask for one needs the permission %s", p.Dimension.Name, access.ViewPersonalData)
		}
	}
	return nil
}

// maySend refuses what may not be sent to the API as it stands. Of a body that cannot be read whole nobody can say whom it asks for, so
// that it is refused to who may not see personal data, as the API would refuse it.
func (v *visit) maySend(path string, body []byte) (err error) {
	if v.who.Has(access.ViewPersonalData) {
		return nil
	}
	if err := v.mayAsk(body); err != nil {
		return err
	}
	if path == jobsPath {
		_, err = query.DecodeJob(body)
	} else {
		_, err = query.DecodeDetail(body, query.OwnLimits())
	}
	return err
}

// askQuestion asks the API a question. Every body is judged here as it is sent, whatever was made of it before.
func (v *visit) askQuestion(path string, body []byte, into any) error {
	if err := v.maySend(path, body); err != nil {
		return err
	}
	return v.askFor(http.MethodPost, path, body, into)
}

func (v *visit) mayAskOf(d query.Dimension) error {
	if v.who.Has(access.ViewPersonalData) || !v.web.masks.personal(d) {
		return nil
	}
	return fault.New(fault.Forbidden, "%s is personal data, which is masked for you; to ask for it needs the permission %s", d.Name, access.ViewPersonalData)
}

// asksPersonal says whether a body asks for personal data, as far as it can be read.
func (m masks) asksPersonal(body []byte) bool {
	predicates, _ := asked(body)
	return slices.ContainsFunc(predicates, func(p query.Predicate) bool { return m.personal(p.Dimension) || m.Tells(p.Text) })
}

// private says that a body must not be in an address: it asks for personal data or a custom property, or nobody can say what it asks.
func (m masks) private(body []byte) bool {
	predicates, whole := asked(body)
	return !whole || m.asksPersonal(body) || slices.ContainsFunc(predicates, func(p query.Predicate) bool { return p.Dimension.Name == query.Property.Name })
}

// inAddress is the address of a body that may be in one; empty if it may not.
func (m masks) inAddress(body []byte) string {
	short := form.Compact(body)
	if len(short) > mostInAddress || m.private(body) {
		return ""
	}
	return "/ui/explore?" + url.Values{"body": {string(short)}}.Encode()
}

// addressOf is the address of a body, which is stored if it must not be in one.
func (v *visit) addressOf(body []byte) (string, error) {
	if address := v.web.masks.inAddress(body); address != "" {
		return address, nil
	}
	name, err := v.store(body)
	return storedAddress(name), err
}

func storedAddress(name string) string { return "/ui/explore/q/" + name }

// store keeps a body, and gives its name.
func (v *visit) store(body []byte) (string, error) {
	return v.web.cfg.Questions.Put(v.ctx(), question.Question{
		Organization: v.who.Organization, Client: string(v.who.ID), Body: body, Masked: !v.who.Has(access.ViewPersonalData),
	})
}

// stored is the body of a name. Who may not see personal data does not learn whom others asked for.
func (v *visit) stored(name string) ([]byte, error) {
	q, err := v.web.cfg.Questions.Get(v.ctx(), v.who.Organization, name)
	if err != nil {
		return nil, err
	}
	if !q.Masked && v.web.masks.private(q.Body) {
		if err := v.who.Require(access.ViewPersonalData); err != nil {
			return nil, err
		}
	}
	return q.Body, nil
}

// bodyBetween asks for everything that started in an interval.
func bodyBetween(from, to string) ([]byte, error) {
	const all = `{"interval":"","order":"desc","orderBy":"conversationStart","paging":{"pageSize":%d,"pageNumber":1}}`
	return form.Between(fmt.Appendf(nil, all, defaultPage), from, to)
}

// bodyOf is the body of the address: as it is there, that of a figure of a queue, made from and to of days, or for the newest day.
func (v *visit) bodyOf(days Days) ([]byte, error) {
	q := v.r.URL.Query()
	switch {
	case q.Has("body"):
		body := []byte(q.Get("body"))
		if err := tooLong(body); err != nil {
			return nil, err
		}
		return form.Pretty(body), nil
	case q.Has("queue"):
		return v.bodyOfFigure(q)
	case q.Get("from") != "":
		return bodyOfDays(q.Get("from"), q.Get("to"))
	}
	day := newestDay(days, v.web.cfg.Now())
	return bodyBetween(day.String(), (day + 1).String())
}

func bodyOfDays(from, to string) ([]byte, error) {
	first, err := conversation.ParseDay(from)
	if err != nil {
		return nil, fault.Field("from", "from is a day, such as 2026-07-14, and not %q", fault.Clip(from))
	}
	last := first + 1
	if to != "" {
		if last, err = conversation.ParseDay(to); err != nil || last <= first {
			return nil, fault.Field("to", "to is a day behind from, such as %s, and not %q", first+1, fault.Clip(to))
		}
	}
	return bodyBetween(first.String(), last.String())
}

// newestDay is the last day of which there is data.
func newestDay(days Days, now time.Time) conversation.Day {
	for _, d := range slices.Backward(days.Days) {
		if d.Records > 0 {
			return d.Day
		}
	}
	return conversation.DayOf(now)
}

// change is a body with what somebody did by a button.
func change(body []byte, do string) ([]byte, error) {
	verb, rest, _ := strings.Cut(do, " ")
	words := strings.SplitN(rest, " ", 3)
	switch {
	case verb == "remove":
		return form.Without(body, rest)
	case verb == "put" && len(words) >= 2:
		return form.Put(body, words[0], strings.TrimPrefix(rest, words[0]+" "))
	case verb == "with" && len(words) == 3:
		return form.With(body, query.Kind(words[0]), words[1], words[2])
	case verb == "between" && len(words) == 2:
		return form.Between(body, words[0], words[1])
	case verb == "page":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 {
			return nil, fault.Field("do", "There is no page %q", fault.Clip(rest))
		}
		return form.Turned(body, n)
	case verb == "" || verb == "ask":
		return body, nil
	}
	return nil, fault.Field("do", "There is no button %q", fault.Clip(do))
}

// sentBody is the body of a form: that of its text, or the one beside the fields with what was written in them, and with what a button
// does.
func (v *visit) sentBody() ([]byte, error) {
	v.r.Body = http.MaxBytesReader(v.out, v.r.Body, mostAsked)
	if err := v.r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "The form cannot be read, or has more than %s", words.Size(mostAsked))
	}
	sent := v.r.PostForm
	// Browsers end lines as in the days of teleprinters.
	body := []byte(strings.ReplaceAll(sent.Get("body"), "\r\n", "\n"))
	if err := tooLong(body); err != nil {
		return nil, err
	}
	if sent.Get("side") == "form" {
		changed, err := form.Apply(body, func(name string) (string, bool) { return sent.Get(name), sent.Has(name) })
		if err != nil {
			return nil, err
		}
		body = changed
	}
	if do := sent.Get("do"); !isDeed(do) {
		return change(body, do)
	}
	return body, nil
}

// tooLong refuses bodies that are longer than a question may be.
func tooLong(body []byte) error {
	if len(body) <= question.Length {
		return nil
	}
	return fault.New(fault.TooLarge, "The body has %d bytes; a question has %d at most", len(body), question.Length)
}

// isDeed says that a button does something with a question, and does not change it.
func isDeed(do string) bool { return do == "job" || do == "export" || do == "csv" }
