package extract

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Identity says where the conversations of a lake come from: the organization, where the server tells it, and the base
// URL of the API.
type Identity struct {
	ID   string `json:"organization_id,omitzero"` // empty if the server does not tell
	Name string `json:"organization,omitzero"`
	URL  string `json:"base_url"`
	// Filter stands for the filters that the conversations were asked for with; empty for all of them.
	Filter string `json:"filter,omitzero"`
}

// String names the source for a person. The name is one line of plain characters already.
func (i Identity) String() string {
	if i.Filter != "" {
		all := i
		all.Filter = ""
		return all.String() + ", those of the filter " + i.Filter + " alone"
	}
	switch {
	case i == Simulation():
		return "a simulated contact centre (parley generate)"
	case i.ID == "":
		return i.URL
	case i.URL == "":
		return "the organization " + i.ID
	}
	return fmt.Sprintf(`the organization "%s" (%s, at %s)`, i.Name, i.ID, i.URL)
}

// key is what --source is given, and what a run remembers.
func (i Identity) key() string {
	if i.ID != "" {
		return i.ID
	}
	return i.URL
}

// is says whether a person who writes text means i.
func (i Identity) is(text string) bool {
	return text != "" && (text == i.ID || strings.TrimRight(text, "/") == i.URL)
}

// same says whether two sources are one: by the organization if both tell theirs, else by the base URL, since whether a
// server tells depends on the permissions that the client has today.
func (i Identity) same(other Identity) bool {
	if i.ID != "" && other.ID != "" {
		return i.ID == other.ID
	}
	return i.URL == other.URL
}

// identify asks whose platform it is and holds it against what the lake knows of its source. A lake that knows none
// takes the first one that it sees. Another one is refused, unless it is the one that --source names: two organizations
// in one lake cannot be told apart any more.
func (e *Extraction) identify(ctx context.Context, known Identity) (Identity, error) {
	org, err := e.cfg.Platform.Organization(ctx)
	if err != nil {
		return Identity{}, err
	}
	now := Identity{ID: org.ID, Name: org.Name, URL: e.cfg.Name, Filter: e.cfg.Filter}
	e.untold = org.ID == ""
	if e.cfg.Moved != "" && !now.is(e.cfg.Moved) {
		return now, fault.Field("--source", "--source says %q, and this is %v", e.cfg.Moved, now)
	}
	switch {
	case known == Identity{} || e.cfg.Moved != "" && !known.same(now):
		return now, nil
	case known.Filter != now.Filter:
		return now, e.otherFilter(known)
	case !known.same(now):
		return now, fault.Field("--source", "the lake holds the conversations of %v, and this is %v; extract it into a lake of its own, "+
			"or, if the lake's source has moved, say so by --source %s", known, now, now.key())
	case now.ID == "":
		now.ID, now.Name = known.ID, known.Name // it told once
	}
	return now, nil
}

// otherFilter refuses conversations that a filter of another kind chooses: the days of a lake would be whole of neither.
func (e *Extraction) otherFilter(known Identity) error {
	switch {
	case known.Filter == "":
		return fault.Field("--filter", "the lake holds all conversations of its days, and --filter would bring some; extract them into a lake of their own")
	case e.cfg.Filter == "":
		return fault.Field("--filter", "the lake holds the conversations of a filter, %s; give it by --filter, or extract into a lake of its own", known.Filter)
	}
	return fault.Field("--filter", "the lake holds the conversations of another filter, %s; extract into a lake of its own", known.Filter)
}

// remember makes the lake know its source. A source that is new is remembered with the first commit: until then the
// lake has nothing of it, and an extraction by mistake can be made good by another.
func (e *Extraction) remember(ctx context.Context, committing bool) error {
	if e.known == e.source || e.known == (Identity{}) && !committing {
		return nil
	}
	if err := e.store.setSource(ctx, e.source); err != nil {
		return err
	}
	e.known = e.source
	return nil
}
