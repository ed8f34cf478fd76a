package aggregate

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

const forever = 200 * 365 * 24 * time.Hour

func over(t *testing.T, records ...conversation.Record) engine.Engine {
	t.Helper()
	s := mem.New(nil)
	if _, err := s.Add(records...); err != nil {
		t.Fatal(err)
	}
	end := time.Unix(0, 0).Add(forever)
	return s.View(end, end)
}

func asked(t *testing.T, body string) query.Aggregate {
	t.Helper()
	a, err := query.DecodeAggregate([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// answered is the answer to a request as it stands on the wire, a group a line.
func answered(t *testing.T, e engine.Engine, body string) string {
	t.Helper()
	a := asked(t, body)
	groups, err := Answer(t.Context(), e, a)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, g := range groups {
		text, err := Append(nil, a, g)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	return strings.Join(lines, "\n")
}

// days are some of the simulated contact centre, decoded.
func days(t *testing.T, first conversation.Day, n int) (all []*conversation.Conversation, records []conversation.Record) {
	t.Helper()
	centre := sim.New(sim.Config{Seed: 7, PerDay: 150})
	for day := first; day < first+conversation.Day(n); day++ {
		for c := range centre.Day(day) {
			text, err := wire.Encode(c)
			if err != nil {
				t.Fatal(err)
			}
			r, err := wire.Record(text)
			if err != nil {
				t.Fatal(err)
			}
			all, records = append(all, c), append(records, r)
		}
	}
	return all, records
}

// key is a group and a bucket.
type key struct{ queue, interval string }

// summed adds up what sessions emitted, by the queue of the emission and by hours: of each metric the count and the sum.
func summed(t *testing.T, all []*conversation.Conversation, iv conversation.Interval) map[key]map[string][2]int64 {
	t.Helper()
	out := map[key]map[string][2]int64{}
	for _, c := range all {
		for _, p := range c.Participants {
			for _, s := range p.Sessions {
				for _, m := range s.Metrics {
					at, err := conversation.ParseTime(m.EmitDate)
					if err != nil || !iv.Contains(at) {
						continue
					}
					hour := at.Truncate(time.Hour)
					k := key{queueOf(s, at), conversation.Interval{Start: hour, End: hour.Add(time.Hour)}.String()}
					if out[k] == nil {
						out[k] = map[string][2]int64{}
					}
					have := out[k][m.Name]
					out[k][m.Name] = [2]int64{have[0] + 1, have[1] + m.Value}
				}
			}
		}
	}
	return out
}

// queueOf is that of the last segment that had begun: simulated segments all have it, or none.
func queueOf(s conversation.Session, at time.Time) (queue string) {
	for _, g := range s.Segments {
		if start, err := conversation.ParseTime(g.SegmentStart); err == nil && g.QueueID != "" && (!start.After(at) || queue == "") {
			queue = g.QueueID
		}
	}
	return queue
}

// Sums over details are the aggregates: of every metric, by queue and hour, each where it was emitted.
func TestSumsOverDetailsEqualTheAggregates(t *testing.T) {
	first := conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	all, records := days(t, first, 4)
	iv := conversation.Interval{Start: (first + 1).Start(), End: (first + 3).Start()} // with a day before it and one after
	want := summed(t, all, iv)
	names := []string{"nOffered", "nConnected", "nTransferred", "nOverSla", "tAnswered", "tAbandon", "tAcd", "tTalk", "tHandle", "tAcw", "tConnected", "tFlowOut"}
	a := asked(t, fmt.Sprintf(`{"interval":%q,"granularity":"PT1H","groupBy":["queueId"],"metrics":["%s"]}`, iv, strings.Join(append(names, "tWait", "oServiceLevel"), `","`)))
	groups, err := Answer(t.Context(), over(t, records...), a)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, g := range groups {
		for _, b := range g.Data {
			figures := map[string]Figure{}
			for _, f := range b.Figures {
				figures[f.Name] = f
			}
			sums := want[key{g.Values[0], b.Interval.String()}]
			for _, name := range names {
				got := figures[name].Stats
				if [2]int64{got.Count, int64(got.Sum)} != sums[name] {
					t.Errorf("%s of %q in %v: %+v, want %v", name, g.Values[0], b.Interval, got, sums[name])
				}
				if got.Count > 0 {
					found++
				}
			}
			checkMade(t, figures, sums)
		}
	}
	there := 0
	for _, sums := range want {
		for _, name := range names {
			if sums[name][0] > 0 {
				there++
			}
		}
	}
	if found != there || len(groups) < 5 {
		t.Errorf("%d groups with %d figures, want %d", len(groups), found, there)
	}
}

// checkMade checks the figures that are made of others.
func checkMade(t *testing.T, figures map[string]Figure, sums map[string][2]int64) {
	t.Helper()
	answered, abandoned, out := sums["tAnswered"], sums["tAbandon"], sums["tFlowOut"]
	wait := figures["tWait"].Stats
	if wait.Count != answered[0]+abandoned[0]+out[0] || int64(wait.Sum) != answered[1]+abandoned[1]+out[1] {
		t.Errorf("waits are %+v, of %v answered, %v abandoned and %v that flowed out", wait, answered, abandoned, out)
	}
	level := figures["oServiceLevel"].Level
	if all := answered[0] + abandoned[0]; all == 0 != (level == nil) {
		t.Errorf("the service level of %d is %+v", all, level)
	} else if level != nil && (level.All != float64(all) || level.InTime != float64(answered[0]-sums["nOverSla"][1])) {
		t.Errorf("the service level is %+v, of %v answered, %v abandoned, %v too late", level, answered, abandoned, sums["nOverSla"])
	}
}

// call is a record of a call that was offered and answered at some second of an hour, by an agent.
func call(t *testing.T, id, at, queue, user string, wait int) conversation.Record {
	t.Helper()
	start, err := conversation.ParseTime(at)
	if err != nil {
		t.Fatal(err)
	}
	answer := conversation.FormatTime(start.Add(time.Duration(wait) * time.Millisecond))
	text := fmt.Sprintf(`{"conversationEnd":%[3]q,"conversationId":%[1]q,"conversationStart":%[2]q,"divisionIds":["d2","d1"],"participants":[
		{"purpose":"acd","sessions":[{"mediaType":"voice","metrics":[{"emitDate":%[2]q,"name":"nOffered","value":1}],"segments":[{"queueId":%[4]q,"segmentStart":%[2]q}]}]},
		{"purpose":"agent","userId":%[5]q,"sessions":[{"mediaType":"voice","metrics":[{"emitDate":%[3]q,"name":"tAnswered","value":%[6]d}%[7]s],"segments":[{"queueId":%[4]q,"segmentStart":%[3]q}]}]}]}`,
		id, conversation.FormatTime(start), answer, queue, user, wait, late(wait, answer))
	r, err := wire.Record([]byte(strings.NewReplacer("\n", "", "\t", "").Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func late(wait int, at string) string {
	if wait <= 20_000 {
		return ""
	}
	return fmt.Sprintf(`,{"emitDate":%q,"name":"nOverSla","value":1}`, at)
}

func fewCalls(t *testing.T) engine.Engine {
	t.Helper()
	return over(t,
		call(t, "c1", "2026-11-01T09:00:00Z", "q1", "ann", 5_000), call(t, "c2", "2026-11-01T09:59:50Z", "q1", "bob", 30_000),
		call(t, "c3", "2026-11-01T10:00:00Z", "q2", "ann", 1_000), call(t, "c4", "2026-11-02T09:00:00Z", "q2", "", 2_000))
}

// The shape is the platform's, member by member: counts have a count, times four statistics, the service level its own; what there
// is nothing of is left out.
func TestAnswersOnTheWire(t *testing.T) {
	e := fewCalls(t)
	const day = `"interval":"2026-11-01T00:00Z/2026-11-02T00:00Z"`
	for body, want := range map[string]string{
		`{` + day + `,"granularity":"PT1H","groupBy":["queueId"],"metrics":["nOffered","tAnswered","oServiceLevel","tTalk"]}`: `
{"group":{"queueId":"q1"},"data":[{"interval":"2026-11-01T09:00:00.000Z/2026-11-01T10:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":2}},{"metric":"tAnswered","stats":{"max":5000,"min":5000,"count":1,"sum":5000}},{"metric":"oServiceLevel","stats":{"ratio":1,"numerator":1,"denominator":1}}]},{"interval":"2026-11-01T10:00:00.000Z/2026-11-01T11:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":30000,"min":30000,"count":1,"sum":30000}},{"metric":"oServiceLevel","stats":{"ratio":0,"numerator":0,"denominator":1}}]}]}
{"group":{"queueId":"q2"},"data":[{"interval":"2026-11-01T10:00:00.000Z/2026-11-01T11:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}},{"metric":"tAnswered","stats":{"max":1000,"min":1000,"count":1,"sum":1000}},{"metric":"oServiceLevel","stats":{"ratio":1,"numerator":1,"denominator":1}}]}]}`,
		`{` + day + `,"metrics":["tAnswered"],"views":[{"target":"tAnswered","name":"quick","function":"rangeBound","range":{"lt":10000}}]}`: `
{"group":{},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":30000,"min":1000,"count":3,"sum":36000}}],"views":[{"name":"quick","stats":{"max":5000,"min":1000,"count":2,"sum":6000}}]}]}`,
		`{"interval":"2026-11-02/P1D","groupBy":["userId","divisionId"],"metrics":["tAnswered"]}`: `
{"group":{"divisionId":"d1"},"data":[{"interval":"2026-11-02T00:00:00.000Z/2026-11-03T00:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":2000,"min":2000,"count":1,"sum":2000}}]}]}
{"group":{"divisionId":"d2"},"data":[{"interval":"2026-11-02T00:00:00.000Z/2026-11-03T00:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":2000,"min":2000,"count":1,"sum":2000}}]}]}`,
		`{"interval":"2026-11-02/P1D","groupBy":["divisionId"],"flattenMultivaluedDimensions":true,"metrics":["nOffered"]}`: `
{"group":{"divisionId":"d1,d2"},"data":[{"interval":"2026-11-02T00:00:00.000Z/2026-11-03T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}`,
		`{` + day + `,"groupBy":["userId"],"filter":{"type":"and","predicates":[{"dimension":"queueId","value":"Q1"}]},"metrics":["tAnswered"],"queryType":"topN","limit":1,"sortMetric":{"name":"tAnswered","function":"sum"}}`: `
{"group":{"userId":"bob"},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":30000,"min":30000,"count":1,"sum":30000}}]}]}`,
		`{` + day + `,"groupBy":["userId"],"metrics":["tAnswered"],"queryType":"bottomN","sortMetric":{"name":"tWait","function":"average"}}`: `
{"group":{"userId":"ann"},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":5000,"min":1000,"count":2,"sum":6000}}]}]}
{"group":{"userId":"bob"},"data":[{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","metrics":[{"metric":"tAnswered","stats":{"max":30000,"min":30000,"count":1,"sum":30000}}]}]}`,
		`{"interval":"2020-01-01/P1D","metrics":["tAnswered"]}`: "\n",
	} {
		if got := "\n" + answered(t, e, body); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}

// A day on which clocks change has the calls of its 25 hours.
func TestADayOf25Hours(t *testing.T) {
	e := over(t, call(t, "c1", "2026-10-24T22:00:00Z", "q", "a", 0), call(t, "c2", "2026-10-25T22:59:59Z", "q", "a", 0), call(t, "c3", "2026-10-25T23:00:00Z", "q", "a", 0))
	got := answered(t, e, `{"interval":"2026-10-25T00:00:00+02:00/2026-10-27T00:00:00+01:00","timeZone":"Europe/Berlin","granularity":"P1D","metrics":["nOffered"]}`)
	want := `{"group":{},"data":[{"interval":"2026-10-24T22:00:00.000Z/2026-10-25T23:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":2}}]},` +
		`{"interval":"2026-10-25T23:00:00.000Z/2026-10-26T23:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1}}]}]}`
	if got != want {
		t.Errorf("got %s", got)
	}
}

// An answer has at most so many figures; whoever asks for more is told what to ask in its place.
func TestAnswersAreBounded(t *testing.T) {
	r := call(t, "c", "2026-11-01T09:00:00Z", "q", "a", 0)
	var divisions, skills []string
	for i := range 600 {
		divisions, skills = append(divisions, fmt.Sprintf(`"d%d"`, i)), append(skills, fmt.Sprintf(`"s%d"`, i))
	}
	text := strings.Replace(string(r.JSON), `"d2","d1"`, strings.Join(divisions, ","), 1)
	text = strings.ReplaceAll(text, `{"queueId"`, `{"requestedRoutingSkillIds":[`+strings.Join(skills, ",")+`],"queueId"`)
	r, err := wire.Record([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	a := asked(t, `{"interval":"2026-11-01/P1D","groupBy":["divisionId","requestedRoutingSkillId"],"metrics":["nOffered"]}`)
	_, err = Answer(t.Context(), over(t, r), a)
	f, _ := errors.AsType[*fault.Error](err)
	if f == nil || f.Kind != fault.Invalid || f.Field != "groupBy" || !strings.Contains(f.Message, "250000") {
		t.Errorf("360,000 groups: %v", err)
	}
	a.Flatten = true
	if groups, err := Answer(t.Context(), over(t, r), a); err != nil || len(groups) != 1 {
		t.Errorf("flat: %d groups, %v", len(groups), err)
	}
}
