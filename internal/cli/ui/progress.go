package ui

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Progress is a line at the bottom of a terminal that says how far something is. Where nobody watches it writes
// nothing. Safe for concurrent use.
type Progress struct {
	s     *Streams
	begun time.Time
	mu    sync.Mutex
	shown time.Time
	width int
	said  int // how often Show or Clear was called
}

// Progress begins a progress line.
func (s *Streams) Progress() *Progress { return &Progress{s: s, begun: time.Now()} }

// The line is shown when something takes longer than a second, and not more often than a person can read.
const (
	quiet   = time.Second
	refresh = 200 * time.Millisecond
)

// Show says what is being done, how much of all is done (all 0: not known), and the rate and the time left that follow.
// What is said too early to be shown is shown when it is time, if nothing else has been said by then.
func (p *Progress) Show(step string, done, all int64, unit string) {
	if !p.s.ErrTerminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said++
	draw := func() {
		p.shown = time.Now()
		p.line(describe(step, done, all, unit, p.shown.Sub(p.begun)))
	}
	now := time.Now()
	wait := max(quiet-now.Sub(p.begun), refresh-now.Sub(p.shown))
	if wait <= 0 {
		draw()
		return
	}
	said := p.said
	time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.said == said {
			draw()
		}
	})
}

func describe(step string, done, all int64, unit string, took time.Duration) string {
	if done == 0 {
		return step
	}
	rate := float64(done) / took.Seconds()
	text := fmt.Sprintf("%s: %s %s, %s/s", step, Count(done), unit, Count(int64(rate)))
	if all > 0 && done > 0 && done <= all {
		left := time.Duration(float64(all-done) / rate * float64(time.Second)).Round(time.Second)
		text += fmt.Sprintf(", %d %%, %v left", done*100/all, left)
	}
	return text
}

func (p *Progress) line(text string) {
	text = Plain(text)
	width := utf8.RuneCountInString(text)
	pad := max(0, p.width-width)
	p.width = width
	p.draw("\r" + text + strings.Repeat(" ", pad))
}

// draw writes to the terminal as it is. A progress line that cannot be written is no failure.
func (p *Progress) draw(text string) {
	if guard, ok := p.s.Err.(*screen); ok {
		_ = guard.control(text)
		return
	}
	_, _ = io.WriteString(p.s.Err, text)
}

// Clear takes the line away.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said++
	if p.width > 0 {
		p.line("")
		p.draw("\r")
		p.width = 0
	}
}

// Count writes a number with separators: 35,000.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Counted writes a number with what it counts: 1 file, 2 files.
func Counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Bytes writes a size: 189.4 MB.
func Bytes(n int64) string {
	f, unit := float64(n), 0
	for f >= 1000 && unit < 4 {
		f, unit = f/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %sB", f, []string{"", "k", "M", "G", "T"}[unit])
}
