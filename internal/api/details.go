package api

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/report"
	"github.com/parley-hq/parley/internal/wire"
)

// maxIDs is how many ids one call may ask for. The platform's number is not known.
const maxIDs = 100

// queryDetails answers POST .../details/query: one page of what matches up to this moment, what was to be counted over
// everything that matches, and how many match in all. A page without records has no conversations member: the vendor's
// own samples stop on that alone, and would page through empty lists for ever.
func (s *Server) queryDetails(x *exchange) error {
	if s.cfg.Strict || !x.client.Has(access.RunReports) {
		if err := x.require(view); err != nil { // before anything is said of the body
			return err
		}
	}
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	if !s.cfg.Strict && report.Of(text) != report.None {
		return s.reportRows(x, text)
	}
	if err := x.require(view); err != nil {
		return err
	}
	q, err := query.DecodeDetail(text, s.cfg.Limits)
	if err != nil {
		return err
	}
	// A page of the platform's size is small enough to be held: an error on the way then still gets its proper answer,
	// and whoever reads it slowly has no turn meanwhile. The owner, who is told of an error wherever it comes, gets the
	// records as they are found.
	var page bytes.Buffer
	streams := s.cfg.Owner != nil
	err = x.live(weigh(q), func(ctx context.Context, view engine.Engine) error {
		x.warn(engine.Missing(view, q.Interval))
		x.chosen(view, q.Query, q.Aggregations)
		if streams {
			return writeAnswer(ctx, x.json(http.StatusOK), view, q)
		}
		return writeAnswer(ctx, &page, view, q)
	})
	if err != nil || streams {
		return err
	}
	return x.sendText(http.StatusOK, page.Bytes())
}

// writeAnswer writes the answer to a query as it is found, its members in the platform's order.
func writeAnswer(ctx context.Context, to io.Writer, view engine.Engine, q query.Detail) error {
	total, err := view.Count(ctx, q.Query)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(to, 64<<10)
	w.WriteByte('{')
	if int64(q.Page.Offset()) < total {
		if err := writeConversations(w, view.Records(ctx, q.Query, q.Page.Size, q.Page.Offset())); err != nil {
			return err
		}
	}
	if len(q.Aggregations) > 0 {
		facets, err := view.Facets(ctx, q.Query, q.Aggregations)
		if err != nil {
			return err
		}
		text, err := encode(query.Results(facets))
		if err != nil {
			return err
		}
		w.WriteString(`"aggregations":`)
		w.Write(text)
		w.WriteByte(',')
	}
	w.WriteString(`"totalHits":` + strconv.FormatInt(total, 10) + "}")
	return w.Flush()
}

// writeConversations writes the member with the records, and a comma; nothing if there are none.
func writeConversations(w *bufio.Writer, records iter.Seq2[conversation.Record, error]) error {
	before := `"conversations":[`
	for r, err := range records {
		if err != nil {
			_ = w.Flush() // what was found before stands, where it streams
			return err
		}
		w.WriteString(before)
		if _, err := w.Write(wire.StripAttributes(r.JSON)); err != nil {
			return err // nobody reads any more
		}
		before = ","
	}
	if before == "," {
		w.WriteString("],")
	}
	return nil
}

// detailsByIDs answers GET .../details?id=: the conversations with these ids, those left out that do not exist.
func (s *Server) detailsByIDs(x *exchange) error {
	ids, err := x.ids()
	if err != nil {
		return err
	}
	found, err := x.byID(ids...)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return x.sendText(http.StatusOK, []byte("{}"))
	}
	return x.sendText(http.StatusOK, []byte(`{"conversations":[`+string(found)+"]}"))
}

// detailsByID answers GET .../conversations/{conversationId}/details.
func (s *Server) detailsByID(x *exchange) error {
	found, err := x.byID(conversation.ID(x.params["conversationId"]))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return &fault.Error{Kind: fault.NotFound, Field: "conversationId", Message: "The conversation does not exist."}
	}
	return x.sendText(http.StatusOK, found)
}

// ids are the ids in the query string, repeated or separated by commas, each once.
func (x *exchange) ids() ([]conversation.ID, error) {
	values, err := x.query()
	if err != nil {
		return nil, err
	}
	var ids []conversation.ID
	for _, list := range values["id"] {
		for id := range strings.SplitSeq(list, ",") {
			if id := conversation.ID(strings.TrimSpace(id)); id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
			if len(ids) > maxIDs {
				return nil, fault.Field("id", "at most %d ids can be asked for at a time", maxIDs)
			}
		}
	}
	if len(ids) == 0 {
		return nil, fault.Field("id", "id is missing; give one or more conversation ids")
	}
	return ids, nil
}

// byID gathers the records with these ids.
func (x *exchange) byID(ids ...conversation.ID) (found []byte, err error) {
	err = x.live(ofIDs, func(ctx context.Context, view engine.Engine) error {
		n := 0
		found, err = gather(counted(view.ByID(ctx, ids), &n), x.known != nil)
		if n < len(ids) {
			x.warn(engine.Missing(view, conversation.Interval{})) // they may lie there
		}
		return err
	})
	return found, err
}

// counted counts the records that pass.
func counted(records iter.Seq2[conversation.Record, error], n *int) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		for r, err := range records {
			*n++
			if !yield(r, err) {
				return
			}
		}
	}
}

// gather joins records with commas: whole, or without their attributes, which on the platform only job results carry. There are few.
func gather(records iter.Seq2[conversation.Record, error], whole bool) ([]byte, error) {
	var out bytes.Buffer
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		text := r.JSON
		if !whole {
			text = wire.StripAttributes(text)
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}
