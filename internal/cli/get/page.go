package get

import (
	"bufio"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/cli/ui"
)

// narrowest is the least width that an account is written in.
const narrowest = 50

// page writes lines that are no wider than a width. What a record says is made plain before it is measured. A failure to write
// is told when the writer is flushed.
type page struct {
	w     *bufio.Writer
	width int
}

func (p page) line(text string) { _, _ = p.w.WriteString(strings.TrimRight(text, " ") + "\n") }

// wide is how many columns a text takes.
func wide(text string) int { return ui.Width(text) }

// clean makes a text of others fit for one line.
func clean(text string) string { return ui.Plain(strings.Join(strings.Fields(text), " ")) }

// text writes a text over as many lines as it takes, behind a head that stands on the first of them.
func (p page) text(head, text string) {
	indent := strings.Repeat(" ", wide(head))
	for _, part := range wrap(clean(text), max(p.width-wide(head), 1)) {
		p.line(head + part)
		head = indent
	}
}

// parts writes texts side by side, none of which is divided unless it is wider than a line.
func (p page) parts(indent string, texts []string) {
	for _, line := range filled(texts, "   ", max(p.width-wide(indent), 1)) {
		p.line(indent + line)
	}
}

// units stay behind their number.
var units = []string{"ms", "s", "min", "h", "d"}

// words are those of a text; a number and its unit are one.
func words(text string) (out []string) {
	for word := range strings.FieldsSeq(text) {
		unit := slices.Contains(units, strings.TrimRight(word, ".,;:"))
		if last := len(out) - 1; unit && last >= 0 && isDigit(out[last][len(out[last])-1]) {
			out[last] += " " + word
		} else {
			out = append(out, word)
		}
	}
	return out
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// wrap cuts a text into lines between its words; a word that is too long is cut.
func wrap(text string, width int) []string { return filled(words(text), " ", width) }

// filled sets words, with a space between, into lines that are as long as they may be; a word that is too long is cut.
func filled(words []string, space string, width int) (out []string) {
	line := ""
	for _, word := range words {
		for head, rest := cut(word, width); rest != ""; head, rest = cut(rest, width) {
			if line != "" {
				out, line = append(out, line), ""
			}
			out, word = append(out, head), rest
		}
		switch {
		case line == "":
			line = word
		case wide(line)+wide(space)+wide(word) > width:
			out, line = append(out, line), word
		default:
			line += space + word
		}
	}
	return append(out, line)
}

// cut divides a text behind so many columns, and reads no more of it than these: it may be a file that somebody wrote in a
// note.
func cut(text string, width int) (head, rest string) {
	n := 0
	for at, r := range text {
		if n += ui.WidthOf(r); n > width && at > 0 {
			return text[:at], text[at:]
		}
	}
	return text, ""
}

// clip cuts a text that is wider than so many columns.
func clip(text string, most int) string {
	if wide(text) <= most {
		return text
	}
	if most <= 1 {
		return "…"
	}
	head, _ := cut(text, most-1)
	return head + "…"
}

// table writes rows under a title; nothing if there are none. Columns are aligned, and the last one takes as many lines as it
// needs.
func (p page) table(title string, rows [][]string) { p.tableWhy(title, rows, nil) }

// tableWhy writes the rule of each row below it, where there are rules.
func (p page) tableWhy(title string, rows [][]string, whys []string) {
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.text("", title)
	widths := p.columns(rows)
	for i, row := range rows {
		last := len(row) - 1
		p.text(aligned(row[:last], widths), row[last])
		if whys != nil {
			p.text("      because: ", whys[i])
		}
	}
}

// aligned writes cells below those of other rows.
func aligned(cells []string, widths []int) string {
	var out strings.Builder
	out.WriteString("  ")
	for n, cell := range cells {
		cell = clip(clean(cell), widths[n])
		out.WriteString(cell + strings.Repeat(" ", widths[n]-wide(cell)+2))
	}
	return out.String()
}

// thinnest is how far a column is cut at most: three of them leave a quarter of the narrowest line to the last one.
const thinnest = 6

// columns are how wide the columns are, but for the last one: as their widest cell, and together at most two thirds.
func (p page) columns(rows [][]string) []int {
	widths := make([]int, len(rows[0])-1)
	for _, row := range rows {
		for n := range widths {
			widths[n] = max(widths[n], wide(clean(row[n])))
		}
	}
	sum := 0
	for _, w := range widths {
		sum += w + 2
	}
	for sum > p.width*2/3-2 {
		widest := 0
		for n := range widths {
			if widths[n] > widths[widest] {
				widest = n
			}
		}
		if widths[widest] <= thinnest {
			break
		}
		widths[widest]--
		sum--
	}
	return widths
}
