// Package words writes numbers, sizes, times and lists as pages show them.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count writes a number with commas between its thousands.
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "−", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// Amount writes how many of something there are, by its name for one and for many.
func Amount(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return Count(int64(n)) + " " + many
}

// Instant writes an instant, in UTC.
func Instant(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04:05") }

// Since writes how long ago an instant was, in the largest unit of which there is one.
func Since(at, now time.Time) string {
	switch d := max(now.Sub(at), 0); {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	default:
		return strconv.Itoa(int(d.Hours()/24)) + " days"
	}
}

// Sentence is a message with the end of a sentence. It begins as it does: that may be the name of a field.
func Sentence(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".?!") {
		return text
	}
	return text + "."
}

// Seconds writes a time: "6.5 s" below a hundred seconds, and "7:34" or "1:02:03" from there.
func Seconds(n float64) string {
	if n < 100 {
		return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0") + " s"
	}
	whole := int64(math.Round(n))
	if whole < 3600 {
		return fmt.Sprintf("%d:%02d", whole/60, whole%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", whole/3600, whole/60%60, whole%60)
}

// Percent writes a part of the whole, from 0 to 1, for an attribute of SVG.
func Percent(x float64) string {
	text := strconv.FormatFloat(x*100, 'f', 3, 64)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	return text + "%"
}

// Size writes a number of bytes.
func Size(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n) + " bytes"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1_000_000, 'f', 1, 64) + " MB"
}

// Short is the beginning of an id, by which people tell it from others.
func Short(id string) string { return id[:min(8, len(id))] }

// Listed writes words as people list them.
func Listed(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
