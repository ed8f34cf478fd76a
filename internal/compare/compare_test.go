package compare

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/live"
	"github.com/parley-hq/parley/internal/wire"
)

// base is a call that has ended: a customer, and an agent who wrapped up; head is all of it before the wrap-up.
const head = `{"conversationEnd":"2026-11-08T10:06:00.000Z","conversationId":"5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11","conversationStart":"2026-11-08T10:00:00.000Z",` +
	`"divisionIds":["d1"],"externalTag":"tag","inactivityTimeout":"2026-11-09T10:00:00.000Z","originatingDirection":"inbound","participants":[` +
	`{"participantId":"p1","participantName":"Ada","purpose":"customer","sessions":[{"direction":"inbound","mediaType":"voice","provider":"Edge","sessionId":"s1",` +
	`"metrics":[{"emitDate":"2026-11-08T10:05:00.000Z","name":"tConnected","value":300000}],"segments":[` +
	`{"conference":false,"disconnectType":"peer","segmentEnd":"2026-11-08T10:05:00.000Z","segmentStart":"2026-11-08T10:00:00.000Z","segmentType":"interact"}]}],` +
	`"attributes":{"IVR.Reason":"billing"}},` +
	`{"participantId":"p2","purpose":"agent","userId":"u1","sessions":[{"direction":"inbound","mediaType":"voice","peerId":"s1","sessionId":"s2","segments":[` +
	`{"conference":false,"disconnectType":"consultTransfer","queueId":"q1","segmentEnd":"2026-11-08T10:05:00.000Z","segmentStart":"2026-11-08T10:01:00.000Z","segmentType":"interact"}`

const base = head +
	`,{"conference":false,"disconnectType":"consultTransfer","queueId":"q1","segmentEnd":"2026-11-08T10:06:00.000Z","segmentStart":"2026-11-08T10:05:00.000Z","segmentType":"wrapup","wrapUpCode":"w1","wrapUpNote":"n","wrapUpTags":["t"]}]}]}]}`

// open is the same while they talk.
var open = with(head, `"conversationEnd":"2026-11-08T10:06:00.000Z",`, ``, `"metrics":[{"emitDate":"2026-11-08T10:05:00.000Z","name":"tConnected","value":300000}],`, ``,
	`"disconnectType":"peer","segmentEnd":"2026-11-08T10:05:00.000Z",`, ``, `"disconnectType":"consultTransfer","queueId":"q1","segmentEnd":"2026-11-08T10:05:00.000Z",`, `"queueId":"q1",`) + `]}]}]}`

var (
	soon    = time.Date(2026, 11, 8, 10, 10, 0, 0, time.UTC)
	before  = time.Date(2026, 11, 8, 4, 10, 0, 0, time.UTC)
	after   = time.Date(2026, 11, 9, 4, 10, 0, 0, time.UTC)
	nextDay = after.Add(5 * time.Hour)
)

// with is a text in which each of some parts is another.
func with(text string, parts ...string) string {
	for pair := range slices.Chunk(parts, 2) {
		if !strings.Contains(text, pair[0]) {
			panic("no " + pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

// liveOf is the live object of a record.
func liveOf(t *testing.T, text string) []byte {
	t.Helper()
	c, misfits := wire.Decode([]byte(text))
	if len(misfits) > 0 {
		t.Fatal(misfits)
	}
	out, err := json.Marshal(live.From(c, live.Names{"q1": "Queue", "w1": "Done"}))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// asked is a question after the night, of which all sources have the base.
func asked(t *testing.T) Question {
	t.Helper()
	return Question{ID: "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11", Now: nextDay, Available: after, DayRead: true, Answers: map[Source]Answer{
		Live: {JSON: liveOf(t, base)}, Query: {JSON: wire.StripAttributes([]byte(base))}, Job: {JSON: []byte(base), AsOf: after}, Lake: {JSON: []byte(base), AsOf: nextDay},
	}}
}

// told are the differences of a result, as path: source reason; source reason.
func told(r Result) map[string]string {
	out := map[string]string{}
	for _, d := range r.Differences {
		var all []string
		for _, b := range d.Reasons {
			all = append(all, string(b.Source)+" "+string(b.Reason))
		}
		out[d.Path] = strings.Join(all, "; ")
	}
	return out
}

// absent are the sources that have nothing, with the reason.
func absent(r Result) map[Source]Reason {
	out := map[Source]Reason{}
	for _, s := range r.Sources {
		if !s.Has {
			out[s.Source] = s.Reason
		}
	}
	return out
}

func TestSourcesThatAgree(t *testing.T) {
	r := Of(asked(t))
	if len(r.Differences) != 0 || len(absent(r)) != 0 || r.Unexplained() != 0 || !r.Has() || r.Start != "2026-11-08T10:00:00.000Z" || r.End != "2026-11-08T10:06:00.000Z" {
		t.Errorf("got %v, %v", told(r), absent(r))
	}
	var seen []string
	for _, f := range r.Fields {
		seen = append(seen, f.Path)
		for _, s := range f.Lacks {
			t.Errorf("%s lacks %s", s, f.Path)
		}
	}
	for path, in := range map[string]int{
		"/conversationEnd": 4, "/originatingDirection": 3, "/participants/p1/attributes/IVR.Reason": 3, "/participants/p1/participantName": 4,
		"/participants/p2/sessions/s2/segments/2026-11-08T10:05:00.000Z wrapup/wrapUpCode":       4,
		"/participants/p2/sessions/s2/segments/2026-11-08T10:01:00.000Z interact/disconnectType": 4,
		"/participants/p2/sessions/s2/segments/2026-11-08T10:01:00.000Z interact/queueId":        3,
		"/participants/p1/sessions/s1/metrics/2026-11-08T10:05:00.000Z tConnected/value":         3,
		"/participants/p1/sessions/s1/segments/2026-11-08T10:00:00.000Z interact/segmentEnd":     4,
		"/participants/p1/sessions/s1/provider":                                                  4, "/divisionIds": 4, "/externalTag": 4, "/inactivityTimeout": 4, "/conversationStart": 4, "/conversationId": 4, "/participants/p2/userId": 4, "/participants/p2/purpose": 4, "/participants/p2/sessions/s2/peerId": 4,
	} {
		if object := path[:max(1, strings.LastIndexByte(path, '/'))]; slices.Contains(seen, object) {
			t.Errorf("%s is compared, which all have", object)
		}
		i := slices.Index(seen, path)
		if i < 0 {
			t.Errorf("%s is not compared: %q", path, seen)
		} else if n := len(r.Fields[i].Values); n != in {
			t.Errorf("%s: %d sources tell it, want %d", path, n, in)
		}
	}
}

// Whatever order a source writes in, and however it spells, it tells the same.
func TestOrderAndSpellingAreNoDifference(t *testing.T) {
	q := asked(t)
	var members map[string]any
	if err := json.Unmarshal([]byte(base), &members); err != nil {
		t.Fatal(err)
	}
	list := members["participants"].([]any)
	slices.Reverse(list)
	agent := list[0].(map[string]any)["sessions"].([]any)[0].(map[string]any)
	slices.Reverse(agent["segments"].([]any))
	turned, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	text := with(string(turned), `10:00:00.000Z`, `10:00:00Z`, `300000`, `3e5`, `"billing"`, `"b\u0069lling"`, `["d1"]`, `[ "d\u0031" ]`, `"tag"`, `"tag","unheardOf":null`)
	q.Answers[Lake] = Answer{JSON: []byte(text)}
	if r := Of(q); len(r.Differences) != 0 {
		t.Errorf("got %v", told(r))
	}
	for _, s := range Of(q).Sources {
		if s.End != "2026-11-08T10:06:00.000Z" || s.Limits == "" || s.Differs != 0 {
			t.Errorf("got %+v", s)
		}
	}
}

func TestReasonsOfFields(t *testing.T) {
	const at = "/participants/p2/sessions/s2/segments/2026-11-08T10:05:00.000Z wrapup"
	long := strings.Repeat("é", 1025)
	for name, c := range map[string]struct {
		change func(q *Question)
		want   map[string]string
	}{
		"not yet processed": {func(q *Question) {
			q.Available, q.Now = before, soon
			q.Answers[Query] = Answer{JSON: []byte(with(open, `"attributes":{"IVR.Reason":"billing"}`, `"attributes":{}`))}
			delete(q.Answers, Job)
			delete(q.Answers, Lake)
		}, map[string]string{
			"/conversationEnd": "query not yet processed", "/participants/p2/sessions/s2/segments/2026-11-08T10:05:00.000Z wrapup": "query not yet processed",
			"/participants/p2/sessions/s2/segments/2026-11-08T10:01:00.000Z interact/segmentEnd":     "query not yet processed",
			"/participants/p2/sessions/s2/segments/2026-11-08T10:01:00.000Z interact/disconnectType": "query not yet processed",
			"/participants/p1/sessions/s1/segments/2026-11-08T10:00:00.000Z interact/segmentEnd":     "query not yet processed",
			"/participants/p1/sessions/s1/segments/2026-11-08T10:00:00.000Z interact/disconnectType": "query not yet processed",
		}},
		"not processed for days": {func(q *Question) {
			q.Available = after.Add(48 * time.Hour)
			q.Answers[Query] = Answer{JSON: []byte(with(base, `,"wrapUpNote":"n"`, ``))}
			q.Answers[Job], q.Answers[Lake] = q.Answers[Query], q.Answers[Query]
		}, map[string]string{at + "/wrapUpNote": "query unexplained"}},
		"moved on": {func(q *Question) {
			q.Available, q.Now = before, soon
			q.Answers = map[Source]Answer{Live: {JSON: liveOf(t, open)}, Query: {JSON: []byte(base)}}
		}, map[string]string{
			"/conversationEnd": "query moved on",
			"/participants/p2/sessions/s2/segments/2026-11-08T10:01:00.000Z interact/segmentEnd":     "query moved on",
			"/participants/p2/sessions/s2/segments/2026-11-08T10:01:00.000Z interact/disconnectType": "query moved on",
			"/participants/p1/sessions/s1/segments/2026-11-08T10:00:00.000Z interact/segmentEnd":     "query moved on",
			"/participants/p1/sessions/s1/segments/2026-11-08T10:00:00.000Z interact/disconnectType": "query moved on",
		}},
		"ahead of what has ended": {func(q *Question) {
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, `"userId":"u1",`, ``))}
		}, map[string]string{"/participants/p2/userId": "query unexplained"}},
		"not before tonight": {func(q *Question) {
			q.Answers[Job] = Answer{JSON: []byte(with(base, `,"wrapUpNote":"n"`, ``))}
			q.Answers[Lake] = q.Answers[Job]
		}, map[string]string{at + "/wrapUpNote": "job not before tonight"}},
		"changed since": {func(q *Question) {
			q.Answers[Lake] = Answer{JSON: []byte(with(base, `"externalTag":"tag"`, `"externalTag":"before"`, `300000`, `299999`, `"IVR.Reason"`, `"Other"`))}
		}, map[string]string{
			"/externalTag": "lake changed since", "/participants/p1/sessions/s1/metrics/2026-11-08T10:05:00.000Z tConnected/value": "lake changed since",
			"/participants/p1/attributes/IVR.Reason": "lake changed since", "/participants/p1/attributes/Other": "lake changed since",
		}},
		"changed twice": {func(q *Question) {
			q.Answers[Job] = Answer{JSON: []byte(with(base, `"externalTag":"tag"`, `"externalTag":"yesterday"`))}
			q.Answers[Lake] = Answer{JSON: []byte(with(base, `"externalTag":"tag",`, ``))}
		}, map[string]string{"/externalTag": "job not before tonight; lake changed since"}},
		"a new evaluation": {func(q *Question) {
			text := with(base, `"externalTag":"tag"`, `"externalTag":"tag","evaluations":[{"evaluationId":"e/1","oTotalScore":3}]`)
			q.Answers[Query], q.Answers[Job] = Answer{JSON: wire.StripAttributes([]byte(text))}, Answer{JSON: []byte(text)}
		}, map[string]string{"/evaluations/e~11": "lake changed since"}},
		"cut value": {func(q *Question) {
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, "billing", long))}
			text := []byte(with(base, "billing", long[:2048]))
			q.Answers[Job], q.Answers[Lake] = Answer{JSON: text}, Answer{JSON: text}
		}, map[string]string{"/participants/p1/attributes/IVR.Reason": "job cut"}},
		"cut name": {func(q *Question) {
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, "IVR.Reason", long))}
			text := []byte(with(base, "IVR.Reason", long[:2048]))
			q.Answers[Job], q.Answers[Lake] = Answer{JSON: text}, Answer{JSON: text}
		}, map[string]string{"/participants/p1/attributes/" + long[:2048]: "job cut"}},
		"a lake with a whole name": {func(q *Question) {
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, "IVR.Reason", long))}
			q.Answers[Job], q.Answers[Lake] = Answer{JSON: []byte(with(base, "IVR.Reason", long[:2048]))}, Answer{JSON: []byte(with(base, "IVR.Reason", long))}
		}, map[string]string{"/participants/p1/attributes/" + long[:2048]: "job cut"}},
		"an end that is later in analytics": {func(q *Question) {
			q.Available = before
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, `"conversationEnd":"2026-11-08T10:06`, `"conversationEnd":"2026-11-08T10:05`))}
		}, map[string]string{"/conversationEnd": "query unexplained"}},
		"an attribute that looks like a time": {func(q *Question) {
			q.Answers[Job] = Answer{JSON: []byte(with(base, `"billing"`, `"2026-11-08T10:00:00Z"`))}
			q.Answers[Lake] = Answer{JSON: []byte(with(base, `"billing"`, `"2026-11-08T10:00:00.000Z"`))}
			delete(q.Answers, Live)
			q.Now = q.Now.Add(live.Kept)
		}, map[string]string{"/participants/p1/attributes/IVR.Reason": "lake changed since"}},
		"an attribute that is a number": {func(q *Question) {
			q.Answers[Job] = Answer{JSON: []byte(with(base, `"billing"`, `7`))}
			q.Answers[Lake] = Answer{JSON: []byte(with(base, `"billing"`, `"7"`))}
			delete(q.Answers, Live)
			q.Now = q.Now.Add(live.Kept)
		}, map[string]string{"/participants/p1/attributes/IVR.Reason": "lake changed since"}},
		"other divisions": {func(q *Question) {
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, `["d1"]`, `["d1","d2"]`))}
		}, map[string]string{"/divisionIds": "query not yet processed"}},
		"a member of participants that live objects do not have": {func(q *Question) {
			text := with(base, `"participantId":"p2"`, `"participantId":"p2","screenRecording":true`)
			q.Answers = map[Source]Answer{Live: {JSON: liveOf(t, text)}, Job: {JSON: []byte(text)}}
		}, map[string]string{}},
		"wrapped up twice": {func(q *Question) {
			text := with(base, `,"wrapUpTags":["t"]}`, `,"wrapUpTags":["t"]},{"conference":false,"segmentEnd":"2026-11-08T10:08:00.000Z","segmentStart":"2026-11-08T10:07:00.000Z","segmentType":"wrapup"}`)
			q.Answers = map[Source]Answer{Live: {JSON: liveOf(t, text)}, Job: {JSON: []byte(text)}}
		}, map[string]string{}},
		"no divisions": {func(q *Question) {
			text := with(base, `"divisionIds":["d1"],`, ``)
			q.Answers = map[Source]Answer{Live: {JSON: liveOf(t, text)}, Job: {JSON: []byte(text)}}
		}, map[string]string{}},
		"not cut but another": {func(q *Question) {
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, "billing", long[:2048]))}
			text := []byte(with(base, "billing", long[:2046]))
			q.Answers[Job], q.Answers[Lake] = Answer{JSON: text}, Answer{JSON: text}
		}, map[string]string{"/participants/p1/attributes/IVR.Reason": "job not before tonight"}},
		"who it was is another": {func(q *Question) {
			q.Answers[Lake] = Answer{JSON: []byte(with(base, `"userId":"u1"`, `"userId":"u2"`))}
		}, map[string]string{"/participants/p2/userId": "lake unexplained"}},
		"a participant is gone": {func(q *Question) {
			q.Answers[Lake] = Answer{JSON: []byte(with(base, `"participants":[`, `"participants":[{"participantId":"p0","purpose":"acd"},`))}
		}, map[string]string{"/participants/p0": "lake unexplained"}},
		"opened again": {func(q *Question) {
			for s := range maps.Keys(q.Answers) {
				if s != Lake {
					q.Answers[s] = Answer{JSON: []byte(with(base, `"conversationEnd":"2026-11-08T10:06:00.000Z",`, ``))}
				}
			}
			q.Answers[Live] = Answer{JSON: liveOf(t, with(base, `"conversationEnd":"2026-11-08T10:06:00.000Z",`, ``))}
		}, map[string]string{"/conversationEnd": "lake changed since"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := asked(t)
			c.change(&q)
			r := Of(q)
			for _, n := range r.Reasons {
				if !strings.Contains(strings.Join(slices.Collect(maps.Values(c.want)), ";")+joined(absent(r)), string(n.Reason)) {
					t.Errorf("%s does not occur", n.Reason)
				}
			}
			for _, reason := range Reasons() {
				occurs := strings.Contains(strings.Join(slices.Collect(maps.Values(c.want)), ";"), " "+string(reason))
				if occurs && !slices.Contains(r.Reasons, Named{reason, reason.Sentence()}) {
					t.Errorf("%s is not said", reason)
				}
			}
			if got := told(r); !maps.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
			for _, s := range r.Sources {
				if n := strings.Count(strings.Join(slices.Collect(maps.Values(c.want)), ";"), string(s.Source)+" "); s.Differs != n {
					t.Errorf("%s differs in %d fields, want %d", s.Source, s.Differs, n)
				}
			}
			unexplained := 0
			for _, reasons := range c.want {
				unexplained += strings.Count(reasons, "unexplained")
			}
			if r.Unexplained() != unexplained+strings.Count(joined(absent(r)), "unexplained") {
				t.Errorf("%d unexplained", r.Unexplained())
			}
		})
	}
}

func joined(all map[Source]Reason) (out string) {
	for s, reason := range all {
		out += string(s) + " " + string(reason) + "\n"
	}
	return out
}

func TestWhySourcesHaveNothing(t *testing.T) {
	months := nextDay.Add(100 * 24 * time.Hour)
	for name, c := range map[string]struct {
		change func(q *Question)
		want   map[Source]Reason
	}{
		"purged": {func(q *Question) {
			delete(q.Answers, Live)
			q.Now = soon.Add(live.Kept + time.Hour)
		}, map[Source]Reason{Live: Purged}},
		"purged, by a platform whose clock is ahead": {func(q *Question) {
			delete(q.Answers, Live)
			q.Available = soon.Add(live.Kept)
		}, map[Source]Reason{Live: Purged}},
		"not live though it ended lately": {func(q *Question) {
			delete(q.Answers, Live)
			q.Now = soon.Add(live.Kept - 72*time.Hour)
		}, map[Source]Reason{Live: Unexplained}},
		"not live though it goes on": {func(q *Question) {
			q.Answers = map[Source]Answer{Query: {JSON: []byte(open)}, Job: {Reason: NotAsked}, Lake: {Reason: NotAsked}}
			q.Now = months
		}, map[Source]Reason{Live: Unexplained, Job: NotAsked, Lake: NotAsked}},
		"only just begun": {func(q *Question) {
			q.Answers, q.Available, q.DayRead = map[Source]Answer{Live: {JSON: liveOf(t, open)}}, before, false
		}, map[Source]Reason{Query: NotProcessed, Job: NotTonight, Lake: NotTonight}},
		"unknown to analytics for days": {func(q *Question) {
			q.Answers, q.Available = map[Source]Answer{Live: {JSON: liveOf(t, base)}}, after.Add(24*time.Hour)
		}, map[Source]Reason{Query: Unexplained, Job: Unexplained, Lake: Unexplained}},
		"not extracted": {func(q *Question) {
			delete(q.Answers, Lake)
			q.DayRead = false
		}, map[Source]Reason{Lake: NotExtracted}},
		"missing in a day that was read": {func(q *Question) { delete(q.Answers, Lake) }, map[Source]Reason{Lake: Unexplained}},
		"in the lake alone": {func(q *Question) {
			q.Answers, q.Now = map[Source]Answer{Lake: q.Answers[Lake]}, nextDay.Add(600*24*time.Hour)
		}, map[Source]Reason{Live: Purged, Query: Outlived, Job: Outlived}},
		"in the lake alone, too early": {func(q *Question) {
			q.Answers, q.Now = map[Source]Answer{Lake: q.Answers[Lake]}, months
		}, map[Source]Reason{Live: Purged, Query: Unexplained, Job: Unexplained}},
		"refused": {func(q *Question) {
			q.Answers[Live], q.Answers[Query] = Answer{Reason: Forbidden, Why: "x"}, Answer{Reason: Throttled}
			q.Answers[Job], q.Answers[Lake] = Answer{Reason: Failed}, Answer{JSON: []byte(base)}
		}, map[Source]Reason{Live: Forbidden, Query: Throttled, Job: Failed}},
		"an archive":      {func(q *Question) { q.Answers[Live] = Answer{Reason: NoLive} }, map[Source]Reason{Live: NoLive}},
		"no live object":  {func(q *Question) { q.Answers[Live] = Answer{JSON: []byte(`["x"]`)} }, map[Source]Reason{Live: Failed}},
		"no conversation": {func(q *Question) { q.Answers[Job] = Answer{JSON: []byte(`[]`)} }, map[Source]Reason{Job: Failed}},
		"nobody has it":   {func(q *Question) { q.Answers = nil }, map[Source]Reason{Live: "", Query: "", Job: "", Lake: ""}},
	} {
		t.Run(name, func(t *testing.T) {
			q := asked(t)
			c.change(&q)
			r := Of(q)
			if got := absent(r); !maps.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if want := map[bool]int{true: 3}[name == "refused"]; name == "refused" && len(r.Refused()) != want {
				t.Errorf("refused: %v", r.Refused())
			}
			if r.Has() == (name == "nobody has it") {
				t.Errorf("has it: %v", r.Has())
			}
			said := map[Reason]bool{}
			for _, n := range r.Reasons {
				if said[n.Reason] = true; n.Sentence == "" || !strings.Contains(joined(c.want), string(n.Reason)) {
					t.Errorf("%q is said as %q", n.Reason, n.Sentence)
				}
			}
			for s, reason := range c.want {
				if reason != "" && !said[reason] {
					t.Errorf("%s: %s is not said", s, reason)
				}
			}
		})
	}
}

func TestEveryReasonHasASentence(t *testing.T) {
	if len(Reasons()) != len(sentences) {
		t.Errorf("%d reasons, %d sentences", len(Reasons()), len(sentences))
	}
	for _, r := range Reasons() {
		if r.Sentence() == "" {
			t.Errorf("%s has none", r)
		}
	}
}

func TestAdvice(t *testing.T) {
	notes := func(q Question) (out []string) {
		for _, a := range Of(q).Advice {
			out = append(out, string(a.Use)+": "+a.Note)
		}
		return out
	}
	q := asked(t)
	if got, want := notes(q), []string{
		"live: it is kept until about 2027-01-07", "query: it is up to date", "job: it is as the last nightly batch found it; dataAvailabilityDate is 2026-11-09T04:10:00.000Z",
		"lake: it is as it was received at 2026-11-09T09:10:00.000Z",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	q.Answers[Lake] = Answer{JSON: []byte(with(base, `"tag"`, `"before"`))}
	if got := notes(q)[3]; got != "lake: read its day again: parley extract --again 2026-11-08" {
		t.Errorf("got %q", got)
	}
	q.Answers, q.Available, q.DayRead = map[Source]Answer{Live: {JSON: liveOf(t, open)}}, before, false
	if got, want := notes(q), []string{
		"live: it goes on", "query: it is not through with this one: ask again a little later",
		"job: after the next nightly batch; dataAvailabilityDate is 2026-11-08T04:10:00.000Z", "lake: after the next nightly batch, and parley extract",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	q.Answers = map[Source]Answer{Query: {Reason: Forbidden}, Lake: {JSON: []byte(base)}, Job: {Reason: NotAsked}}
	q.Available = time.Time{}
	if got, want := notes(q), []string{
		"live: it has none: unexplained", "query: it could not be asked: no permission", "job: it was not asked", "lake: it is as it was received",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	q.Answers[Live], q.Now = Answer{}, nextDay.Add(live.Kept)
	if got := notes(q)[0]; got != "live: it is gone; a lake or a job has the attributes, cut to 1,024 characters" {
		t.Errorf("got %q", got)
	}
	q.Answers = nil
	if got := notes(q); len(got) != 0 {
		t.Errorf("of nothing: %q", got)
	}
}

// What may be told otherwise later, and what may not.
func TestWhatChangesLate(t *testing.T) {
	const late = "accessAttributes activeSkillIds acwSkipped agentBullseyeRing audioMuted cleared conference consultationConversationIds conversationEnd " +
		"customerParticipation deliveryPushed deliveryStatus deliveryStatusChangeDate disconnectType divisionIds eligibleAgentCounts extendedDeliveryStatus " +
		"externalContactId externalOrganizationId externalTag flaggedReason inactivityTimeout knowledgeBaseIds mediaCount mediaStatsMinConversationMos " +
		"mediaStatsMinConversationRFactor participantName recording removedSkillIds routingRing segmentEnd selectedAgentId selectedAgentRank selfServed " +
		"usedRouting videoMuted waitingInteractionCounts wrapUpCode wrapUpNote wrapUpTags"
	one, two := jsontext.Value(`"1"`), jsontext.Value(`"2"`)
	for name := range strings.FieldsSeq(late) {
		if of := (change{member: name, list: "segments"}); !of.mayBecome(one, two) || of.mayBecome(one, nil) != (name == "conversationEnd") {
			t.Errorf("%s may become another: %v, go: %v", name, of.mayBecome(one, two), of.mayBecome(one, nil))
		}
	}
	if len(lateMembers) != len(strings.Fields(late)) {
		t.Errorf("%d members change late", len(lateMembers))
	}
	lists := strings.Fields("agentGroups attributes evaluations flow mediaEndpointStats metrics outcomes properties proposedAgents resolutions scoredAgents surveys")
	for _, list := range lists {
		if of := (change{member: "any", list: list}); !of.mayBecome(one, two) || !of.mayBecome(one, nil) {
			t.Errorf("a member of %s may not become another", list)
		}
	}
	if len(lateLists) != len(lists) {
		t.Errorf("%d lists change late", len(lateLists))
	}
	for _, name := range []string{"ani", "segmentStart", "userId", "unheardOf"} {
		if of := (change{member: name}); of.mayBecome(one, two) || of.mayBecome(one, nil) || !of.mayBecome(nil, one) {
			t.Errorf("%s: told otherwise %v, gone %v, new %v", name, of.mayBecome(one, two), of.mayBecome(one, nil), of.mayBecome(nil, one))
		}
	}
}

// For how long a reason holds, to the millisecond.
func TestBoundsOfReasons(t *testing.T) {
	const moment = time.Millisecond
	ended := time.Date(2026, 11, 8, 10, 6, 0, 0, time.UTC)
	began := time.Date(2026, 11, 8, 10, 0, 0, 0, time.UTC)
	live1 := ended.Add(live.Kept - 48*time.Hour)
	outlived := began.Add(528 * 24 * time.Hour)
	for at, want := range map[time.Time]Reason{live1: Purged, live1.Add(-moment): Unexplained} {
		q := asked(t)
		delete(q.Answers, Live)
		if q.Now = at; absent(Of(q))[Live] != want {
			t.Errorf("live, at %v: %v", at, absent(Of(q)))
		}
	}
	for at, want := range map[time.Time]Reason{outlived: Unexplained, outlived.Add(moment): Outlived} {
		q := asked(t)
		q.Answers, q.Now = map[Source]Answer{Lake: q.Answers[Lake]}, at
		if got := absent(Of(q)); got[Query] != want || got[Job] != want {
			t.Errorf("analytics, at %v: %v", at, got)
		}
	}
	for available, want := range map[time.Time]map[Source]Reason{
		began:                                  {Query: NotProcessed, Job: NotTonight, Lake: NotTonight},
		began.Add(moment):                      {Query: NotProcessed, Job: Unexplained, Lake: NotExtracted},
		began.Add(24*time.Hour - moment):       {Query: NotProcessed, Job: Unexplained, Lake: NotExtracted},
		began.Add(24 * time.Hour):              {Query: Unexplained, Job: Unexplained, Lake: NotExtracted},
		{}:                                     {Query: NotProcessed, Job: Unexplained, Lake: NotExtracted},
		began.Add(24*time.Hour + time.Hour*24): {Query: Unexplained, Job: Unexplained, Lake: NotExtracted},
	} {
		q := asked(t)
		q.Answers, q.Available, q.DayRead = map[Source]Answer{Live: q.Answers[Live]}, available, false
		if got := absent(Of(q)); !maps.Equal(got, want) {
			t.Errorf("available %v: got %v, want %v", available, got, want)
		}
	}
	// The last thing that happened is the end of the wrap-up. What is still to come, and what attributes say, is none.
	for available, want := range map[time.Time]string{ended.Add(24 * time.Hour): "query not yet processed", ended.Add(24*time.Hour + moment): "query unexplained"} {
		q := asked(t)
		text := with(base, "billing", "2027-01-01T00:00:00Z", `"provider":"Edge"`, `"callbackScheduledTime":"2026-12-24T00:00:00Z","provider":"2026-11-08"`)
		q.Available, q.Answers = available, map[Source]Answer{Live: {JSON: liveOf(t, text)}, Query: {JSON: []byte(with(text, `"externalTag":"tag",`, ``))}}
		if got := told(Of(q))["/externalTag"]; got != want {
			t.Errorf("available %v: %s, want %s", available, got, want)
		}
	}
}

// A live object of which a part is missing, or is something else, says nothing of that part.
func TestLiveObjectsInPart(t *testing.T) {
	whole := string(liveOf(t, base))
	for name, c := range map[string]struct {
		parts []string
		want  map[string]string
	}{
		"no segments": {[]string{`"segments":[{`, `"segmentz":[{`}, nil},
		"odd members": {[]string{`"chats":[]`, `"chats":7`, `"direction":"inbound",`, ``}, nil},
		"twice, and not quite UTF-8": {[]string{`"purpose":"agent"`, `"purpose":"acd","purpose":"agent"`, `"Ada"`, "\"Ad\xff\""}, map[string]string{
			"/participants/p1/participantName": "query not yet processed",
		}},
		"another wrap-up": {[]string{`"notes":"n"`, `"notes":"m"`}, map[string]string{
			"/participants/p2/sessions/s2/segments/2026-11-08T10:05:00.000Z wrapup/wrapUpNote": "query not yet processed",
		}},
		"an odd type": {[]string{`"type":"Wrapup"`, `"type":7`}, map[string]string{
			"/participants/p2/sessions/s2/segments/2026-11-08T10:05:00.000Z 7": "query not yet processed",
		}},
		"no sessions, other names": {[]string{`"calls":[{`, `"callz":[{`, `"name":"Ada"`, `"title":"Ada"`, `"userId":"u1"`, `"name":"Grace","userId":"u1"`}, nil},
		"another name":             {[]string{`"name":"Ada"`, `"name":"Eve"`}, map[string]string{"/participants/p1/participantName": "query not yet processed"}},
		"odd attributes":           {[]string{`"attributes":{"IVR.Reason":"billing"}`, `"attributes":7`}, map[string]string{"/participants/p1/attributes/IVR.Reason": "job not before tonight"}},
		"no attributes":            {[]string{`"attributes":{"IVR.Reason":"billing"}`, `"attributes":null`}, map[string]string{"/participants/p1/attributes/IVR.Reason": "job not before tonight"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := asked(t)
			q.Available = after
			q.Answers[Live] = Answer{JSON: []byte(with(whole, c.parts...))}
			got := told(Of(q))
			if !maps.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

// What people are shown of a place: what an object is, and the beginning of its id or its time.
func TestLabels(t *testing.T) {
	text := with(base, `"p1"`, `"299bb3a1-ecae-4cc6-9af4-e9fbb908a036"`, `"externalTag":"tag"`, `"externalTag":"tag","evaluations":[{"evaluationId":"e1","oTotalScore":1}]`,
		`"provider":"Edge"`, `"provider":"Edge","flow":{"flowId":"f","outcomes":[{"flowOutcomeId":"o"}]}`)
	labels := map[string]string{}
	for _, f := range Of(Question{Answers: map[Source]Answer{Job: {JSON: []byte(text)}}}).Fields {
		labels[f.Label] = f.Path
	}
	for _, f := range Of(Question{Answers: map[Source]Answer{Live: {JSON: liveOf(t, text)}}}).Fields {
		if labels[f.Label] != f.Path {
			t.Errorf("live: %s is at %s, want %s", f.Label, f.Path, labels[f.Label])
		}
	}
	for _, want := range []string{
		"conversationEnd", "evaluation e1 / oTotalScore", "customer 299bb3a1 / participantName", "customer 299bb3a1 / attributes / IVR.Reason",
		"customer 299bb3a1 / voice s1 / provider", "customer 299bb3a1 / voice s1 / flow / flowId", "customer 299bb3a1 / voice s1 / flow / outcome o / flowOutcomeId",
		"customer 299bb3a1 / voice s1 / tConnected 10:05:00.000 / value", "agent p2 / voice s2 / wrapup 10:05:00.000 / wrapUpCode",
	} {
		if labels[want] == "" {
			t.Errorf("%s is not among %v", want, slices.Sorted(maps.Keys(labels)))
		}
	}
}

// A question is read and not changed.
func TestAQuestionStaysAsItIs(t *testing.T) {
	q := asked(t)
	q.Answers[Job] = Answer{JSON: []byte(`"junk"`)}
	if r := Of(q); absent(r)[Job] != Failed || string(q.Answers[Job].JSON) != `"junk"` {
		t.Errorf("got %v, and the answer is %+v", absent(r), q.Answers[Job])
	}
}

// Two objects with nothing to tell them apart by are told apart by their text, wherever they stand.
func TestEmissionsOfOneInstant(t *testing.T) {
	two := func(a, b string) string {
		one := func(v string) string {
			return `{"emitDate":"2026-11-08T10:05:00.000Z","name":"nOffered","value":` + v + `}`
		}
		return with(base, `"metrics":[{"emitDate":"2026-11-08T10:05:00.000Z","name":"tConnected","value":300000}]`, `"metrics":[`+one(a)+`,`+one(b)+`]`)
	}
	q := asked(t)
	q.Answers = map[Source]Answer{Job: {JSON: []byte(two("1", "2"))}, Lake: {JSON: []byte(two("2", "1"))}}
	if got := told(Of(q)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	q.Answers[Lake] = Answer{JSON: []byte(two("1", "3"))}
	want := map[string]string{"/participants/p1/sessions/s1/metrics/2026-11-08T10:05:00.000Z nOffered #2/value": "lake changed since"}
	if got := told(Of(q)); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Whatever a source answers, it is compared with the others, and never a panic.
func FuzzOf(f *testing.F) {
	f.Add([]byte(base), []byte(open))
	f.Add([]byte(`{"participants":[{"sessions":[{"segments":[null,{}]},3]}]}`), []byte(`{"participants":[{"calls":[{"segments":[{"type":3}],"wrapup":{}}]}]}`))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		r := Of(Question{ID: "x", Now: nextDay, Available: after, Answers: map[Source]Answer{
			Live: {JSON: one}, Query: {JSON: other}, Job: {JSON: one}, Lake: {JSON: one},
		}})
		if len(r.Sources) != 4 {
			t.Fatal(r.Sources)
		}
		same := Of(Question{ID: "x", Answers: map[Source]Answer{Job: {JSON: one}, Lake: {JSON: one}}})
		if len(same.Differences) > 0 {
			t.Errorf("differs from itself: %v", told(same))
		}
	})
}
