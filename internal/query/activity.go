package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Activity is what POST .../conversations/activity/query asks: what is going on at this moment, by group.
type Activity struct {
	Metrics []ActivityMetric
	GroupBy []Dimension // of emissions; what goes on has of segments the one that is open
	Filters []Filter    // of emissions, each of which must hold
	Order   Order       // of groups, by their values
	Page    Page        // of groups
}

// ActivityMetric is a metric that is asked for, and whether what it counts is to be listed.
type ActivityMetric struct {
	Name    string
	Details bool
}

// Doing is what a session does at a moment.
type Doing string

// What sessions do: a queue has somebody wait, an agent's telephone rings, an agent talks or has somebody on hold.
const (
	Waiting     Doing = "oWaiting"
	Alerting    Doing = "oAlerting"
	Interacting Doing = "oInteracting"
)

// DoingIn says what a participant with this purpose does in an open segment of this type; nothing that is counted if it is empty.
func DoingIn(purpose, segmentType string) Doing {
	switch {
	case purpose == "acd" && segmentType == "interact":
		return Waiting
	case purpose == "agent" && segmentType == "alert":
		return Alerting
	case purpose == "agent" && (segmentType == "interact" || segmentType == "hold"):
		return Interacting
	}
	return ""
}

// activityMetrics are the metrics: how many do something, or since when the longest has done it.
var activityMetrics = []string{"oAlerting", "oInteracting", "oLongestInteracting", "oLongestWaiting", "oWaiting"}

// Of is what a metric is of, and whether it asks since when and not how many.
func (m ActivityMetric) Of() (of Doing, longest bool) {
	name, longest := strings.CutPrefix(m.Name, "oLongest")
	if longest {
		return Doing("o" + name), true
	}
	return Doing(m.Name), false
}

// Observation is something that goes on at a moment.
type Observation struct {
	Group        []string // values of the dimensions asked for, in their order; an empty one is that records do not say
	Doing        Doing
	Since        time.Time
	Conversation conversation.ID
	Participant  *conversation.Participant // whose session it is
	Session      *conversation.Session
	Segment      *conversation.Segment // that is open
}

// activityDimensions are those of activity of which the platform has 22, less those that records do not say.
var activityDimensions = strings.Fields(`addressFrom addressTo ani conversationId direction dnis mediaType participantName queueId requestedLanguageId
	requestedRouting requestedRoutingSkillId scoredAgentId sessionId teamId usedRouting userId`)

// activityBody is the body as it stands on the wire (schema ConversationActivityQuery).
type activityBody struct {
	Metrics []wireObserved `json:"metrics"`
	GroupBy []string       `json:"groupBy"`
	Filter  *wireFilter    `json:"filter"`
	Order   *string        `json:"order"`
	Unknown jsontext.Value `json:",embed"`
}

type wireObserved struct {
	Metric  *string        `json:"metric"`
	Details *bool          `json:"details"`
	Unknown jsontext.Value `json:",embed"`
}

// DecodeActivity reads the body of POST .../conversations/activity/query for a page of its groups. It fails with Faults: each is
// Invalid and names the field.
func DecodeActivity(text []byte, page Page) (Activity, error) {
	f := &findings{}
	a := Activity{Order: Ascending, Page: page}
	b := new(activityBody)
	if !f.read(text, b) {
		return a, f.refusal()
	}
	f.unknownMembers(b.Unknown, []string{"metrics", "groupBy", "filter", "order"})
	a.Metrics = f.observed(b.Metrics)
	a.GroupBy = f.activityGroups(b.GroupBy)
	if b.Filter != nil {
		a.Filters = f.filterOf(OfEmission, string(OfEmission), *b.Filter)
	}
	if b.Order != nil {
		a.Order = oneOf(f, "order", *b.Order, Ascending, Descending, Unordered)
	}
	return a, f.refusal()
}

func (f *findings) observed(list []wireObserved) (out []ActivityMetric) {
	if len(list) == 0 || len(list) > len(activityMetrics) {
		f.add("metrics", "name one or more metrics, each once, as {\"metric\": \"oWaiting\"}: %s", strings.Join(activityMetrics, ", "))
		return nil
	}
	for i, w := range list {
		path := fmt.Sprintf("metrics[%d]", i)
		f.unknown(path, w.Unknown, "metric", "details")
		if w.Metric == nil {
			f.add(path+".metric", "%s needs a metric: %s", path, strings.Join(activityMetrics, ", "))
			continue
		}
		if !slices.Contains(activityMetrics, *w.Metric) {
			f.value(path+".metric", *w.Metric, activityMetrics, strings.TrimSpace(didYouMean(*w.Metric, activityMetrics)))
			continue
		}
		out = append(out, ActivityMetric{*w.Metric, w.Details != nil && *w.Details})
	}
	return out
}

func (f *findings) activityGroups(list []string) []Dimension {
	if len(list) == 0 {
		f.add("groupBy", "groupBy is missing; name one dimension or more, for example queueId")
	}
	for i, name := range list {
		if _, known := find(OfEmission, name, false); known && !slices.Contains(activityDimensions, name) {
			f.report(&fault.Error{
				Kind: fault.Invalid, Code: "invalid.value", Field: fmt.Sprintf("groupBy[%d]", i),
				Message: fmt.Sprintf("Value [%s] is not valid for field type [groupBy]. Allowable values are: %s", name, strings.Join(activityDimensions, ", ")),
			})
			return nil
		}
	}
	return f.groupBy(list)
}
