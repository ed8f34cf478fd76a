package account_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
)

// TestAccountsOfSamplesAreAsRead holds the accounts of real records to what was found right by reading both. Names and ids are
// turned into pseudonyms first, so that nothing of the records is in the project but what is derived from them.
func TestAccountsOfSamplesAreAsRead(t *testing.T) {
	all := samples(t)
	maps.DeleteFunc(all, func(name string, _ *conversation.Conversation) bool { return strings.HasPrefix(name, "page ") })
	datadriven.RunTest(t, filepath.Join("testdata", "samples.txt"), func(t *testing.T, td *datadriven.TestData) string {
		t.Helper()
		c := all[td.Cmd+".json"]
		if c == nil {
			t.Fatalf("there is no sample %s", td.Cmd)
		}
		delete(all, td.Cmd+".json")
		return inShort(account.Of(disguise(c), account.Options{}))
	})
	if len(all) > 0 {
		t.Errorf("nobody has read the accounts of %q", slices.Sorted(maps.Keys(all)))
	}
}

// disguise names everybody in a record after what they are.
func disguise(c *conversation.Conversation) *conversation.Conversation {
	people, queues := map[string]string{}, map[string]string{}
	called := func(of map[string]string, id, kind string) string {
		if id == "" {
			return ""
		}
		if of[id] == "" {
			of[id] = fmt.Sprintf("%s-%c", kind, 'a'+len(of))
		}
		return of[id]
	}
	for i := range c.Participants {
		p := &c.Participants[i]
		p.UserID = called(people, p.UserID, "user")
		if p.ParticipantName != "" {
			p.ParticipantName = called(queues, p.Purpose+p.ParticipantName, p.Purpose)
		}
		for j := range p.Sessions {
			s := &p.Sessions[j]
			s.SessionID = fmt.Sprintf("session-%d-%d", i, j)
			if s.Flow != nil {
				flow := *s.Flow
				flow.FlowName, flow.TransferTargetName = "", ""
				s.Flow = &flow
			}
			for k := range s.Segments {
				s.Segments[k].QueueID = called(queues, s.Segments[k].QueueID, "queue")
			}
		}
	}
	return c
}

// inShort is what an account says, without what the record says itself.
func inShort(a account.Account) string {
	var out strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&out, "%s: %s\n", what, fmt.Sprintf(format, args...))
	}
	line("sentence", "%s", a.Sentence)
	for _, d := range a.Doubts {
		line("doubt", "%s: %s", d.Kind, d.Text)
	}
	line("direction", "%s, %s, %s", a.Direction.Value, strings.Join(a.Media, " "), a.EndFact.Value)
	for _, v := range a.Visits {
		line("visit", "%s after %s", v.Became, v.Waited)
	}
	for _, h := range a.Handlers {
		line("handler", "%s %s; rang %s, talked %s, held %d times %s, wrap-up %s; left by %s", h.Label, h.Did, h.Rang, h.Talked, h.Holds, h.Held, h.WrapUp, h.How)
	}
	for _, p := range a.Phases {
		switch {
		case p.Compared == 0 && p.Measured == 0:
			line("phase", "%s %s, which nothing measures", p.Name, p.Lasted)
		case p.Agrees:
			line("phase", "%s %s = %s", p.Name, p.Lasted, p.Metric)
		default:
			line("phase", "%s %s != %s %s", p.Name, p.Lasted, p.Metric, p.Measured)
		}
	}
	for _, p := range a.Passes {
		line("pass", "%s", p.Kind)
	}
	line("ending", "%s", a.Ending.Value)
	return out.String()
}
