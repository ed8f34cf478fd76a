package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// StripAttributes removes the attributes of every participant from a compact record and leaves every other byte as
// it is: the form in which the synchronous query and the details by id answer. Text that is not shaped like a record
// comes back as it went in.
func StripAttributes(raw []byte) []byte {
	if !namesAttributes(raw) {
		return raw
	}
	if out, ok := stripQuickly(raw); ok {
		return out
	}
	return stripSlowly(raw)
}

// namesAttributes says whether a member of a text may be called attributes: its name can be written with escapes.
func namesAttributes(raw []byte) bool {
	return bytes.Contains(raw, []byte(`"attributes"`)) || bytes.IndexByte(raw, '\\') >= 0
}

// stripSlowly takes any text.
func stripSlowly(raw []byte) []byte {
	s := stripper{dec: held(raw), raw: raw}
	if err := s.conversation(); err != nil {
		return raw
	}
	return append(s.out, raw[s.kept:]...)
}

// stripper copies raw to out, participant by participant, without their attributes.
type stripper struct {
	dec  decoder
	raw  []byte
	out  []byte
	kept int // everything before this offset is in out, or was left out
}

func (s *stripper) conversation() error {
	return readMembers(s.dec, func(name string) error {
		if name != "participants" || s.dec.PeekKind() != '[' {
			return s.dec.SkipValue()
		}
		if err := expect(s.dec, '['); err != nil {
			return err
		}
		for s.dec.PeekKind() != ']' {
			if err := s.participant(); err != nil {
				return err
			}
		}
		return expect(s.dec, ']')
	})
}

func (s *stripper) participant() error {
	if s.dec.PeekKind() != '{' {
		return s.dec.SkipValue()
	}
	if err := expect(s.dec, '{'); err != nil {
		return err
	}
	begin := int(s.dec.InputOffset()) // just behind the brace
	end := begin
	var keep [][]byte
	for s.dec.PeekKind() == '"' {
		name, err := s.dec.ReadToken()
		if err != nil {
			return err
		}
		attributes := name.String() == "attributes"
		if err := s.dec.SkipValue(); err != nil {
			return err
		}
		member := s.raw[end:s.dec.InputOffset()] // with the comma before it, if there is one
		end = int(s.dec.InputOffset())
		if !attributes {
			keep = append(keep, bytes.TrimPrefix(member, []byte(",")))
		}
	}
	s.out = append(s.out, s.raw[s.kept:begin]...)
	s.out = append(s.out, bytes.Join(keep, []byte(","))...)
	s.kept = end
	return expect(s.dec, '}')
}

// CutAttributes cuts the keys and values of participant attributes to conversation.MaxAttributeLength characters, as
// the platform does with the results of jobs. Everything else stays as it is, byte for byte: raw itself comes back
// when nothing is too long.
func CutAttributes(raw []byte) []byte {
	if !mayBeLong(raw) || !namesAttributes(raw) {
		return raw
	}
	c := cutter{dec: held(raw), raw: raw}
	if err := c.conversation(); err != nil || c.kept == 0 {
		return raw
	}
	return append(c.out, raw[c.kept:]...)
}

// mayBeLong says whether a string of more than MaxAttributeLength bytes can be in a text. Nearly every record is passed
// by looking at five of its bytes: a long string leaves a long stretch without a quotation mark, unless one in it is
// escaped.
func mayBeLong(raw []byte) bool {
	for at := 0; at+conversation.MaxAttributeLength < len(raw); {
		quote := bytes.LastIndexByte(raw[at+1:at+1+conversation.MaxAttributeLength], '"')
		if quote < 0 {
			return true
		}
		at += 1 + quote
	}
	return bytes.Contains(raw, []byte(`\"`))
}

// cutter copies raw to out up to kept, with what is too long cut.
type cutter struct {
	dec  decoder
	raw  []byte
	out  []byte
	kept int
}

func (c *cutter) conversation() error {
	return readMembers(c.dec, func(name string) error {
		if name != "participants" || c.dec.PeekKind() != '[' {
			return c.dec.SkipValue()
		}
		if err := expect(c.dec, '['); err != nil {
			return err
		}
		for c.dec.PeekKind() == '{' {
			if err := readMembers(c.dec, c.member); err != nil {
				return err
			}
		}
		return expect(c.dec, ']')
	})
}

// member reads one member of a participant.
func (c *cutter) member(name string) error {
	if name != "attributes" || c.dec.PeekKind() != '{' {
		return c.dec.SkipValue()
	}
	if err := expect(c.dec, '{'); err != nil {
		return err
	}
	for c.dec.PeekKind() == '"' {
		for range 2 { // key and value
			if err := c.text(); err != nil {
				return err
			}
		}
	}
	return expect(c.dec, '}')
}

// text reads a key or a value, and puts the cut one in its place if it is too long.
func (c *cutter) text() error {
	v, err := c.dec.ReadValue()
	if err != nil || v.Kind() != '"' || len(v) <= conversation.MaxAttributeLength {
		return err
	}
	plain, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return nil //nolint:nilerr // not quite UTF-8: what cannot be counted stays as it is
	}
	characters := []rune(string(plain))
	if len(characters) <= conversation.MaxAttributeLength {
		return nil
	}
	cut, err := jsontext.AppendQuote(nil, string(characters[:conversation.MaxAttributeLength]))
	if err != nil {
		return err
	}
	end := int(c.dec.InputOffset())
	c.out = append(append(c.out, c.raw[c.kept:end-len(v)]...), cut...)
	c.kept = end
	return nil
}
