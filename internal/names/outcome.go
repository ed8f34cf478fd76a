package names

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Outcome is what reading the lists came to.
type Outcome struct {
	Changes

	Listed map[Kind]int    `json:"listed"`         // entries of each list that was read
	Left   map[Kind]string `json:"left,omitempty"` // lists that were not read, with the reason: their names stay as they were
}

// Source is what has lists.
type Source interface {
	List(ctx context.Context, k Kind) (Listing, error)
}

// Reading says how lists are read.
type Reading struct {
	From  Source
	Kinds []Kind
	// Reason says why a list was not given, and whether the others are worth asking for.
	Reason func(k Kind, err error) (text string, goOn bool)
}

// Read reads lists, one after the other. A list that cannot be had is left, with the reason, and is no error: names are what
// people see beside ids, and nothing is wrong without them. It fails when ctx ends.
func (r Reading) Read(ctx context.Context) (lists []Listing, out Outcome, err error) {
	out = Outcome{Listed: map[Kind]int{}, Left: map[Kind]string{}}
	for i, k := range r.Kinds {
		l, err := r.From.List(ctx, k)
		if err == nil {
			lists, out.Listed[k] = append(lists, l), len(l.Entries)
			continue
		}
		if ctx.Err() != nil {
			return lists, out, ctx.Err()
		}
		text, goOn := r.Reason(k, err)
		if out.Left[k] = text; !goOn {
			for _, other := range r.Kinds[i+1:] {
				out.Left[other] = text
			}
			return lists, out, nil
		}
	}
	return lists, out, nil
}

// plural is what people call things of a kind.
var plural = map[Kind]string{
	User: "users", Queue: "queues", WrapUpCode: "wrap-up codes", Division: "divisions", Skill: "skills", Language: "languages",
}

// Plural is what people call things of a kind.
func (k Kind) Plural() string { return plural[k] }

// Read says in words which lists were read: 41 users, 12 queues. Empty if none was.
func (o Outcome) Read() string {
	var parts []string
	for _, k := range Kinds() {
		if n, read := o.Listed[k]; read {
			parts = append(parts, strconv.Itoa(n)+" "+k.Plural())
		}
	}
	return strings.Join(parts, ", ")
}

// NotRead says in words which lists were not read, and why: those with the same reason together. Empty if all were.
func (o Outcome) NotRead() string {
	var reasons []string
	of := map[string][]string{}
	for _, k := range Kinds() {
		if why, left := o.Left[k]; left {
			if !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
			of[why] = append(of[why], k.Plural())
		}
	}
	for i, why := range reasons {
		reasons[i] = strings.Join(of[why], ", ") + ": " + why
	}
	return strings.Join(reasons, "; ")
}
