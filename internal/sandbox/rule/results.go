package rule

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// The cursors of a held job tell which page they are for, so that nothing need be remembered of them: a mark of the job,
// the number of the page, and then the cursor of the platform, all of it base64 as that is.
const (
	markSize = 12 // characters, of chance: no cursor of the platform begins with the mark by accident
	pageSize = 4  // characters for three bytes
)

func mark(id wire.JobID, page int, cursor string) string {
	return markOf(id) + base64.StdEncoding.EncodeToString([]byte{byte(page >> 16), byte(page >> 8), byte(page)}) + cursor
}

func markOf(id wire.JobID) string {
	sum := sha256.Sum256([]byte("a page of " + id))
	return base64.StdEncoding.EncodeToString(sum[:])[:markSize]
}

// unmark gives the number of the page that a cursor is for, and the platform's cursor. One that is none of ours is left
// as it is, for the platform to refuse, and without one the first page is meant.
func unmark(id wire.JobID, cursor string) (page int, platforms string) {
	if cursor == "" {
		return 1, ""
	}
	if len(cursor) < markSize+pageSize || !strings.HasPrefix(cursor, markOf(id)) {
		return 0, cursor
	}
	at, err := base64.StdEncoding.DecodeString(cursor[markSize : markSize+pageSize])
	if err != nil || len(at) != 3 {
		return 0, cursor
	}
	return int(at[0])<<16 | int(at[1])<<8 | int(at[2]), cursor[markSize+pageSize:]
}

// unmarked is a request for a page with the platform's cursor.
func unmarked(r *http.Request, id wire.JobID) *http.Request {
	values := r.URL.Query()
	cursor := values.Get("cursor")
	if _, platforms := unmark(id, cursor); platforms != cursor {
		return withCursor(r, platforms)
	}
	return r
}

func withCursor(r *http.Request, cursor string) *http.Request {
	r = r.Clone(r.Context())
	values := r.URL.Query()
	values.Set("cursor", cursor)
	if cursor == "" {
		values.Del("cursor")
	}
	r.URL.RawQuery = values.Encode()
	r.RequestURI = r.URL.RequestURI()
	return r
}

// results gives a page of a held job, or says why there is none.
func (h *Handler) results(w http.ResponseWriter, r *http.Request, j held) {
	if h.inside {
		h.show(w, r, j)
		return
	}
	asked := r.URL.Query().Get("cursor")
	page, platforms := unmark(j.id, asked)
	if page == 0 || j.job.ofResults() && page < j.job.page() && j.state == "" {
		h.page(w, withCursor(r, platforms), j.id, page)
		return
	}
	known, answer, ok := h.ask(r, j.id)
	if !ok {
		answer.send(w, answer.body)
		return
	}
	show := j.shown(known)
	if show.State == wire.Fulfilled && j.job.Fault == JobExpired {
		if err := h.set.move(j.id, wire.Expired); err != nil {
			h.broken(w, r, err)
			return
		}
		show.State = wire.Expired
	}
	if show.State != wire.Fulfilled {
		answer.inherit(w)
		refuse(w, unreadable(show.State, asked))
		return
	}
	switch {
	case j.job.Fault == CursorRefused:
		answer.inherit(w)
		refuse(w, problem{status: http.StatusBadRequest, message: refusedCursor})
	case j.job.Fault == EmptyPage && page == j.job.page():
		h.emptyPage(w, withCursor(r, platforms), j, page)
	case j.job.Fault == PageTwice && page == j.job.page():
		h.pageWith(w, withCursor(r, platforms), func(string) string { return mark(j.id, page+1, platforms) })
	default:
		h.page(w, withCursor(r, platforms), j.id, page)
	}
}

// show gives pages the results of a held job, as they are on the platform. Nothing becomes of the job by that: whoever only looks at it
// must not have it expire for the program that reads it.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, j held) {
	known, answer, ok := h.ask(r, j.id)
	if !ok {
		answer.send(w, answer.body)
		return
	}
	if state := j.shown(known).State; state != wire.Fulfilled {
		withhold(w, unreadable(state, r.URL.Query().Get("cursor")))
		return
	}
	h.next.ServeHTTP(w, unmarked(r, j.id))
}

// withhold tells a page why there are no results.
func withhold(w http.ResponseWriter, p problem) {
	kind := fault.NotFound
	if p.status == http.StatusBadRequest {
		kind = fault.Expired
	}
	tell(w, fault.New(kind, "%s", p.message))
	refuse(w, p)
}

// ofResults says whether the fault shows in pages.
func (j Job) ofResults() bool {
	switch j.Fault {
	case JobExpired, CursorRefused, EmptyPage, PageTwice:
		return true
	case StuckQueued, StuckPending, JobFailed:
	}
	return false
}

const refusedCursor = "The cursor is not one of this job; start again without a cursor. In a URL, a cursor must be URL-encoded"

// unreadable is why the results of a job cannot be read, in the words of package job.
func unreadable(state wire.JobState, cursor string) problem {
	switch {
	case state == wire.Expired && cursor != "":
		return problem{status: http.StatusBadRequest, message: "The cursor has expired, and the results of its job with it; submit the query again"}
	case state == wire.Expired:
		return problem{status: http.StatusNotFound, message: "The results of the job have expired; submit the query again"}
	case state == wire.Queued, state == wire.Pending:
		return problem{status: http.StatusNotFound, message: fmt.Sprintf("The job is %s; its results can be read once it is %s", state, wire.Fulfilled)}
	}
	return problem{status: http.StatusNotFound, message: fmt.Sprintf("The job is %s and has no results; submit the query again", state)}
}

// page gives a page of the platform, whose cursor tells of the page that follows.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, id wire.JobID, page int) {
	h.pageWith(w, r, func(cursor string) string {
		if cursor == "" {
			return ""
		}
		return mark(id, page+1, cursor)
	})
}

// emptyPage gives no conversation, and a cursor to what should have been on the page.
func (h *Handler) emptyPage(w http.ResponseWriter, r *http.Request, j held, page int) {
	values := r.URL.Query()
	platforms := values.Get("cursor")
	values.Set("pageSize", "1") // all that is wanted of the real page is its end
	small := plainly(r)
	small.URL.RawQuery = values.Encode()
	answer := record(h.next, small)
	end := endOf(answer.body)
	if answer.status != http.StatusOK || end == nil {
		answer.send(w, answer.body)
		return
	}
	list := `"conversations":[],`
	if j.job.Absent {
		list = ""
	}
	answer.send(w, []byte("{"+list+`"cursor":"`+mark(j.id, page+1, platforms)+`",`+end.date+"}"))
}

// pageEnd is how a page ends, as package job writes it: nothing within a record can look so, since all of it stands at the
// end of the body.
var pageEnd = regexp.MustCompile(`\](?:,"cursor":"([A-Za-z0-9+/=]*)")?,("dataAvailabilityDate":"[^"]*")\}$`)

// longestEnd is more than the end of a page takes.
const longestEnd = 1024

type end struct {
	at           int // where in the text it begins
	cursor, date string
}

func endOf(text []byte) *end {
	from := max(0, len(text)-longestEnd)
	m := pageEnd.FindSubmatchIndex(text[from:])
	if m == nil {
		return nil
	}
	e := &end{at: from + m[0], date: string(text[from+m[4] : from+m[5]])}
	if m[2] >= 0 {
		e.cursor = string(text[from+m[2] : from+m[3]])
	}
	return e
}

// pageWith gives a page with another cursor: the page streams, but for its end.
func (h *Handler) pageWith(w http.ResponseWriter, r *http.Request, change func(cursor string) string) {
	p := &pager{ResponseWriter: w, change: change}
	h.next.ServeHTTP(p, plainly(r))
	p.finish()
}

// pager holds back the end of a page.
type pager struct {
	http.ResponseWriter

	change func(string) string
	status int
	end    []byte
}

// Unwrap lets deadlines be set.
func (p *pager) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader sends the headers, without a length that will be another.
func (p *pager) WriteHeader(status int) {
	if p.status = status; status == http.StatusOK {
		p.Header().Del("Content-Length")
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write sends what cannot be of the end.
func (p *pager) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.status != http.StatusOK {
		return p.ResponseWriter.Write(b)
	}
	p.end = append(p.end, b...)
	if over := len(p.end) - longestEnd; over > 0 {
		if _, err := p.ResponseWriter.Write(p.end[:over]); err != nil { //nolint:gosec // JSON of the handler behind, and said to be
			return 0, err
		}
		p.end = append(p.end[:0], p.end[over:]...)
	}
	return len(b), nil
}

// finish sends the end, changed.
func (p *pager) finish() {
	e := endOf(p.end)
	if e == nil {
		_, _ = p.ResponseWriter.Write(p.end)
		return
	}
	var out bytes.Buffer
	out.Write(p.end[:e.at])
	out.WriteString("]")
	if cursor := p.change(e.cursor); cursor != "" {
		out.WriteString(`,"cursor":"` + cursor + `"`)
	}
	out.WriteString("," + e.date + "}")
	_, _ = p.ResponseWriter.Write(out.Bytes()) // a client that has gone needs to be told nothing
}
