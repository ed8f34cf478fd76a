package get

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/test/unraced"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shape is what kind of conversation it is: its direction and media, who took part in which order, how it was handed on.
func shape(a account.Account) string {
	var parts []string
	add := func(word string) {
		if len(parts) == 0 || parts[len(parts)-1] != word {
			parts = append(parts, word)
		}
	}
	for _, p := range a.Parties {
		add(p.Purpose)
	}
	for _, p := range a.Passes {
		add(p.Kind)
	}
	for _, d := range a.Doubts {
		add("! " + d.Kind)
	}
	return a.Direction.Value + ", " + strings.Join(a.Media, " and ") + ": " + strings.Join(parts, " > ")
}

// shown is an account as it is printed.
func shown(t *testing.T, c *conversation.Conversation, o Options) string {
	t.Helper()
	var out bytes.Buffer
	o.Streams = &ui.Streams{Out: &out, Err: &out}
	if err := newPrinter(&o, account.Of(c, account.Options{})).print(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// One account of every simulated kind of conversation: go test ./internal/cli/get -update writes them anew. Read what changed.
func TestAccountsOfEverySimulatedKind(t *testing.T) {
	unraced.Test(t)
	day, err := conversation.ParseDay("2026-11-03")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for c := range sim.New(sim.Config{Seed: 7, PerDay: 700}).Day(day) {
		kind := shape(account.Of(c, account.Options{}))
		if _, told := all[kind]; !told {
			all[kind] = shown(t, c, Options{Width: 100})
		}
	}
	var kinds []string
	for kind := range all {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	var text strings.Builder
	for _, kind := range kinds {
		fmt.Fprintf(&text, "######## %s\n\n%s\n", kind, all[kind])
	}
	const golden = "testdata/accounts.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != text.String() {
		t.Errorf("the accounts are others than in %s (%v); -update writes them, read what changed", golden, err)
	}
}
