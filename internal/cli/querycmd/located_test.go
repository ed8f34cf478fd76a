package querycmd

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// What is wrong with a body from a file is told with its place there, whoever refuses it.
func TestRefusalsNameThePlaceInTheFile(t *testing.T) {
	const text = "{\n \"interval\":\"2026-11-01/P1D\",\n \"order\":\"up\", \"limit\":1}"
	_, refused := query.DecodeDetail([]byte(text), query.OwnLimits())
	refused = everything(refused)
	byPlatform := fmt.Errorf("query: the platform answers 400: no: %w", fault.Invalid)
	file, flags := &Options{File: "b.json", Lake: "l"}, &Options{Lake: "l"}
	for name, c := range map[string]struct {
		o    *Options
		text string
		err  error
		want []string // parts of it
	}{
		"of a lake":           {file, text, refused, []string{"b.json:3:2: order: Value [up] is not valid", "; b.json:3:16: limit: limit is a field of jobs"}},
		"of a platform":       {&Options{File: "-"}, text, byPlatform, []string{"answers 400: no", "; see -:3:2: order, -:3:16: limit"}},
		"broken":              {file, "{\n\"x\"", fault.New(fault.Invalid, "no object"), []string{"b.json:2:4: ", "not valid JSON"}},
		"by flags":            {flags, text, refused, []string{refused.Error()}},
		"a body that is fine": {file, `{"interval":"2026-11-01/P900D"}`, byPlatform, []string{byPlatform.Error()}},
		"for a platform":      {&Options{File: "b.json"}, `{"interval":"2026-11-01/P900D"}`, byPlatform, []string{"; see b.json:1:2: interval"}},
	} {
		err := c.o.located([]byte(c.text), c.err)
		for _, part := range c.want {
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: got %v, want %q in it", name, err, part)
			}
		}
	}
	if down := fault.New(fault.Unavailable, "down"); file.located([]byte(text), down).Error() != "down" {
		t.Error("a failure of the platform is laid at the body's door")
	}
}

// A message has room for some texts; of the other findings the places are told, so that none is cut off.
func TestEveryPlaceHasRoom(t *testing.T) {
	long := strings.Repeat("x", room)
	if got := joined([]string{long, long, "short"}, []string{"a", "b", "c"}); got != long+"; b; c" {
		t.Errorf("got %d bytes: %.20s…%s", len(got), got, got[len(got)-20:])
	}
	if got := joined([]string{long + "x"}, []string{"a"}); got != long+"x" {
		t.Errorf("the first is told whatever its length: %d bytes", len(got))
	}
	if got := joined([]string{"first", "second"}, []string{"a", "b"}); got != "first; second" {
		t.Errorf("got %s", got)
	}
}
