package wire

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// readMembers reads an object and calls member with each name, the decoder standing before the value.
func readMembers(dec decoder, member func(name string) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.peek() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	return expect(dec, '}')
}

// readElements reads an array and calls take with each value, which is valid until the next one is read; deep says that
// it is nested too deep for a decoder.
func readElements(dec decoder, take func(v jsontext.Value, deep bool) error) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.peek() != ']' {
		v, deep, err := dec.element()
		if err != nil {
			return err
		}
		if err := take(v, deep); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec decoder, kind jsontext.Kind) error {
	if got := dec.peek(); got != kind && got != 0 {
		return fault.New(fault.Corrupt, "expected %v and found %v at byte %d", kind, got, dec.at())
	}
	_, err := dec.ReadToken()
	return err
}

func atEnd(dec decoder) error {
	switch kind := dec.peek(); {
	case kind != 0:
		return fault.New(fault.Corrupt, "something follows the page at byte %d", dec.at())
	default:
		if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	}
}

// corrupt turns a syntax error or an early end of a text into fault.Corrupt and leaves other errors as they are. what
// says what the text is, and base where in it the decoder began. What it says never enters the error.
func corrupt(what string, base int64, err error) error {
	if errors.Is(err, fault.Corrupt) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Corrupt, "%s ends too early", what)
	}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case tooDeep(err):
		return fault.New(fault.Corrupt, "%s is nested more than %d deep at byte %d", what, maxDepth, base+syntax.ByteOffset)
	case ok:
		return fault.New(fault.Corrupt, "%s is not JSON at byte %d", what, base+syntax.ByteOffset)
	}
	if _, ok := errors.AsType[*json.SemanticError](err); ok {
		return fault.New(fault.Corrupt, "a member of %s has the wrong type", what)
	}
	return err
}
