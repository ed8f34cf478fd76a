package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/conversation/arithmetic"
)

// lacking are keys and values of the samples that no simulated record has, each with its reason.
var lacking = map[string]string{}

// measured are the medians, 95th percentiles and greatest values of 161 records of one contact centre, of which the
// samples are a part.
var measured = map[string][3]string{
	"participants": {"2", "5", "8"}, "segments": {"4", "12", "22"}, "metrics": {"6", "20", "35"}, "bytes": {"4.8 k", "12.5 k", "21 k"},
}

const besideIntro = `# Simulated records beside real ones

<!-- Made by: go run ./docs/gen. Do not edit. -->

What is developed against the sandbox must work on real records. So this page lays %[1]s simulated conversations (%[2]d days of
%[3]s, seed %[4]d) beside %[5]d real records that were found in public and made anonymous. Of the real ones only numbers are
kept, in ` + "`docs/gen/real.json`" + `: quantiles, and how many records use each key and value.

## Distributions

![The share of records that have at most so many participants, sessions, segments, metrics, bytes, or lasted at most so long: simulated and real lines nearly agree for voice](simulated-and-real.svg)

Each panel shows what share of the records (upwards) has at most so much (to the right). Bytes are those of compact JSON, with
attributes; a duration is the time from conversationStart to conversationEnd. A record counts as the medium of its first
outside session.

`

const besideReading = `
How to read it:

- The 161 records are two pages of jobs of one voice contact centre. The samples at hand are a part of them, and not a random
  one, with a few others. Where both are given, the 161 are the better measure.
- The real line of durations goes on to the far right because one of the two pages holds conversations that a job returned
  60 days after they began: a job returns what overlaps its interval, so long conversations come with every day.
- One real message was found, with 62 segments, 102 metrics and 28 kB, and called busy. Whether it is typical nobody knows. The
  simulated ones are calmer: the busiest have some 40 segments.
- Of emails, bots and calls of a dialer no real record was found. What is simulated of them follows the documentation.

`

// besidePage is the report of how like the simulation is to what was found.
func besidePage(both sides) string {
	made, found := both.sim, both.real
	var b strings.Builder
	fmt.Fprintf(&b, besideIntro, thousands(made.Records), simulatedDays, thousands(simulatedPerDay), simulatedSeed, found.Records)
	b.WriteString("| voice | simulated: median | 95 % | samples: median | 95 % | all 161: median | 95 % | greatest |\n|---|---|---|---|---|---|---|---|\n")
	for _, m := range measures {
		all, ok := measured[m.name]
		if !ok {
			all = [3]string{"", "", ""}
		}
		s, r := made.Quantiles["voice"][m.name], found.Quantiles["voice"][m.name]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", m.name, shown(m.name, s), shownAt(m.name, s), shown(m.name, r), shownAt(m.name, r), all[0], all[1], all[2])
	}
	b.WriteString(besideReading)
	b.WriteString(keysSection(both))
	b.WriteString(valuesSection(both))
	b.WriteString(rulesSection(found))
	return b.String()
}

// shownAt is the 95th percentile of quantiles, in words.
func shownAt(of string, quantiles []int64) string {
	return inWords(of, quantiles[(len(quantiles)-1)*95/100])
}

// keysSection counts the keys.
func keysSection(both sides) string {
	made, found := both.sim, both.real
	ours, theirs := keysOf(made), keysOf(&found.likeness)
	var b strings.Builder
	fmt.Fprintf(&b, `## Keys

The platform's schema has %d keys in a conversation, nested ones each where they may stand. The samples use %d of them, the
simulated records %d. What the samples use and no simulated record has:

`, found.Keys, len(theirs), len(ours))
	var missing []string
	for trait := range found.Traits {
		if made.Traits[trait] == 0 {
			missing = append(missing, trait)
		}
	}
	slices.Sort(missing)
	for _, trait := range missing {
		fmt.Fprintf(&b, "- `%s`: %s\n", trait, lacking[trait])
	}
	if len(missing) == 0 {
		b.WriteString("- nothing, neither a key nor a value.\n")
	}
	var more []string
	for _, key := range ours {
		if found.Traits[key] == 0 {
			more = append(more, "`"+key+"`")
		}
	}
	fmt.Fprintf(&b, "\nKeys that simulated records have besides, after the documentation: %s.\n\n", strings.Join(more, ", "))
	return b.String()
}

func keysOf(l *likeness) (out []string) {
	for trait := range l.Traits {
		if !strings.Contains(trait, "=") {
			out = append(out, trait)
		}
	}
	slices.Sort(out)
	return out
}

// valuesSection lists the values of keys of which the schema lists them, and of two of which it does not.
func valuesSection(both sides) string {
	made, found := both.sim, both.real
	var b strings.Builder
	b.WriteString(`## Values

The keys whose values the schema lists, and metrics and providers, which it does not. All values that samples use are simulated,
unless they are listed above.

| key | values in the schema | in samples | simulated besides |
|---|---|---|---|
`)
	for _, key := range slices.Sorted(maps.Keys(found.Listed)) {
		theirs, ours := valuesOf(&found.likeness, key), valuesOf(made, key)
		more := slices.DeleteFunc(slices.Clone(ours), func(v string) bool { return slices.Contains(theirs, v) })
		if len(theirs)+len(more) == 0 {
			continue
		}
		listed := "not listed"
		if n := found.Listed[key]; n > 0 {
			listed = strconv.Itoa(n)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", key, listed, quoted(theirs), quoted(more))
	}
	return b.String()
}

func valuesOf(l *likeness, key string) (out []string) {
	for trait := range l.Traits {
		if value, ok := strings.CutPrefix(trait, key+"="); ok {
			out = append(out, value)
		}
	}
	slices.Sort(out)
	return out
}

func quoted(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return "`" + strings.Join(values, "`, `") + "`"
}

// rulesSection says how both obey the arithmetic.
func rulesSection(found *realSide) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
## Rules

`+"`make test`"+` makes 100,000 conversations of every medium and checks all rules of [rules.md](rules.md) in each, and thousands of them at
every instant at which something happens: none may break one. Making and checking 100,000 takes 2.7 s on one core of an AMD EPYC.

The %d samples break %d times a rule in a way that is a known exception, and %d times in the example of the platform's documentation, from
which somebody cut parts:

| exception | times |
|---|---|
`, found.Records, sum(found.Exceptions), found.Cut)
	for _, e := range arithmetic.Exceptions {
		fmt.Fprintf(&b, "| %s | %d |\n", e.Name, found.Exceptions[e.Name])
	}
	return b.String()
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
