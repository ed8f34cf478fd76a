package wire

import (
	"errors"
	"io"
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// Values reads a file of records within the default limits: see Limits.Values.
func Values(r io.Reader, each func(raw []byte) error) error { return Limits{}.Values(r, each) }

// Values reads a file of records in any of the usual forms and hands each value, compact, to each: single records,
// NDJSON or records after one another, arrays of records, pages of results, and any mixture of them. The file may be
// of any size; a value in it that is larger than the limit is fault.Corrupt. An error of each is given back as it is.
func (l Limits) Values(r io.Reader, each func(raw []byte) error) error {
	src := &source{r: r, most: l.withDefaults(), what: "value", end: math.MaxInt64}
	var refused error
	err := readValues(newDecoder(src), func(v jsontext.Value) error {
		refused = pageOrRecord(v, each)
		return refused
	})
	if err == nil || refused != nil {
		return refused
	}
	return src.corrupt(err)
}

func readValues(dec decoder, take func(jsontext.Value) error) error {
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
			v, err := dec.value()
			if err != nil {
				return err
			}
			if err := take(v); err != nil {
				return err
			}
		}
	}
}

// pageOrRecord hands on v itself, or the records in it if it is a page.
func pageOrRecord(v jsontext.Value, each func([]byte) error) error {
	if !isPage(v) {
		return each(compact(v))
	}
	dec := held(v)
	return readMembers(dec, func(name string) error {
		if name != "conversations" || dec.PeekKind() != '[' {
			_, err := dec.ReadValue()
			return err
		}
		return readElements(dec, func(v jsontext.Value) error { return each(compact(v)) })
	})
}

// errRecord ends the search for what a page has.
var errRecord = errors.New("this is a record")

// isPage says whether v is a page: it has conversations, and no id of its own. A page from which the platform left
// the empty list out has nothing but what else pages have.
func isPage(v jsontext.Value) bool {
	if v.Kind() != '{' {
		return false
	}
	var list, rest, foreign bool
	dec := held(v)
	err := readMembers(dec, func(name string) error {
		switch name {
		case "conversationId":
			return errRecord
		case "conversations":
			list = list || dec.PeekKind() == '['
		case "cursor", "dataAvailabilityDate", "totalHits", "aggregations":
			rest = true
		default:
			foreign = true
		}
		_, err := dec.ReadValue()
		return err
	})
	return err == nil && (list || rest && !foreign)
}
