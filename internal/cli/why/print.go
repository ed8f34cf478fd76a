package why

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/why"
)

// number writes a value of a figure, as exactly as people compare it.
func number(f why.Figure, v float64, some bool) string {
	switch {
	case !some:
		return ""
	case f.Unit == why.Seconds:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case f.Unit == why.Share:
		return strconv.FormatFloat(v, 'f', 6, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// off writes how far a value is from another one.
func off(f why.Figure, from, to float64) string {
	d := to - from
	if f.Unit == why.Count {
		d = math.Round(d)
	}
	text := number(f, d, true)
	if d > 0 {
		return "+" + text
	}
	return text
}

// print shows what a study comes to.
func (o *Options) print(r *studied) error {
	if o.JSON {
		return o.Streams.JSON(documentOf(r))
	}
	say := o.Streams.Printf
	if !o.Streams.OutTerminal { // rows are for a program; what they mean is told beside them
		say = o.Streams.Notef
	}
	say("%s\n", head(r))
	say("%s\n", verdict(r))
	if r.theirs == nil && o.Rules == nil {
		return o.rules(r)
	}
	if err := o.explanations(r); err != nil {
		return err
	}
	return o.differences(r)
}

// head is the two numbers and what they are of.
func head(r *studied) string {
	q := r.question
	text := fmt.Sprintf("%s, %s (%s)\nours    %s   %s; each emission counts when it happened", q.Figure.Name, shownInterval(q.Interval, q.Zone), q.Zone, dash(number(q.Figure, r.answer.Ours, r.answer.Some)), q.Figure.Text)
	if r.theirs != nil {
		text += fmt.Sprintf("\ntheirs  %s   %s", number(q.Figure, r.theirs.Value, true), off(q.Figure, r.answer.Ours, r.theirs.Value))
	}
	return text + "\n"
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// verdict is the finding, in a sentence or two.
func verdict(r *studied) string {
	a := r.answer
	pairs := ""
	if a.Pairs > 0 {
		pairs = ", and " + ui.Counted(int64(a.Pairs), "pair of rules does too", "pairs of rules do too")
	}
	switch {
	case r.theirs == nil && r.shown != nil:
		return "By this rule it is another number, or one of other conversations:"
	case r.theirs == nil:
		return "What each rule gives:"
	case a.Verdict == why.Agree:
		return "The two numbers agree."
	case a.Verdict == why.Explained && len(a.Exact[0].Rules) == 1:
		return "One rule gives their number" + pairs + ":"
	case a.Verdict == why.Explained:
		return "No rule gives their number alone; two together do:"
	case a.Verdict == why.Several && len(a.Exact[0].Rules) == 1:
		return "Several rules give their number" + pairs + ". The number alone cannot tell which it is: compare the conversations below, or ask of another day."
	case a.Verdict == why.Several:
		return "No rule gives their number alone; several pairs do, and some by chance. Compare the conversations below, or ask of another day:"
	case len(a.Near) > 0:
		return "No rule gives their number, and no two together. These come nearest, and may be a part of it:"
	}
	return "No rule gives their number, no two together, and none comes near."
}

// rules lists what each rule gives; bounds that nobody is known to use would be a line each.
func (o *Options) rules(r *studied) error {
	t := o.Streams.Table("rule", "gives", "off by", "conversations", "by it")
	for _, x := range r.answer.Singles {
		if !x.Tried() {
			row(t, r, x)
		}
	}
	return t.Done()
}

func row(t *ui.Table, r *studied, x why.Explanation) {
	f := r.question.Figure
	t.Row(strings.Join(x.Names(), " + "), dash(number(f, x.Value, x.Some)), off(f, r.answer.Ours, x.Value), strconv.FormatInt(x.Conversations, 10), text(x))
}

// text is what counts by an explanation.
func text(x why.Explanation) string {
	var all []string
	for _, r := range x.Rules {
		all = append(all, r.Text)
	}
	out := strings.Join(all, "; and ")
	if x.Tried() {
		out += " (found by trying every bound up to a minute)"
	}
	return out
}

// explanations lists those that fit, or come near.
func (o *Options) explanations(r *studied) error {
	all := r.shown
	if len(all) == 0 {
		all = r.answer.Near
	}
	if len(all) == 0 {
		return nil
	}
	t := o.Streams.Table("rule", "gives", "off by", "conversations", "by it")
	for _, x := range all {
		row(t, r, x)
	}
	return t.Done()
}

// head and cells of a difference, for people and programs.
var columns = []string{"conversation", "rule", "ours", "theirs", "start", "end", "emitted"}

func cells(f why.Figure, d why.Difference) []string {
	return []string{string(d.ID), strings.Join(d.Rules, " + "), number(f, d.Ours, true), number(f, d.Theirs, true), at(d.Start), at(d.End), at(d.Emitted)}
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return conversation.FormatTime(t)
}

// differences shows some conversations of each explanation to a person; a program gets them by --csv or --json.
func (o *Options) differences(r *studied) error {
	if !o.Streams.OutTerminal || o.Limit == 0 {
		return nil
	}
	for i, x := range r.shown {
		if len(r.differ[i]) == 0 {
			continue
		}
		o.Streams.Printf("\n%s: %d of %s that differ; all by --rule %s --csv\n", strings.Join(x.Names(), " + "), len(r.differ[i]), ui.Counted(x.Conversations, "conversation", "conversations"), strings.Join(x.Names(), ","))
		t := o.Streams.Table(append([]string{}, columns...)...)
		for _, d := range r.differ[i] {
			t.Row(cells(r.question.Figure, d)...)
		}
		if err := t.Done(); err != nil {
			return err
		}
	}
	return nil
}

// printCSV writes all conversations that differ by any of the explanations. They are not held.
func (o *Options) printCSV(ctx context.Context, r *studied) error {
	o.Streams.Notef("%s\n%s\n", head(r), verdict(r))
	return o.writeCSV(append([]string{"explanation"}, columns...), func(give func([]string) error) error {
		return o.conversations(ctx, r.study, func(c why.Conversation) error {
			for i := range r.shown {
				d, differs := r.study.Difference(&r.shown[i], c)
				if !differs {
					continue
				}
				if err := give(append([]string{strings.Join(r.shown[i].Names(), " + ")}, cells(r.question.Figure, d)...)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// writeCSV writes a head, and the rows that come.
func (o *Options) writeCSV(head []string, rows func(give func([]string) error) error) error {
	out := bufio.NewWriter(o.Streams.Out)
	w := csv.NewWriter(out)
	_ = w.Write(head) // Error has it
	err := rows(w.Write)
	w.Flush()
	return errors.Join(err, w.Error(), out.Flush())
}
