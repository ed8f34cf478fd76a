package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// ErrLimit is in the chain of a fault.Corrupt that says that a text is larger than its bound: asking for it again would
// not help.
var ErrLimit = errors.New("over the limit")

type overLimit string

func (e overLimit) Error() string { return string(e) }
func (overLimit) Unwrap() []error { return []error{fault.Corrupt, ErrLimit} }

// Limits bound how much of a text is held in memory, in bytes after decompression: a few on the wire can become any
// number. The zero value means the defaults.
type Limits struct {
	// Page is the most that a page may have in all, and a single value in a file; 0 means DefaultPage.
	Page int64
	// Advice ends the message about a page that is larger: it names the flag that raises the limit.
	Advice string
	// Verbatim hands on the records of a page as they stand in it: one that this process has written has no insignificant
	// white space, and to look for it takes as long as to read the page.
	Verbatim bool
}

// DefaultPage is room for 1,000 records, which is the platform's own size of a page, of 134 kB each. Those of the
// contact centre that was measured have some 6 kB.
const DefaultPage = 128 << 20

// MostMiB is the highest limit that can be set, in MiB: what is set aside is kept in a database that takes no more
// than a thousand million bytes of one text.
const MostMiB = 900

// maxToken bounds white space, and each text outside the records: names, dates, members that nobody here knows.
const maxToken = 1 << 20

// maxCursor bounds a cursor, which has to fit into a URL. The platform's have some hundred bytes.
const maxCursor = 16 << 10

func (l Limits) withDefaults() Limits {
	if l.Page == 0 {
		l.Page = DefaultPage
	}
	return l
}

// source is what a decoder reads from. A decoder holds in memory whatever belongs to the token or value that it is
// asked for, and the white space before it. So it gets no more than is allowed for that.
type source struct {
	r     io.Reader
	most  Limits
	what  string // a page, a value: what the limit is of
	whole string // what all of it is, for messages
	read  int64  // handed to the decoder so far
	base  int64  // where the decoder's offset 0 lies: see goOn
	until int64  // up to where it may read
	token bool   // that is for a token, not for a value
	end   int64  // up to where it may ever read
	err   error  // what ended reading: told again, whatever the decoder makes of it
}

// decoder is a decoder with its source; one that reads what is in memory already has none.
type decoder struct {
	*jsontext.Decoder

	src *source
}

func held(raw []byte) decoder {
	return decoder{Decoder: jsontext.NewDecoder(bytes.NewBuffer(raw), lenient)}
}

func newDecoder(src *source) decoder { return decoder{jsontext.NewDecoder(src, lenient), src} }

// allow lets the source give what a token needs, or a whole value.
func (d decoder) allow(token bool) {
	if s := d.src; s != nil {
		n := s.most.Page
		if token {
			n = maxToken
		}
		at := d.at()
		s.token, s.until = token, at+min(n, s.end-at)
	}
}

// at is how much of the text has been read.
func (d decoder) at() int64 {
	if d.src == nil {
		return d.InputOffset()
	}
	return d.src.base + d.InputOffset()
}

// peek allows for a token and looks at its kind.
func (d decoder) peek() jsontext.Kind {
	d.allow(true)
	return d.PeekKind()
}

// value reads a value that may be as large as a page.
func (d decoder) value() (jsontext.Value, error) {
	d.allow(false)
	return d.ReadValue()
}

// skip passes over a value and holds no more than a token of it at a time.
func (d decoder) skip() error {
	for depth := d.StackDepth(); ; {
		d.allow(true)
		if _, err := d.ReadToken(); err != nil || d.StackDepth() <= depth {
			return err
		}
	}
}

func (s *source) Read(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	room := s.until - s.read
	if room <= 0 {
		return 0, s.full()
	}
	n, err := s.r.Read(b[:min(int64(len(b)), room, atOnce)])
	s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// atOnce bounds a read: what was read beyond a value that is nested too deep is given back, value by value.
const atOnce = 64 << 10

// more appends what comes next to a part of a value of which at least so many bytes are still to come, where it has room.
func (s *source) more(part []byte, least int64) ([]byte, error) {
	if s.err == nil && s.read+least > s.until {
		s.err = s.over()
		return part, s.err
	}
	n, err := s.Read(part[len(part):cap(part)])
	if n > 0 {
		err = nil // it comes again
	}
	return part[:len(part)+n], err
}

// giveBack takes back the end of what was read.
func (s *source) giveBack(text []byte) {
	s.read -= int64(len(text))
	s.r = io.MultiReader(bytes.NewReader(bytes.Clone(text)), s.r)
}

// full ends reading at the limit, unless the text ends there too.
func (s *source) full() error {
	var next [1]byte
	_, s.err = io.ReadFull(s.r, next[:])
	if s.err == nil {
		s.err = s.over()
	}
	return s.err
}

func (s *source) over() error {
	if s.token && s.until < s.end {
		return overLimit("a text or white space outside the records has more than " + size(maxToken))
	}
	text := fmt.Sprintf("the %s is larger than %s", s.what, size(s.most.Page))
	if s.most.Advice != "" {
		text += "; " + s.most.Advice
	}
	return overLimit(text)
}

// size writes a limit as it is given.
func size(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
