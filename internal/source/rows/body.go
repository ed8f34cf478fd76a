package rows

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/report"
)

// The members by which rows are told apart and ordered. Every row of a lake has them.
const (
	interactionID  = "interaction.id"
	conversationID = "conversation.id"
	timestamp      = "timestamp"
)

// Body is which rows are wanted, of whatever time: the select and filter of an asynchronous row report.
type Body struct {
	Select []string
	Filter jsontext.Value // nil for all rows

	members []report.Member
}

// ParseBody reads a body, and adds to select what rows are told apart by. What a server would refuse is fault.Invalid, and so are
// the members by which the extraction itself says what it wants.
func ParseBody(text []byte) (*Body, error) {
	var given map[string]jsontext.Value
	if jsontext.Value(text).Kind() != '{' || json.Unmarshal(text, &given) != nil {
		return nil, fault.New(fault.Invalid, `the body is no JSON object; write {"select":["timestamp","metrics.handledtime.ms"]}, with a filter if you want some rows only`)
	}
	for _, own := range []string{"start", "end", "interval", "limit", "group"} {
		if _, is := given[own]; is {
			return nil, fault.Field(own, "the body has %s; leave it out: an extraction asks for whole rows, of the days that are due", own)
		}
	}
	b := &Body{}
	if json.Unmarshal(given["select"], &b.Select) != nil {
		return nil, fault.Field("select", "select must be a list of names of columns")
	}
	for i := range b.Select {
		b.Select[i] = strings.TrimSpace(b.Select[i])
	}
	if slices.Contains(b.Select, "conversationStart") {
		return nil, fault.Field("select", "select: write timestamp for conversationStart; the rows of a lake have it under that name")
	}
	for _, name := range []string{timestamp, conversationID, interactionID} {
		if !slices.Contains(b.Select, name) {
			b.Select = slices.Insert(b.Select, 0, name)
		}
	}
	if b.Filter = given["filter"]; b.Filter.Kind() == 'n' {
		b.Filter = nil
	}
	delete(given, "select")
	delete(given, "filter")
	return b, b.check(given)
}

// check says all that a server would refuse, and takes note of the members of rows.
func (b *Body) check(others map[string]jsontext.Value) error {
	others["start"], others["end"] = jsontext.Value(`"2026-01-01T00:00:00.000Z"`), jsontext.Value(`"2026-01-02T00:00:00.000Z"`)
	others["select"], others["filter"] = encoded(b.Select), b.Filter
	if b.Filter == nil {
		delete(others, "filter")
	}
	r, err := report.Decode(encoded(others))
	if all, several := errors.AsType[query.Faults](err); several {
		texts := make([]string, len(all))
		for i, f := range all {
			texts[i] = f.Message
		}
		return fault.New(fault.Invalid, "%s", strings.Join(texts, "; "))
	}
	if err == nil && r.Dialect != report.Asynchronous {
		err = fault.New(fault.Invalid, "the body is of %s; rows are extracted by %s, with select and a filter of clauses", r.Dialect, report.Asynchronous)
	}
	b.members = r.Members()
	return err
}

// over is the request for the rows that start in an interval. The end is the interval's own, which servers leave out: with a
// millisecond less, as clients of some write it, those that leave the end out would leave out what starts in that
// millisecond too. Of a server that takes the end in, what starts at that instant is left to the report of its own time.
func (b *Body) over(iv conversation.Interval) []byte {
	return encoded(struct {
		Start  string         `json:"start"`
		End    string         `json:"end"`
		View   string         `json:"view"`
		Select []string       `json:"select"`
		Filter jsontext.Value `json:"filter,omitzero"`
		Limit  int            `json:"limit"`
	}{conversation.FormatTime(iv.Start), conversation.FormatTime(iv.End), "default/conversations", b.Select, b.Filter, report.MaxRows})
}

// Fingerprint stands for the body in a lake and in messages: the values of a filter may be numbers and addresses of people.
func (b *Body) Fingerprint() string {
	text := encoded([]any{b.Select, b.Filter})
	if err := text.Canonicalize(); err != nil {
		panic(err) // it has just been written
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))[:23]
}

// encoded is a value as JSON.
func encoded(v any) jsontext.Value {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // it is made of texts, numbers, and values that were read
	}
	return text
}
