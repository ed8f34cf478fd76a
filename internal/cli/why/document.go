package why

import (
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/why"
)

// document is what --json prints of a study.
type document struct {
	Figure       string        `json:"figure"`
	Means        string        `json:"means"`
	Interval     string        `json:"interval"`
	TimeZone     string        `json:"timeZone"`
	Unit         string        `json:"unit"` // count, seconds or share
	Ours         *float64      `json:"ours"`
	Theirs       *float64      `json:"theirs,omitempty"`
	Verdict      why.Verdict   `json:"verdict,omitempty"`
	Explanations []explanation `json:"explanations"`
	OtherPairs   int           `json:"otherPairs,omitempty"` // that give the number besides rules that do so alone
	Near         []explanation `json:"near,omitempty"`
	Rules        []explanation `json:"rules,omitempty"` // what each gives, if no number was given
}

type explanation struct {
	Rules         []string     `json:"rules"`
	Means         string       `json:"means"`
	Value         *float64     `json:"value"`
	Conversations int64        `json:"conversations"` // that count otherwise
	Sample        []difference `json:"sample,omitempty"`
}

type difference struct {
	ID      conversation.ID `json:"conversationId"`
	Rules   []string        `json:"rules"`
	Ours    float64         `json:"ours"`
	Theirs  float64         `json:"theirs"`
	Start   string          `json:"conversationStart"`
	End     string          `json:"conversationEnd,omitempty"`
	Emitted string          `json:"emitted,omitempty"`
}

func documentOf(r *studied) document {
	q, a := r.question, r.answer
	d := document{
		Figure: q.Figure.Name, Means: q.Figure.Text, Interval: q.Interval.String(), TimeZone: q.Zone.String(), Unit: [...]string{"count", "seconds", "share"}[q.Figure.Unit],
		Ours: some(a.Ours, a.Some), Verdict: a.Verdict, Explanations: []explanation{}, OtherPairs: a.Pairs, Near: explanations(a.Near),
	}
	if r.theirs != nil {
		d.Theirs = &r.theirs.Value
	} else if r.shown == nil {
		d.Rules = explanations(a.Singles)
	}
	d.Explanations = append(d.Explanations, explanations(r.shown)...)
	for i := range r.shown {
		for _, x := range r.differ[i] {
			d.Explanations[i].Sample = append(d.Explanations[i].Sample, difference{x.ID, x.Rules, x.Ours, x.Theirs, conversation.FormatTime(x.Start), at(x.End), at(x.Emitted)})
		}
	}
	return d
}

func explanations(of []why.Explanation) (out []explanation) {
	for _, x := range of {
		out = append(out, explanation{Rules: x.Names(), Means: text(x), Value: some(x.Value, x.Some), Conversations: x.Conversations})
	}
	return out
}

// some is a value, or nothing.
func some(v float64, is bool) *float64 {
	if !is {
		return nil
	}
	return &v
}
