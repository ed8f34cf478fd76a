package sandboxtest

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sandbox"
)

// Batch is what is done to the nightly batch. What is not given stays as it is.
type Batch struct {
	Fail []string  // days, as 2026-11-08, on whose morning it fails
	Halt *bool     // from now on no batch comes to its end; false ends that
	Back time.Time // the dataAvailabilityDate goes back to this until the next batch has ended
}

func (b Batch) deed() *sandbox.Batch {
	return &sandbox.Batch{Fail: b.Fail, Halt: b.Halt, Back: given(b.Back)}
}

// Drift is a member, or a value, that nobody has seen, and that comes to be in records.
type Drift struct {
	Pointer string          // where, as /participants/0/sessions/0/mediaType (RFC 6901)
	Value   json.RawMessage // what, as JSON
	Every   int             // in one record in so many; 0 means in all
}

func (d Drift) deed() *sandbox.Drift {
	return &sandbox.Drift{Pointer: jsontext.Pointer(d.Pointer), Value: jsontext.Value(d.Value), Every: d.Every}
}

// Rewriting is which records change from now on, and how: one conversation, or the last ones that are old enough.
type Rewriting struct {
	Conversation string          // the id of one
	Older        time.Duration   // else the last that began longer ago than this
	Count        int             // so many of them; 0 means one
	Patch        json.RawMessage // a JSON object that is merged into each record (RFC 7396); none means another externalTag
}

func (r Rewriting) deed() sandbox.Rewriting {
	return sandbox.Rewriting{
		Conversation: conversation.ID(r.Conversation), Older: sandbox.Span(r.Older), Count: r.Count, Patch: jsontext.Value(r.Patch),
	}
}
