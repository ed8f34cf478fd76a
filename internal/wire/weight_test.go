package wire

import (
	"fmt"
	"github.com/parley-hq/parley/test/unraced"
	"strings"
	"testing"
)

// What is small as JSON and large once it is decoded is not decoded; what conversations have is.
func TestRecordsThatAreTooHeavy(t *testing.T) {
	unraced.Test(t)
	many := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	for name, c := range map[string]struct {
		text  string
		heavy bool
	}{
		"sessions without a member":      {`"participants":[{"sessions":[` + many(700_000, `{}`) + `]}]`, true},
		"participants without a member":  {`"participants":[` + many(2_000_000, `{}`) + `]`, true},
		"a session in each participant":  {`"participants":[` + many(300_000, `{"sessions":[{}]}`) + `]`, true},
		"texts without a character":      {`"divisionIds":[` + many(9_000_000, `""`) + `]`, true},
		"attributes":                     {`"participants":[{"attributes":{` + many(9_000_000, `"":""`) + `}}]`, true},
		"2,000 participants, segments":   {`"participants":[` + many(2_000, `{"sessions":[{"segments":[{},{},{}],"metrics":[{},{},{},{},{},{}]}]}`) + `]`, false},
		"300,000 metrics in one session": {`"participants":[{"sessions":[{"metrics":[` + many(300_000, `{"name":"nError","value":1}`) + `]}]}]`, false},
		"a long text":                    {`"externalTag":"` + strings.Repeat("{,", 10<<20) + `"`, false},
	} {
		raw := fmt.Appendf(nil, `{"conversationId":"c",%s}`, c.text)
		if got := tooHeavy(raw); got != c.heavy {
			t.Errorf("%s: too heavy: %v", name, got)
		}
		if !c.heavy {
			continue
		}
		if got, misfits := Decode(raw); got.ConversationID != "" || len(got.Participants) > 0 || misfits[wholeRecord] != 1 {
			t.Errorf("%s: misfits %v", name, misfits)
		}
	}
}
