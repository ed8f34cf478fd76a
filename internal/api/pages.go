package api

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/report"
	"github.com/parley-hq/parley/internal/wire"
)

// bookmark is where a page of a paged report begins: which report, what it asks, and the cursor within it. Its text has only
// characters that stand for themselves in a URL.
type bookmark struct {
	id     job.ID
	asks   string
	cursor string
}

func (b bookmark) String() string {
	return strings.ReplaceAll(string(b.id), "-", "") + "." + b.asks + "." + b.cursor
}

// parseBookmark reads the text of a bookmark; ok is false where it is none.
func parseBookmark(text string) (b bookmark, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return b, false
	}
	raw, err := hex.DecodeString(parts[0])
	if err != nil {
		return b, false
	}
	id, err := uuid.FromBytes(raw)
	return bookmark{job.ID(id.String()), parts[1], parts[2]}, err == nil
}

// pagedReport answers a page of a paged report. The first has the report answered, within the time that a synchronous query has;
// all come out of what is kept of it, so that nothing that arrives meanwhile moves them.
func (s *Server) pagedReport(x *exchange, r report.Request) (err error) {
	values, err := x.query()
	if err != nil {
		return err
	}
	if r.Cursor == "" {
		r.Cursor = values.Get("cursor") // of who follows nextPageUri as it is
	}
	at := bookmark{asks: r.Asks}
	if r.Cursor == "" {
		at.id, err = s.answerPages(x, r)
	} else {
		at, err = continued(r)
	}
	if err != nil {
		return err
	}
	page, err := s.cfg.Jobs.PagesPage(x.r.Context(), x.owner(), at.id, at.cursor, r.Page)
	if err != nil {
		return err
	}
	if r.Cursor == "" && page.Next() == "" { // nobody can ask for more of it
		if err := s.cfg.Jobs.DeletePages(x.r.Context(), x.owner(), at.id); err != nil {
			x.server.cfg.Log.WarnContext(x.r.Context(), "remove a report", "job", at.id, "err", err)
		}
	}
	page.Within(pagesFrame(at, page.Next()))
	return x.sendPage(page)
}

// continued reads the cursor of a report's next page.
func continued(r report.Request) (bookmark, error) {
	at, ok := parseBookmark(r.Cursor)
	switch {
	case !ok || at.cursor == "":
		return at, fault.Field("cursor", "cursor: this is none; take the text behind cursor= in nextPageUri, up to the next &, or start again without it")
	case at.asks != r.Asks:
		return at, fault.Field("cursor", "cursor: it is of another request; send the body of the first page again, with the cursor added")
	}
	return at, nil
}

// answerPages has a report answered up to this moment.
func (s *Server) answerPages(x *exchange, r report.Request) (id job.ID, err error) {
	days := max(1, r.Interval.Duration().Hours()/24)
	err = x.live(effort{"report", days}, func(ctx context.Context, view engine.Engine) (err error) {
		id, err = s.cfg.Jobs.AnswerPages(ctx, x.owner(), r, view)
		return err
	})
	return id, err
}

// pagesFrame is what stands around a page of a paged report.
func pagesFrame(at bookmark, next string) job.Frame {
	f := job.Frame{Head: `{"entities":[`, Tail: `],"nextPageUri":null,"cursor":null}`}
	if next != "" {
		at.cursor = next
		f.Tail = `],"nextPageUri":"` + wire.PathQuery + "?cursor=" + at.String() + `","cursor":"` + at.String() + `"}`
	}
	return f
}

// singleReport answers a report of one conversation, which is not there where it was not going on in the interval.
func (s *Server) singleReport(x *exchange, r report.Request) error {
	body := []byte(`{"entities":[`)
	err := x.live(ofIDs, func(ctx context.Context, view engine.Engine) error {
		found := false
		for record, err := range view.ByID(ctx, []conversation.ID{r.ID}) {
			if err != nil {
				return err
			}
			text, in := r.One(record)
			body, found = append(body, text...), found || in
		}
		if !found {
			x.warn(engine.Missing(view, r.Interval))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.sendText(http.StatusOK, append(body, "]}"...))
}
