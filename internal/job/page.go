package job

import (
	"bufio"
	"io"

	"github.com/parley-hq/parley/internal/conversation"
)

// Page is a run of results, open for reading. For one goroutine. It stays readable when the job is deleted meanwhile.
type Page struct {
	entry    entry
	results  *results
	from, to int64
	cursor   string // of the page that follows; empty on the last
}

func newPage(e entry, r *results, seal *sealer, from int64, size int) *Page {
	p := &Page{entry: e, results: r, from: from, to: from + min(int64(size), r.records-from)}
	if p.to < r.records {
		p.cursor = seal.seal(e, p.to)
	}
	return p
}

// Stream writes the page as the platform does: conversations, which is always there; cursor, unless it is the last
// page; dataAvailabilityDate of the moment the job ran. Records are copied as they were stored. After an error what
// was written is incomplete and must not pass for a page.
func (p *Page) Stream(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10) // its first error stays with it and comes back from Flush
	out.WriteString(`{"conversations":[`)
	comma := ""
	for record, err := range p.results.between(p.from, p.to) {
		if err != nil {
			return err
		}
		out.WriteString(comma)
		if _, err := out.Write(record); err != nil {
			return err
		}
		comma = ","
	}
	out.WriteString(`]`)
	if p.cursor != "" {
		out.WriteString(`,"cursor":"` + p.cursor + `"`)
	}
	out.WriteString(`,"dataAvailabilityDate":"` + conversation.FormatTime(p.entry.available) + `"}`)
	return out.Flush()
}

// Close gives back what the page holds.
func (p *Page) Close() error { return p.results.close() }
