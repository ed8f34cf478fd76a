package why

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/why"
)

// studied is what a study comes to: what is printed.
type studied struct {
	question why.Question
	study    *why.Study
	answer   why.Answer
	theirs   *why.Number       // nil if nobody gave one
	shown    []why.Explanation // of which the conversations are shown
	differ   [][]why.Difference
}

// study counts by all rules, and says which fit.
func (o *Options) study(ctx context.Context, q why.Question) error {
	r := &studied{question: q, study: why.New(q)}
	if o.Theirs != "" {
		n, err := why.ParseNumber(q.Figure.Unit, o.Theirs)
		if err != nil {
			return err
		}
		r.theirs = &n
	}
	if o.Rules != nil { // before anything is counted
		if _, err := r.ruled(o.Rules); err != nil {
			return err
		}
	}
	if err := o.missing(ctx, q.Interval); err != nil {
		return err
	}
	if err := o.count(ctx, r.study); err != nil {
		return err
	}
	if err := r.explain(o.Rules); err != nil {
		return err
	}
	if o.CSV {
		if err := o.printCSV(ctx, r); err != nil {
			return err
		}
		return r.outcome()
	}
	if err := o.sample(ctx, r); err != nil {
		return err
	}
	if err := o.print(r); err != nil {
		return err
	}
	return r.outcome()
}

// ruled is what some rules give.
func (r *studied) ruled(names []string) (why.Explanation, error) {
	x, unknown := r.study.Of(names)
	if unknown != "" {
		return x, unknownRule(r.study, names, unknown)
	}
	return x, nil
}

func (r *studied) explain(rules []string) (err error) {
	switch {
	case rules != nil:
		r.answer = r.study.Ours()
		x, err := r.ruled(rules)
		r.shown = []why.Explanation{x}
		return err
	case r.theirs != nil:
		r.answer = r.study.Explain(*r.theirs)
		r.shown = r.answer.Exact
	default:
		r.answer = r.study.Ours()
	}
	return nil
}

// outcome is nil if there is an explanation, or none was asked for.
func (r *studied) outcome() error {
	if r.answer.Verdict == why.Unexplained {
		return fault.New(fault.Incomplete, "no rule that is known gives that number, and no two of them together")
	}
	return nil
}

// missing says which days of the interval the lake never had, and up to when it is whole: what is not there explains a difference before any rule does.
func (o *Options) missing(ctx context.Context, of conversation.Interval) error {
	whole, days, err := app.Coverage(ctx, o.Lake, of)
	if err != nil {
		return err
	}
	o.Streams.Missing(days)
	o.Streams.NotYet(whole, of.End)
	return nil
}

func (o *Options) log() *slog.Logger {
	if o.Streams.Verbose {
		return o.Streams.Log()
	}
	return slog.New(slog.DiscardHandler) // a failure is what the command ends with: to log it too would say it twice
}

// count gives a study all profiles.
func (o *Options) count(ctx context.Context, s *why.Study) error {
	return app.SQL(ctx, o.Lake, s.Profiles(), ignored, func(row []any) error {
		profile, is0 := row[0].(string)
		class, is1 := row[1].(int64)
		conversations, is2 := row[2].(int64)
		emissions, is3 := row[3].(int64)
		total, is4 := row[4].(float64)
		if !is0 || !is1 || !is2 || !is3 || !is4 {
			return errShape
		}
		s.Add(profile, uint64(class), conversations, emissions, total)
		return nil
	})
}

var (
	errShape  = errors.New("the engine's answer has another shape than was asked for")
	errEnough = errors.New("enough")
)

func ignored([]string) error { return nil }

// conversations gives those of which any rule may count something, in order of their start, until enough says so.
func (o *Options) conversations(ctx context.Context, s *why.Study, give func(why.Conversation) error) error {
	err := app.SQL(ctx, o.Lake, s.Conversations(), ignored, func(row []any) error {
		c, err := conversationOf(row)
		if err != nil {
			return err
		}
		return give(c)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func conversationOf(row []any) (c why.Conversation, err error) {
	id, is0 := row[0].(string)
	start, is1 := row[1].(time.Time)
	classes, is2 := list[int64](row[3])
	counts, is3 := list[int64](row[4])
	totals, is4 := list[float64](row[5])
	firsts, is5 := list[int64](row[6])
	if !is0 || !is1 || !is2 || !is3 || !is4 || !is5 {
		return c, errShape
	}
	c = why.Conversation{ID: conversation.ID(id), Start: start.UTC(), Counts: counts, Totals: totals, Firsts: firsts}
	if end, is := row[2].(time.Time); is {
		c.End = end.UTC()
	}
	for _, class := range classes {
		c.Classes = append(c.Classes, uint64(class))
	}
	return c, nil
}

// list reads a list of values; one that is null is zero.
func list[T any](v any) (out []T, is bool) {
	values, is := v.([]any)
	for _, v := range values {
		x, of := v.(T)
		is = is && (of || v == nil)
		out = append(out, x)
	}
	return out, is
}

// sample finds conversations that differ by each explanation that is shown.
func (o *Options) sample(ctx context.Context, r *studied) error {
	r.differ = make([][]why.Difference, len(r.shown))
	left := int64(0)
	for _, x := range r.shown {
		left += min(x.Conversations, int64(o.Limit))
	}
	if left == 0 {
		return nil
	}
	return o.conversations(ctx, r.study, func(c why.Conversation) error {
		for i := range r.shown {
			if len(r.differ[i]) == o.Limit {
				continue
			}
			if d, differs := r.study.Difference(&r.shown[i], c); differs {
				r.differ[i] = append(r.differ[i], d)
				left--
			}
		}
		if left <= 0 {
			return errEnough
		}
		return nil
	})
}

// unknownRule refuses the name of a rule, or two that cannot hold together.
func unknownRule(s *why.Study, names []string, unknown string) error {
	var known []string
	for _, r := range s.Rules() {
		known = append(known, r.Name)
	}
	if slices.Contains(known, unknown) {
		return fault.Field("--rule", "--rule %s: they are about the same, and cannot hold together", strings.Join(names, ","))
	}
	meant := ""
	if near := query.Suggest(unknown, known); near != "" {
		meant = " Did you mean " + near + "?"
	}
	return fault.Field("--rule", "--rule %s is not known of this figure.%s parley why without --rule lists all", fault.Clip(unknown), meant)
}
