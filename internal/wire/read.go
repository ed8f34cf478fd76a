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

// readElements reads an array and calls element with each value, which is valid until the next one is read.
func readElements(dec decoder, element func(jsontext.Value) error) error {
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.peek() != ']' {
		v, err := dec.value()
		if err != nil {
			return err
		}
		if err := element(v); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec decoder, kind jsontext.Kind) error {
	if got := dec.peek(); got != kind && got != 0 {
		return fault.New(fault.Corrupt, "expected %v and found %v at byte %d", kind, got, dec.InputOffset())
	}
	_, err := dec.ReadToken()
	return err
}

func atEnd(dec decoder) error {
	switch kind := dec.peek(); {
	case kind != 0:
		return fault.New(fault.Corrupt, "something follows the page at byte %d", dec.InputOffset())
	default:
		if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	}
}

// corrupt turns a syntax error or an early end into fault.Corrupt and leaves other errors as they are. The text of the
// body never enters the error.
func corrupt(err error) error {
	if errors.Is(err, fault.Corrupt) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Corrupt, "the body ends too early")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fault.New(fault.Corrupt, "the body is not JSON at byte %d", syntax.ByteOffset)
	}
	if _, ok := errors.AsType[*json.SemanticError](err); ok {
		return fault.New(fault.Corrupt, "a member of the body has the wrong type")
	}
	return err
}
