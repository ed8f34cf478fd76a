package reportcmd

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/cli/localtime"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// word is what --by calls a dimension or a stretch of time.
type word struct{ word, means string }

var (
	dimensions = []word{{"queue", "queueId"}, {"agent", "userId"}, {"media", "mediaType"}, {"direction", "direction"}, {"division", "divisionId"}, {"wrap-up", "wrapUpCode"}}
	times      = []word{{"month", "P1M"}, {"week", "P1W"}, {"day", "P1D"}, {"hour", "PT1H"}, {"interval", "PT30M"}, {"quarter-hour", "PT15M"}}
)

func meaning(of []word, given string) (string, bool) {
	i := slices.IndexFunc(of, func(w word) bool { return w.word == given })
	if i < 0 {
		return "", false
	}
	return of[i].means, true
}

func all() (list []string) {
	for _, w := range slices.Concat(dimensions, times) {
		list = append(list, w.word)
	}
	return list
}

func words() string {
	return strings.Join(all()[:len(dimensions)], ", ") + ", or a dimension as the platform names it; and one of " + strings.Join(all()[len(dimensions):], ", ") +
		": an interval has half an hour"
}

// question is what the flags ask.
type question struct {
	interval    conversation.Interval
	zone        *time.Location
	heads       []string // of the dimensions, as they were given
	groupBy     []string
	granularity string
	filter      *wire.Filter
}

// figures are the metrics of which a report is made.
var figures = []string{"nOffered", "tAnswered", "tAbandon", "tHandle", "nTransferred", "oServiceLevel"}

func (o *Options) question() (q *question, err error) {
	q = new(question)
	if q.zone, err = localtime.Zone(o.TimeZone); err != nil {
		return q, err
	}
	if q.interval, err = localtime.Interval(o.From, o.To, q.zone); err != nil {
		return q, err
	}
	for _, given := range o.By {
		if err := q.by(given); err != nil {
			return q, err
		}
	}
	return q, o.filter(q)
}

// by takes a word of --by into account.
func (q *question) by(given string) error {
	if granularity, is := meaning(times, given); is {
		if q.granularity != "" {
			return fault.Field("--by", "--by names two stretches of time; a line is of one")
		}
		q.granularity = granularity
		return nil
	}
	name, is := meaning(dimensions, given)
	if !is {
		name = given
	}
	if !slices.ContainsFunc(query.Dimensions(query.OfEmission), func(d query.Dimension) bool { return d.Name == name }) {
		known := all()
		for _, d := range query.Dimensions(query.OfEmission) {
			known = append(known, d.Name)
		}
		meant := ""
		if near := query.Suggest(given, known); near != "" {
			meant = " Did you mean " + near + "?"
		}
		return fault.Field("--by", "--by %s is not known.%s It can be %s", fault.Clip(given), meant, words())
	}
	if slices.Contains(q.groupBy, name) {
		return fault.Field("--by", "--by names %s twice", given)
	}
	q.heads, q.groupBy = append(q.heads, given), append(q.groupBy, name)
	return nil
}

// filter joins what the flags say: the values of one by or, the flags by and. Lines by queue and agent are of what has
// one: talks without a queue, and offers to nobody yet, would make a line of nobody's.
func (o *Options) filter(q *question) error {
	f := wire.Filter{Type: "and"}
	for _, given := range []struct {
		flag, name string
		values     []string
	}{{"--queue", "queueId", o.Queue}, {"--agent", "userId", o.Agent}, {"--media", "mediaType", o.Media}} {
		if given.values == nil {
			continue
		}
		clause := wire.Filter{Type: "or"}
		for _, value := range given.values {
			clause.Predicates = append(clause.Predicates, wire.Predicate{Dimension: given.name, Value: value})
		}
		if len(clause.Predicates) == 0 {
			return fault.Field(given.flag, "%s is empty; perhaps a variable of the shell is not set", given.flag)
		}
		f.Clauses = append(f.Clauses, clause)
	}
	for _, name := range q.groupBy {
		if name == "queueId" || name == "userId" {
			f.Predicates = append(f.Predicates, wire.Predicate{Dimension: name, Operator: "exists"})
		}
	}
	if len(f.Clauses)+len(f.Predicates) > 0 {
		q.filter = &f
	}
	return nil
}

// body is the question as it is sent.
func (q *question) body() ([]byte, error) {
	return json.Marshal(wire.AggregateRequest{
		Interval: q.interval.String(), Granularity: q.granularity, TimeZone: q.zone.String(), GroupBy: q.groupBy, Filter: q.filter, Metrics: figures,
	})
}
