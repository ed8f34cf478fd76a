package ui

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// What the platform or a caller wrote may hold what a terminal obeys: colours, a new title, text that runs backwards,
// lines that look like ours. A person is shown such characters, as \u001b, and the terminal never gets them. The form is
// that of JSON, so that JSON stays JSON and means the same; a byte that is no text at all is shown as \xff.

// obeyed says whether a terminal, or an editor that the output is pasted into, may obey a character: the controls of
// ASCII and of Latin 1, the ends of lines and paragraphs, and what turns the direction of text.
func obeyed(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r == 0x2028, r == 0x2029, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// Plain shows every character of a text that a terminal may obey, the ends of lines too.
func Plain(text string) string { return string(appendPlain(nil, []byte(text), "")) }

// appendPlain appends a text; the characters of keep stay as they are.
func appendPlain(out, text []byte, keep string) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case obeyed(r) && !strings.ContainsRune(keep, r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

// longest is how many bytes of a text that somebody else wrote are shown in a message.
const longest = 2000

// OneLine makes a message of what others may have written in part: on one line, not too long, and text.
func OneLine(text string) string {
	return Clip(strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\ufffd"), longest)
}

// Clip cuts a text that is longer than so many bytes, between two characters.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// screen is where a person reads: what a terminal may obey is shown, but for the ends of lines and tabs, which are ours.
// Safe for concurrent use.
type screen struct {
	mu   sync.Mutex
	to   io.Writer
	tail []byte // the beginning of a character whose rest is still to come
	out  []byte
}

// Write shows the whole characters, and keeps a part of one until the rest comes.
func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Concat(s.tail, text)
	whole := len(all) - partial(all)
	s.out = appendPlain(s.out[:0], all[:whole], "\n\t")
	s.tail = append([]byte(nil), all[whole:]...)
	if _, err := s.to.Write(s.out); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Fd is that of the terminal, which is asked how wide it is.
func (s *screen) Fd() uintptr {
	if f, ok := s.to.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0) // no file has this one
}

// partial is how many bytes at the end of a text begin a character that goes on.
func partial(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if end := text[len(text)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}

// finish shows what is left of a character that never went on.
func (s *screen) finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.to.Write(appendPlain(nil, s.tail, ""))
	s.tail = nil
	return err
}

// control writes what the terminal shall obey: our own progress line.
func (s *screen) control(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := io.WriteString(s.to, text)
	return err
}

// Guarded gives the streams as commands use them: whatever is written where a person reads is plain. Standard error is
// for people wherever it goes; standard output is at a terminal, and in a pipe stays as it is. Done is called at the end.
func (s *Streams) Guarded() (_ *Streams, done func()) {
	g := *s
	guards := []*screen{{to: s.Err}}
	g.Err = guards[0]
	if s.OutTerminal {
		guards = append(guards, &screen{to: s.Out})
		g.Out = guards[1]
	}
	return &g, func() {
		for _, guard := range guards {
			_ = guard.finish() // there is nowhere left to say that it failed
		}
	}
}
