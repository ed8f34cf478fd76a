package tables

import (
	"bytes"
	flags "flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

var day1 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

var update = flags.Bool("update", false, "write the golden files anew")

// distinct gives every member of a record another value: texts say where they stand, times and numbers count up, and the
// truths of several records together are a binary number.
type distinct struct {
	n     int // times and numbers so far
	truth int // truths so far
	bit   int // digit of the truths that this record has
	both  bool
}

func (d *distinct) fill(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.fill(v.Elem(), path)
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			d.fill(v.Field(i), path+"."+name)
		}
	case reflect.Slice:
		n := 1
		if d.both && !strings.Contains(path, "[0]") || v.Type().Elem().Kind() != reflect.Struct {
			n = 2
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			d.fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{path + " key 2": path + " value 2", path + " key 1": path + " value 1"}))
	case reflect.Int64:
		d.n++
		v.SetInt(int64(d.n))
	case reflect.Float64:
		d.n++
		v.SetFloat(float64(d.n) + 0.5)
	case reflect.Bool:
		d.truth++
		v.SetBool(d.truth>>d.bit&1 == 1)
	default:
		d.n++
		v.SetString(textOf(path, d.n))
	}
}

// textOf is the place of a text, or a time in a member that holds one.
func textOf(path string, n int) string {
	for _, end := range []string{"Start", "End", "Time", "Date", "Timestamp", "Timeout"} {
		if strings.HasSuffix(path, end) {
			return conversation.FormatTime(day1.Add(time.Duration(n) * time.Second))
		}
	}
	return strings.TrimPrefix(strings.NewReplacer("participants", "p", "sessions", "s").Replace(path), ".")
}

// distinctRecord is a record of distinct values, with what derived columns need: purposes, types and names that mean
// something.
func distinctRecord(t *testing.T, id string, d distinct) conversation.Version {
	t.Helper()
	c := new(conversation.Conversation)
	d.fill(reflect.ValueOf(c).Elem(), "")
	c.ConversationID = conversation.ID(id)
	c.ConversationStart, c.ConversationEnd = conversation.FormatTime(day1), conversation.FormatTime(day1.Add(time.Hour))
	if d.both {
		c.Participants[0].Purpose, c.Participants[1].Purpose = "customer", "agent"
		c.Participants[0].Sessions[0].Direction = "outbound"
		c.Participants[1].Sessions[1].Segments[1].SegmentType = "interact"
		c.Participants[1].Sessions[1].Metrics[1].Name = "tAbandon"
		c.Participants[1].Attributes["long"] = strings.Repeat("ä", conversation.MaxAttributeLength)
	}
	raw, err := wire.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.Record(raw)
	if err != nil {
		t.Fatal(err)
	}
	return conversation.Version{Record: r, Run: "run of " + id, At: day1.Add(48 * time.Hour)}
}

// Every column of every table has the value that its name says. The golden file shows each column with its values in the
// rows of a few records in which no two members are alike: read it before it is committed.
func TestColumnsHaveWhatTheirNamesSay(t *testing.T) {
	tables := map[Table]arrow.RecordBatch{}
	take := func(table Table, rows arrow.RecordBatch) {
		if tables[table] != nil {
			t.Fatalf("%s: more rows than are handed on at once", table)
		}
		tables[table] = rows
	}
	s := NewShredder(memory.DefaultAllocator, Deriving{}, take)
	records := []conversation.Version{distinctRecord(t, "both", distinct{both: true})}
	for bit := range 7 {
		records = append(records, distinctRecord(t, fmt.Sprint("bit", bit), distinct{bit: bit}))
	}
	bare, err := wire.Record([]byte(`{"conversationId":"bare","conversationStart":"2026-11-01T00:00:00.000Z","evaluations":[{}],"surveys":[{}],"resolutions":[{}],` +
		`"participants":[{"attributes":{"":""},"sessions":[{"segments":[{}],"metrics":[{"name":"tTalk"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(records, conversation.Version{Record: bare, Run: "run", At: day1}) {
		if misfits := s.Add(v); misfits != nil {
			t.Errorf("record %s: %v", v.ID, misfits)
		}
	}
	s.changes.add(&Change{ID: "the id", Start: day1, Path: "/the/path", Before: "1", After: "2", Run: "the run", FoundAt: day1.Add(time.Hour)})
	s.changes.add(&Change{ID: "the id", Start: day1, Path: "/the/path", Run: "the run", FoundAt: day1.Add(time.Hour)})
	s.Flush()

	var got bytes.Buffer
	for _, table := range All() {
		fmt.Fprintf(&got, "%s\n", table)
		for i, f := range tables[table].Schema().Fields() {
			fmt.Fprintf(&got, "  %s: %s\n", f.Name, values(tables[table].Column(i), f.Name))
		}
		tables[table].Release()
	}
	want := golden(t, "columns.golden", got.Bytes())
	gotLines, wantLines := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Errorf("line %d\n got %s\nwant %s", i+1, g, w)
		}
	}
	if t.Failed() {
		t.Log("when a record gives other values than it did, Rules goes up")
	}
}

// values writes a column on one line: values that follow one another and are the same once, long texts by their length.
func values(column arrow.Array, name string) string {
	var out []string
	for i := range column.Len() {
		v := column.ValueStr(i)
		if len(v) > 300 {
			v = fmt.Sprintf("%d bytes", len(v))
		}
		out = append(out, v)
	}
	if name == "record_hash" {
		out = slices.Compact(slices.Sorted(slices.Values(out)))
		return fmt.Sprintf("%d different ones of %d characters", len(out), len(out[0]))
	}
	var short []string
	for i := 0; i < len(out); {
		n := 1
		for i+n < len(out) && out[i+n] == out[i] {
			n++
		}
		text := out[i]
		if n > 1 {
			text += fmt.Sprintf(" ×%d", n)
		}
		short = append(short, text)
		i += n
	}
	return strings.Join(short, " | ")
}

// The queue of a metric is that of the last segment of its session that has a queue and had started when it was emitted;
// in its absence the first queue of the session.
func TestQueueOfAMetric(t *testing.T) {
	segment := func(ms int, queue string) conversation.Segment {
		return conversation.Segment{SegmentStart: conversation.FormatTime(day1.Add(time.Duration(ms) * time.Millisecond)), QueueID: queue}
	}
	three := []conversation.Segment{segment(10, ""), segment(20, "a"), segment(30, ""), segment(40, "b"), segment(40, "c"), segment(50, "")}
	for _, c := range []struct {
		name     string
		segments []conversation.Segment
		ms       int
		want     string
	}{
		{"before all", three, 9, "a"}, {"before the first queue", three, 19, "a"}, {"at its start", three, 20, "a"}, {"just after", three, 21, "a"},
		{"in a segment without a queue", three, 30, "a"}, {"just before the next queue", three, 39, "a"}, {"at the start of two", three, 40, "c"},
		{"after all", three, 99, "c"}, {"no segments", nil, 5, ""}, {"no queues", []conversation.Segment{segment(1, ""), segment(2, "")}, 5, ""},
		{"later ones are listed first", []conversation.Segment{segment(40, "b"), segment(20, "a")}, 30, "a"},
		{"the last one listed counts", []conversation.Segment{segment(40, "b"), segment(20, "a")}, 50, "a"},
		{"before all, later ones first", []conversation.Segment{segment(40, "b"), segment(20, "a")}, 5, "b"},
	} {
		emitted := conversation.FormatTime(day1.Add(time.Duration(c.ms) * time.Millisecond))
		if got := queueAt(c.segments, emitted); got != c.want {
			t.Errorf("%s: queue %q, want %q", c.name, got, c.want)
		}
	}
	if got := queueAt([]conversation.Segment{{QueueID: "a"}, segment(1, "b")}, "soon"); got != "a" {
		t.Errorf("an emission at an unknown time: queue %q, want that of the segment without a start", got)
	}
}
