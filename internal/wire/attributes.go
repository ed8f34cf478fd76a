package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// StripAttributes removes the attributes of every participant from a compact record and leaves every other byte as
// it is: the form in which the synchronous query and the details by id answer. Text that is not shaped like a record
// comes back as it went in.
func StripAttributes(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`"attributes"`)) {
		return raw
	}
	s := stripper{dec: jsontext.NewDecoder(bytes.NewBuffer(raw), lenient), raw: raw}
	if err := s.conversation(); err != nil {
		return raw
	}
	return append(s.out, raw[s.kept:]...)
}

// stripper copies raw to out, participant by participant, without their attributes.
type stripper struct {
	dec  *jsontext.Decoder
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
