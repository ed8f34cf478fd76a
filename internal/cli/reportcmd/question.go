package reportcmd

import (
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/cli/localtime"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/query"
)

// word is what --by calls a dimension.
type word struct{ word, means string }

var dimensions = []word{{"queue", "queueId"}, {"agent", "userId"}, {"media", "mediaType"}, {"direction", "direction"}, {"division", "divisionId"}, {"wrap-up", "wrapUpCode"}}

func all() (list []string) {
	for _, w := range dimensions {
		list = append(list, w.word)
	}
	for _, s := range figure.Stretches {
		list = append(list, s.Word)
	}
	return list
}

func words() string {
	return strings.Join(all()[:len(dimensions)], ", ") + ", or a dimension as the platform names it; and one of " + strings.Join(all()[len(dimensions):], ", ") +
		": an interval has half an hour"
}

// question is what the flags ask.
type question struct {
	figure.Question

	heads []string // of the dimensions, as they were given
}

func (o *Options) question() (q *question, err error) {
	q = new(question)
	if q.Zone, err = localtime.Zone(o.TimeZone); err != nil {
		return q, err
	}
	if q.Interval, err = localtime.Interval(o.From, o.To, q.Zone); err != nil {
		return q, err
	}
	for _, given := range o.By {
		if err := q.by(given); err != nil {
			return q, err
		}
	}
	q.Only, err = o.only()
	return q, err
}

// by takes a word of --by into account.
func (q *question) by(given string) error {
	if i := slices.IndexFunc(figure.Stretches, func(s figure.Stretch) bool { return s.Word == given }); i >= 0 {
		if q.Period != "" {
			return fault.Field("--by", "--by names two stretches of time; a line is of one")
		}
		q.Period = figure.Stretches[i].Period
		return nil
	}
	name := given
	if i := slices.IndexFunc(dimensions, func(w word) bool { return w.word == given }); i >= 0 {
		name = dimensions[i].means
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
	if slices.Contains(q.GroupBy, name) {
		return fault.Field("--by", "--by names %s twice", given)
	}
	q.heads, q.GroupBy = append(q.heads, given), append(q.GroupBy, name)
	return nil
}

// only is what the flags leave in.
func (o *Options) only() (out []figure.Only, err error) {
	for _, given := range []struct {
		flag, name string
		values     []string
	}{{"--queue", "queueId", o.Queue}, {"--agent", "userId", o.Agent}, {"--media", "mediaType", o.Media}} {
		if given.values == nil {
			continue
		}
		if len(given.values) == 0 {
			return nil, fault.Field(given.flag, "%s is empty; perhaps a variable of the shell is not set", given.flag)
		}
		out = append(out, figure.Only{Dimension: given.name, Values: given.values})
	}
	return out, nil
}
