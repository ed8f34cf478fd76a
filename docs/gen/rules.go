package main

import (
	"fmt"
	"strings"

	"github.com/parley-hq/parley/internal/conversation/arithmetic"
)

const rulesPreamble = `# Rules that records obey

<!-- Made by: go run ./docs/gen. Do not edit. -->

What holds between the numbers of one record. The platform's documentation defines some of these metrics. The rules were
found by measuring 171 records of real contact centres, most of them calls; of e-mails, bots and campaigns they say little.

` + "```sh" + `
parley lint-records ./exports                                                # files that parley import reads
parley lint-records --lake ./lake --from 2026-11-01 --to 2026-11-08 --json   # counts by rule
parley export --lake ./lake --from 2026-11-01 --to 2026-11-02 | parley lint-records --list -
` + "```" + `

A conversation may still be going on: what is said about an end is asked of what has ended only. The records of the sandbox
obey all rules, at every instant ([simulated-and-real.md](simulated-and-real.md)). In stored records a finding is a
question: it may be an exception that nobody has met before.

## Rules

| rule | what holds |
|---|---|
`

// rulesPage lists the rules of package arithmetic and their exceptions.
func rulesPage() string {
	var b strings.Builder
	b.WriteString(rulesPreamble)
	for _, r := range arithmetic.Rules {
		fmt.Fprintf(&b, "| %s | %s |\n", r.Name, r.Says)
	}
	b.WriteString("\n## Known exceptions\n\nReal records have these, and they are no error. `parley lint-records` counts them apart.\n\n| exception | what it is |\n|---|---|\n")
	for _, r := range arithmetic.Exceptions {
		fmt.Fprintf(&b, "| %s | %s |\n", r.Name, r.Says)
	}
	return b.String()
}
