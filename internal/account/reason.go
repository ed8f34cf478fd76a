package account

import (
	"slices"
	"strings"
)

// ReasonRule says what one attribute or one outcome of a flow tells of why somebody called. Nothing in a record is the reason
// by itself: flows write it where their authors decided.
type ReasonRule struct {
	Label     string            `json:"label"`               // what the value is called: Menu choice
	Attribute string            `json:"attribute,omitempty"` // the name of an attribute of a participant, as it is written
	Outcome   string            `json:"outcome,omitempty"`   // or the id of an outcome of flows
	Values    map[string]string `json:"values,omitempty"`    // what values mean, for those that are codes
}

// Reason is why somebody called, as far as something in the record tells.
type Reason struct {
	Label string `json:"label"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// reasons are what the rules find, best first, and behind them what every record has: outcomes, where flows sent the
// conversation, the queue that it reached.
func (t *teller) reasons() {
	t.ruledReasons()
	t.outcomeReasons("", "Outcome", nil)
	for _, f := range t.Flows {
		if x := f.leg.s.Flow; x != nil && x.TransferTargetName != "" {
			t.reason(Reason{"Chosen in " + f.Name, strings.TrimSpace(x.TransferTargetName), "transferTargetName: where the flow sent the conversation"})
		}
	}
	if len(t.Visits) > 0 && !t.toldWhy[Reason{Value: t.Visits[0].Queue}] {
		t.reason(Reason{"Queue reached", t.Visits[0].Queue, "the first queue; nothing better than where it went says why"})
	}
}

// ruledReasons are what the rules find.
func (t *teller) ruledReasons() {
	t.toldWhy = map[Reason]bool{}
	for _, r := range t.ReasonRules {
		if r.Attribute != "" {
			t.attributeReasons(r)
		} else {
			t.outcomeReasons(r.Outcome, r.Label, r.Values)
		}
	}
}

// reason adds a reason unless the same was told already.
func (t *teller) reason(r Reason) {
	if same := (Reason{Label: r.Label, Value: r.Value}); r.Value != "" && !t.toldWhy[same] {
		t.toldWhy[same], t.toldWhy[Reason{Value: r.Value}] = true, true
		t.Reasons = append(t.Reasons, r)
	}
}

// attributeReasons are the values of an attribute. Several participants may have it, each with a value of its own.
func (t *teller) attributeReasons(r ReasonRule) {
	for i := range t.c.Participants {
		value, ok := t.c.Participants[i].Attributes[r.Attribute]
		if !ok {
			continue
		}
		if means, known := r.Values[value]; known {
			value = means
		}
		t.reason(Reason{r.Label, value, t.text(func() string { return "the attribute " + r.Attribute + " of " + t.Parties[i].Label })})
	}
}

// outcomeReasons are the outcomes that flows recorded: one of them by its id, or all that have not been told.
func (t *teller) outcomeReasons(id, label string, values map[string]string) {
	for _, f := range t.Flows {
		if f.leg.s.Flow == nil {
			continue
		}
		for _, o := range f.leg.s.Flow.Outcomes {
			if id != "" && o.FlowOutcomeID != id || id == "" && t.ruled(o.FlowOutcomeID) {
				continue
			}
			value := o.FlowOutcomeValue
			if means, ok := values[value]; ok {
				value = means
			}
			if id == "" {
				value = t.name(Outcome, o.FlowOutcomeID) + ": " + value
			}
			t.reason(Reason{label, value, "an outcome that " + f.Name + " recorded"})
		}
	}
}

// ruled says whether there is a rule about an outcome.
func (t *teller) ruled(outcome string) bool {
	return slices.ContainsFunc(t.ReasonRules, func(r ReasonRule) bool { return r.Outcome == outcome })
}
