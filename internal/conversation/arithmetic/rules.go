package arithmetic

import "time"

// Rule is something that holds in every record, but for exceptions.
type Rule struct{ Name, Says string }

// Rules are what Find asks for.
var Rules = []Rule{
	{"form", "a time can be read"},
	{"order", "participants come by their first segment, segments by start, metrics by emission, then name"},
	{"rule 1", "tHandle = tTalkComplete + tHeldComplete + tAcw + tDialing + tContacting, of agents and users"},
	{"rule 2", "tTalkComplete = sum of tTalk = length of interact segments; tHeldComplete, tHeld and hold alike"},
	{"rule 3", "tAlert = length of the alert; tNotResponding = tAlert, if there is one"},
	{"rule 4", "tAcd = length of the interact of a queue visit; tAnswered of an agent = tAcd of the visit"},
	{"rule 5", "a queue visit has one nOffered and one tAcd, and ends in one of tAnswered (elsewhere), tAbandon, tFlowOut"},
	{"rule 6", "tIvr = length of the ivr segments; tFlow lasts from nFlow to its own emission, is below tIvr, and equals tFlowExit if the flow hands over, else tFlowDisconnect"},
	{"rule 7", "tVoicemail = length of the voicemail's interact; tConnected = that of the outside party's"},
	{"rule 8", "conversationStart is the earliest segmentStart"},
	{"rule 9", "conversationEnd is the latest segmentEnd"},
	{"rule 10", "mediaStatsMinConversationMos is the least minMos, and of minRFactor alike"},
	{"rule 11", "segments of a session follow one another without a gap, but before a wrap-up"},
	{"rule 12", "a count is 1 in each emission; tContacting, tDialing, tAcw, tFlowOutcome and what supervisors do (tMonitoring, tCoaching, tBarging) last as long as what they measure"},
	{"rule 13", "a session has the states of its participant, and comes to them in their order: system, delay, alert, contacting or uploading; dialing; interact, hold or ivr; wrapup"},
	{"rule 14", "disconnectType is on the last segment of a session and again on its wrap-up, nowhere else; flows, answers and abandons end by the one that belongs to them"},
	{"rule 15", "when a talk of two ends, one of them hung up, not both"},
	{"rule 16", "originatingDirection is the direction of the first session"},
	{"rule 17", "a metric is on a participant that has it, and comes with the start or end of what it measures; tTalk and tHeld come with each segment and are as long"},
	{"rule 18", "nTransferred comes with one of nBlindTransferred and nConsultTransferred, the latter after nConsult, which comes during a talk; nOverSla comes with tAnswered"},
}

// Exceptions are findings that real records have, and that are no error.
var Exceptions = []Rule{
	{sweptAway, "a callback that nobody took was closed by the platform 59 days after it came: it was neither answered nor abandoned (rule 5)"},
	{tookOver, "the conversation took over a session of another one, and starts when that did (rule 8)"},
	{startedLate, "the conversation starts a few milliseconds after its first segment (rule 8)"},
	{qualityOfMore, "the quality is worse than that of every endpoint in the record: the one that reported it is not in there (rule 10)"},
	{refusedAcw, "an agent who refused a call wrote it up all the same, and tAcw counts less than the wrap-up (rules 12 and 17)"},
	{shortOrder, "metrics of a short abandon are in no order (order)"},
}

// Names of exceptions.
const (
	sweptAway     = "closed after 59 days"
	tookOver      = "took over a session"
	startedLate   = "started late"
	qualityOfMore = "quality of an endpoint that is missing"
	refusedAcw    = "refused and written up"
	shortOrder    = "short abandon"
)

// swept says whether a visit is a callback that the platform closed. Two real ones lasted 59 days and a second.
func (l *leg) swept() string {
	if wait := l.first(interact); l.s.MediaType == "callback" && wait.end.Sub(wait.start) >= 58*24*time.Hour {
		return sweptAway
	}
	return ""
}

// otherStart says why a conversation may start so long after its first segment. One was measured 13 ms late.
func (a *check) otherStart(late time.Duration) string {
	if late > 0 && late <= 100*time.Millisecond {
		return startedLate
	}
	for _, l := range a.legs {
		for i := range l.s.Segments {
			if late < 0 && l.s.Segments[i].SourceConversationID != "" {
				return tookOver
			}
		}
	}
	return ""
}

// worseThanAll says whether the quality of a conversation is below what its endpoints reported.
func worseThanAll(whole, endpoints *float64) string {
	if whole != nil && (endpoints == nil || *whole < *endpoints) {
		return qualityOfMore
	}
	return ""
}

// refused says whether an agent never spoke and has a wrap-up.
func (l *leg) refused() string {
	if wrapped, _ := l.has(wrapup); wrapped && l.count("tNotResponding") > 0 && l.sum("tAcw") < l.lasted(wrapup) && !l.met() {
		return refusedAcw
	}
	return ""
}

// outOfOrder says whether the metrics are those of a short abandon.
func (l *leg) outOfOrder() string {
	if l.count("tShortAbandon") > 0 {
		return shortOrder
	}
	return ""
}
