package redact

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/parley-hq/parley/internal/conversation"
)

// So many digits in a row may be a number of a person: in texts, where versions and counts stand too, and in names of members, where
// nobody expects digits.
const (
	digitsOfTexts = 7
	digitsOfNames = 6
)

// Personal says whether a text looks like a number or an address of a person, and is neither an id nor an instant.
func Personal(text string) bool { return tells(text, digitsOfTexts) }

// PersonalName says so of the name of a member, such as the key of an attribute.
func PersonalName(name string) bool { return tells(name, digitsOfNames) }

func tells(text string, digits int) bool {
	if !strings.Contains(text, "@") && !hasScheme(text) && !hasNumber(text, digits) || identifier.MatchString(text) {
		return false
	}
	_, err := conversation.ParseTime(text)
	return err != nil
}

// identifier is an id that a machine has made. Its digits are by chance.
var identifier = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$|^[0-9a-fA-F]{24,64}$`)

func hasScheme(text string) bool {
	if !strings.Contains(text, ":") {
		return false
	}
	text = strings.ToLower(text)
	return strings.Contains(text, "tel:") || strings.Contains(text, "sip:") || strings.Contains(text, "sips:")
}

// hasNumber says whether a text has so many digits in a row, or a plus before one, as numbers have that are written with spaces.
func hasNumber(text string, digits int) bool {
	row, before := 0, ' '
	for _, c := range text {
		if !unicode.IsDigit(c) {
			row, before = 0, c
			continue
		}
		if row++; row == digits || row == 1 && before == '+' {
			return true
		}
	}
	return false
}

// Member says whether this version knows a member of records by its name. Nobody knows what the others have in them.
func Member(name string) bool {
	_, known := knownMembers[name]
	return known
}
