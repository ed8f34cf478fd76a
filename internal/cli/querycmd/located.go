package querycmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// located says where in the file of -f that stands for which a body was refused. What a platform says of it stays, and has
// the places behind it.
func (o *Options) located(text []byte, err error) error {
	if o.File == "" || !errors.Is(err, fault.Invalid) {
		return err
	}
	limits := query.PlatformLimits()
	if o.Lake != "" {
		limits = query.OwnLimits()
	}
	found := query.LintDetail(text, limits)
	if len(found) == 0 {
		return err
	}
	var places, texts []string
	for _, f := range found {
		at := fmt.Sprintf("%s:%d:%d", o.File, f.Line, f.Column)
		if f.Path != "" {
			at += ": " + f.Path
		}
		places, texts = append(places, at), append(texts, at+": "+f.Message)
	}
	if _, ours := errors.AsType[*fault.Error](err); !ours {
		return fmt.Errorf("%w; see %s", err, strings.Join(places, ", "))
	}
	return &fault.Error{Kind: fault.Invalid, Code: found[0].Code, Field: found[0].Path, Message: joined(texts, places)}
}

// room is for how many bytes of findings a message has room.
const room = 1700

// joined joins findings: the texts as long as there is room, and of the others the places, so that none is cut off.
func joined(texts, places []string) string {
	out, left := slices.Clone(texts), room
	for i, text := range texts {
		if left -= len(text); left < 0 && i > 0 {
			out[i] = places[i]
		}
	}
	return strings.Join(out, "; ")
}
