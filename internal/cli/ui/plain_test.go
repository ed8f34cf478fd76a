package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile is what a terminal obeys in several ways: a colour, a title, a bell, a deletion, a control of Latin 1, text that
// runs backwards, a line of its own, a byte that is no text.
const hostile = "a\x1b[31m\x1b]0;t\x07\x7f\u009b2J\u202eb\u2066\u2028c\r\nparley: all is well\xff\x00"

const harmless = `a\u001b[31m\u001b]0;t\u0007\u007f\u009b2J\u202eb\u2066\u2028c`

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "déjà vu, ελλάδα €, 👍🏽, א": "déjà vu, ελλάδα €, 👍🏽, א", "\t": `\u0009`, "\ufffd": "\ufffd", "\xc3": `\xc3`, "\u009f\u00a0": "\\u009f\u00a0", "\x1f ~": `\u001f ~`,
		hostile: harmless + `\u000d\u000aparley: all is well\xff\u0000`,
		"\u061c\u200e\u200f\u2029\u202a\u202d\u2067\u2069\u206a": `\u061c\u200e\u200f\u2029\u202a\u202d\u2067\u2069` + "\u206a",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"aéb", 2, "a…"}, {"aéb", 3, "aé…"}, {"", 0, ""}} {
		if got := Clip(c.text, c.most); got != c.want {
			t.Errorf("%q to %d: got %q, want %q", c.text, c.most, got, c.want)
		}
	}
	if got := OneLine(strings.Repeat("é \n ", 10_000) + "\xff"); len(got) > longest+len("…") || strings.Contains(got, "\n") || !utf8.ValidString(got) {
		t.Errorf("one line: got %d bytes", len(got))
	}
}

// guarded are streams with somebody at both.
func guarded() (s *Streams, done func(), out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	s, done = (&Streams{Out: out, Err: errs, OutTerminal: true, ErrTerminal: true}).Guarded()
	return s, done, out, errs
}

func TestEverythingThatIsShownIsPlain(t *testing.T) {
	for name, write := range map[string]func(*Streams){
		"result": func(s *Streams) { s.Printf("%s\n", hostile) },
		"note":   func(s *Streams) { s.Notef("%s\n", hostile) },
		"JSON":   func(s *Streams) { _ = s.JSON(map[string]string{hostile: hostile}) },
		"log":    func(s *Streams) { s.Log().Error(hostile, hostile, hostile) },
		"log of JSON": func(s *Streams) {
			slog.New(slog.NewJSONHandler(s.Err, nil)).Error(hostile, hostile, hostile)
		},
		"table":    func(s *Streams) { table := s.Table(hostile); table.Row(hostile); _ = table.Done() },
		"fields":   func(s *Streams) { _ = Fields(s.Out, [2]string{"name", hostile}) },
		"progress": func(s *Streams) { s.Progress().line(hostile) },
	} {
		t.Run(name, func(t *testing.T) {
			s, done, out, errs := guarded()
			write(s)
			done()
			text := strings.NewReplacer("\n", "", "\r", "").Replace(out.String() + errs.String())
			if text == "" || strings.ContainsFunc(text, obeyed) || !utf8.ValidString(text) {
				t.Errorf("got %q", text)
			}
		})
	}
}

// A line end in a cell must not make a row, nor a carriage return hide one; and columns stay aligned.
func TestATableAtATerminal(t *testing.T) {
	s, done, out, _ := guarded()
	table := s.Table("name", "n")
	table.Row(hostile, "1")
	table.Row("b", "2")
	if err := table.Done(); err != nil {
		t.Fatal(err)
	}
	done()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	wide := harmless + `  parley: all is well\xff\u0000`
	want := []string{"NAME" + strings.Repeat(" ", len(wide)-4) + "  N", wide + "  1", "b" + strings.Repeat(" ", len(wide)-1) + "  2"}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
}

func TestATableInAPipeHasTheDataAsText(t *testing.T) {
	var out bytes.Buffer
	s, done := (&Streams{Out: &out, Err: &out}).Guarded()
	table := s.Table("name", "n")
	table.Row("\x1b[31m\u202ea\xff\n", "1")
	if err := table.Done(); err != nil {
		t.Fatal(err)
	}
	done()
	if got, want := out.String(), "\x1b[31m\u202ea\ufffd \t1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShownJSONMeansTheSame(t *testing.T) {
	s, done, out, _ := guarded()
	const text = "a\u009b\x7f\u202e\u2028\x1b"
	if err := s.JSON(text); err != nil {
		t.Fatal(err)
	}
	done()
	var got string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != text {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAWriterThatFails(t *testing.T) {
	s, _ := (&Streams{Out: failing{}, Err: failing{}, OutTerminal: true}).Guarded()
	if n, err := s.Out.Write([]byte("x")); n != 0 || err == nil {
		t.Errorf("got %d, %v", n, err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the pipe is gone") }

// Wherever a text is cut into writes, the same is shown, and nothing of it is lost or obeyed.
func FuzzAScreenShowsTheSameHoweverItIsWritten(f *testing.F) {
	f.Add([]byte(hostile), 3)
	f.Add([]byte("ελλάδα €\xe6\x97"), 1)
	f.Add([]byte("\xf0\x9f\x91"), 2)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		step = max(1, step%8)
		var whole, parts bytes.Buffer
		for to, size := range map[*bytes.Buffer]int{&whole: len(text) + 1, &parts: step} {
			s, done := (&Streams{Out: to, Err: new(bytes.Buffer), OutTerminal: true}).Guarded()
			for rest := text; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if n, err := s.Out.Write(rest[:min(size, len(rest))]); err != nil || n != min(size, len(rest)) {
					t.Fatal(n, err)
				}
			}
			done()
		}
		if whole.String() != parts.String() {
			t.Errorf("written at once %q, in steps of %d %q", whole.String(), step, parts.String())
		}
		if got := strings.NewReplacer("\n", "", "\t", "").Replace(whole.String()); strings.ContainsFunc(got, obeyed) || !utf8.ValidString(got) {
			t.Errorf("got %q", got)
		}
	})
}
