package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation/arithmetic"
	"github.com/parley-hq/parley/internal/wire"
)

var update = flag.Bool("update", false, "write the summary of the samples anew")

// shared is where samples and schema lie, where they are at hand.
const shared = "../../../shared/"

// schema is a definition of the platform's.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Enum       []string          `json:"enum"`
	Items      *schema           `json:"items"`
	AllOf      []schema          `json:"allOf"`
	Properties map[string]schema `json:"properties"`
}

func deref(s *schema) []schema {
	if s == nil {
		return nil
	}
	return []schema{*s}
}

// unlisted are keys whose values matter, though the schema lists none.
var unlisted = []string{"participants.sessions.metrics.name", "participants.sessions.provider"}

// paths walks the schema of a conversation and gives every key with its path, and those with listed values.
func paths(t *testing.T) (keys []string, enums map[string][]string) {
	t.Helper()
	var api struct {
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(read(t, shared+"api/openapi-subset.json"), &api); err != nil {
		t.Fatal(err)
	}
	enums = map[string][]string{}
	var walk func(path string, s schema)
	walk = func(path string, s schema) {
		for _, one := range append(s.AllOf, deref(s.Items)...) {
			walk(path, one)
		}
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
			s = api.Components.Schemas[name]
		}
		if len(s.Enum) > 0 {
			enums[path] = s.Enum
		}
		for key, of := range s.Properties {
			to := strings.TrimPrefix(path+"."+key, ".")
			keys = append(keys, to)
			walk(to, of)
		}
	}
	walk("", schema{Ref: "#/components/schemas/AnalyticsConversation"})
	return keys, enums
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// cutShort are samples that somebody cut before they were published, by their ids.
var cutShort = []string{"8449d2d3-3ab1-45c2-acae-f24795e79148", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"}

func TestTheSummaryIsThatOfTheSamples(t *testing.T) {
	files, _ := filepath.Glob(shared + "samples/*.json")
	if len(files) == 0 {
		t.Skip("no samples at hand")
	}
	keys, enums := paths(t)
	named := map[string]bool{}
	for path := range enums {
		named[path] = true
	}
	for _, path := range unlisted {
		named[path], enums[path] = true, nil
	}
	l := newLikeness(named, stepsOfSamples)
	r := realSide{Exceptions: map[string]int{}, Listed: map[string]int{}, Keys: len(keys)}
	add := func(raw []byte) {
		raw, err := compact(raw)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := wire.Decode(raw)
		for _, f := range arithmetic.Find(c) {
			switch {
			case f.Exception != "":
				r.Exceptions[f.Exception]++
			case slices.Contains(cutShort, string(c.ConversationID)):
				r.Cut++
			default:
				t.Errorf("conversation %s: %s", c.ConversationID, f)
			}
		}
		measured := false
		for s := range sessions(c) {
			measured = measured || len(s.Metrics) > 0
		}
		whole := measured && c.ConversationEnd != "" && !slices.Contains(cutShort, string(c.ConversationID))
		if err := l.add(c, raw, whole); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		add(read(t, f))
	}
	var page struct {
		Conversations []json.RawMessage `json:"conversations"`
	}
	if err := json.Unmarshal(read(t, shared+"samples/pages/job-results-last-page.json"), &page); err != nil {
		t.Fatal(err)
	}
	for _, raw := range page.Conversations {
		add(raw)
	}
	r.likeness = *l.close()
	for path, values := range enums {
		r.Listed[path] = len(values)
	}
	for trait := range r.Traits {
		if key, value, isValue := strings.Cut(trait, "="); isValue && enums[key] != nil && !slices.Contains(enums[key], value) {
			t.Errorf("the schema does not list %s", trait)
		} else if !slices.Contains(keys, key) {
			t.Errorf("the schema has no %s", trait)
		}
	}
	want, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("real.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(realText) != string(want) {
		t.Error("docs/gen/real.json is not what the samples are like: go test ./docs/gen -run Summary -args -update")
	}
}
