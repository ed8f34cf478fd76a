package wire

import (
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
)

// dropMisfits leaves out what JSON's types alone do not show: times that are none, and metrics without a name. It counts
// them with those found before.
func dropMisfits(c *conversation.Conversation, found Misfits) Misfits {
	d := dropper{found}
	d.time(&c.ConferenceStart, "conferenceStart")
	d.time(&c.ConversationEnd, "conversationEnd")
	d.time(&c.ConversationStart, "conversationStart")
	d.time(&c.InactivityTimeout, "inactivityTimeout")
	for i := range c.Evaluations {
		d.time(&c.Evaluations[i].EventTime, "evaluations[].eventTime")
	}
	for i := range c.Surveys {
		d.time(&c.Surveys[i].EventTime, "surveys[].eventTime")
		d.time(&c.Surveys[i].SurveyCompletedDate, "surveys[].surveyCompletedDate")
	}
	for i := range c.Resolutions {
		d.time(&c.Resolutions[i].EventTime, "resolutions[].eventTime")
	}
	for i := range c.Participants {
		for j := range c.Participants[i].Sessions {
			d.session(&c.Participants[i].Sessions[j])
		}
	}
	return d.found
}

type dropper struct{ found Misfits }

func (d *dropper) session(s *conversation.Session) {
	d.time(&s.CallbackScheduledTime, "participants[].sessions[].callbackScheduledTime")
	d.time(&s.DeliveryStatusChangeDate, "participants[].sessions[].deliveryStatusChangeDate")
	d.time(&s.DetectedSpeechEnd, "participants[].sessions[].detectedSpeechEnd")
	d.time(&s.DetectedSpeechStart, "participants[].sessions[].detectedSpeechStart")
	for i := range s.MediaEndpointStats {
		d.time(&s.MediaEndpointStats[i].EventTime, "participants[].sessions[].mediaEndpointStats[].eventTime")
	}
	if s.Flow != nil {
		d.flow(s.Flow)
	}
	d.metrics(s)
	for i := range s.Segments {
		d.time(&s.Segments[i].SegmentStart, "participants[].sessions[].segments[].segmentStart")
		d.time(&s.Segments[i].SegmentEnd, "participants[].sessions[].segments[].segmentEnd")
	}
}

func (d *dropper) flow(f *conversation.Flow) {
	for i := range f.Outcomes {
		d.time(&f.Outcomes[i].FlowOutcomeStartTimestamp, "participants[].sessions[].flow.outcomes[].flowOutcomeStartTimestamp")
		d.time(&f.Outcomes[i].FlowOutcomeEndTimestamp, "participants[].sessions[].flow.outcomes[].flowOutcomeEndTimestamp")
	}
}

func (d *dropper) metrics(s *conversation.Session) {
	nameless := func(m conversation.Metric) bool { return m.Name == "" }
	for i := range s.Metrics {
		d.time(&s.Metrics[i].EmitDate, "participants[].sessions[].metrics[].emitDate")
		if nameless(s.Metrics[i]) {
			d.count("participants[].sessions[].metrics[].name")
		}
	}
	s.Metrics = slices.DeleteFunc(s.Metrics, nameless)
}

// time leaves out a time that cannot be read.
func (d *dropper) time(text *string, path string) {
	if *text == "" {
		return
	}
	if _, err := conversation.ParseTime(*text); err != nil {
		*text = ""
		d.count(path)
	}
}

func (d *dropper) count(path string) { d.found = d.found.Add(Misfits{path: 1}) }
