package wire

import (
	"bytes"
	"errors"
	"io"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Page is what a page of results says beside its records.
type Page struct {
	Cursor               string    // mark of the next page; empty on the last
	DataAvailabilityDate time.Time // zero if the page does not say
	TotalHits            int64     // synchronous query only
	Aggregations         []byte    // synchronous query only: the list as it was sent, nil if there is none
	Records              int       // number of values in conversations
}

// Kind is what a page is an answer to.
type Kind int

// The kinds of pages, and what one has at least.
const (
	Results Kind = iota // of a job: a conversation at least, a cursor or a dataAvailabilityDate
	Found               // of the synchronous query: conversations or totalHits
	Counted             // of the synchronous query, asked for the sake of totalHits
	Rows                // of a row report: data, whose elements are the records, and nextPageToken, which may be null
)

// ReadPage reads a page of a job's results within the default limits: see Limits.ReadPage.
func ReadPage(r io.Reader, each func(raw []byte) error) (Page, error) {
	return Limits{}.ReadPage(r, Results, each)
}

// ReadPage reads one page of a kind from r and hands each element of conversations, compact, to each. The bytes are
// the callee's. What is no such page is fault.Corrupt: a body that ends too early, another JSON object, a page that
// has a member of ours twice or is larger than the limit. An empty object read as the last page would lose whatever
// was to come. By then each may have been called: whoever keeps records must keep the page as a whole or not at all.
// An error of each is given back as it is.
func (l Limits) ReadPage(r io.Reader, of Kind, each func(raw []byte) error) (Page, error) {
	l = l.withDefaults()
	in := &input{r: r, most: l, what: "page", all: "the body", end: l.Page}
	p := pageReader{dec: newDecoder(in), of: of, each: each, own: compact, seen: map[string]bool{}}
	if l.Verbatim {
		p.own = bytes.Clone
	}
	err := readMembers(p.dec, p.member)
	if err == nil {
		err = atEnd(p.dec)
	}
	switch {
	case p.refused != nil:
		return p.page, p.refused
	case err != nil:
		return p.page, in.corrupt(err)
	}
	return p.page, p.missing(of)
}

// pageReader reads a page.
type pageReader struct {
	dec     decoder
	of      Kind
	each    func(raw []byte) error
	own     func(v []byte) []byte // copies a record for each
	page    Page
	seen    map[string]bool // members of a page that came, and whether there was something in them
	refused error           // by each
}

// member reads one member of the page.
func (p *pageReader) member(name string) error {
	var read func() (bool, error)
	switch p.known(name) {
	case "conversations":
		read = p.conversations
	case "cursor":
		read = p.cursor
	case "dataAvailabilityDate":
		read = p.date
	case "totalHits":
		read = p.totalHits
	case "aggregations":
		read = p.aggregations
	case "status", "code", "message", "messageWithParams", "errors", "error", "state", "jobId":
		return p.foreign(name)
	default:
		return p.dec.skip()
	}
	if _, twice := p.seen[name]; twice {
		return fault.New(fault.Corrupt, "the page has %s twice", name)
	}
	if p.dec.peek() == 'n' { // upstream leaves out what is absent; others say null
		p.seen[name] = false
		return p.dec.skip()
	}
	has, err := read()
	p.seen[name] = has
	return err
}

// known is what a member is called on the pages of jobs; as it is where there is none such.
func (p *pageReader) known(name string) string {
	if p.of != Rows {
		return name
	}
	if other, is := map[string]string{"data": "conversations", "nextPageToken": "cursor", "conversations": "", "cursor": ""}[name]; is {
		return other
	}
	return name
}

// foreign refuses a page with a member of an error body (schema ErrorBody), of a job's status or of a submission: what
// is such an answer is no page, whatever else it has.
func (p *pageReader) foreign(name string) error {
	if kind := p.dec.peek(); kind == 'n' || kind == 0 {
		return p.dec.skip()
	}
	return fault.New(fault.Corrupt, "the answer is not a page of results: it has the member %s, of an error or of a job's state", name)
}

func (p *pageReader) conversations() (bool, error) {
	return true, readElements(p.dec, func(v jsontext.Value, _ bool) error {
		p.page.Records++
		p.refused = p.each(p.own(v))
		return p.refused
	})
}

func (p *pageReader) cursor() (bool, error) {
	text, err := p.text("cursor", maxCursor)
	p.page.Cursor = text
	return text != "", err
}

func (p *pageReader) date() (bool, error) {
	text, err := p.text("dataAvailabilityDate", 64)
	if err != nil {
		return false, err
	}
	if p.page.DataAvailabilityDate, err = conversation.ParseTime(text); err != nil {
		return false, fault.New(fault.Corrupt, "the page's dataAvailabilityDate is no date")
	}
	return true, nil
}

func (p *pageReader) totalHits() (bool, error) {
	v, err := p.small("totalHits", 32)
	if err != nil {
		return false, err
	}
	if json.Unmarshal(v, &p.page.TotalHits) != nil || p.page.TotalHits < 0 {
		return false, fault.New(fault.Corrupt, "the page's totalHits is no count")
	}
	return true, nil
}

func (p *pageReader) aggregations() (bool, error) {
	v, err := p.dec.value()
	p.page.Aggregations = bytes.Clone(v)
	return true, err
}

// small reads a value of so many bytes at most, for which peek has allowed.
func (p *pageReader) small(name string, most int) (jsontext.Value, error) {
	v, err := p.dec.ReadValue()
	if err == nil && len(v) > most {
		return nil, fault.New(fault.Corrupt, "the page's %s is longer than %d bytes", name, most)
	}
	return v, err
}

// text reads a text. One that is not text in Unicode is refused: read leniently, two cursors could become one.
func (p *pageReader) text(name string, most int) (string, error) {
	v, err := p.small(name, most)
	if err != nil {
		return "", err
	}
	text, ok := plain(v)
	if !ok {
		return "", fault.New(fault.Corrupt, "the page's %s is not text", name)
	}
	return text, nil
}

// missing says what an object lacks to be a page.
func (p *pageReader) missing(of Kind) error {
	_, ends := p.seen["nextPageToken"]
	switch {
	case of == Rows:
		if !p.seen["data"] || !ends {
			return fault.New(fault.Corrupt, "the answer is not a page of rows: it lacks data, or nextPageToken")
		}
	case of == Counted:
		if !p.seen["totalHits"] {
			return fault.New(fault.Corrupt, "the answer does not say how many conversations there are: it has no totalHits")
		}
		if p.page.TotalHits < int64(p.page.Records) {
			return fault.New(fault.Corrupt, "the answer has more conversations than it counts")
		}
	case of == Found:
		if !p.seen["conversations"] && !p.seen["totalHits"] {
			return fault.New(fault.Corrupt, "the answer is not one of the query: it has neither conversations nor totalHits")
		}
	// An empty list proves nothing: it would end the job.
	case p.page.Records == 0 && !p.seen["cursor"] && !p.seen["dataAvailabilityDate"]:
		return fault.New(fault.Corrupt, "the answer is not a page of results: it has no conversations, cursor or dataAvailabilityDate")
	}
	return nil
}

// plain gives the text that a JSON value is, if it is one without control characters, in valid Unicode.
func plain(v jsontext.Value) (string, bool) {
	text, err := jsontext.AppendUnquote(nil, v)
	return string(text), err == nil && !bytes.ContainsFunc(text, unicode.IsControl)
}

// corrupt turns a syntax error or an early end into fault.Corrupt. What ended reading comes first: a decoder may make
// a syntax error of a connection that broke.
func (in *input) corrupt(err error) error {
	if in.err != nil && !errors.Is(in.err, io.EOF) {
		return in.err
	}
	return corrupt(in.all, in.base, err)
}
