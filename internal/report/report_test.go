package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// The bodies are those of the documents that have the dialects, with an id in place of a placeholder.
const (
	asynchronousBody = `{"interval":"PT0S","start":"2024-01-01T00:00:00.000Z","end":"2024-01-01T23:59:59.999Z","view":"default/conversations",
		"select":["interaction.id","interaction.type","conversation.id","timestamp","attributes.custom.*","metrics.queuetime.ms","metrics.handledtime.ms"],
		"filter":{"type":"and","clauses":[{"type":"field","path":"interaction.type","operator":"eq","value":"voice"},{"type":"field",
		"path":"metrics.handledtime.ms","operator":"gte","value":0}]},"group":[],"limit":2000000}`
	pagedBody = `{"dateFrom":"2023-10-01T00:00:00.000Z","dateTo":"2023-10-08T00:00:00.000Z","interval":"PT1H","view":"default","groupBy":["mediaType"],
		"filter":{"and":[{"dimension":"queueId","operator":"eq","value":"q-1"}]},"select":["conversationId","mediaType","wrapUpCode","totalHandleTime","talkTime",
		"holdTime","holdCount","startTime","endTime"]}`
	singleBody = `{"filter":"c-1","interval":"2024-01-01T00:00:00+00:00/2024-01-02T00:00:00+00:00","size":25,
		"select":["id","type","state","created_time","answered_time","ended_time","duration_seconds","participants"]}`
)

// said is what a test says of a conversation.
type said struct {
	id, start, end, medium, queue string
	handle, held                  []int // milliseconds
	waited                        int
	attributes                    string
}

func (s said) record(t *testing.T) conversation.Record {
	t.Helper()
	end, segmentEnd := "", ""
	if s.end != "" {
		end, segmentEnd = fmt.Sprintf(`"conversationEnd":%q,`, s.end), fmt.Sprintf(`,"segmentEnd":%q`, s.end)
	}
	var metrics []string
	for _, ms := range s.handle {
		metrics = append(metrics, fmt.Sprintf(`{"name":"tHandle","value":%d},{"name":"tTalk","value":%d}`, ms, ms-1))
	}
	for _, ms := range s.held {
		metrics = append(metrics, fmt.Sprintf(`{"name":"tHeld","value":%d}`, ms))
	}
	attributes := ""
	if s.attributes != "" {
		attributes = `,"attributes":` + s.attributes
	}
	text := fmt.Sprintf(`{%s"conversationId":%q,"conversationStart":%q,"participants":[
		{"participantId":"p-1","participantName":"Ada","purpose":"customer"%s,"sessions":[{"mediaType":%q,"direction":"inbound","segments":[{"segmentType":"interact","segmentStart":%q%s}]}]},
		{"participantId":"p-2","purpose":"acd","sessions":[{"mediaType":%q,"metrics":[{"name":"tAcd","value":%d}],"segments":[{"segmentType":"interact","queueId":%q,"segmentStart":%q%s}]}]},
		{"participantId":"p-3","participantName":"Bo","purpose":"agent","userId":"u-1","sessions":[{"mediaType":%q,"metrics":[%s],"segments":[{"segmentType":"interact","queueId":%q,"wrapUpCode":"sold","segmentStart":%q%s}]}]}]}`,
		end, s.id, s.start, attributes, s.medium, s.start, segmentEnd, s.medium, s.waited, s.queue, s.start, segmentEnd, s.medium, strings.Join(metrics, ","), s.queue, s.start, segmentEnd)
	r, err := wire.Record([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func memory(t *testing.T, all ...said) engine.Engine {
	t.Helper()
	s := mem.New(nil)
	for _, one := range all {
		if _, err := s.Add(one.record(t)); err != nil {
			t.Fatal(err)
		}
	}
	forever := time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	return s.View(forever, forever)
}

func decode(t *testing.T, body string) Request {
	t.Helper()
	r, err := Decode([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return r
}

// rowsOf runs a report, and gives its rows as text.
func rowsOf(t *testing.T, e engine.Engine, body string, o Options) (rows []string) {
	t.Helper()
	r := decode(t, body)
	for text, err := range r.Rows(t.Context(), e, o) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, string(text))
	}
	return rows
}

func wantRows(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheAsynchronousDocument(t *testing.T) {
	e := memory(t,
		said{id: "c-2", start: "2024-01-01T08:15:32.100Z", end: "2024-01-01T08:20:00.000Z", medium: "voice", queue: "q-1", handle: []int{300000, 40000}, waited: 12500, attributes: `{"segment":"enterprise"}`},
		said{id: "c-1", start: "2024-01-01T08:15:32.100Z", end: "2024-01-01T08:20:00.000Z", medium: "voice", queue: "q-1", handle: []int{0}},
		said{id: "c-3", start: "2024-01-01T09:00:00.000Z", end: "2024-01-01T09:20:00.000Z", medium: "chat", queue: "q-1", handle: []int{1}},
		said{id: "c-4", start: "2024-01-01T10:00:00.000Z", end: "2024-01-01T10:20:00.000Z", medium: "voice", queue: "q-1"},                   // nobody handled it
		said{id: "c-5", start: "2023-12-31T23:59:59.999Z", end: "2024-01-01T10:20:00.000Z", medium: "voice", queue: "q-1", handle: []int{1}}, // began before
		said{id: "c-6", start: "2024-01-01T23:59:59.999Z", end: "2024-01-02T10:20:00.000Z", medium: "voice", queue: "q-1", handle: []int{1}}, // in the last millisecond
	)
	wantRows(t, rowsOf(t, e, asynchronousBody, Options{}),
		`{"interaction.id":"voice-c-1","interaction.type":"voice","conversation.id":"c-1","timestamp":"2024-01-01T08:15:32.100Z","attributes.custom":null,"metrics.queuetime.ms":0,"metrics.handledtime.ms":0}`,
		`{"interaction.id":"voice-c-2","interaction.type":"voice","conversation.id":"c-2","timestamp":"2024-01-01T08:15:32.100Z","attributes.custom":{"segment":"enterprise"},"metrics.queuetime.ms":12500,"metrics.handledtime.ms":340000}`,
	)
	single := strings.NewReplacer(`"attributes.custom.*"`, `"attributes.custom.segment","attributes.custom.x.y"`, `"limit":2000000`, `"limit":2`).Replace(asynchronousBody)
	wantRows(t, rowsOf(t, e, strings.Replace(single, `"limit":2`, `"limit":1`, 1), Options{}),
		`{"interaction.id":"voice-c-1","interaction.type":"voice","conversation.id":"c-1","timestamp":"2024-01-01T08:15:32.100Z","attributes.custom":{"segment":null,"x.y":null},"metrics.queuetime.ms":0,"metrics.handledtime.ms":0}`)
	wantRows(t, rowsOf(t, e, `{"interval":"2024-01-01T00:00:00Z/P1D","select":["interaction.type","metrics.handledtime.ms"],"group":["interaction.type"]}`, Options{}),
		`{"interaction.type":"chat","count":1,"metrics.handledtime.ms":1}`, `{"interaction.type":"voice","count":4,"metrics.handledtime.ms":340001}`)
}

func TestThePagedDocument(t *testing.T) {
	e := memory(t,
		said{id: "c-1", start: "2023-10-01T08:00:00.000Z", end: "2023-10-01T08:20:00.000Z", medium: "voice", queue: "q-1", handle: []int{9000}, held: []int{5, 7}},
		said{id: "c-2", start: "2023-10-02T08:00:00.000Z", medium: "chat", queue: "q-1"},
		said{id: "c-3", start: "2023-10-03T08:00:00.000Z", end: "2023-10-03T08:20:00.000Z", medium: "voice", queue: "q-2"},
		said{id: "c-4", start: "2023-10-03T08:10:00.000Z", end: "2023-10-03T08:20:00.000Z", medium: "chat", queue: "q-1", handle: []int{10}},
	)
	wantRows(t, rowsOf(t, e, pagedBody, Options{}), // chats come together, though a call lies before them
		`{"conversationId":"c-2","mediaType":"chat","wrapUpCode":"sold","totalHandleTime":null,"talkTime":null,"holdTime":null,"holdCount":0,"startTime":"2023-10-02T08:00:00.000Z","endTime":null}`,
		`{"conversationId":"c-4","mediaType":"chat","wrapUpCode":"sold","totalHandleTime":10,"talkTime":9,"holdTime":null,"holdCount":0,"startTime":"2023-10-03T08:10:00.000Z","endTime":"2023-10-03T08:20:00.000Z"}`,
		`{"conversationId":"c-1","mediaType":"voice","wrapUpCode":"sold","totalHandleTime":9000,"talkTime":8999,"holdTime":12,"holdCount":2,"startTime":"2023-10-01T08:00:00.000Z","endTime":"2023-10-01T08:20:00.000Z"}`,
	)
	const sums = `{"dateFrom":"2023-10-01T07:30:00Z","dateTo":"2023-10-08T00:00:00Z","interval":"PT1H","groupBy":["mediaType"],"select":["holdCount","totalHandleTime"]}`
	wantRows(t, rowsOf(t, e, sums, Options{}),
		`{"mediaType":"chat","interval":"2023-10-02T07:30:00.000Z/2023-10-02T08:30:00.000Z","count":1,"holdCount":0,"totalHandleTime":null}`,
		`{"mediaType":"chat","interval":"2023-10-03T07:30:00.000Z/2023-10-03T08:30:00.000Z","count":1,"holdCount":0,"totalHandleTime":10}`,
		`{"mediaType":"voice","interval":"2023-10-01T07:30:00.000Z/2023-10-01T08:30:00.000Z","count":1,"holdCount":2,"totalHandleTime":9000}`,
		`{"mediaType":"voice","interval":"2023-10-03T07:30:00.000Z/2023-10-03T08:30:00.000Z","count":1,"holdCount":0,"totalHandleTime":null}`,
	)
	wantRows(t, rowsOf(t, e, `{"dateFrom":"2023-10-01T07:30:00Z","dateTo":"2023-10-08T00:00:00Z","select":["durationSeconds"]}`, Options{}), `{"count":4,"durationSeconds":3000}`)
	wantRows(t, rowsOf(t, memory(t), pagedBody, Options{}))
}

func TestTheDocumentOfOneConversation(t *testing.T) {
	r := decode(t, singleBody)
	ended := said{id: "c-1", start: "2024-01-01T08:00:00.000Z", end: "2024-01-01T08:00:09.500Z", medium: "voice", queue: "q-1"}
	const members = `{"id":"c-1","type":"voice","state":"ended","created_time":"2024-01-01T08:00:00.000Z","answered_time":"2024-01-01T08:00:00.000Z","ended_time":"2024-01-01T08:00:09.500Z","duration_seconds":9.5,` +
		`"participants":[{"id":"p-1","name":"Ada","role":"customer","duration_seconds":9.5},{"id":"p-2","name":null,"role":"acd","duration_seconds":9.5},{"id":"p-3","name":"Bo","role":"agent","duration_seconds":9.5}]}`
	if got, in := r.One(ended.record(t)); !in || string(got) != members {
		t.Errorf("got %s\nwant %s", got, members)
	}
	all := decode(t, `{"filter":"c-1","interval":"2024-01-01T00:00:00Z/P1D"}`)
	if got, _ := all.One(ended.record(t)); string(got) != members {
		t.Errorf("without select: got %s", got)
	}
	going := said{id: "c-1", start: "2024-01-01T08:00:00.000Z", medium: "voice", queue: "q-1"}
	some := decode(t, `{"filter":"c-1","interval":"2024-01-01T00:00:00Z/P1D","select":["participants","state","ended_time","attributes.custom.k"]}`)
	if got, in := some.One(going.record(t)); !in || !strings.HasPrefix(string(got), `{"participants":[{"id":"p-1","name":"Ada","role":"customer","duration_seconds":null}`) ||
		!strings.HasSuffix(string(got), `],"state":"connected","ended_time":null,"attributes.custom":{"k":null}}`) {
		t.Errorf("while it goes on: got %s", got)
	}
	before := said{id: "c-1", start: "2023-12-31T08:00:00.000Z", end: "2023-12-31T09:00:00.000Z", medium: "voice"}
	if got, in := r.One(before.record(t)); in {
		t.Errorf("not in the interval: got %s", got)
	}
}

// What is wrong with a request is told by field, with what to do.
func TestBadInput(t *testing.T) {
	const when = `"start":"2024-01-01T00:00:00Z","end":"2024-01-02T00:00:00Z"`
	const from = `"dateFrom":"2024-01-01T00:00:00Z","dateTo":"2024-01-02T00:00:00Z"`
	clauses := func(filter string) string { return `{` + when + `,"select":["timestamp"],"filter":` + filter + `}` }
	for body, want := range map[string]string{
		`{` + when + `,"select":["metrics.handeltime.ms"]}`:                                                    "select: select: there is no column metrics.handeltime.ms; did you mean metrics.handledtime.ms",
		`{` + when + `,"select":["attributes.*"]}`:                                                             "select: select: attributes.* would make a column for each key",
		`{` + when + `,"select":["timestamp","timestamp"]}`:                                                    "select: select has the column timestamp twice",
		`{` + when + `,"select":[]}`:                                                                           "select: select names no column",
		`{` + when + `,"select":"timestamp"}`:                                                                  "select: select must be a list",
		`{` + when + `,"select":[` + many(column.MaxSelected+1) + `]}`:                                         "select: select makes 1001 columns",
		`{` + when + `,"limit":5,"filter":{"clauses":[]}}`:                                                     "select: select is missing",
		`{` + when + `,"select":["timestamp"],"limit":10000001}`:                                               "limit: limit is 10000001; it must lie between 1 and 10000000",
		`{` + when + `,"select":["timestamp"],"limit":0}`:                                                      "limit: limit is 0",
		`{` + when + `,"select":["timestamp"],"limit":"many"}`:                                                 "limit: limit must be a whole number",
		`{` + when + `,"select":["interaction.type"],"group":["interaction.type"]}`:                            "group: group has nothing to sum",
		`{` + when + `,"select":["timestamp","metrics.queuetime.ms"],"group":["interaction.type"]}`:            "select: select: timestamp is neither a measure nor in group",
		`{` + when + `,"select":["metrics.queuetime.ms"],"group":["queueIds"]}`:                                "group: group: queueIds has several values in a row",
		`{` + when + `,"select":["timestamp"],"view":"other"}`:                                                 "view: view: there is no view other",
		`{` + when + `,"select":["timestamp"],"filters":[]}`:                                                   "filters: filters is not a member of this request; did you mean filter?",
		`{"start":"2024-01-01T00:00:00","end":"2024-01-02","select":["timestamp"]}`:                            `start: start: "2024-01-01T00:00:00" has no zone, and would mean another time in each; add Z | end: end: "2024-01-02" has no zone`,
		`{"start":"2024-01-02T00:00:00Z","end":"2024-01-01T00:00:00Z","select":["timestamp"]}`:                 "end: end must lie after start",
		`{"start":"2024-01-02T00:00:00Z","select":["timestamp"]}`:                                              "end: end is missing",
		`{"select":["timestamp"]}`:                                                                             "start: start is missing",
		`{"interval":"2024-01-02T00:00:00/P1D","select":["timestamp"]}`:                                        "interval: interval: \"2024-01-02T00:00:00\" has no zone",
		`{` + when + `,"interval":"2024-01-02T00:00:00Z/P1D","select":["timestamp"]}`:                          "interval: interval has a start and an end, and so have start and end",
		`{` + when + `,"interval":"soon","select":["timestamp"]}`:                                              "interval: interval: soon is no duration",
		`{` + when + `,"select":["timestamp"],"dateFrom":"2024-01-01T00:00:00Z"}`:                              "start: the body mixes requests: select, dateFrom of a paged row report (select, dateFrom, dateTo), and start, end of an asynchronous row report",
		`{"select":["timestamp"],"filter":"c-1","limit":5,"interval":"x"}`:                                     "limit: the body mixes requests: select, filter as text of a row report of one conversation",
		`{"select":["timestamp"],"segmentFilters":[],"limit":5}`:                                               "segmentFilters: the body mixes requests: select, limit of an asynchronous row report",
		`{` + from + `,"select":["startTime"],"filter":{"clauses":[]}}`:                                        "filter.clauses: the body mixes requests",
		`{` + from + `,"select":["startTime"],"pageSize":1001}`:                                                "pageSize: pageSize is 1001",
		`{` + from + `,"select":["startTime"],"interval":"PT5M"}`:                                              "interval: interval: write a duration from PT15M to P1D",
		`{` + from + `,"select":["interaction.id"]}`:                                                           "select: select: rows of a conversation have no column interaction.id",
		`{` + from + `,"select":["startTime"],"filter":{"dimension":"queueId","operator":"like","value":"x"}}`: "filter.operator: filter.operator: like is no operator; write one of eq, ne",
		`{` + from + `,"select":["startTime"],"filter":{"and":[],"or":[]}}`:                                    "filter: filter has and, and or",
		`{` + from + `,"select":["startTime"],"filter":{"and":[{}]}}`:                                          "filter.and[0]: filter.and[0] needs and, or, or a dimension",
		`{"filter":" ","interval":"2024-01-01T00:00:00Z/P1D"}`:                                                 "filter: filter is empty",
		`{"filter":"c-1"}`: "interval: interval is missing",
		`{"filter":"c-1","interval":"2024-01-01T00:00:00Z/P1D","size":0}`:                  "size: size is 0",
		`{"filter":"c-1","interval":"2024-01-01T00:00:00Z/P1D","select":["attributes.*"]}`: "select: select: attributes.* would make a member",
		clauses(`{"type":"and","clauses":[{"type":"field","path":"nothing","value":1}]}`):  "filter.clauses[0].path: filter.clauses[0].path: there is no column nothing",
		clauses(`{"type":"not","clauses":[]}`):                                             "filter.type: filter.type: not is no type of a clause",
		clauses(`{"type":"field","operator":"eq","value":1}`):                              "filter.path: filter.path is missing",
		clauses(`{"type":"and","path":"timestamp"}`):                                       "filter: filter: a clause of type and has clauses, and no path | filter.clauses: filter.clauses is missing",
		clauses(`{"path":"metrics.queuetime.ms","operator":"gte","value":"5"}`):            "filter.value: filter.value: metrics.queuetime.ms is compared with a number, and this is text",
		clauses(`{"path":"timestamp","operator":"gte","value":"2024-01-01T00:00:00"}`):     "filter.value: filter.value: timestamp is compared with a time with its zone",
		clauses(`{"path":"abandoned","operator":"gt","value":true}`):                       "filter.operator: filter.operator: abandoned is a boolean, which has no order",
		clauses(`{"path":"attributes.custom","operator":"eq","value":"x"}`):                "filter: filter: attributes.custom is a map",
		clauses(`{"path":"conversation.id","operator":"in","value":[]}`):                   "filter.value: filter.value: in takes a list of 1 to 1000 values",
		clauses(`{"path":"conversation.id","operator":"eq"}`):                              "filter.value: filter.value is missing",
		clauses(`{"path":"conversation.id","operator":"exists","value":"x"}`):              "filter.value: filter.value: exists takes true or false",
		clauses(`[]`): "filter: filter must be an object that is a clause, and is a list",
		clauses(strings.Repeat(`{"type":"or","clauses":[`, maxDepth+1) + strings.Repeat(`]}`, maxDepth+1)):         "a filter has at most 100 clauses, nested at most 10 deep",
		clauses(`{"clauses":[` + strings.Repeat(`{"path":"timestamp","operator":"exists"},`, maxClauses) + `{}]}`): "a filter has at most 100 clauses",
	} {
		_, err := Decode([]byte(body))
		var said []string
		all, _ := errors.AsType[query.Faults](err)
		for _, f := range all {
			said = append(said, f.Field+": "+f.Message)
		}
		if got := strings.Join(said, " | "); !errors.Is(err, fault.Invalid) || !strings.HasPrefix(got, strings.Split(want, " | ")[0]) && !strings.Contains(got, want) {
			t.Errorf("%.300s\ngot  %s\nwant %s", body, got, want)
		} else if _, second, more := strings.Cut(want, " | "); more && !strings.Contains(got, second) {
			t.Errorf("%.300s\ngot  %s\nwant %s too", body, got, second)
		}
	}
}

func many(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(`"attributes.custom.k%d"`, i)
	}
	return strings.Join(names, ",")
}

// A body is of a dialect by its members, and what is of none is left to whoever reads the platform's.
func TestDialects(t *testing.T) {
	for body, want := range map[string]Dialect{
		asynchronousBody: Asynchronous, pagedBody: Paged, singleBody: Single,
		`{"interval":"x","limit":5}`: None, `{"interval":"x","filter":{}}`: None, `{"start":"x","end":"x"}`: None, `{"interval":"x","select":null}`: None,
		`{"dateFrom":"x","segmentFilters":[]}`: None, `[]`: None, ``: None, `{"select":`: None, `{"select":[],"select":[]}`: None,
		`{"filter":{"clauses":[]},"limit":1}`: Asynchronous, `{"filter":{"clauses":[]}}`: None, `{"dateTo":"x"}`: Paged,
	} {
		if got := Of([]byte(body)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	if _, err := Decode([]byte(`{}`)); !errors.Is(err, fault.Invalid) {
		t.Errorf("no report: %v", err)
	}
}

// What a paged report asks is the same on each of its pages, however it is written.
func TestAPageAsksTheSame(t *testing.T) {
	first := decode(t, pagedBody)
	again := decode(t, strings.Replace(pagedBody, `{"dateFrom"`, "{ \"cursor\":\"x\",\"pageSize\":7, \"dateFrom\"", 1))
	other := decode(t, strings.Replace(pagedBody, "q-1", "q-2", 1))
	if first.Asks != again.Asks || first.Asks == other.Asks || again.Cursor != "x" || again.Page != 7 || first.Page != DefaultPage {
		t.Errorf("%+v\n%+v\n%+v", first, again, other)
	}
}

// Whatever a client sends is read as a request, which asks the same each time it is read, or refused with what is wrong.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		pagedBody, `{"filter":"c","interval":"2024-01-01T00:00:00+00:00/2024-01-02T00:00:00+00:00","select":["id","participants"]}`,
		`{"start":"2024-01-01T00:00:00Z","end":"2024-01-02T00:00:00Z","select":["timestamp"],"filter":{"type":"and","clauses":[{"type":"field","path":"metrics.queuetime.ms","operator":"gte","value":0}]}}`,
		`{"dateFrom":"2024-01-01T00:00:00Z","dateTo":"2024-01-02T00:00:00Z","select":["talkTime"],"groupBy":["mediaType"],"filter":{"and":[{"dimension":"talkTime","operator":"eq","value":1e999}]}}`,
		"{\"dateFrom\":\"2024-01-01T00:00:00Z\",\"dateTo\":\"2024-01-02T00:00:00Z\",\"select\":[\"conversationId\"],\"view\":\"\\ud800\"}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		Of(text)
		r, err := Decode(text)
		if err != nil {
			if !errors.Is(err, fault.Invalid) || err.Error() == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if again, err := Decode(text); err != nil || again.Asks != r.Asks {
			t.Fatalf("%q: %+v, and again %+v, %v", text, r, again, err)
		}
	})
}

func TestClauses(t *testing.T) {
	e := memory(t,
		said{id: "a", start: "2024-01-01T08:00:00.000Z", end: "2024-01-01T08:00:10.000Z", medium: "voice", queue: "q-1", handle: []int{5}, attributes: `{"k":"v"}`},
		said{id: "b", start: "2024-01-01T09:00:00.000Z", medium: "chat", queue: "q-2"},
		said{id: "c", start: "2024-01-01T10:00:00.000Z", end: "2024-01-01T10:00:20.000Z", medium: "email", queue: "q-1", handle: []int{7}},
	)
	for filter, want := range map[string]string{
		`{}`:                                     "abc",
		`{"type":"and","clauses":[]}`:            "abc",
		`{"type":"or","clauses":[]}`:             "abc",
		`{"path":"conversation.id","value":"b"}`: "b",
		`{"path":"conversation.id","operator":"ne","value":"b"}`:                    "ac",
		`{"path":"conversation.id","operator":"in","value":["a","c","x"]}`:          "ac",
		`{"path":"conversation.id","operator":"gt","value":"a"}`:                    "bc",
		`{"path":"metrics.handledtime.ms","operator":"gte","value":7}`:              "c",
		`{"path":"metrics.handledtime.ms","operator":"gt","value":5}`:               "c",
		`{"path":"metrics.handledtime.ms","operator":"lt","value":7}`:               "a",
		`{"path":"metrics.handledtime.ms","operator":"lte","value":7.5}`:            "ac",
		`{"path":"metrics.handledtime.ms","operator":"ne","value":5}`:               "bc",
		`{"path":"metrics.handledtime.ms","operator":"exists"}`:                     "ac",
		`{"path":"metrics.handledtime.ms","operator":"exists","value":false}`:       "b",
		`{"path":"timestamp","operator":"gte","value":"2024-01-01T10:00:00+01:00"}`: "bc",
		`{"path":"durationSeconds","operator":"eq","value":20}`:                     "c",
		`{"path":"queueIds","value":"q-1"}`:                                         "ac",
		`{"path":"queueIds","operator":"ne","value":"q-1"}`:                         "b",
		`{"path":"abandoned","value":false}`:                                        "abc",
		`{"path":"attributes.custom.k","value":"v"}`:                                "a",
		`{"path":"attributes.custom","operator":"exists","value":false}`:            "bc",
		`{"type":"or","clauses":[{"path":"conversation.id","value":"a"},{"clauses":[{"path":"interaction.type","value":"chat"},{"path":"queueIds","value":"q-2"}]}]}`: "ab",
	} {
		var got string
		for _, row := range rowsOf(t, e, `{"interval":"2024-01-01T00:00:00Z/P1D","select":["conversation.id"],"filter":`+filter+`,"limit":9}`, Options{}) {
			got += strings.TrimSuffix(strings.TrimPrefix(row, `{"conversation.id":"`), `"}`)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", filter, got, want)
		}
	}
}

// Rows of groups come together in the same order whether or not they lay on the disk in between.
func TestGroupsThatLayOnTheDisk(t *testing.T) {
	var all []said
	for i := range 300 {
		start := time.Date(2024, 1, 1, 0, i, 0, 0, time.UTC)
		all = append(all, said{id: fmt.Sprintf("c-%03d", i), start: conversation.FormatTime(start), medium: []string{"voice", "chat", "email"}[i%7%3], queue: "q"})
	}
	e := memory(t, all...)
	r := decode(t, `{"dateFrom":"2024-01-01T00:00:00Z","dateTo":"2024-01-02T00:00:00Z","groupBy":["mediaType"],"select":["mediaType","conversationId"]}`)
	in := func(most int) (rows []string) {
		s := &spool{most: most, groups: map[string]*gathered{}}
		defer s.remove()
		p := r.plan()
		if err := r.gather(s, p, p.rows(t.Context(), e, r.Interval)); err != nil {
			t.Fatal(err)
		}
		if (s.file != nil) != (most < 1000) {
			t.Fatalf("%d bytes in memory: on the disk %v", most, s.file != nil)
		}
		for row, err := range s.sorted() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, string(row))
		}
		return rows
	}
	held := in(spoolBytes)
	if len(held) != 300 || !slices.IsSorted(held) {
		t.Errorf("%d rows, in order %v", len(held), slices.IsSorted(held))
	}
	for _, most := range []int{1, 100, 999} {
		wantRows(t, in(most), held...)
	}
}

// broken is an engine some of whose days cannot be read.
type broken struct {
	engine.Engine

	days []conversation.Day
	as   error
}

func (b broken) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for row, err := range engine.Rows(ctx, b.Engine, q, sel) {
			if !yield(row, err) {
				return
			}
		}
		for _, day := range b.days {
			if q.Interval.Overlaps(day.Start(), day.End()) {
				yield(nil, b.as)
				return
			}
		}
	}
}

func (b broken) AttributeKeys(context.Context, query.Query, int) ([]string, error) { return nil, b.as }

// What cannot be read is found by days, and the rest is there.
func TestDamagedDays(t *testing.T) {
	var all []said
	for i := range 10 {
		all = append(all, said{id: fmt.Sprintf("c-%d", i), start: fmt.Sprintf("2024-01-%02dT12:00:00.000Z", i+1), medium: "voice", queue: "q"})
	}
	day := func(n int) conversation.Day { return conversation.DayOf(time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC)) }
	const body = `{"start":"2024-01-01T06:00:00Z","end":"2024-01-10T18:00:00Z","select":["conversation.id"]}`
	for _, c := range []struct {
		days []conversation.Day
		lost string
		left string
	}{
		{nil, "", "0123456789"},
		{[]conversation.Day{day(1)}, "2024-01-01T06:00:00.000Z/2024-01-02T00:00:00.000Z", "123456789"},
		{[]conversation.Day{day(4), day(5), day(10)}, "2024-01-04T00:00:00.000Z/2024-01-05T00:00:00.000Z 2024-01-05T00:00:00.000Z/2024-01-06T00:00:00.000Z 2024-01-10T00:00:00.000Z/2024-01-10T18:00:00.000Z", "0125678"},
	} {
		r, e := decode(t, body), broken{memory(t, all...), c.days, fault.New(fault.Corrupt, "a file is damaged")}
		lost, err := r.Damaged(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(lost))
		for i, iv := range lost {
			texts[i] = iv.String()
		}
		if got := strings.Join(texts, " "); got != c.lost {
			t.Errorf("lost %s, want %s", got, c.lost)
		}
		var left string
		var far []float64
		for _, row := range rowsOf(t, e, body, Options{Without: lost, Progress: func(share float64) { far = append(far, share) }}) {
			left += strings.TrimSuffix(strings.TrimPrefix(row, `{"conversation.id":"c-`), `"}`)
		}
		if left != c.left || !slices.IsSorted(far) || len(far) != len(left) || far[0] <= 0 || far[len(far)-1] >= 1 {
			t.Errorf("left %s, want %s; progress %v", left, c.left, far)
		}
	}
	e := broken{memory(t, all...), []conversation.Day{day(2)}, errors.New("the engine is wrong")}
	r := decode(t, body)
	if _, err := r.Damaged(t.Context(), e); err == nil || errors.Is(err, fault.Corrupt) {
		t.Errorf("another failure: %v", err)
	}
}

// endless is an engine with so many conversations that each is a group.
type endless struct {
	engine.Engine

	rows int
}

func (e endless) AttributeKeys(context.Context, query.Query, int) ([]string, error) { return nil, nil }

func (e endless) Rows(_ context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		row := make([]any, len(sel.Columns))
		for n := range e.rows {
			for i, c := range sel.Columns {
				row[i] = map[string]any{"startTime": q.Interval.Start, "conversationId": fmt.Sprint(n), "holdCount": int64(1) << 62}[c.Column.Name]
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// There is a bound to groups, and a sum that is too large for a number is absent.
func TestGroupsAreBounded(t *testing.T) {
	for body, field := range map[string]string{
		`{"interval":"2024-01-01T00:00:00Z/P1D","select":["holdCount"],"group":["conversation.id"]}`:                                               "group",
		`{"dateFrom":"2024-01-01T00:00:00Z","dateTo":"2024-01-02T00:00:00Z","select":["holdCount"],"groupBy":["conversationId"]}`:                  "groupBy",
		`{"dateFrom":"2024-01-01T00:00:00Z","dateTo":"2024-01-02T00:00:00Z","select":["conversationId","startTime"],"groupBy":["conversationId"]}`: "groupBy",
	} {
		r := decode(t, body)
		for n, fits := range map[int]bool{maxGroups: true, maxGroups + 1: false} {
			var err error
			rows := 0
			for _, err = range r.Rows(t.Context(), endless{rows: n}, Options{}) {
				rows++
			}
			f, is := errors.AsType[*fault.Error](err)
			if fits && (err != nil || rows != n) || !fits && (!is || f.Kind != fault.Invalid || f.Field != field) {
				t.Errorf("%s, %d groups: %d rows, %v", body, n, rows, err)
			}
		}
	}
	wantRows(t, rowsOf(t, endless{rows: 2}, `{"dateFrom":"2024-01-01T00:00:00Z","dateTo":"2024-01-02T00:00:00Z","select":["holdCount"]}`, Options{}), `{"count":2,"holdCount":null}`)
}
