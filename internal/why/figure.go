package why

import (
	"slices"
)

// Unit is what the number of a figure is.
type Unit int

// The units.
const (
	Count   Unit = iota // of emissions or conversations
	Seconds             // a sum or a mean of times
	Share               // from 0 to 1
)

// Figure is something that can be asked about.
type Figure struct {
	Name string // as on a command line
	Text string // what it is by our reading
	Unit Unit

	measure measure
	others  []other
}

// term is a part of a measure: what the emissions of a metric add to it.
type term struct {
	metric string
	weight float64
	sum    bool // of the values, milliseconds; else of the emissions
	below  bool // it belongs to what is divided by
}

// measure is a number made of emissions: a sum, or a sum that is divided by another one.
type measure []term

// other is another measure that goes by the same name somewhere.
type other struct {
	name, text string
	measure    measure
}

func counted(metrics ...string) (m measure) {
	for _, name := range metrics {
		m = append(m, term{metric: name, weight: 1})
	}
	return m
}

func summed(metrics ...string) (m measure) {
	for _, name := range metrics {
		m = append(m, term{metric: name, weight: 1, sum: true})
	}
	return m
}

// less takes the counts of other metrics away.
func (m measure) less(metrics ...string) measure {
	for _, t := range counted(metrics...) {
		t.weight = -1
		m = append(m, t)
	}
	return m
}

// by divides by the counts of metrics.
func (m measure) by(metrics ...string) measure {
	for _, t := range counted(metrics...) {
		t.below = true
		m = append(m, t)
	}
	return m
}

// has says whether a metric is part of the measure.
func (m measure) has(metric string) bool {
	return slices.ContainsFunc(m, func(t term) bool { return t.metric == metric })
}

// divided says whether the measure is a quotient.
func (m measure) divided() bool {
	return slices.ContainsFunc(m, func(t term) bool { return t.below })
}

// The figures of parley report, and the sums of times of which they are made. What else goes by their names is from the platform's
// documentation of metrics and of the options of its service level.
var figures = []Figure{
	{"offered", "nOffered: conversations that came into a queue", Count, counted("nOffered"), []other{
		{"answered-or-abandoned", "what was answered or abandoned counts (tAnswered, tAbandon), and not what came in", counted("tAnswered", "tAbandon")},
		{"waits-that-ended", "waits that ended count (tAcd), and not what came in", counted("tAcd")},
	}},
	{"answered", "tAnswered: conversations that an agent answered out of a queue", Count, counted("tAnswered"), []other{
		{"handled", "sessions with a handle time count (tHandle): calls that agents placed, and those that no queue brought, too", counted("tHandle")},
		{"talked", "sessions with a talk count (tTalkComplete)", counted("tTalkComplete")},
		{"offered-less-abandoned", "all that was offered and not abandoned counts (nOffered less tAbandon)", counted("nOffered").less("tAbandon")},
	}},
	{"abandoned", "tAbandon: conversations whose customer left the queue", Count, counted("tAbandon"), []other{
		{"with-flow-outs", "what left the queue in another way, such as to a voicemail, counts as abandoned too (tFlowOut)", counted("tAbandon", "tFlowOut")},
		{"offered-less-answered", "all that was offered and not answered counts (nOffered less tAnswered)", counted("nOffered").less("tAnswered")},
	}},
	{"transferred", "nTransferred: transfers by agents", Count, counted("nTransferred"), []other{
		{"blind-transfers", "blind transfers count alone (nBlindTransferred)", counted("nBlindTransferred")},
		{"consult-transfers", "transfers after a consult count alone (nConsultTransferred)", counted("nConsultTransferred")},
		{"with-consults", "consults count too, whether a transfer came of them or not (nBlindTransferred, nConsult)", counted("nBlindTransferred", "nConsult")},
	}},
	{"handled", "sessions with a handle time: the number of tHandle", Count, counted("tHandle"), []other{
		{"answered", "what was answered out of a queue counts alone (tAnswered)", counted("tAnswered")},
		{"talked", "sessions with a talk count (tTalkComplete)", counted("tTalkComplete")},
		{"with-after-call-work", "sessions with after-call work count (tAcw)", counted("tAcw")},
	}},
	{"handle-time", "the sum of tHandle: talk, hold, after-call work, dialling", Seconds, summed("tHandle"), []other{
		{"without-after-call-work", "talk and hold count alone (tTalkComplete, tHeldComplete)", summed("tTalkComplete", "tHeldComplete")},
		{"talk-and-after-call-work", "hold does not count (tTalkComplete, tAcw)", summed("tTalkComplete", "tAcw")},
		{"talk-alone", "talk counts alone (tTalkComplete)", summed("tTalkComplete")},
		{"with-ringing", "the ringing at agents counts too (tAlert)", summed("tHandle", "tAlert")},
	}},
	{"talk-time", "the sum of tTalkComplete", Seconds, summed("tTalkComplete"), []other{
		{"with-hold", "hold counts too (tHeldComplete)", summed("tTalkComplete", "tHeldComplete")},
		{"by-segment", "each talk counts when it ended, and not when the last one of the session did (tTalk)", summed("tTalk")},
		{"handle-time", "handle time counts (tHandle)", summed("tHandle")},
	}},
	{"wait-time", "the sum of tWait: waits in queues, however they ended", Seconds, summed("tAnswered", "tAbandon", "tFlowOut"), []other{
		{"answered-alone", "the waits of what was answered count alone (tAnswered)", summed("tAnswered")},
		{"without-flow-outs", "the waits of what was answered or abandoned count (tAnswered, tAbandon)", summed("tAnswered", "tAbandon")},
		{"time-in-queue", "time in queues counts as the queue measured it (tAcd)", summed("tAcd")},
	}},
	{"asa", "the average speed of answer: the mean of tAnswered", Seconds, summed("tAnswered").by("tAnswered"), []other{
		{"all-waits", "the mean of all waits, however they ended (tAnswered, tAbandon, tFlowOut)", summed("tAnswered", "tAbandon", "tFlowOut").by("tAnswered", "tAbandon", "tFlowOut")},
		{"by-offered", "the waits of what was answered, divided by what was offered", summed("tAnswered").by("nOffered")},
	}},
	{"aht", "the average handle time: the mean of tHandle", Seconds, summed("tHandle").by("tHandle"), []other{
		{"by-answered", "handle time is divided by what was answered (tAnswered)", summed("tHandle").by("tAnswered")},
		{"without-after-call-work", "the mean of talk and hold (tTalkComplete, tHeldComplete)", summed("tTalkComplete", "tHeldComplete").by("tHandle")},
		{"talk-alone", "the mean of talk (tTalkComplete)", summed("tTalkComplete").by("tTalkComplete")},
	}},
	{"service-level", "of what was answered or abandoned, the share answered in time: tAnswered less nOverSla", Share, counted("tAnswered").less("nOverSla").by("tAnswered", "tAbandon"), []other{
		{"without-abandoned", "what was abandoned does not count against it", counted("tAnswered").less("nOverSla").by("tAnswered")},
		{"with-flow-outs", "what left the queue in another way counts against it too (tFlowOut)", counted("tAnswered").less("nOverSla").by("tAnswered", "tAbandon", "tFlowOut")},
		{"by-offered", "the share of what was offered (nOffered)", counted("tAnswered").less("nOverSla").by("nOffered")},
	}},
}

// Figures lists the names of all figures.
func Figures() (names []string) {
	for _, f := range figures {
		names = append(names, f.Name)
	}
	return names
}

// FigureOf is the figure of a name, and whether there is one.
func FigureOf(name string) (Figure, bool) {
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		return Figure{}, false
	}
	return figures[i], true
}

// metrics are those that any reading of the figure asks for, each once.
func (f Figure) metrics() (names []string) {
	all := slices.Clone(f.measure)
	for _, o := range f.others {
		all = append(all, o.measure...)
	}
	if f.measure.has("nOffered") {
		all = append(all, counted("tAbandon")...) // of which short ones may be taken away
	}
	for _, t := range all {
		if !slices.Contains(names, t.metric) {
			names = append(names, t.metric)
		}
	}
	return names
}
