package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/web/drawing"
	"github.com/parley-hq/parley/internal/web/words"
)

// mostChanges is how many differences between versions are told at once. The command has all of them.
const mostChanges = 500

// comparePage is the tab that sets a record beside its older versions, and its metrics beside its segments.
type comparePage struct {
	Live    bool // a platform has no versions but the one that is there now, and no command lists what they changed
	Found   []foundChanges
	More    bool
	Metrics []measured
	Others  int    // metrics that are not listed
	History string // the command that lists all changes; empty: none does
	Sources string
}

// foundChanges are those that were found together.
type foundChanges struct {
	At      string
	Changes []shownChange
}

// shownChange is a change as the table has it.
type shownChange struct {
	Path          string
	Before, After valueShown
}

// valueShown is a value in a cell: what there is room for, and the whole for whoever opens it.
type valueShown struct{ Text, Whole string }

// measured is a metric beside the segments that it should equal.
type measured struct {
	Metric, Who, Measured, Segments, Why string
	Agrees                               bool
}

// compareJSON gives the differences between versions to programs, and the metrics beside segments.
func compareJSON(v *visit) error {
	s, err := v.looked()
	if err != nil {
		return err
	}
	m, err := s.model()
	if err != nil {
		return err
	}
	changes, err := s.changes()
	if err != nil {
		return err
	}
	type change struct {
		FoundAt string `json:"foundAt"`
		Path    string `json:"path"`
		Before  string `json:"before,omitempty"` // JSON text
		After   string `json:"after,omitempty"`
	}
	out := struct {
		ID      conversation.ID `json:"conversationId"`
		Changes []change        `json:"changes"`
		More    bool            `json:"more"`
		Checks  []account.Check `json:"checks"`
	}{m.Account.ID, []change{}, changes.More, m.Account.Checks}
	for _, c := range changes.List {
		out.Changes = append(out.Changes, change{conversation.FormatTime(c.FoundAt), c.Path, c.Before, c.After})
	}
	v.sendJSON(http.StatusOK, out)
	return nil
}

// changes are what versions changed, masked if need be.
func (s seen) changes() (Changes, error) {
	out, err := s.v.web.cfg.Data.Changes(s.v.ctx(), s.v.who.Organization, s.raw, mostChanges)
	if err != nil || !s.key.masked {
		return out, err
	}
	for i := range out.List {
		c := &out.List[i]
		if c.Path, err = s.v.web.masks.Change(c.Path, &c.Before, &c.After); err != nil {
			return out, err
		}
	}
	return out, nil
}

// compare tells what is beside the record.
func (b *conversationBody) compare(s seen, p *page) error {
	changes, err := s.changes()
	if err != nil {
		return err
	}
	p.JSON = "/parley/v1/conversations/" + url.PathEscape(string(b.ID)) + "/compare"
	b.Compare, p.Command = &comparePage{More: changes.More, Live: s.v.web.cfg.Live}, ""
	sources := s.v.where()
	if !b.Compare.Live {
		p.Command = "parley changes --lake " + quoted(changes.Name) + " --conversation " + quoted(string(b.ID))
		b.Compare.History, sources = p.Command, lakeAndPlatform(changes.Name, changes.Platform)
	}
	b.Compare.Sources = commandOn("parley compare", string(b.ID), sources)
	var last time.Time
	for _, c := range changes.List {
		found := &b.Compare.Found
		if len(*found) == 0 || !c.FoundAt.Equal(last) {
			*found, last = append(*found, foundChanges{At: words.Instant(c.FoundAt)}), c.FoundAt
		}
		at := &(*found)[len(*found)-1]
		at.Changes = append(at.Changes, shownChange{c.Path, inCell(c.Before), inCell(c.After)})
	}
	b.Compare.measure(b.model)
	return nil
}

// Characters of a value in a cell, and of one that is opened there: a page has up to a thousand. The command prints them whole.
const (
	mostInCell   = 200
	mostInOpened = 4000
)

func inCell(text string) valueShown {
	runes := []rune(text)
	if len(runes) <= mostInCell {
		return valueShown{Text: text}
	}
	out := valueShown{string(runes[:mostInCell]) + " …", text}
	if more := len(runes) - mostInOpened; more > 0 {
		out.Whole = string(runes[:mostInOpened]) + " … " + words.Amount(more, "character more", "characters more")
	}
	return out
}

// measure lists the metrics: those that differ come first, those for which there is an exception last.
func (c *comparePage) measure(m *drawing.Model) {
	for rank := range 3 {
		for _, k := range m.Account.Checks {
			if rankOf(k) != rank {
				continue
			}
			if len(c.Metrics) == drawing.MostShown {
				c.Others++
				continue
			}
			c.Metrics = append(c.Metrics, measured{k.Metric, m.Name(k.Party), k.Measured.String(), k.Segments.String(), k.Exception, k.Agrees})
		}
	}
}

func rankOf(c account.Check) int {
	switch {
	case c.Exception != "":
		return 2
	case c.Agrees:
		return 1
	}
	return 0
}
