package rows

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// maxHollow is how many pages in a row may complete no conversation. Pages of one row need as many as there are rows of one instant.
const maxHollow = 1_000

// Page reads pages of a report until conversations are complete, and gives those. The cursor that it gives is the place of the
// first row that is held: in this process nothing is read twice, and another one reads that page again, from there on.
func (r *Reports) Page(ctx context.Context, id platform.JobID, at platform.Cursor, size int) (platform.Page, error) {
	iv, report, err := unnamed(id)
	if err != nil {
		return platform.Page{}, err
	}
	p := &pager{Reports: r, report: report, size: size, notes: notes{of: iv}}
	missing, err := p.from(id, at)
	if err != nil {
		return platform.Page{}, err
	}
	records, last, err := p.read(ctx)
	if err != nil {
		return platform.Page{}, err
	}
	out := platform.Page{Records: records, Missing: missing}
	if !last {
		out.Next = cursor(p.place())
	}
	r.reached(id, reading{missing: missing, next: out.Next, after: p.token, above: p.above, held: p.g}, p.notes)
	return out, nil
}

// reached keeps what is held of a report, until its last page.
func (r *Reports) reached(id platform.JobID, at reading, n notes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sums.add(n)
	if at.next == "" && at.missing == nil {
		delete(r.open, id)
		return
	}
	r.open[id] = &at
}

// pager reads pages from a place on.
type pager struct {
	*Reports

	report string
	size   int
	begin  place
	token  string // of the page that comes next
	skip   int    // rows of it that were dealt with
	above  int64  // rows on the pages before it
	pages  int    // read
	g      *gathering
	notes  notes
}

// from begins at a cursor: behind what is held, or, in a process that holds nothing, where that begins.
func (p *pager) from(id platform.JobID, at platform.Cursor) (missing []conversation.Day, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.open[id]
	if kept != nil {
		missing = kept.missing
	}
	if p.begin, err = placed(at); err != nil {
		return nil, err
	}
	p.token, p.skip, p.above, p.g = p.begin.Token, p.begin.Skip, p.begin.Above, &gathering{}
	if kept != nil && at != "" && kept.next == at {
		p.token, p.skip, p.above, p.g = kept.after, 0, kept.above, kept.held.clone()
	}
	return missing, nil
}

// place is where another process goes on: at the first row that is held, or at the page that comes next.
func (p *pager) place() place {
	if len(p.g.held) > 0 {
		return p.g.at
	}
	return place{Token: p.token, Above: p.above}
}

// read reads pages until another process could go on at another place, or to the end.
func (p *pager) read(ctx context.Context) (records [][]byte, last bool, err error) {
	for given := 0; given <= mostHeld && p.pages < maxHollow; p.pages++ {
		page, err := p.Client.RowPage(ctx, p.report, p.token, p.size)
		if err != nil {
			return nil, false, err
		}
		if page.Next != "" && page.Next == p.token {
			return nil, false, fault.New(fault.Corrupt, "the token of the report's pages does not advance")
		}
		p.g.page()
		for i, text := range page.Rows {
			done, err := p.g.take(text, place{p.token, i, p.above}, i < p.skip, &p.notes)
			if err != nil {
				return nil, false, err
			}
			for _, record := range done {
				records, given = append(records, record), given+len(record)
			}
		}
		p.token, p.skip, p.above = page.Next, 0, p.above+int64(len(page.Rows))
		if page.Next == "" {
			rest, err := p.g.flush()
			return append(records, rest...), true, errors.Join(err, p.counted(ctx))
		}
		if p.place() != p.begin {
			return records, false, nil
		}
	}
	return nil, false, fault.New(fault.Corrupt, "%d pages of the report complete no conversation", p.pages)
}

// counted fails with fault.Corrupt when the pages had another number of rows than the report counts: where only some rows are wanted,
// nothing else would notice. A partial report may count what it left out, and one that is forgotten says nothing.
func (p *pager) counted(ctx context.Context) error {
	said, err := p.Client.Report(ctx, p.report)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case said.State == client.ReportCompleted && said.Rows >= 0 && said.Rows != p.above:
		return fault.New(fault.Corrupt, "the report counts %d rows, and its pages have %d", said.Rows, p.above)
	}
	return nil
}

// cursor writes a place.
func cursor(at place) platform.Cursor { return platform.Cursor(encoded(at)) }

// placed reads what cursor wrote; without one it is the first row.
func placed(at platform.Cursor) (p place, err error) {
	if at == "" {
		return p, nil
	}
	if json.Unmarshal([]byte(at), &p, json.RejectUnknownMembers(true)) != nil || p.Skip < 0 || p.Above < 0 {
		return p, fault.New(fault.Invalid, "the cursor is none of a row report")
	}
	return p, nil
}
