package sim

import "github.com/parley-hq/parley/internal/conversation"

// asks has a flow ask the customer how the call was, once the agent has hung up; it says whether it does. How often, and
// how many listen to the end, is our guess, and so is what the flow's leg measures: no real record of one was found.
func (k *call) asks(caller, l *leg, at instant) bool {
	d := k.centre.dice(k.contact, whatSurveysAsk)
	if k.lost || caller.joined || caller.party.Purpose != "customer" || !d.Percent(4) {
		return false
	}
	r := k.enters(caller, k.centre.Organization.Survey, at+k.Between(40, 200), "agent", l.person.ID)
	r.party.Purpose, r.session.Flow.FlowType = "voicesurveyflow", "VOICESURVEY"
	form := k.centre.Organization.Surveys[0]
	end := r.at + d.Around(35*second, 4*second, 3*minute)
	s := conversation.Survey{
		SurveyID: d.UUID(), SurveyFormID: form.ID, SurveyFormName: form.Name, SurveyFormContextID: d.UUID(), SurveyType: "Voice",
		SurveyStatus: "Finished", EventTime: end.String(), SurveyCompletedDate: end.String(), UserID: l.person.ID, QueueID: l.queue.ID,
		OSurveyTotalScore: new(int64(20 + d.Below(81))),
	}
	if d.Percent(30) {
		s.SurveyPartialResponse = k.yes
		r.exits(end, "DISCONNECT", "peer")
		k.hangsUp(caller, end, "endpoint")
	} else {
		s.SurveyPromoterScore = new(int64(d.Below(11)))
		r.exits(end, "FLOW_DISCONNECT", "system")
		k.dropped(caller, end+k.Between(1, 4))
	}
	k.answer = &s
	return true
}
