// Package ui is how commands speak: results on standard output, everything else on standard error; a table for people,
// tabs for a pipe, JSON for programs; progress only where somebody watches.
package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// Streams are the standard streams of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutTerminal and ErrTerminal say whether a person watches.
	OutTerminal, ErrTerminal bool
	// Verbose asks for a log of what happens.
	Verbose bool
}

// System gives the streams of the process.
func System() *Streams {
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())), ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// Log is a logger to standard error: warnings only, unless verbose.
func (s *Streams) Log() *slog.Logger {
	level := slog.LevelWarn
	if s.Verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: level}))
}

// Printf writes to standard output. A failure is that of a pipe whose reader has gone, and no concern of the command.
func (s *Streams) Printf(format string, args ...any) { _, _ = fmt.Fprintf(s.Out, format, args...) }

// Notef writes to standard error.
func (s *Streams) Notef(format string, args ...any) { _, _ = fmt.Fprintf(s.Err, format, args...) }

// JSON writes v on one line of standard output.
func (s *Streams) JSON(v any) error { return json.NewEncoder(s.Out).Encode(v) }

// unwatched is how wide lines are where nobody's terminal says it.
const unwatched = 100

// Width is how many characters fit on a line of standard output.
func (s *Streams) Width() int {
	if f, ok := s.Out.(interface{ Fd() uintptr }); ok && s.OutTerminal {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return unwatched
}
