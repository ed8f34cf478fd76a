package rows_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/source/rows"
)

func TestBodies(t *testing.T) {
	for text, want := range map[string]string{
		`{"select":["interaction.type"]}`:                                    "interaction.id conversation.id timestamp interaction.type",
		`{"select":[" timestamp ","metrics.queuetime.ms","interaction.id"]}`: "conversation.id timestamp metrics.queuetime.ms interaction.id",
		`{"select":["attributes.custom.*"],"view":"default","filter":null}`:  "interaction.id conversation.id timestamp attributes.custom.*",
	} {
		b, err := rows.ParseBody([]byte(text))
		if err != nil || strings.Join(b.Select, " ") != want || b.Filter != nil {
			t.Errorf("%s: %q, %v", text, b, err)
		}
	}
	for text, says := range map[string]string{
		``:                                      "no JSON object",
		`[]`:                                    "no JSON object",
		`{"filter":{}}`:                         "select must be a list",
		`{"select":"timestamp"}`:                "select must be a list",
		`{"select":["metrics.quetime.ms"]}`:     "did you mean metrics.queuetime.ms",
		`{"select":["conversationStart"]}`:      "write timestamp",
		`{"select":[],"start":"x"}`:             "the body has start",
		`{"select":[],"limit":5}`:               "the body has limit",
		`{"select":[],"group":[]}`:              "the body has group",
		`{"select":[],"interval":"PT0S"}`:       "the body has interval",
		`{"select":[],"end":"x"}`:               "the body has end",
		`{"select":[],"sort":1}`:                "sort is not a member",
		`{"select":[],"filter":"c-1"}`:          "mixes",
		`{"select":[],"dateFrom":"2026-11-01"}`: "mixes",
		`{"select":["x"],"filter":{"type":"field","path":"interaction.type","operator":"like","value":1}}`: "; ", // both
	} {
		if _, err := rows.ParseBody([]byte(text)); !errors.Is(err, fault.Invalid) || !strings.Contains(said(err), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// A fingerprint is of what is asked, and not of how it is written; no value of a filter is in it.
func TestFingerprints(t *testing.T) {
	of := func(text string) string {
		b, err := rows.ParseBody([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b.Fingerprint()
	}
	filter := func(value string) string {
		return `{"select":["interaction.type"],"filter":{"type":"field","path":"interaction.type","operator":"eq","value":"` + value + `"}}`
	}
	all := []string{of(`{"select":["interaction.type"]}`), of(`{"select":["interaction.type","queueId"]}`), of(filter("voice")), of(filter("chat"))}
	if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != 4 || slices.ContainsFunc(all, func(s string) bool { return !strings.HasPrefix(s, "sha256:") || len(s) != 23 }) {
		t.Errorf("got %q", all)
	}
	if of(filter("voice")) != of(strings.ReplaceAll(filter("voice"), `,"`, ` , "`)) || of(`{"select":["interaction.type"]}`) != of(`{"select":["interaction.id","conversation.id","timestamp","interaction.type"]}`) {
		t.Error("the same body has two fingerprints")
	}
}
