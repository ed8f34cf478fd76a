package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const victim = `package victim

const most = 3

func reads(a, b int) (int, error) {
	defer close()
	if err := check(a, b); err != nil {
		return 0, err
	}
	if ok(a) && a < b {
		count++
		log.Info("nothing")
		a = b
	}
	for {
		break
	}
	if a > most {
		return 7, errTooMany
	}
	return min(a, b+1), nil
}
`

// Every mistake that can be made is found, and is one piece of the file.
func TestMistakesAreFound(t *testing.T) {
	found, err := inFile("victim.go", []byte(victim))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.function+" "+m.kind+": "+m.edit([]byte(victim)))
		changed := string(m.apply([]byte(victim)))
		if changed == victim || len(changed) != len(victim)-(m.end-m.start)+len(m.with) {
			t.Errorf("%v changes nothing, or more than it says", m)
		}
		if _, err := inFile("victim.go", []byte(changed)); err != nil {
			t.Errorf("%v is not Go any more: %v", m, err)
		}
	}
	want := []string{
		"const off by one: 3 => 4",
		"reads forgotten: defer close() => {}",
		"reads error ignored: err != nil => false && (err != nil)",
		"reads operator: != => ==",
		"reads swapped: a, b => b, a",
		"reads operator: && => ||",
		"reads operator: < => <=",
		"reads forgotten: count++ => {}",
		"reads forgotten: a = b => _ = b",
		"reads forgotten: break => {}",
		"reads operator: > => >=",
		"reads operator: + => -",
		"reads off by one: 1 => 2",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiff(t *testing.T) {
	i := strings.Index(victim, "a < b")
	m := mutation{start: i + 2, end: i + 3, with: "<="}
	if got, want := diff(m, []byte(victim)), "  - \tif ok(a) && a < b {\n  + \tif ok(a) && a <= b {\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A mistake is placed by its line, and a bare check of an error by the line before too.
func TestPlace(t *testing.T) {
	const text = "package p\n\n\tv, err := try(1)\n\tif err != nil {\n"
	for part, want := range map[string]string{"1": "v, err := try(1)", "err !": "v, err := try(1) if err != nil {"} {
		i := strings.Index(text, part)
		if got := (mutation{start: i, end: i + 1}).place([]byte(text)); got != want {
			t.Errorf("%s: got %q, want %q", part, got, want)
		}
	}
}

// A mistake that is explained is known by its function and edit, wherever it stands.
func TestAccepted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "accepted.txt")
	if err := os.WriteFile(path, []byte("# reasons\n\nvictim.go\treads\t< => <=\tequal is never asked\nvictim.go\treads\t1 => 2 in return min(a, b+1), nil\tit is the same\n"+
		"victim.go\treads\t> => >= in if ok(a) && a < b {\tit stands in another line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := readAccepted(path)
	if err != nil {
		t.Fatal(err)
	}
	found, err := inFile("victim.go", []byte("\n\n"+victim))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range found {
		if known.has(m, []byte("\n\n"+victim)) {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d mistakes are explained, want 2", n)
	}
	if err := os.WriteFile(path, []byte("victim.go\treads\t< => <=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readAccepted(path); err == nil {
		t.Error("a line without a reason is taken")
	}
}

// The list in the checkout can be read, and explains mistakes of files that there are.
func TestAcceptedOfThisCheckout(t *testing.T) {
	known, err := readAccepted("accepted.txt")
	if err != nil {
		t.Fatal(err)
	}
	for k := range known {
		file, _, _ := strings.Cut(k, "\t")
		if _, err := os.Stat(filepath.Join("..", "..", file)); err != nil {
			t.Error(err)
		}
	}
}

// A share of nothing is all of it, and what does not compile does not count.
func TestShare(t *testing.T) {
	for want, of := range map[float64]tally{1: {}, 0.5: {killed: 1, survived: 2, hung: 1, stillborn: 9, explained: 9}, 0: {survived: 1}} {
		if got := of.caught(); got != want {
			t.Errorf("%v: got %v, want %v", of, got, want)
		}
	}
}
