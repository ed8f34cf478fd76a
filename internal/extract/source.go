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
	// Report stands for the row report whose rows the conversations have; empty for conversations as the platform records them.
	Report string `json:"report,omitzero"`
}

// String names the source for a person. The name is one line of plain characters already.
func (i Identity) String() string {
	if i.Filter != "" {
		all := i
		all.Filter = ""
		return all.String() + ", those of the filter " + i.Filter + " alone"
	}
	if i.Report != "" {
		all := i
		all.Report = ""
		return all.String() + ", the rows of the report " + i.Report
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

// run is what a run remembers: a run that brings some conversations, or rows, cannot go on with others.
func (i Identity) run() string { return strings.TrimRight(i.key()+" "+i.Filter+" "+i.Report, " ") }

// ran says whether a run that remembers source is one of i. Of before there were identities it remembers the base URL.
func (i Identity) ran(source string) bool {
	return source == i.run() || source == i.URL && i.Filter+i.Report == ""
}

// key is what --source is given.
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
	now := Identity{ID: org.ID, Name: org.Name, URL: e.cfg.Name, Filter: e.cfg.Filter, Report: e.cfg.RowReport}
	e.untold = org.ID == ""
	if e.cfg.Moved != "" && !now.is(e.cfg.Moved) {
		return now, fault.Field("--source", "--source says %q, and this is %v", e.cfg.Moved, now)
	}
	switch {
	case known == Identity{} || e.cfg.Moved != "" && !known.same(now):
		return now, nil
	case known.Filter != now.Filter || known.Report != now.Report:
		return now, chosenOtherwise(known, now)
	case !known.same(now):
		return now, fault.Field("--source", "the lake holds the conversations of %v, and this is %v; extract it into a lake of its own, "+
			"or, if the lake's source has moved, say so by --source %s", known, now, now.key())
	case now.ID == "":
		now.ID, now.Name = known.ID, known.Name // it told once
	}
	return now, nil
}

// chosenOtherwise refuses conversations that something else chooses than those of the lake: its days would be whole of neither.
func chosenOtherwise(known, now Identity) error {
	is := func(i Identity) (what, flag, value string) {
		switch {
		case i.Report != "":
			return "the rows of a report", "--rows", i.Report
		case i.Filter != "":
			return "the conversations of a filter", "--filter", i.Filter
		}
		return "all conversations of its days", "", ""
	}
	has, by, value := is(known)
	_, given, _ := is(now)
	switch by {
	case "":
		return fault.Field(given, "the lake holds %s, and %s would bring others; extract into a lake of their own", has, given)
	case given:
		return fault.Field(given, "the lake holds %s, %s, and %s gives another one; extract into a lake of its own", has, value, given)
	}
	return fault.Field(by, "the lake holds %s, %s; give it by %s, or extract into a lake of its own", has, value, by)
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
