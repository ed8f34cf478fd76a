package lake

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// Rejected prints what was set aside, each on one line of JSON.
func Rejected(ctx context.Context, o *Options) (err error) {
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	out := bufio.NewWriterSize(o.Streams.Out, 1<<16)
	return l.Control().View(ctx, func(db *state.DB) error {
		for r, err := range stage.AllRejected(ctx, db) {
			if err != nil {
				return err
			}
			if err := printRejected(out, r); err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

// printRejected writes what was set aside. It may have a hundred megabytes: it is not copied.
func printRejected(w *bufio.Writer, r stage.Rejected) error {
	head, err := json.Marshal(map[string]any{"run": r.Run, "runs": r.Runs, "reason": r.Reason})
	if err != nil {
		return err
	}
	text := r.Text
	if !json.Valid(text) {
		if text, err = json.Marshal(string(text)); err != nil {
			return err
		}
	}
	w.Write(head[:len(head)-1])
	w.WriteString(`,"value":`)
	if err := writeVisibly(w, text); err != nil {
		return err
	}
	w.WriteString("}\n")
	return w.Flush()
}

// writeVisibly writes JSON in which texts have no characters that would steer a terminal, and that is UTF-8.
func writeVisibly(w *bufio.Writer, text []byte) error {
	written := 0
	for at := 0; at < len(text); {
		c, size := rune(text[at]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(text[at:])
		}
		broken := c == utf8.RuneError && size == 1
		if c >= 0x7f && !unicode.IsPrint(c) || broken {
			w.Write(text[written:at])
			w.WriteString(escaped(c))
			written = at + size
		}
		at += size
	}
	_, err := w.Write(text[written:])
	return err
}

// escaped is a character as JSON writes it where it must not stand itself.
func escaped(c rune) string {
	if c <= 0xffff {
		return fmt.Sprintf(`\u%04x`, c)
	}
	high, low := utf16.EncodeRune(c)
	return fmt.Sprintf(`\u%04x\u%04x`, high, low)
}
