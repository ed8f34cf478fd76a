package rule

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// longest is the most that a rule may have anybody wait for at a time: longer than any client does, and not so long that
// a connection is as good as lost.
const longest = 3 * time.Hour

// check says what is wrong with a rule, apart from its route and from the rules that there are.
func (r Rule) check() error {
	for _, check := range []func() error{r.checkName, r.checkAction, r.checkWhen, r.checkTimes, r.checkAnswer, r.checkBody, r.checkJob, r.checkUnreadable} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r Rule) checkName() error {
	odd := strings.IndexFunc(r.Name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.", c)
	})
	if odd >= 0 || len(r.Name) > 64 || strings.Trim(r.Name, ".") != r.Name {
		return fault.Field("name", "name: %s is no name; use up to 64 letters, digits, - and _", fault.Clip(r.Name))
	}
	return nil
}

var actions = []string{"answer", "delay", "firstByte", "drip", "cut", "corrupt", "close", "expireToken", "job", "unreadable"}

func (r Rule) checkAction() error {
	switch does := r.Does(); len(does) {
	case 1:
		return nil
	case 0:
		return fault.New(fault.Invalid, "the rule does nothing: give one of %s", strings.Join(actions, ", "))
	default:
		return fault.Field(does[1], "%s: a rule does one thing, and this one has %s; make a rule of each", does[1], strings.Join(does, " and "))
	}
}

func (r Rule) checkWhen() error {
	switch {
	case r.Nth < 0:
		return fault.Field("nth", "nth: %d is no number of a call; the first is 1", r.Nth)
	case r.Every < 0:
		return fault.Field("every", "every: %d is negative; 1 means each call, 2 every other", r.Every)
	case r.Times != nil && *r.Times < 1:
		return fault.Field("times", "times: with %d the rule would never fire; leave it out to have it fire without end", *r.Times)
	case r.Probability != nil && *r.Probability == 0:
		return fault.Field("probability", "probability: with 0 the rule would never fire")
	case r.Probability != nil && !(*r.Probability > 0 && *r.Probability <= 1): // NaN too
		return fault.Field("probability", "probability: %v lies outside 0 to 1", *r.Probability)
	case r.Route == "" && r.Job == nil:
		return fault.Field("route", `route: it is missing; write the name of a route, or "any"`)
	}
	return nil
}

func (r Rule) checkTimes() error {
	spans := []struct {
		field string
		span  Duration
	}{{"delay", r.Delay}, {"firstByte", r.FirstByte}}
	if r.Drip != nil {
		spans = append(spans, struct {
			field string
			span  Duration
		}{"drip.every", r.Drip.Every})
		if r.Drip.Every == 0 {
			return fault.Field("drip.every", `drip.every: it is missing, or 0; write the time between two pieces, as "50ms"`)
		}
		if r.Drip.Bytes < 0 {
			return fault.Field("drip.bytes", "drip.bytes: %d is negative", r.Drip.Bytes)
		}
	}
	if r.Answer != nil {
		spans = append(spans, struct {
			field string
			span  Duration
		}{"answer.retryAfter", r.Answer.RetryAfter})
	}
	for _, s := range spans {
		most := longest
		if s.field == "answer.retryAfter" {
			most = 366 * 24 * time.Hour // nobody waits here
		}
		switch span := time.Duration(s.span); {
		case span < 0:
			return fault.Field(s.field, "%s: %v is negative", s.field, span)
		case span > most:
			return fault.Field(s.field, "%s: %v is longer than %v", s.field, span, most)
		}
	}
	return nil
}

// framing are headers that belong to the connection and not to the answer.
var framing = []string{"Connection", "Content-Length", "Keep-Alive", "Trailer", "Transfer-Encoding", "Upgrade"}

func (r Rule) checkAnswer() error {
	a := r.Answer
	switch {
	case a == nil:
		return nil
	case a.Status == 0:
		return fault.Field("answer.status", "answer.status: it is missing")
	case a.Status < 100 || a.Status > 599:
		return fault.Field("answer.status", "answer.status: %d lies outside 100 to 599", a.Status)
	case a.Status < 200:
		return fault.Field("answer.status", "answer.status: %d is no end of an answer: clients wait for another after it; write 200 to 599", a.Status)
	case a.Body != nil && (a.Code != "" || a.Message != ""):
		return fault.Field("answer.body", "answer.body: a whole body has no room for answer.code and answer.message; give one or the other")
	case a.RetryAfter != 0 && a.RetryAfterDate != nil:
		return fault.Field("answer.retryAfterDate", "answer.retryAfterDate: answer.retryAfter says the same in seconds; give one of them")
	}
	for name, value := range a.Headers {
		if !isHeader(name, value) {
			return fault.Field("answer.headers", "answer.headers: %s is no header that could be sent", fault.Clip(name))
		}
		if slices.ContainsFunc(framing, func(f string) bool { return strings.EqualFold(f, name) }) {
			return fault.Field("answer.headers", "answer.headers: %s belongs to the connection; rules cut and close do harm to that", name)
		}
	}
	return nil
}

// isHeader says whether a header can be sent: net/http would leave it out, or change it.
func isHeader(name, value string) bool {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	}
	return name != "" && !strings.ContainsFunc(name, odd) && !strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

func (r Rule) checkBody() error {
	switch {
	case r.Cut != nil && (r.Cut.Bytes == nil) == (r.Cut.Share == nil):
		return fault.Field("cut", "cut: give bytes, or share of the body, and not both")
	case r.Cut != nil && r.Cut.Bytes != nil && *r.Cut.Bytes < 0:
		return fault.Field("cut.bytes", "cut.bytes: %d is negative", *r.Cut.Bytes)
	case r.Cut != nil && r.Cut.Share != nil && !(*r.Cut.Share >= 0 && *r.Cut.Share < 1):
		return fault.Field("cut.share", "cut.share: %v is no part of a body; 0 leaves nothing of it, and 1 would be all", *r.Cut.Share)
	case r.Corrupt != "" && r.Corrupt != Flip && r.Corrupt != BreakGzip:
		return word("corrupt", string(r.Corrupt), string(Flip), string(BreakGzip))
	case r.Close != "" && r.Close != Before && r.Close != After:
		return word("close", string(r.Close), string(Before), string(After))
	}
	return nil
}

var jobFaults = []string{
	string(StuckQueued), string(StuckPending), string(JobFailed), string(JobExpired), string(CursorRefused), string(EmptyPage), string(PageTwice),
}

// JobFaults are the names of what can go wrong with a job.
func JobFaults() []string { return slices.Clone(jobFaults) }

func (r Rule) checkJob() error {
	j := r.Job
	if j == nil {
		return nil
	}
	ofResults := j.Fault == JobExpired || j.Fault == CursorRefused || j.Fault == EmptyPage || j.Fault == PageTwice
	switch {
	case !slices.Contains(jobFaults, string(j.Fault)):
		return word("job.fault", string(j.Fault), jobFaults...)
	case j.Page < 0:
		return fault.Field("job.page", "job.page: %d is no page; the first is 1", j.Page)
	case j.Page > 0 && !ofResults:
		return fault.Field("job.page", "job.page: a job that is %s has no pages", j.Fault)
	case j.Page == 1 && j.Fault == CursorRefused:
		return fault.Field("job.page", "job.page: the first page has no cursor that could be refused; the second has")
	case j.Page > 1_000_000:
		return fault.Field("job.page", "job.page: no job has %d pages", j.Page)
	case j.Message != "" && j.Fault != JobFailed:
		return fault.Field("job.message", "job.message: only a job that failed has a message")
	case len(j.Message) > 10_000:
		return fault.Field("job.message", "job.message: it is longer than 10,000 bytes")
	case j.Absent && j.Fault != EmptyPage:
		return fault.Field("job.absent", "job.absent: it goes with %s", EmptyPage)
	}
	return nil
}

func (r Rule) checkUnreadable() error {
	if r.Unreadable == "" {
		return nil
	}
	if _, err := conversation.ParseDay(r.Unreadable); err != nil {
		return fault.Field("unreadable", "unreadable: %v", err)
	}
	return nil
}

// word refuses a word that is none of some.
func word(field, got string, of ...string) error {
	if s := query.Suggest(got, of); s != "" {
		return fault.Field(field, "%s: %s is none of its words. Did you mean %s?", field, fault.Clip(got), s)
	}
	return fault.Field(field, "%s: write one of %s", field, strings.Join(of, ", "))
}

// checkTarget says whether what the rule does can be done where it takes hold.
func (r Rule) checkTarget(t target) error {
	if r.Job != nil && !slices.Equal(t.routes, []string{submitRoute}) {
		return fault.Field("route", "route: a job is taken hold of when it is submitted; write submit, or leave it out")
	}
	if r.Unreadable != "" && !slices.Equal(t.routes, []string{queryRoute}) {
		return fault.Field("route", "route: a row report is submitted at the query; write query")
	}
	if r.ExpireToken && slices.Equal(t.routes, []string{tokenRoute}) {
		return fault.Field("route", "route: a login has no token that could expire")
	}
	return nil
}

// always says whether a rule fires at each call.
func (r Rule) always() bool {
	return r.Nth <= 1 && r.Every <= 1 && r.Times == nil && (r.Probability == nil || *r.Probability == 1)
}

// hides says whether a rule leaves nothing to another that comes after it.
func (e *entry) hides(other *entry) bool {
	if !e.rule.always() || !e.target.covers(other.target) || e.rule.Client != "" && e.rule.Client != other.rule.Client {
		return false
	}
	if other.rule.Job != nil && e.rule.Job == nil {
		// The submission has to reach the platform for there to be a job.
		return e.rule.Answer != nil || e.rule.Close == Before
	}
	return (e.rule.Job == nil) == (other.rule.Job == nil) && !e.rule.ExpireToken // which takes hold of a token once
}
