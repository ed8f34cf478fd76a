package recordschema

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

const rules = `{
	"properties": {
		"originatingDirection": {"enum": ["inbound", "outbound"]},
		"participants": {"items": {
			"properties": {
				"purpose": {"type": "string"},
				"attributes": {"additionalProperties": {"maxLength": 3}}
			},
			"required": ["purpose"], "additionalProperties": false
		}}
	},
	"$defs": {"hard": {"required": ["conversationEnd"]}}
}`

func read(t *testing.T, text string) (*Schema, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(path)
}

func mustRead(t *testing.T, text string) *Schema {
	t.Helper()
	s, err := read(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const head = `{"conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z"`

func TestRecordsAreHeldAgainstASchema(t *testing.T) {
	s := mustRead(t, rules)
	ended := head + `,"conversationEnd":"2026-11-01T10:01:00.000Z"`
	for record, want := range map[string]string{
		ended + `}`: "",
		ended + `,"originatingDirection":"inbound"}`:                                                  "",
		ended + `,"originatingDirection":"secretvalue"}`:                                              "originatingDirection: enum (1)",
		ended + `,"participants":[{"purpose":"agent"},{}]}`:                                           "participants[]: required purpose (1)",
		ended + `,"participants":[{"purpose":1,"secretname":2,"attributes":{"secretkey":"secret"}}]}`: "participants[].attributes.*: maxLength (1); participants[].purpose: type (1); participants[]: additionalProperties (1)",
	} {
		d := NewDoor(s, false)
		r, err := d.Record([]byte(record))
		if err != nil || r.ID != "c1" {
			t.Errorf("%s: %v", record, err)
		}
		if got := strings.TrimPrefix(d.Warning(), "records deviate from the schema of --schema, and were taken: "); got != want {
			t.Errorf("%s: got %q, want %q", record, got, want)
		}
		_, err = NewDoor(s, true).Record([]byte(record))
		if strict := errors.Is(err, fault.Drifted); strict != (want != "") || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: strictly: %v", record, err)
		}
	}
	for record, want := range map[string]string{
		head + `}`:                "record c1 breaks hard rules of the schema: the record: required conversationEnd",
		`{"conversationEnd":"x"}`: "the record has no conversationId",
	} {
		if _, err := NewDoor(s, true).Record([]byte(record)); !errors.Is(err, fault.Invalid) || err.Error() != want {
			t.Errorf("%s: %v", record, err)
		}
	}
	large := ended + `,"originatingDirection":"` + strings.Repeat("x", largest) + `"}`
	d := NewDoor(s, false)
	if _, err := d.Record([]byte(large)); err != nil || !strings.Contains(d.Warning(), "not held against the schema") {
		t.Errorf("a large record: %v, %s", err, d.Warning())
	}
	if _, err := NewDoor(nil, true).Record([]byte(head + `,"new":1}`)); err != nil {
		t.Errorf("without a schema: %v", err)
	}
}

func TestWhatIsNoSchemaIsRefused(t *testing.T) {
	for _, text := range []string{``, `{`, `{"type":"text"}`, `{"$ref":"https://example.com/schema.json"}`, `{"$ref":"file:///etc/passwd"}`, `{"$defs":{"hard":{"type":7}}}`} {
		if _, err := read(t, text); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestDeviationsAreBounded(t *testing.T) {
	s := mustRead(t, `{"additionalProperties":{"type":"string"},"properties":{`+strings.Repeat(`"a":{},`, 1)+`"b":{}}}`)
	d := NewDoor(s, false)
	for range 3 {
		if _, err := d.Record([]byte(head + `,"x":1,"y":2}`)); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Warning(); !strings.HasSuffix(got, ": .*: type (3)") {
		t.Errorf("got %q", got)
	}
}

// The schema that is printed says of a record what is said of it when its keys are counted on the way: whether there is
// anything in it that this version does not know. The two have nothing in common but the types.
func TestTheBuiltInSchemaSaysWhatTheDecoderSays(t *testing.T) {
	s := mustRead(t, string(wire.Schema()))
	dice := rand.New(rand.NewPCG(3, 4))
	insert := []string{`"new":1,`, `"externalTag":7,`, `"selfServed":"no",`, `"externalTag":null,`, `"participants":{},`, `"divisionIds":["a",null],`, ``, ``}
	day := conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	strange, n := 0, 0
	for c := range sim.New(sim.Config{Seed: 1, PerDay: 150}).Day(day) {
		raw, err := wire.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		var starts []int
		for i := range len(raw) - 1 {
			if raw[i] == '{' && raw[i+1] == '"' {
				starts = append(starts, i+1)
			}
		}
		// Of a member that comes twice nothing is asked: the two count it otherwise.
		what := insert[dice.IntN(len(insert))]
		if name, _, _ := strings.Cut(what, ":"); what != "" && bytes.Contains(raw, []byte(name+":")) {
			what = `"newer":true,`
		}
		at := starts[dice.IntN(len(starts))]
		if bytes.HasSuffix(raw[:at], []byte(`"attributes":{`)) {
			continue
		}
		text := slices.Concat(raw[:at], []byte(what), raw[at:])
		keys := wire.NewKeys()
		keys.Decode(conversation.Record{ID: "c", Start: day.Start(), JSON: text})
		unknown := slices.ContainsFunc(keys.Sights(), func(s wire.Sight) bool { return !s.Known() })
		hard, soft := s.check(text)
		if unknown != (len(soft) > 0) || len(hard) > 0 {
			t.Fatalf("%s: unknown %v, and by the schema %v %v", text, unknown, hard, soft)
		}
		n++
		if unknown {
			strange++
		}
	}
	if strange < 20 || strange == n {
		t.Errorf("%d of %d are strange", strange, n)
	}
}

func BenchmarkDoor(b *testing.B) {
	s, err := Parse(wire.Schema())
	if err != nil {
		b.Fatal(err)
	}
	var records [][]byte
	for c := range sim.New(sim.Config{Seed: 1, PerDay: 200}).Day(20000) {
		raw, err := wire.Encode(c)
		if err != nil {
			b.Fatal(err)
		}
		records = append(records, raw)
	}
	for name, d := range map[string]*Door{"with a schema": NewDoor(s, false), "without": NewDoor(nil, false)} {
		b.Run(name, func(b *testing.B) {
			for i := range b.N {
				if _, err := d.Record(records[i%len(records)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Numbers of any exponent and length are held against numeric rules, in a schema too, and cost no more than others.
func TestNumbersWithoutBounds(t *testing.T) {
	s, err := Parse([]byte(`{"properties":{"x":{"type":"number","minimum":-5,"maximum":5,"multipleOf":0.5},"y":{"maximum":1e999999999}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]string{
		"1.5": "", "1e400000000": "x: maximum", "-1e999999999999": "x: minimum", "1e-400000000": "", "0e400000000": "", "1e9000000": "x: maximum",
		"1." + strings.Repeat("0", 1_000_000): "", strings.Repeat("7", 1_000_000): "x: maximum",
	} {
		hard, soft := s.check([]byte(`{"x":` + number + `,"y":` + number + `}`))
		if got := strings.Join(soft, ";"); len(hard) > 0 || got != want && !strings.HasPrefix(got, cmp.Or(want, "none")) {
			t.Errorf("%.20s: %q, %q", number, hard, soft)
		}
	}
}

// A schema whose definitions double is refused: it would be held against a record for ever. One that refers to itself is none.
func TestDefinitionsThatDouble(t *testing.T) {
	var defs strings.Builder
	for i := range 40 {
		fmt.Fprintf(&defs, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	doubling := `"$defs":{` + defs.String() + `"d40":{"type":"object"}}`
	for _, text := range []string{
		`{` + doubling + `,"$ref":"#/$defs/d0"}`,
		`{` + strings.Replace(doubling, `"d40"`, `"hard":{"$ref":"#/$defs/d0"},"d40"`, 1) + `}`,
		`{` + doubling + `,"properties":{"x":{"items":{"$ref":"#/$defs/d0"}}}}`,
		`{"$schema":"http://json-schema.org/draft-07/schema#",` + doubling + `,"additionalProperties":{"items":[{"$ref":"#/$defs/d0"}]}}`,
	} {
		if _, err := read(t, text); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	mustRead(t, `{"additionalProperties":{"$ref":"#"},"properties":{"participants":{"items":{"$ref":"#"}}}}`)
}
