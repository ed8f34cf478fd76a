package wire

import (
	"bytes"
	"errors"
	"io"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// Values reads a file of records within the default limits: see Limits.Values.
func Values(r io.Reader, each func(raw []byte) error) error { return Limits{}.Values(r, each) }

// Values reads a file of records in any of the usual forms and hands each value, compact, to each: single records,
// NDJSON or records after one another, arrays of records, pages of results, and any mixture of them. The file may be
// of any size; a value in it that is larger than the limit is fault.Corrupt. An error of each is given back as it is.
func (l Limits) Values(r io.Reader, each func(raw []byte) error) error {
	in := &input{r: r, most: l.withDefaults(), what: "value", all: "the file", end: math.MaxInt64}
	var refused error
	dec := newDecoder(in)
	err := readValues(dec, func(v jsontext.Value, deep bool) error {
		refused = pageOrRecord(v, deep, each)
		return refused
	})
	switch {
	case err == nil || refused != nil:
		return refused
	case (in.err == nil || errors.Is(in.err, io.EOF)) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return fault.New(fault.Corrupt, "the file ends too early: what begins at byte %d is not whole", dec.at())
	}
	return in.corrupt(err)
}

func readValues(dec decoder, take func(v jsontext.Value, deep bool) error) error {
	for {
		switch dec.peek() {
		case 0:
			_, err := dec.ReadToken()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case '[':
			if err := readElements(dec, take); err != nil {
				return err
			}
		default:
			v, deep, err := dec.element()
			if err != nil {
				return err
			}
			if err := take(v, deep); err != nil {
				return err
			}
		}
	}
}

// pageOrRecord hands on v itself, or the records in it if it is a page. One that is nested too deep but for its records
// is damaged.
func pageOrRecord(v jsontext.Value, deep bool, each func([]byte) error) error {
	if !isPage(v, deep) {
		return each(compact(v))
	}
	var refused error
	dec := within(v, deep)
	err := readMembers(dec, func(name string) error {
		if name != "conversations" || dec.peek() != '[' {
			_, err := dec.value()
			return err
		}
		return readElements(dec, func(v jsontext.Value, _ bool) error {
			refused = each(compact(v))
			return refused
		})
	})
	if err == nil || refused != nil {
		return refused
	}
	return corrupt("a page in the file", 0, err)
}

// within gives a decoder of a value that has been read.
func within(v jsontext.Value, deep bool) decoder {
	if !deep {
		return held(v)
	}
	return newDecoder(&input{r: bytes.NewReader(v), most: Limits{Page: int64(len(v))}, what: "value", all: "a page in the file", end: math.MaxInt64})
}

// errRecord ends the search for what a page has.
var errRecord = errors.New("this is a record")

// isPage says whether v is a page: it has conversations, and no id of its own. A page from which the platform left
// the empty list out has nothing but what else pages have.
func isPage(v jsontext.Value, deep bool) bool {
	if v.Kind() != '{' {
		return false
	}
	var list, rest, foreign bool
	dec := within(v, deep)
	err := readMembers(dec, func(name string) error {
		switch name {
		case "conversationId":
			return errRecord
		case "conversations":
			list = list || dec.peek() == '['
		case "cursor", "dataAvailabilityDate", "totalHits", "aggregations":
			rest = true
		default:
			foreign = true
		}
		_, _, err := dec.element()
		return err
	})
	return err == nil && (list || rest && !foreign)
}
