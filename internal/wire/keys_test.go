package wire_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

var keysDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// sights are the keys of records, each of the next day.
func sights(records ...string) []wire.Sight {
	k := wire.NewKeys()
	for i, raw := range records {
		at := keysDay.Add(time.Duration(i) * 24 * time.Hour)
		k.Decode(conversation.Record{ID: conversation.ID(fmt.Sprint("c", i)), Start: at, JSON: []byte(raw)})
	}
	return k.Sights()
}

func TestKeysAreCounted(t *testing.T) {
	got := sights(
		`{"conversationId":"a","new":{"x":1},"participants":[{"attributes":{"secret":"s"},"sessions":[{"ani":"1"},{"ani":null,"dnis":7,"odd":[1]}]},{"new":1.5}]}`,
		`{"conversationId":"a","new":{},"mediaStatsMinConversationMos":4,"divisionIds":["x",2,null],"participants":[{"attributes":{"secret":1}}]}`,
		`{"conversationId":"b","divisionIds":"x","selfServed":1,"participants":{}}`,
	)
	var lines []string
	for _, s := range got {
		known := ""
		if !s.Known() {
			known = " unknown " + string(s.Example)
		}
		lines = append(lines, fmt.Sprintf("%s %s %d %d-%d%s", s.Path, s.Type, s.Count, s.First.Start().Day(), s.Last.Start().Day(), known))
	}
	want := []string{
		"conversationId string 3 1-3",
		"divisionIds array 1 2-2",
		"divisionIds string 1 3-3 unknown c2",
		"divisionIds[] integer 1 2-2 unknown c1",
		"divisionIds[] null 1 2-2 unknown c1",
		"mediaStatsMinConversationMos number 1 2-2",
		"new object 2 1-2 unknown c0",
		"participants array 2 1-2",
		"participants object 1 3-3 unknown c2",
		"participants[].attributes object 2 1-2",
		"participants[].attributes.* integer 1 2-2 unknown c1",
		"participants[].new number 1 1-1 unknown c0",
		"participants[].sessions array 1 1-1",
		"participants[].sessions[].ani null 1 1-1",
		"participants[].sessions[].ani string 1 1-1",
		"participants[].sessions[].dnis integer 1 1-1 unknown c0",
		"participants[].sessions[].odd array 1 1-1 unknown c0",
		"selfServed integer 1 3-3 unknown c2",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// A record is decoded quickly where it can be, and its keys are counted on the way. They are the same for one that is
// written otherwise, and for one of which that way gives up in the middle.
func TestKeysAreTheSameHoweverARecordIsRead(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	insert := []string{`"new":1,`, `"new":null,`, `"new":{"a":[{}]},`, `"externalTag":7,`, `"selfServed":"no",`, `"externalTag":null,`, `"sessions":[{}],`, ""}
	strange := 0
	for _, raw := range simulated(t)[:300] {
		places := bytes.Count(raw, []byte("{"))
		n, at := dice.IntN(places), 0
		for range n {
			at += bytes.IndexByte(raw[at:], '{') + 1
		}
		at += bytes.IndexByte(raw[at:], '{') + 1
		// An object that would be empty but for what is inserted has no comma.
		if raw[at] == '}' || raw[at] != '"' {
			continue
		}
		changed := string(raw[:at]) + insert[dice.IntN(len(insert))] + string(raw[at:])
		indented := jsontext.Value(changed)
		if err := indented.Indent(); err != nil {
			t.Fatal(err)
		}
		quick, slow := sights(changed), sights(string(indented))
		if !slices.Equal(quick, slow) {
			t.Fatalf("%s: counted on the way %v, and otherwise %v", changed, quick, slow)
		}
		for _, s := range quick {
			if !s.Known() {
				strange++
			}
		}
	}
	if strange < 50 {
		t.Errorf("only %d strange keys were met", strange)
	}
}

// However a record is read, its keys are the same, and so is what is made of it.
func FuzzKeys(f *testing.F) {
	f.Add(`{"conversationId":"c","new":[{"a":-1.5e+3}],"selfServed":1,"participants":[{"attributes":{"k":null,"l":1},"sessions":[{"mediaCount":1.5,"flow":{"outcomes":[null,{}]}}]}]}`)
	f.Add(`{"divisionIds":["a",null,[]],"externalTag":null,"evaluations":{},"participants":[[]],"mediaStatsMinConversationMos":1e0}`)
	f.Fuzz(func(t *testing.T, raw string) {
		indented := jsontext.Value(raw)
		if indented.Kind() != '{' || indented.Indent() != nil {
			t.Skip("no record")
		}
		if as, other := sights(raw), sights(string(indented)); !slices.Equal(as, other) {
			t.Errorf("%s: %v as it is, %v with other white space", raw, as, other)
		}
		counted, misfits := wire.NewKeys().Decode(conversation.Record{Start: keysDay, JSON: []byte(raw)})
		if plain, others := wire.Decode([]byte(raw)); !reflect.DeepEqual(counted, plain) || !maps.Equal(misfits, others) {
			t.Errorf("%s: %+v with its keys counted, %+v without", raw, counted, plain)
		}
	})
}

// The names of a hostile record take no more memory than a thousand short ones.
func TestStrangeKeysAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"` + strings.Repeat("é", 1<<20) + `":1`)
	for i := range 20_000 {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	b.WriteString("}")
	got := sights(b.String())
	if len(got) > 1001 || got[0].Path != wire.Others || got[0].Count != 20_001-1000 || got[0].Known() {
		t.Errorf("%d keys, the first %+v", len(got), got[0])
	}
	for _, s := range got {
		if len(s.Path) > 200 {
			t.Errorf("a name of %d bytes is kept", len(s.Path))
		}
	}
}

func TestEveryMemberIsKnown(t *testing.T) {
	keys := wire.KnownKeys()
	if len(keys) < 200 {
		t.Fatalf("only %d", len(keys))
	}
	for _, k := range keys {
		if !k.Known() || !(wire.Key{Path: k.Path, Type: "null"}).Known() || (wire.Key{Path: k.Path, Type: "other"}).Known() {
			t.Errorf("%+v", k)
		}
	}
}

// BenchmarkKeys decodes records with their keys counted: what BenchmarkDecode does without.
func BenchmarkKeys(b *testing.B) {
	fit := simulated(b)
	k := wire.NewKeys()
	b.ReportAllocs()
	for i := range b.N {
		k.Decode(conversation.Record{ID: "c", Start: keysDay, JSON: fit[i%len(fit)]})
	}
}
