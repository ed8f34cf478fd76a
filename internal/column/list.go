package column

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
)

var list = slices.Concat(first, times, derived(), measures, attributes, said(), received, emitted())

// stored is a column that the table conversations has.
func stored(name string, t Type, in, doc string, read func(*Item) any, aliases ...string) Column {
	return Column{Name: name, Aliases: aliases, Type: t, Doc: doc, Source: Stored(in), read: read}
}

// in gives a column its unit.
func (c Column) in(unit string) Column {
	c.Unit = unit
	return c
}

// summed makes a column a measure.
func (c Column) summed() Column {
	c.Measure = true
	return c
}

// first are what tells rows apart, and what a conversation is.
var first = []Column{
	stored("conversationId", Text, "conversation_id", "id of the conversation", func(it *Item) any { return string(it.ID) }, "conversation.id", "id"),
	{Name: "interactionId", Aliases: []string{"interaction.id"}, Type: Text, Only: Interaction, Doc: "medium, hyphen, id of the conversation", Source: InteractionID{}},
	{Name: "mediaType", Aliases: []string{"interaction.type", "type"}, Type: Text, Doc: "media type: of an interaction its own, of a conversation that of its first outside session", Source: Medium{}},
	stored("direction", Text, "direction", "inbound, outbound or both, of the outside parties' sessions", func(it *Item) any { return text(it.Summary.Direction) }),
	{Name: "wrapUpCode", Type: Text, Doc: "wrap-up code that was set last: that of the segment which began last", Source: LastWrapUp{}},
}

// times are when it was.
var times = []Column{
	stored("startTime", Instant, "conversation_start", "conversationStart", func(it *Item) any { return instant(it.Start) }, "conversationStart", "timestamp", "created_time"),
	stored("endTime", Instant, "conversation_end", "conversationEnd; absent while the conversation goes on", func(it *Item) any { return instant(it.End) }, "conversationEnd", "ended_time"),
	{Name: "answeredTime", Aliases: []string{"answered_time"}, Type: Instant, Doc: "when an agent first began to interact", Source: FirstAnswer{}},
	stored("duration", Number, "duration_ms", "from start to end", milliseconds, "tConversationDuration").in("ms").summed(),
	{Name: "durationSeconds", Aliases: []string{"duration_seconds"}, Type: Decimal, Unit: "s", Measure: true, Doc: "from start to end, in seconds", Source: Stored("duration_ms"), read: milliseconds, made: seconds},
	{Name: "state", Type: Text, Doc: "ended, or connected while the conversation goes on", Source: Stored("conversation_end"), read: func(it *Item) any { return instant(it.End) }, made: state},
}

func milliseconds(it *Item) any {
	if it.Start.IsZero() || it.End.IsZero() {
		return nil
	}
	return it.End.Sub(it.Start).Milliseconds()
}

func seconds(ms any) any {
	if n, ok := ms.(int64); ok {
		return float64(n) / 1000
	}
	return nil
}

func state(end any) any {
	if end == nil {
		return "connected"
	}
	return "ended"
}

// derived are what a conversation's summary says.
func derived() []Column {
	first := func(of func(*Item) []string) func(*Item) any {
		return func(it *Item) any {
			if list := of(it); len(list) > 0 {
				return list[0]
			}
			return nil
		}
	}
	last := func(of func(*Item) []string) func(*Item) any {
		return func(it *Item) any {
			if list := of(it); len(list) > 0 {
				return list[len(list)-1]
			}
			return nil
		}
	}
	all := func(of func(*Item) []string) func(*Item) any { return func(it *Item) any { return texts(of(it)) } }
	media := func(it *Item) []string { return it.Summary.MediaTypes }
	queues := func(it *Item) []string { return it.Summary.QueueIDs }
	users := func(it *Item) []string { return it.Summary.UserIDs }
	codes := func(it *Item) []string { return it.Summary.WrapUpCodes }
	return []Column{
		stored("mediaTypes", Texts, "media_types", "all media types of the conversation, by first appearance", all(media)),
		stored("firstQueueId", Text, "first_queue_id", "queue of the first acd or agent segment", first(queues)),
		stored("lastQueueId", Text, "last_queue_id", "last of queueIds: a queue that was visited again stands where it came first", last(queues)),
		stored("queueIds", Texts, "queue_ids", "queues visited, by first appearance", all(queues), "queueId"),
		stored("firstUserId", Text, "first_user_id", "first agent or user who interacted", first(users)),
		stored("lastUserId", Text, "last_user_id", "last of userIds: who came again stands where they came first", last(users)),
		stored("userIds", Texts, "user_ids", "agents and users who interacted, by first appearance", all(users), "userId"),
		stored("firstWrapUpCode", Text, "first_wrap_up_code", "first wrap-up code", first(codes)),
		stored("wrapUpCodes", Texts, "wrap_up_codes", "wrap-up codes, by first appearance", all(codes)),
		stored("abandoned", Truth, "abandoned", "the customer left the queue and no agent answered after that", func(it *Item) any { return it.Summary.Abandoned }),
		stored("customerEnd", Instant, "customer_end", "latest segmentEnd of customer and external", func(it *Item) any { return instant(it.Summary.CustomerEnd) }),
		stored("firstSegmentStart", Instant, "first_segment_start", "earliest segmentStart", func(it *Item) any { return instant(it.Summary.FirstSegment) }),
		stored("lastSegmentEnd", Instant, "last_segment_end", "latest segmentEnd; absent while a segment is open", func(it *Item) any { return instant(it.Summary.LastSegment) }),
	}
}

// sum is a measure that adds up a metric. Other metrics have the name that the platform gives them.
func sum(name, metric, doc string, aliases ...string) Column {
	c := Column{Name: name, Aliases: aliases, Type: Number, Unit: unitOf(metric), Measure: true, Doc: "sum of " + metric, Source: Sum(metric)}
	if name != metric {
		c.Aliases = append([]string{metric}, aliases...)
	}
	if doc != "" {
		c.Doc += ": " + doc
	}
	return c
}

func count(name, metric, doc string) Column {
	return Column{Name: name, Type: Number, Unit: "count", Measure: true, Doc: "number of emissions of " + metric + ": " + doc, Source: Count(metric)}
}

// unitOf is the unit of a metric: t* are milliseconds, n* counts, and of o* nobody says.
func unitOf(metric string) string {
	return map[byte]string{'t': "ms", 'n': "count"}[metric[0]]
}

// measures are those that have names of their own.
var measures = []Column{
	sum("totalHandleTime", "tHandle", "talk, hold, after-call work, dialling and contacting of agents and users; not ringing", "metrics.handledtime.ms"),
	sum("talkTime", "tTalk", "agents and users interacting", "metrics.talktime.ms"),
	sum("holdTime", "tHeld", "the other side on hold", "metrics.holdtime.ms"),
	count("holdCount", "tHeld", "how often somebody was put on hold, and taken back"),
	sum("acwTime", "tAcw", "after-call work", "metrics.acwtime.ms"),
	sum("alertTime", "tAlert", "ringing at agents and users, answered or not", "metrics.alerttime.ms"),
	sum("queueTime", "tAcd", "waiting in queues, however that ended", "metrics.queuetime.ms"),
	sum("waitTime", "tAnswered", "waiting in queues until an agent answered", "metrics.waittime.ms"),
	sum("ivrTime", "tIvr", "flows in control", "metrics.ivrtime.ms"),
	sum("voicemailTime", "tVoicemail", "recording voicemails", "metrics.voicemailtime.ms"),
	sum("connectedTime", "tConnected", "outside parties connected", "metrics.connectedtime.ms"),
	sum("offeredCount", "nOffered", "visits to queues"),
	count("answeredCount", "tAnswered", "how often an agent answered out of a queue"),
	count("abandonedCount", "tAbandon", "how often the outside party left a queue"),
	sum("transferredCount", "nTransferred", "transfers, blind and consult"),
}

var attributes = []Column{
	{
		Name: "attributes", Aliases: []string{"attributes.custom", "attributes.custom.*"}, Type: Map, Source: Attributes{},
		Doc: "attributes of all participants; of a key that several have, the first in the record counts",
	},
}

// attribute is the column of one key.
func attribute(key string) Column {
	return Column{Name: "attributes." + key, Type: Text, Doc: "attribute of that key", Source: Attribute(key)}
}

// keyPath is the name by which the attribute of a key is selected. custom. at the beginning of a key is part of it only behind another.
func keyPath(key string) string {
	if strings.HasPrefix(key, "custom.") {
		return prefixes[0] + key
	}
	return "attributes." + key
}

// said are what a conversation says of itself, but for what has a name above.
func said() (columns []Column) {
	for d := range dimension.Columns(dimension.Conversation) {
		path := strings.TrimSuffix(strings.TrimPrefix(d.From, "conversation."), "[]")
		if slices.ContainsFunc(slices.Concat(first, times), func(c Column) bool { return c.Source == Stored(d.Column) }) {
			continue
		}
		c := reading(d)
		c.Name, c.Doc, c.Source = path, "as in the record", Stored(d.Column)
		if d.Doc != path {
			c.Doc = d.Doc
		}
		if d.Name != "" && d.Name != path {
			c.Aliases = []string{d.Name}
		}
		columns = append(columns, c)
	}
	return columns
}

// reading is a column of the type of a dimension, with what reads it.
func reading(d dimension.Dimension) Column {
	of := func(it *Item) *dimension.Item {
		return &dimension.Item{ID: it.ID, Start: it.Start, End: it.End, Conversation: it.Conversation}
	}
	switch get := d.Get.(type) {
	case dimension.TextOf:
		return Column{Type: Text, read: func(it *Item) any { return text(get(of(it))) }}
	case dimension.TextsOf:
		return Column{Type: Texts, read: func(it *Item) any { return texts(get(of(it))) }}
	case dimension.TruthOf:
		return Column{Type: Truth, read: func(it *Item) any { return pointed(get(of(it))) }}
	case dimension.NumberOf:
		return Column{Type: Number, read: func(it *Item) any { return pointed(get(of(it))) }}
	case dimension.DecimalOf:
		return Column{Type: Decimal, read: func(it *Item) any { return pointed(get(of(it))) }}
	case dimension.InstantOf:
		return Column{Type: Instant, read: func(it *Item) any {
			t, _ := conversation.ParseTime(get(of(it)))
			return instant(t)
		}}
	case dimension.TimeOf:
		return Column{Type: Instant, read: func(it *Item) any { return instant(get(of(it))) }}
	case dimension.NumbersOf, dimension.Emitted: // conversations have none that is a column
	}
	panic("no column reads " + d.From) // the linter knows of every way to read
}

// received are how much there is in a record, and what is known of the version that came.
var received = []Column{
	stored("participantCount", Number, "participant_count", "number of participants", func(it *Item) any { return int64(len(it.Conversation.Participants)) }).in("count").summed(),
	stored("sessionCount", Number, "session_count", "number of sessions", func(it *Item) any { return it.Summary.Sessions }).in("count").summed(),
	stored("segmentCount", Number, "segment_count", "number of segments", func(it *Item) any { return it.Summary.Segments }).in("count").summed(),
	stored("metricCount", Number, "metric_count", "number of metric emissions", func(it *Item) any { return it.Summary.Metrics }).in("count").summed(),
	stored("attributeCount", Number, "attribute_count", "number of participant attributes", func(it *Item) any { return it.Summary.Attributes }).in("count").summed(),
	stored("recordBytes", Number, "record_bytes", "length of the record", func(it *Item) any { return int64(len(it.JSON)) }).in("bytes").summed(),
	stored("recordHash", Text, "record_hash", "SHA-256 of the record, hexadecimal", func(it *Item) any {
		hash := it.Sum()
		return hex.EncodeToString(hash[:])
	}),
	stored("runId", Text, "run_id", "extraction or import that brought this version", func(it *Item) any { return text(it.Run) }),
	stored("extractedAt", Instant, "extracted_at", "when this version was received", func(it *Item) any { return instant(it.At) }),
}

// emitted are the metrics that have no column above.
func emitted() (columns []Column) {
	for _, d := range dimension.Of(dimension.Conversation) {
		metric, ok := d.Get.(dimension.Emitted)
		if ok && !slices.ContainsFunc(measures, func(c Column) bool { return c.Source == Sum(metric) }) {
			columns = append(columns, sum(string(metric), string(metric), ""))
		}
	}
	return columns
}
