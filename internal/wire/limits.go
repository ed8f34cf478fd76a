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

// input is what a decoder reads from. A decoder holds in memory whatever belongs to the token or value that it is
// asked for, and the white space before it. So it gets no more than is allowed for that.
type input struct {
	r     io.Reader
	most  Limits
	what  string // a page, a value: what the limit is of
	all   string // what all of it is, for messages
	read  int64  // handed to the decoder so far
	base  int64  // where the decoder's offset 0 lies: see goOn
	until int64  // up to where it may read
	token bool   // that is for a token, not for a value
	end   int64  // up to where it may ever read
	err   error  // what ended reading: told again, whatever the decoder makes of it
}

// decoder is a decoder with its input; one that reads what is in memory already has none.
type decoder struct {
	*jsontext.Decoder

	in *input
}

func held(raw []byte) decoder {
	return decoder{Decoder: jsontext.NewDecoder(bytes.NewBuffer(raw), lenient)}
}

func newDecoder(in *input) decoder { return decoder{jsontext.NewDecoder(in, lenient), in} }

// allow lets the input give what a token needs, or a value.
func (d decoder) allow(token bool) {
	if in := d.in; in != nil {
		n := in.most.Page
		if token {
			n = maxToken
		}
		at := d.at()
		in.token, in.until = token, at+min(n, in.end-at)
	}
}

// at is how much of the text has been read.
func (d decoder) at() int64 {
	if d.in == nil {
		return d.InputOffset()
	}
	return d.in.base + d.InputOffset()
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

func (in *input) Read(b []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	room := in.until - in.read
	if room <= 0 {
		return 0, in.full()
	}
	n, err := in.r.Read(b[:min(int64(len(b)), room, atOnce)])
	in.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		in.err = err
	}
	return n, err
}

// atOnce bounds a read: what was read beyond a value that is nested too deep is given back, value by value.
const atOnce = 64 << 10

// more appends what comes next to a part of a value of which at least so many bytes are still to come, where it has room.
func (in *input) more(part []byte, least int64) ([]byte, error) {
	if in.err == nil && in.read+least > in.until {
		in.err = in.over()
		return part, in.err
	}
	n, err := in.Read(part[len(part):cap(part)])
	if n > 0 {
		err = nil // it comes again
	}
	return part[:len(part)+n], err
}

// giveBack takes back the end of what was read.
func (in *input) giveBack(text []byte) {
	in.read -= int64(len(text))
	in.r = io.MultiReader(bytes.NewReader(bytes.Clone(text)), in.r)
}

// full ends reading at the limit, unless the text ends there too.
func (in *input) full() error {
	var next [1]byte
	_, in.err = io.ReadFull(in.r, next[:])
	if in.err == nil {
		in.err = in.over()
	}
	return in.err
}

func (in *input) over() error {
	if in.token && in.until < in.end {
		return overLimit("a text or white space outside the records has more than " + size(maxToken))
	}
	text := fmt.Sprintf("the %s is larger than %s", in.what, size(in.most.Page))
	if in.most.Advice != "" {
		text += "; " + in.most.Advice
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
