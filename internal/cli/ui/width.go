package ui

import (
	"unicode"

	"golang.org/x/text/width"
)

// Width is how many columns of a terminal a text takes: two for each wide character, as those of Chinese and most emoji are,
// and none for what is put upon the character before it.
func Width(text string) (n int) {
	for _, r := range text {
		n += WidthOf(r)
	}
	return n
}

// WidthOf is how many columns a character takes.
func WidthOf(r rune) int {
	if r < 0x300 { // nearly all
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}
