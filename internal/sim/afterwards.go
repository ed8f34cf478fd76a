package sim

import (
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// afterwards adds what comes days after a conversation that an agent served: an evaluation, a survey, a resolution.
func (k *call) afterwards(c *conversation.Conversation) {
	l := k.answeredBy()
	if l == nil || k.lost {
		return
	}
	if k.Percent(4) {
		k.evaluated(c, l)
	}
	if k.Percent(7) {
		k.surveyed(c, l)
	}
	if k.answer != nil {
		c.Surveys = append(c.Surveys, *k.answer)
	}
	if k.Percent(5) {
		at := l.at + 7*day + k.Between(hour, 30*hour)
		r := conversation.Resolution{EventTime: at.String()}
		if k.Percent(50) {
			r.QueueID, r.UserID, r.NNextContactAvoided = l.queue.ID, l.person.ID, one
		}
		c.Resolutions = []conversation.Resolution{r}
	}
}

// answeredBy is the last agent who spoke to the customer, or nil.
func (k *call) answeredBy() (out *leg) {
	for _, l := range k.legs {
		if l.person != nil && l.queue != nil && l.spent.talk > 0 {
			out = l
		}
	}
	return out
}

// evaluated adds an evaluation. It was assigned a day or more after the call, and it is finished days later.
func (k *call) evaluated(c *conversation.Conversation, l *leg) {
	o := k.centre.Organization
	form := pick(k, o.Forms)
	e := conversation.Evaluation{
		EvaluationID: k.UUID(), FormID: form.ID, FormName: form.Name, ContextID: k.UUID(),
		UserID: l.person.ID, QueueID: l.queue.ID, EvaluationStatus: "Finished",
	}
	by, when := pick(k, o.Supervisors), l.at+k.Between(2*day, 20*day)
	e.EvaluatorID, e.EventTime = by.On(organization.DayOf(when)).ID, when.String()
	switch at := k.Below(100); {
	case at < 10:
		e.EvaluationStatus = "Pending"
	case at < 16:
		e.EvaluationStatus = "InProgress"
	case at < 20:
		e.EvaluationStatus, e.Deleted = "Retracted", k.yes
	default:
		e.Released = k.yes
		e.OTotalScore, e.OTotalCriticalScore = new(int64(40+k.Below(61))), new(int64(50+k.Below(51)))
		if k.Percent(5) {
			e.Rescored = k.yes
		}
	}
	c.Evaluations = []conversation.Evaluation{e}
}

// surveyed adds a survey: sent after the conversation, and completed by one in three.
func (k *call) surveyed(c *conversation.Conversation, l *leg) {
	form := chance.Pick(k.dice, k.centre.Organization.Surveys)
	s := conversation.Survey{
		SurveyID: k.UUID(), SurveyFormID: form.ID, SurveyFormName: form.Name, SurveyFormContextID: k.UUID(), SurveyType: "Web",
		UserID: l.person.ID, QueueID: l.queue.ID,
	}
	switch at := k.Below(100); {
	case at < 35:
		done := l.at + k.Around(5*hour, minute, 20*day)
		s.SurveyStatus, s.EventTime, s.SurveyCompletedDate = "Finished", done.String(), done.String()
		s.SurveyPromoterScore, s.OSurveyTotalScore = new(int64(k.Below(11))), new(int64(20+k.Below(81)))
		if k.Percent(10) {
			s.SurveyPartialResponse = k.yes
		}
	case at < 80:
		s.SurveyStatus, s.EventTime = "Expired", (l.at + 14*day).String()
	default:
		s.SurveyStatus, s.EventTime = "OptOut", (l.at + k.Between(minute, hour)).String()
	}
	c.Surveys = []conversation.Survey{s}
}
