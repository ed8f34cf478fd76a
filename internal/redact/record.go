package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Record gives a record in which every member that a rule meets is redacted. Everything else stays as it is written. nil
// rules redact nothing. What is no JSON object is fault.Invalid, and must not be kept: nobody knows what is in it. A record
// that grows beyond what one may have, as a list of a million digits does when each is hashed, is fault.TooLarge.
func (r *Rules) Record(raw []byte) ([]byte, error) {
	if r == nil {
		return raw, nil
	}
	e := editor{rules: r, raw: raw, dec: jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if e.dec.PeekKind() != '{' {
		return nil, errNoRecord
	}
	if err := e.object(false); errors.Is(err, fault.TooLarge) {
		return nil, err
	} else if err != nil {
		return nil, errNoRecord
	}
	if _, err := e.dec.ReadToken(); !errors.Is(err, io.EOF) { // nobody knows what follows
		return nil, errNoRecord
	}
	if e.last == 0 {
		return raw, nil
	}
	if len(e.out)+len(raw)-e.last > conversation.MaxRecordBytes {
		return nil, errTooLarge
	}
	return append(e.out, raw[e.last:]...), nil
}

var (
	errNoRecord = fault.New(fault.Invalid, "the value is no JSON object, and cannot be redacted")
	errTooLarge = fault.New(fault.TooLarge, "the record has more than %d MiB once it is redacted", conversation.MaxRecordBytes>>20)
)

// editor copies a record with cuts.
type editor struct {
	rules *Rules
	raw   []byte
	dec   *jsontext.Decoder
	out   []byte // of raw[:last]
	last  int
}

// replace puts text in the place of raw[from:to], which lies behind all that was replaced before.
func (e *editor) replace(from, to int, text []byte) {
	e.out = append(append(e.out, e.raw[e.last:from]...), text...)
	e.last = to
}

// value goes through a value that no rule has met.
func (e *editor) value(of content) error {
	switch k := e.dec.PeekKind(); {
	case k == '{':
		return e.object(of == attributes)
	case k == '[' && of == texts:
		return e.list(func() error { return e.value(texts) })
	case k == '[':
		return e.list(func() error { return e.value(values) })
	case k == '"' || k == '0' && of == texts: // what should be a text is one, and where a number belongs there are long ones
		return e.text()
	default:
		return e.dec.SkipValue()
	}
}

// text redacts a text that no other rule has met, if it looks personal.
func (e *editor) text() error {
	if e.rules.personal == nil {
		return e.dec.SkipValue()
	}
	value, err := e.dec.ReadValue()
	if err != nil {
		return err
	}
	if plain := written(value); Personal(string(plain)) {
		return e.put(value, e.rules.become(e.rules.personal, plain))
	}
	return nil
}

// branch goes through what should be an object, or a list of them. Nobody knows what anything else in its place is.
func (e *editor) branch(of content) error {
	switch e.dec.PeekKind() {
	case '{':
		return e.object(of == attributes)
	case '[':
		return e.list(func() error { return e.branch(branches) })
	default:
		return e.redact(e.rules.unknown)
	}
}

func (e *editor) list(element func() error) error {
	if _, err := e.dec.ReadToken(); err != nil {
		return err
	}
	for e.dec.PeekKind() != ']' {
		if e.dec.PeekKind() == 0 {
			return errNoRecord
		}
		if err := element(); err != nil {
			return err
		}
	}
	_, err := e.dec.ReadToken()
	return err
}

// object goes through an object, whose members may be attributes of a participant.
func (e *editor) object(ofAttributes bool) error {
	if _, err := e.dec.ReadToken(); err != nil {
		return err
	}
	m := members{editor: e, kept: -1, first: -1}
	for e.dec.PeekKind() == '"' {
		if err := m.member(ofAttributes); err != nil {
			return err
		}
	}
	if _, err := e.dec.ReadToken(); err != nil {
		return err
	}
	m.end()
	return nil
}

// members follows the members of an object, so that those which are dropped take a comma with them.
type members struct {
	*editor

	kept  int // where the last member ends that stays; -1 before there is one
	first int // where the first of the members begins that are dropped before any stays; -1 if there are none
	until int // where the last dropped one ends
	count int
}

func (m *members) member(inAttributes bool) error {
	name, err := m.dec.ReadValue()
	if err != nil {
		return err
	}
	begin := int(m.dec.InputOffset()) - len(name)
	plain := unquoted(name)
	m.count++
	rule := m.rules.of(plain, inAttributes)
	if rule != nil && rule.Do == Drop {
		if err := m.dec.SkipValue(); err != nil {
			return err
		}
		m.drop(begin)
		return nil
	}
	if m.first >= 0 { // the first that stays: what was dropped before it goes up to it
		m.replace(m.first, begin, nil)
		m.first = -1
	}
	if (inAttributes || !Member(string(plain))) && m.telling(plain) {
		m.rename(name, m.count)
	}
	var of content
	if !inAttributes {
		of = knownMembers[string(plain)]
	}
	switch {
	case rule != nil:
		err = m.redact(rule)
	case m.rules.unknown != nil && of >= branches:
		err = m.branch(of)
	default:
		err = m.value(of)
	}
	m.kept = int(m.dec.InputOffset())
	return err
}

// written is a text without its marks, or a number as it is written.
func written(value jsontext.Value) []byte {
	if value.Kind() == '"' {
		return unquoted(value)
	}
	return value
}

// unquoted is a JSON text without its marks. Bytes that are no UTF-8 become replacement characters: there is no other error,
// for the text has been read.
func unquoted(text jsontext.Value) []byte {
	if inner := text[1 : len(text)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	plain, _ := jsontext.AppendUnquote(nil, text)
	return plain
}

// drop drops the member that begins there and has just been read.
func (m *members) drop(begin int) {
	m.until = int(m.dec.InputOffset())
	switch {
	case m.kept >= 0:
		m.replace(max(m.kept, m.last), m.until, nil)
	case m.first < 0:
		m.first = begin
	}
}

// end drops what was dropped before no member that stays.
func (m *members) end() {
	if m.first >= 0 {
		m.replace(m.first, m.until, nil)
	}
}

// redact puts what a rule makes of a value in its place; of a list or an object, of every text, number, true and false in it. Below a
// member that nobody knows the names of members go too.
func (e *editor) redact(rule *Rule) error {
	switch e.dec.PeekKind() {
	case '{':
		if _, err := e.dec.ReadToken(); err != nil {
			return err
		}
		for n := 1; e.dec.PeekKind() == '"'; n++ {
			name, err := e.dec.ReadValue()
			if err != nil {
				return err
			}
			if plain := unquoted(name); rule == e.rules.unknown || e.rules.unknown != nil && !Member(string(plain)) || e.telling(plain) {
				e.rename(name, n)
			}
			if err := e.redact(rule); err != nil {
				return err
			}
		}
		_, err := e.dec.ReadToken()
		return err
	case '[':
		return e.list(func() error { return e.redact(rule) })
	case '"', '0':
		return e.scalar(rule)
	case 't', 'f':
		return e.truth(rule)
	default: // null, and what is no JSON
		return e.dec.SkipValue()
	}
}

// telling says whether the name of a member that nobody knows tells of a person.
func (e *editor) telling(name []byte) bool {
	return e.rules.personal != nil && PersonalName(string(name))
}

// rename puts the place of a member in the place of its name, which has just been read: names that are masked could be the same.
func (e *editor) rename(name jsontext.Value, place int) {
	end := int(e.dec.InputOffset())
	e.replace(end-len(name), end, []byte(`"#`+strconv.Itoa(place)+`"`))
}

// truth redacts true or false. A mask makes the same of both.
func (e *editor) truth(rule *Rule) error {
	value, err := e.dec.ReadValue()
	if err != nil {
		return err
	}
	if rule.Do == Hash {
		return e.put(value, e.rules.become(rule, value))
	}
	return e.put(value, []byte("*"))
}

func (e *editor) scalar(rule *Rule) error {
	value, err := e.dec.ReadValue()
	if err != nil {
		return err
	}
	plain := written(value)
	if len(plain) == 0 {
		return nil // an empty text tells nothing
	}
	return e.put(value, e.rules.become(rule, plain))
}

// put puts a text in the place of a value, which has just been read.
func (e *editor) put(value jsontext.Value, text []byte) error {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return errors.Join(errNoRecord, err)
	}
	end := int(e.dec.InputOffset())
	e.replace(end-len(value), end, quoted)
	if len(e.out) > conversation.MaxRecordBytes { // no more of it is made in memory
		return errTooLarge
	}
	return nil
}

// become is what takes the place of a value.
func (r *Rules) become(rule *Rule, plain []byte) []byte {
	if rule.Do == Hash {
		mac := hmac.New(sha256.New, r.key)
		mac.Write(plain)
		return []byte("hmac:" + hex.EncodeToString(mac.Sum(nil)[:16]))
	}
	text := []rune(string(plain))
	for i, c := range text {
		if i < len(text)-min(rule.Keep, len(text)/2) && unicode.In(c, unicode.Letter, unicode.Number, unicode.Mark) {
			text[i] = '*'
		}
	}
	return []byte(string(text))
}
