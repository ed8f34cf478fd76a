package rows_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordschema"
)

// What is odd about rows is told, and nothing of it lost.
func TestOddRows(t *testing.T) {
	a1, a2, b, c := row("chat", "a", "10:00"), row("voice", "a", "10:00"), row("voice", "b", "10:00"), row("voice", "c", "11:00")
	other := strings.Replace(a2, ":7", ":8", 1)
	lacking := strings.Replace(c, `,"metrics.handledtime.ms":7`, "", 1)
	added := strings.Replace(c, `{`, `{"new":1,`, 1)
	for name, of := range map[string]struct {
		pages    [][]string
		want     []string
		rejected int64
		says     string // a warning
	}{
		"in order":                          {[][]string{{a1, a2}, {b, c}}, []string{a1, a2, b, c}, 0, ""},
		"one instant, interleaved":          {[][]string{{a2, b}, {a1, c}}, []string{a1, a2, b, c}, 0, ""},
		"a page twice":                      {[][]string{{a1, a2, b, c}, {a1, a2, b, c}}, []string{a1, a2, b, c}, 0, "rows came twice, on one page or on two that follow one another, and were taken once: 4"},
		"the end of a page again":           {[][]string{{a1, a2}, {a2, b}, {b, c}}, []string{a1, a2, b, c}, 0, "taken once: 2"},
		"an older row again, after a later": {[][]string{{a1, a2, c}, {a2, c}}, []string{a1, a2, c}, 0, "taken once: 2"},
		"a row too late":                    {[][]string{{a1, c}, {a2}}, []string{a1, c}, 1, ""},
		"two rows with one id":              {[][]string{{a2, other}}, []string{a2, other}, 0, "two rows with one interaction.id and another content (1)"},
		"a member is missing":               {[][]string{{a2, lacking}}, []string{a2, lacking}, 0, "required metrics.handledtime.ms (1)"},
		"a member is new":                   {[][]string{{a2, added}}, []string{a2, added}, 0, "additionalProperties (1)"},
		"no conversation":                   {[][]string{{a2, `{"interaction.id":"x","timestamp":"2026-11-01T10:30:00Z"}`, c}}, []string{a2, c}, 1, ""},
		"no zone":                           {[][]string{{a2, strings.Replace(c, "00.000Z", "00.000", 1)}}, []string{a2}, 1, ""},
		"no object":                         {[][]string{{a2, `[]`, `{"timestamp":1}`}}, []string{a2}, 2, ""},
		"no interaction":                    {[][]string{{a2, strings.Replace(c, `"voice-c"`, "null", 1)}}, []string{a2}, 1, ""},
		"only what is none":                 {[][]string{{`{"a":1}`}, {`{"a":2}`}, {a2}}, []string{a2}, 2, ""},
		"pages of nothing":                  {[][]string{{}, {a2}, {}, {c}, {}}, []string{a2, c}, 0, ""},
		"another zone":                      {[][]string{{strings.Replace(a2, "10:00:00.000Z", "11:00:00.000+01:00", 1), c}}, []string{strings.Replace(a2, "10:00:00.000Z", "11:00:00.000+01:00", 1), c}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := newFake(t, of.pages...)
			sum, err := r.run(t.Context())
			if (err != nil) != (of.rejected > 0) || err != nil && !errors.Is(err, fault.Incomplete) || sum.Rejected != of.rejected || f.undeleted() > 0 {
				t.Errorf("%v, %+v", err, sum)
			}
			r.wantRows(of.want)
			warned := strings.Join(sum.Warnings, "\n") + r.door.Warning()
			if !strings.Contains(warned, of.says) || of.says == "" && warned != "" {
				t.Errorf("warned of %q, want %q", warned, of.says)
			}
			if again := r.from.Warnings(); len(again) > 0 {
				t.Errorf("the next run is warned of it too: %q", again)
			}
		})
	}
}

// With --on-drift fail what is odd stops the run.
func TestAStrictDoor(t *testing.T) {
	a := row("voice", "a", "10:00")
	for _, page := range [][]string{{a, strings.Replace(a, ":7", ":8", 1)}, {strings.Replace(a, `{`, `{"new":1,`, 1)}} {
		r, _ := newFake(t, page)
		r.strict = true
		if _, err := r.run(t.Context()); !errors.Is(err, fault.Drifted) {
			t.Errorf("%q: %v", page, err)
		}
	}
}

// A schema that a person gives takes the place of the one that is built in.
func TestASchemaOfRows(t *testing.T) {
	schema, err := recordschema.Parse([]byte(`{"$defs":{"hard":{"properties":{"metrics.handledtime.ms":{"maximum":100}}}},"properties":{"interaction.type":{"enum":["voice"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := row("voice", "a", "10:00"), strings.Replace(row("chat", "b", "11:00"), "{", `{"new":1,`, 1), strings.Replace(row("voice", "c", "12:00"), ":7", ":700", 1)
	r, _ := newFake(t, []string{a, b, c})
	r.schema = schema
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || sum.Rejected != 1 || !strings.HasSuffix(r.door.Warning(), "interaction.type: enum (1)") {
		t.Errorf("%v, %+v, %s", err, sum, r.door.Warning())
	}
	r.wantRows([]string{a, b})
}

// A server that takes the end of a report in gives what starts at midnight twice, and it is in the lake once; one that leaves it out
// leaves nothing out.
func TestTheEndOfAReport(t *testing.T) {
	late, midnight := row("voice", "a", "2026-11-01T23:59"), row("voice", "b", "2026-11-02T00:00")
	late = strings.Replace(late, "00.000Z", "59.999Z", 1)
	for _, takes := range []bool{false, true} {
		r, f := newFake(t, []string{late, midnight})
		f.takes = takes
		r.cfg.End++
		sum := r.mustRun()
		r.wantRows([]string{late, midnight})
		if sum.Elsewhere != map[bool]int64{true: 1}[takes] || sum.Added != 2 || len(sum.Warnings) > 0 {
			t.Errorf("%v: %+v", takes, sum)
		}
	}
}

// Timestamps that lie beyond what was asked for, by more than a clock may be off, are told.
func TestTimestampsBeyond(t *testing.T) {
	in, slightly, far := row("voice", "a", "10:00"), strings.Replace(row("voice", "b", "2026-11-02T00:00"), "00.000Z", "00.900Z", 1), row("voice", "c", "2026-11-02T01:00")
	r, f := newFake(t)
	f.pages = func(report) [][]string { // whatever is asked for
		return [][]string{{in, slightly, far}}
	}
	f.state = func(report) string { return `{"status":"completed","count":3}` }
	r.client.Transport = unbounded{f}
	sum := r.mustRun()
	if sum.Outside != 2 || !slices.ContainsFunc(sum.Warnings, func(s string) bool {
		return strings.Contains(s, "beyond what was asked for: 1, from 2026-11-02T01:00:00.000Z to 2026-11-02T01:00:00.000Z")
	}) {
		t.Errorf("%+v", sum)
	}
	r.wantRows([]string{in})
}

// A report that is not done in time is deleted, and its time asked for in pieces.
func TestAReportThatTakesTooLong(t *testing.T) {
	a, b := row("voice", "a", "10:00"), row("voice", "b", "13:00")
	for name, state := range map[string]string{
		"it runs for ever":      `{"status":"running","progress":0.99}`,
		"it is pending":         `{"status":"pending","progress":0}`,
		"it has too many rows":  `{"status":"completed","count":10000000}`,
		"a part is left out":    `{"status":"partial","count":1}`,
		"a status nobody knows": `{"status":"thinking"}`,
	} {
		t.Run(name, func(t *testing.T) {
			r, f := newFake(t, []string{a, b})
			r.cfg.Poll.Within = time.Nanosecond
			f.state = func(q report) string {
				if q.end.Sub(q.start) > 6*time.Hour {
					return state
				}
				return `{"status":"completed"}`
			}
			r.mustRun()
			r.wantRows([]string{a, b})
			if got, want := strings.Join(f.started(), " "), "01T00+24h 01T00+6h 01T06+6h 01T12+6h 01T18+6h"; got != want || f.undeleted() > 0 {
				t.Errorf("reports %s, want %s; %d are left", got, want, f.undeleted())
			}
		})
	}
}

// A server may say that a report is partial, and no more.
func TestAPartialReportThatSaysNoMore(t *testing.T) {
	a := row("voice", "a", "10:00")
	r, f := newFake(t, []string{a})
	f.state = func(q report) string {
		if q.start.Hour() == 6 || q.end.Sub(q.start) > 6*time.Hour {
			return `{"status":"partial"}`
		}
		return `{"status":"completed"}`
	}
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || len(sum.Missing) != 1 || len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "2026-11-01T06:00:00.000Z/2026-11-01T12:00:00.000Z;") {
		t.Errorf("%v, %+v", err, sum)
	}
	r.wantRows([]string{a})
	if f.undeleted() > 0 {
		t.Errorf("%d reports are left", f.undeleted())
	}
}
