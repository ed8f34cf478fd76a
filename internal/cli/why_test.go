package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/test/unraced"
)

// explained is what "parley why --json" says, as far as the tests read it.
type explained struct {
	Ours         *float64       `json:"ours"`
	Theirs       *float64       `json:"theirs"`
	Verdict      string         `json:"verdict"`
	Explanations []anExplaining `json:"explanations"`
	OtherPairs   int            `json:"otherPairs"`
	Near         []anExplaining `json:"near"`
	Rules        []anExplaining `json:"rules"`
}

type anExplaining struct {
	Rules         []string `json:"rules"`
	Value         *float64 `json:"value"`
	Conversations int      `json:"conversations"`
	Sample        []struct {
		ID string `json:"conversationId"`
	} `json:"sample"`
}

func (x explained) names() (all []string) {
	for _, e := range x.Explanations {
		all = append(all, strings.Join(e.Rules, " + "))
	}
	return all
}

// Figures of a lake over a change of clocks: in Los Angeles 1 November has 25 hours, and ends by day where the contact centre is.
func TestWhy(t *testing.T) {
	unraced.Test(t)
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-10-31", "--to", "2026-11-05", "--per-day", "900", "--steady", "--seed", "5")
	queue := strings.TrimSpace(must(t, "sql", "--lake", lake, "SELECT queue_id FROM metrics WHERE name = 'nOffered' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"))
	t.Run("the rule is named", func(t *testing.T) { whyNamesTheRule(t, lake, queue) })
	t.Run("ours is that of the report", func(t *testing.T) { whyBeginsWithTheReport(t, lake, queue) })
	t.Run("a queue is given by its name", func(t *testing.T) { whyTakesNames(t, lake, queue) })
	t.Run("what the lake does not have yet is said", func(t *testing.T) { figuresSayWhatIsNotThereYet(t, lake) })
	t.Run("a person is told", func(t *testing.T) { whyTellsAPerson(t, lake) })
	t.Run("what is not known is said so", func(t *testing.T) { whySaysWhenItDoesNotKnow(t, lake, queue) })
}

// A name that nobody has is taken for an id, and that is said: a figure of nothing would be taken for an answer.
func whyTakesNames(t *testing.T, lake, queue string) {
	name := strings.TrimSpace(must(t, "sql", "--lake", lake, "SELECT name FROM queues WHERE id = '"+queue+"'"))
	byID, byName := asksWhy(t, 0, "offered", "--lake", lake, "--from", "2026-11-02", "--queue", queue), asksWhy(t, 0, "offered", "--lake", lake, "--from", "2026-11-02", "--queue", name)
	if byID.Ours == nil || byName.Ours == nil || *byID.Ours == 0 || *byID.Ours != *byName.Ours {
		t.Errorf("by the id %v, by the name %q %v", byID.Ours, name, byName.Ours)
	}
	code, _, says := parley(t, "why", "offered", "--lake", lake, "--from", "2026-11-02", "--queue", "Bilin")
	if code != 0 || !strings.Contains(says, "--queue Bilin is the name of none of the queues that are known") {
		t.Errorf("exit code %d, %s", code, says)
	}
}

// The lake ends with 4 November: figures of later days would be taken for those of quiet ones.
func figuresSayWhatIsNotThereYet(t *testing.T, lake string) {
	for _, command := range [][]string{{"why", "offered"}, {"report"}} {
		for to, want := range map[string]bool{"2026-11-05": false, "2026-11-07": true} {
			code, _, says := parley(t, append(command, "--lake", lake, "--from", "2026-11-04", "--to", to)...)
			if code != 0 || strings.Contains(says, "The data is whole up to 2026-11-05 00:00 UTC.") != want {
				t.Errorf("%s up to %s: exit code %d, %s", command[0], to, code, says)
			}
		}
	}
}

// A day between others that never came into the lake is named by both commands.
func TestFiguresNameTheDaysThatNeverCame(t *testing.T) {
	unraced.Test(t)
	lake := filepath.Join(t.TempDir(), "lake")
	for _, days := range [][2]string{{"2026-11-01", "2026-11-02"}, {"2026-11-03", "2026-11-05"}} {
		must(t, "generate", "--lake", lake, "--from", days[0], "--to", days[1], "--per-day", "20", "--steady")
	}
	for _, command := range [][]string{{"why", "offered"}, {"report"}} {
		for from, want := range map[string]bool{"2026-11-01": true, "2026-11-03": false} {
			code, _, says := parley(t, append(command, "--lake", lake, "--from", from, "--to", "2026-11-05")...)
			if code != 0 || strings.Contains(says, "nothing ever came into the data: 2026-11-02.") != want {
				t.Errorf("%s from %s: exit code %d, %s", command[0], from, code, says)
			}
		}
	}
}

func asksWhy(t *testing.T, want int, args ...string) (x explained) {
	t.Helper()
	code, out, errs := parley(t, append([]string{"why", "--json"}, args...)...)
	if code != want {
		t.Fatalf("parley why %q: exit code %d, %s", args, code, errs)
	}
	if err := json.Unmarshal([]byte(out), &x); err != nil {
		t.Fatal(err)
	}
	return x
}

// The intervals of 1 and 2 November in Los Angeles.
const (
	asMeant  = "emit_date >= '2026-11-01 07:00:00Z' AND emit_date < '2026-11-03 08:00:00Z'"
	byStart  = "conversation_start >= '2026-11-01 07:00:00Z' AND conversation_start < '2026-11-03 08:00:00Z'"
	byEnd    = "conversation_end >= '2026-11-01 07:00:00Z' AND conversation_end < '2026-11-03 08:00:00Z'"
	overlaps = "conversation_start < '2026-11-03 08:00:00Z' AND (conversation_end IS NULL OR conversation_end >= '2026-11-01 07:00:00Z')"
	byUTC    = "emit_date >= '2026-11-01 00:00:00Z' AND emit_date < '2026-11-03 00:00:00Z'"
	days24   = "emit_date >= '2026-11-01 07:00:00Z' AND emit_date < '2026-11-03 07:00:00Z'"
	hourAgo  = "emit_date >= '2026-11-01 06:00:00Z' AND emit_date < '2026-11-03 07:00:00Z'"
	hourOn   = "emit_date >= '2026-11-01 08:00:00Z' AND emit_date < '2026-11-03 09:00:00Z'"
	dayMore  = "emit_date >= '2026-11-01 07:00:00Z' AND emit_date < '2026-11-04 08:00:00Z'"
)

// planted are numbers that somebody got in another way, by SQL of their own, and by which rule.
var planted = []struct {
	figure string
	queue  bool // of the busiest queue alone
	theirs string
	want   string
}{
	{"answered", false, "SELECT count(*) FROM metrics WHERE name = 'tAnswered' AND " + byStart, "by-start"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND " + byEnd, "by-end"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND " + overlaps, "overlapping"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND " + byUTC, "utc"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND " + days24, "24-hour-days"},
	{"handle-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name = 'tHandle' AND " + hourAgo, "hour-earlier"},
	{"talk-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name = 'tTalkComplete' AND " + hourOn, "hour-later"},
	{"offered", true, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND queue_id = '$queue' AND " + dayMore, "one-day-more"},
	{"answered", false, "SELECT count(DISTINCT conversation_id) FROM metrics WHERE name = 'tAnswered' AND " + asMeant, "once"},
	{"abandoned", false, "SELECT count(*) FROM metrics WHERE name IN ('tAbandon', 'tFlowOut') AND " + asMeant, "with-flow-outs"},
	{"abandoned", false, "SELECT count(*) FROM metrics WHERE name = 'tAbandon' AND value >= 15000 AND " + asMeant, "without-short-15"},
	{"offered", false, "SELECT count(*) FILTER (name = 'nOffered') - count(*) FILTER (name = 'tAbandon' AND value < 20000) FROM metrics WHERE " + asMeant, "without-short-20"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND conversation_end IS NOT NULL AND " + asMeant, "ended"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND direction = 'inbound' AND " + asMeant, "inbound"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND direction = 'outbound' AND " + asMeant, "outbound"},
	{"handle-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name = 'tHandle' AND originating_direction = 'inbound' AND " + asMeant, "began-inbound"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND queue_id IS NOT NULL AND " + asMeant, "with-queue"},
	{"answered", true, "SELECT count(*) FROM metrics JOIN conversations USING (conversation_id) WHERE name = 'tAnswered' AND list_contains(queue_ids, '$queue') AND " + asMeant, "visited-queue"},
	{"answered", true, "SELECT count(*) FROM metrics JOIN conversations USING (conversation_id) WHERE name = 'tAnswered' AND first_queue_id = '$queue' AND " + asMeant, "first-queue"},
	{"answered", true, "SELECT count(*) FROM metrics JOIN conversations USING (conversation_id) WHERE name = 'tAnswered' AND last_queue_id = '$queue' AND " + asMeant, "last-queue"},
	{"handled", true, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND (queue_id = '$queue' OR queue_id IS NULL) AND " + asMeant, "without-queue-too"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND media_type = 'voice' AND " + asMeant, "only-voice"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND media_type <> 'email' AND " + asMeant, "without-email"},
	{"transferred", false, "SELECT count(*) FROM metrics WHERE name = 'nBlindTransferred' AND " + asMeant, "blind-transfers"},
	{"transferred", false, "SELECT count(*) FROM metrics WHERE name = 'nConsultTransferred' AND " + asMeant, "consult-transfers"},
	{"transferred", false, "SELECT count(*) FROM metrics WHERE name IN ('nBlindTransferred', 'nConsult') AND " + asMeant, "with-consults"},
	{"answered", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND " + asMeant, "handled"},
	{"answered", false, "SELECT count(*) FILTER (name = 'nOffered') - count(*) FILTER (name = 'tAbandon') FROM metrics WHERE " + asMeant, "offered-less-abandoned"},
	{"handle-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name IN ('tTalkComplete', 'tHeldComplete') AND " + asMeant, "without-after-call-work"},
	{"handle-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name IN ('tHandle', 'tAlert') AND " + asMeant, "with-ringing"},
	{"wait-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name IN ('tAnswered', 'tAbandon') AND " + asMeant, "without-flow-outs"},
	{"wait-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name = 'tAnswered' AND " + asMeant, "answered-alone"},
	{"asa", false, "SELECT round(avg(value) / 1000, 2) FROM metrics WHERE name IN ('tAnswered', 'tAbandon', 'tFlowOut') AND " + asMeant, "all-waits"},
	{"aht", true, "SELECT round(sum(value) FILTER (name = 'tHandle') / count(*) FILTER (name = 'tAnswered') / 1000, 2) FROM metrics WHERE queue_id = '$queue' AND " + asMeant, "by-answered"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND emit_date >= '2026-11-01 08:00:00Z' AND emit_date < '2026-11-03 08:00:00Z'", "24-hour-days-back"},
	{"offered", false, "SELECT count(*) FROM metrics WHERE name IN ('tAnswered', 'tAbandon') AND " + asMeant, "answered-or-abandoned"},
	{"abandoned", false, "SELECT count(*) FILTER (name = 'nOffered') - count(*) FILTER (name = 'tAnswered') FROM metrics WHERE " + asMeant, "offered-less-answered"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tAcw' AND " + asMeant, "with-after-call-work"},
	{"handled", false, "SELECT count(*) FROM metrics WHERE name = 'tHandle' AND originating_direction = 'outbound' AND " + asMeant, "began-outbound"},
	{"handle-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name IN ('tTalkComplete', 'tAcw') AND " + asMeant, "talk-and-after-call-work"},
	{"handle-time", true, "SELECT sum(value) / 1000 FROM metrics WHERE name = 'tTalkComplete' AND queue_id = '$queue' AND " + asMeant, "talk-alone"},
	{"talk-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name IN ('tTalkComplete', 'tHeldComplete') AND " + asMeant, "with-hold"},
	{"aht", false, "SELECT round(avg(value) / 1000, 2) FROM metrics WHERE name = 'tTalkComplete' AND " + asMeant, "talk-alone"},
	{"asa", false, "SELECT round(sum(value) FILTER (name = 'tAnswered') / count(*) FILTER (name = 'nOffered') / 1000, 2) FROM metrics WHERE " + asMeant, "by-offered"},
	{"service-level", false, "SELECT round((count(*) FILTER (name = 'tAnswered') - count(*) FILTER (name = 'nOverSla')) / count(*) FILTER (name = 'nOffered'), 5) FROM metrics WHERE " + asMeant, "by-offered"},
	{"service-level", false, "SELECT round((count(*) FILTER (name = 'tAnswered') - count(*) FILTER (name = 'nOverSla')) / count(*) FILTER (name = 'tAnswered'), 5) FROM metrics WHERE " + asMeant, "without-abandoned"},
	{"service-level", false, "SELECT round((count(*) FILTER (name = 'tAnswered') - count(*) FILTER (name = 'nOverSla')) / (count(*) FILTER (name = 'tAnswered') + count(*) FILTER (name = 'tAbandon' AND value >= 10000)), 6) FROM metrics WHERE " + asMeant, "without-short-10"},
	{"handled", false, "SELECT count(DISTINCT conversation_id) FROM metrics WHERE name = 'tHandle' AND " + byEnd, "by-end + once"},
	{"handle-time", false, "SELECT sum(value) / 1000 FROM metrics WHERE name IN ('tTalkComplete', 'tHeldComplete') AND " + byUTC, "utc + without-after-call-work"},
	{"offered", false, "SELECT count(DISTINCT conversation_id) FROM metrics WHERE name = 'nOffered' AND media_type <> 'email' AND " + asMeant, "once + without-email"},
}

// Whoever counts by another rule gets a number that is told by that rule, and so are the conversations: what they count otherwise adds
// up to the difference. What else gives the number is told as well, and gives it.
func whyNamesTheRule(t *testing.T, lake, queue string) {
	t.Helper()
	var statements []string
	for i, c := range planted {
		statements = append(statements, "SELECT "+strconv.Itoa(i)+" AS i, CAST(("+strings.ReplaceAll(c.theirs, "$queue", queue)+") AS VARCHAR) AS v")
	}
	numbers := strings.Fields(must(t, "sql", "--lake", lake, "SELECT v FROM ("+strings.Join(statements, " UNION ALL ")+") ORDER BY i"))
	alone := 0
	for i, c := range planted {
		name, theirs := c.figure+" "+c.want, numbers[i]
		args := []string{c.figure, "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "--time-zone", "America/Los_Angeles"}
		if c.queue {
			args = append(args, "--queue", queue)
		}
		x := asksWhy(t, 0, append(args, "--limit", "0", "--theirs", theirs)...)
		if got := x.names(); !slices.Contains(got, c.want) {
			t.Errorf("%s: ours %v, theirs %s, %s by %q", name, *x.Ours, theirs, x.Verdict, got)
			continue
		}
		if len(x.Explanations) == 1 {
			alone++
		}
		if (x.Verdict == "explained") != (len(x.Explanations) == 1) {
			t.Errorf("%s: %s by %q", name, x.Verdict, x.names())
		}
		for _, e := range x.Explanations {
			if math.Abs(*e.Value-*x.Theirs) > 0.006 {
				t.Errorf("%s: %q gives %v", name, e.Rules, *e.Value)
			}
		}
		if i%5 == 0 && c.figure != "asa" && c.figure != "aht" && c.figure != "service-level" {
			addsUp(t, name, x, append(args, "--rule", strings.ReplaceAll(c.want, " + ", ",")))
		}
	}
	t.Logf("of %d numbers %d were told by one rule alone", len(planted), alone)
	if alone < len(planted)*3/4 {
		t.Errorf("of %d numbers %d were told by one rule alone", len(planted), alone)
	}
}

// addsUp requires that the conversations that differ come to the difference.
func addsUp(t *testing.T, name string, x explained, args []string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(must(t, append([]string{"why", "--csv"}, args...)...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum, ids := 0.0, map[string]bool{}
	for _, row := range rows[1:] {
		ours, err1 := strconv.ParseFloat(row[3], 64)
		theirs, err2 := strconv.ParseFloat(row[4], 64)
		if err1 != nil || err2 != nil || ours == theirs || row[2] == "" || row[5] == "" {
			t.Fatalf("%s: a row %q", name, row)
		}
		sum += theirs - ours
		ids[row[1]] = true
	}
	want := x.Explanations[slices.Index(x.names(), strings.Join(strings.Split(args[len(args)-1], ","), " + "))]
	if math.Abs(sum-(*x.Theirs-*x.Ours)) > 0.01 || len(ids) != len(rows)-1 || len(ids) > want.Conversations || len(ids) < want.Conversations*9/10 {
		t.Errorf("%s: %d conversations of %d differ by %v, and the numbers by %v", name, len(ids), want.Conversations, sum, *x.Theirs-*x.Ours)
	}
}

// At a terminal the story is told, with some of the conversations.
func whyTellsAPerson(t *testing.T, lake string) {
	t.Helper()
	args := []string{"why", "answered", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "--time-zone", "America/Los_Angeles", "--limit", "2"}
	theirs := *asksWhy(t, 0, append(args[1:], "--rule", "once")...).Explanations[0].Value
	for _, more := range [][]string{{"--rule", "once"}, {"--theirs", strconv.Itoa(int(theirs))}, nil} {
		var out, errs bytes.Buffer
		code := Run(t.Context(), append(slices.Clone(args), more...), &ui.Streams{Out: &out, Err: &errs, OutTerminal: true})
		text := out.String()
		if code != 0 || errs.Len() > 0 || !strings.Contains(text, "2026-11-01 00:00 -07:00 to 2026-11-03 00:00 -08:00") || !strings.Contains(text, "once") {
			t.Errorf("%q: exit code %d, %s%s", more, code, text, errs.String())
		}
		shown := strings.Count(text, "2026-11-0") - 2 // of the interval
		if (more == nil) != (shown == 0) || more != nil && !strings.Contains(text, "all by --rule once --csv") {
			t.Errorf("%q: %s", more, text)
		}
	}
}

// Ours is what parley report says, of every figure that both have.
func whyBeginsWithTheReport(t *testing.T, lake, queue string) {
	t.Helper()
	for _, more := range [][]string{nil, {"--queue", queue, "--media", "voice,email"}} {
		args := append([]string{"--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "--time-zone", "America/Los_Angeles"}, more...)
		report := figuresOf(t, args...)[0]
		for figure, column := range map[string]string{"offered": "offered", "answered": "answered", "abandoned": "abandoned", "transferred": "transferred", "asa": "averageAnswerSeconds", "aht": "averageHandleSeconds", "service-level": "serviceLevel"} {
			x := asksWhy(t, 0, append([]string{figure, "--theirs", report[column]}, args...)...)
			if x.Verdict != "agree" || *x.Ours == 0 {
				t.Errorf("%s of %q is %v, by the report %s", figure, more, *x.Ours, report[column])
			}
		}
	}
}

// A number that no rule gives is not put down to the nearest one, and one that several give is put down to all of them.
func whySaysWhenItDoesNotKnow(t *testing.T, lake, queue string) {
	t.Helper()
	args := []string{"offered", "--lake", lake, "--from", "2026-11-02", "--queue", queue}
	ours := *asksWhy(t, 0, args...).Ours
	x := asksWhy(t, 3, append(args, "--theirs", strconv.Itoa(int(ours)+100_000))...)
	if x.Verdict != "unexplained" || len(x.Explanations) != 0 {
		t.Errorf("got %+v", x)
	}
	code, _, errs := parley(t, append([]string{"why", "--theirs", strconv.Itoa(int(ours) + 100_000)}, args...)...)
	if code != 3 || !strings.Contains(errs, "no rule that is known gives that number") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	byValue := map[float64][]string{}
	for _, r := range asksWhy(t, 0, args...).Rules {
		byValue[*r.Value] = append(byValue[*r.Value], r.Rules...)
	}
	several := 0
	for value, rules := range byValue {
		if value == ours || len(rules) < 2 || several == 5 {
			continue
		}
		several++
		x := asksWhy(t, 0, append(args, "--theirs", strconv.Itoa(int(value)))...)
		for _, rule := range rules {
			if bound := strings.HasPrefix(rule, "without-short-"); x.Verdict != "several" && !bound || !slices.Contains(x.names(), rule) && !bound {
				t.Errorf("%v is given by %q, and put down to %q", value, rules, x.names())
			}
		}
	}
	if several == 0 {
		t.Error("no number is given by several rules, so that nothing was tested")
	}
}

func TestWhyRefusesWhatItCannotDo(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	for want, args := range map[string][]string{
		"figure anwered is not known. Did you mean answered?": {"anwered", "--from", "2026-11-02"},
		"--theirs 8x cannot be read":                          {"answered", "--from", "2026-11-02", "--theirs", "8x"},
		"--theirs 8.5 cannot be read":                         {"answered", "--from", "2026-11-02", "--theirs", "8.5"},
		"Did you mean by-start?":                              {"answered", "--from", "2026-11-02", "--rule", "by-star"},
		"they are about the same":                             {"answered", "--from", "2026-11-02", "--rule", "by-start,by-end"},
		"--rule names 3 rules":                                {"answered", "--from", "2026-11-02", "--rule", "a,b,c"},
		"--time-zone CET/Berlin is none":                      {"answered", "--from", "2026-11-02", "--time-zone", "CET/Berlin"},
		"say of when":                                         {"answered"},
		"--limit cannot be negative":                          {"answered", "--from", "2026-11-02", "--limit", "-1"},
		"--short is a number of whole seconds":                {"answered", "--from", "2026-11-02", "--short", "1500ms"},
		"--csv prints conversations that differ":              {"answered", "--from", "2026-11-02", "--csv"},
		"--theirs is empty":                                   {"answered", "--from", "2026-11-02", "--theirs", ""},
		"--queue is empty":                                    {"answered", "--from", "2026-11-02", "--queue", ""},
		"give one figure":                                     {"--from", "2026-11-02"},
	} {
		code, _, errs := parley(t, append(append([]string{"why"}, args...), "--lake", lake)...)
		if code != 2 || !strings.Contains(errs, want) {
			t.Errorf("parley why %q: exit code %d, %s", args, code, errs)
		}
	}
	if code, _, errs := parley(t, "why", "answered", "--lake", lake, "--from", "2026-11-02"); code != 5 {
		t.Errorf("no lake: exit code %d, %s", code, errs)
	}
}
