package account

import (
	"slices"
	"strings"
)

// WrapUp is what a handler noted about the conversation.
type WrapUp struct {
	By     string   `json:"by"`
	At     Instant  `json:"at,omitzero"`
	Lasted Length   `json:"lastedMs"`
	Code   string   `json:"code,omitempty"` // as the record has it
	Name   string   `json:"name,omitempty"`
	Note   string   `json:"note,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	Why    string   `json:"why"`
}

// defaultCode is the code that stands where no code was chosen in time. Source: 171 measured records.
const defaultCode = "7fb334b0-0e9e-11e4-9191-0800200c9a66"

// CodeName is the name of a wrap-up code that no organization defines, because the platform sets it; empty for others.
func CodeName(code string) string { return codeNames[code] }

// codeNames are those of codes that no organization defines.
var codeNames = map[string]string{
	defaultCode:                     "default: none was chosen in time",
	"ININ-WRAP-UP-TIMEOUT":          "none was chosen in time",
	"ININ-WRAP-UP-SKIPPED":          "wrap-up was skipped",
	"ININ-OUTBOUND-PREVIEW-SKIPPED": "the preview was skipped",
}

// Evaluation is what somebody found of a handler's work, later.
type Evaluation struct {
	Form     string  `json:"form"`
	Status   string  `json:"status,omitempty"`
	Of       string  `json:"of"`
	Score    *int64  `json:"score,omitempty"`
	Critical *int64  `json:"criticalScore,omitempty"`
	At       Instant `json:"at,omitzero"`
}

// Survey is what the customer was asked and answered, later.
type Survey struct {
	Form     string  `json:"form"`
	Status   string  `json:"status,omitempty"`
	Promoter *int64  `json:"promoterScore,omitempty"`
	Score    *int64  `json:"score,omitempty"`
	At       Instant `json:"at,omitzero"`
}

// later is what was noted after the talk.
func (t *teller) later() {
	for _, l := range t.legs {
		for _, s := range l.spans {
			if s.phase == WrapUpPhase {
				t.WrapUps = append(t.WrapUps, t.wrapUp(l, s))
			}
		}
	}
	for _, e := range t.c.Evaluations {
		if e.Deleted != nil && *e.Deleted {
			continue
		}
		t.Evaluations = append(t.Evaluations, Evaluation{named(e.FormName, e.FormID), e.EvaluationStatus, t.name(User, e.UserID), e.OTotalScore, e.OTotalCriticalScore, Instant{instant(e.EventTime)}})
	}
	for _, s := range t.c.Surveys {
		t.Surveys = append(t.Surveys, Survey{named(s.SurveyFormName, s.SurveyFormID), s.SurveyStatus, s.SurveyPromoterScore, s.OSurveyTotalScore, Instant{instant(s.EventTime)}})
	}
	slices.SortStableFunc(t.Evaluations, func(a, b Evaluation) int { return a.At.Compare(b.At.Time) })
	slices.SortStableFunc(t.Surveys, func(a, b Survey) int { return a.At.Compare(b.At.Time) })
}

func named(name, id string) string {
	if name != "" {
		return name
	}
	return short(id)
}

func (t *teller) wrapUp(l *leg, s span) WrapUp {
	w := WrapUp{
		By: t.Parties[l.party].Label, At: Instant{s.start}, Lasted: Length(s.until(t.AsOf).Sub(s.start)), Code: s.WrapUpCode,
		Note: strings.TrimSpace(s.WrapUpNote), Tags: s.WrapUpTags, Why: "the wrapup segment of " + t.Parties[l.party].Label,
	}
	if w.Code != "" {
		if w.Name = codeNames[w.Code]; w.Name == "" {
			w.Name = t.name(WrapUpCode, w.Code)
		}
	}
	return w
}
