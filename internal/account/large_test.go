package account_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/test/unraced"
)

// crowd is a conversation of many times the same sessions, each of a participant of its own, a second after those before.
func crowd(times int, sessions string) *conversation.Conversation {
	c := read(answered)
	for n := range times {
		add := read(strings.ReplaceAll(sessions, "#", "#"+strconv.Itoa(n)))
		for i := range add.Participants {
			for j := range add.Participants[i].Sessions {
				s := &add.Participants[i].Sessions[j]
				s.PeerID = "none" + strconv.Itoa(n)
				for k := range s.Segments {
					g := &s.Segments[k]
					g.SegmentStart, g.SegmentEnd = later(g.SegmentStart, n), later(g.SegmentEnd, n)
				}
				for k := range s.Metrics {
					s.Metrics[k].EmitDate = later(s.Metrics[k].EmitDate, n)
				}
			}
		}
		c.Participants = append(c.Participants, add.Participants...)
	}
	return c
}

func later(text string, seconds int) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return text
	}
	return conversation.FormatTime(at.Add(time.Duration(seconds) * time.Second))
}

// A record of tens of thousands of sessions is told about as quickly a session as one of a few, whatever they are: nothing is looked
// for by reading all of them for each of them.
func TestARecordOfManySessions(t *testing.T) {
	unraced.Test(t)
	const many = 30_000
	for name, test := range map[string]struct {
		sessions string
		count    func(account.Account) int
	}{
		"visits that agents answered":        {"acd:# interact 0-7/transfer tAcd=7000@7\nagent:# interact 7-9/client tAnswered=7000@7", func(a account.Account) int { return len(a.Visits) }},
		"transfers to nobody":                {"agent:# interact 7-9/transfer nBlindTransferred=1@9\nagent:#x alert 9-10/client", func(a account.Account) int { return len(a.Passes) }},
		"third parties and those who joined": {"external:# outbound interact 7-9\nuser:# interact 8-9/client", func(a account.Account) int { return len(a.Passes) }},
		"flows that connected outside":       {"ivr:# ivr 1-2/transfer\nexternal:# outbound interact 3-99999/peer", func(a account.Account) int { return len(a.Passes) }},
	} {
		c := crowd(many/2, test.sessions)
		for i := range c.Participants {
			if c.Participants[i].Purpose == "ivr" {
				c.Participants[i].Sessions[0].Flow = &conversation.Flow{TransferType: "NUMBER", ExitReason: "TRANSFER", TransferTargetName: "+1202555" + strconv.Itoa(i)}
			}
		}
		if a := account.Of(c, account.Options{}); test.count(a) < many/2 || len(a.Parties) < many {
			t.Errorf("%s: %d parties, %d of what was asked for", name, len(a.Parties), test.count(a))
		}
	}
}

// A sentence stays one that is read, however often others were asked.
func TestManyConsultsAreOneClause(t *testing.T) {
	text := answered
	for n := range 50 {
		text += "\nuser:u" + strconv.Itoa(n) + " interact 20-21/peer\nagent:a" + strconv.Itoa(n) + " interact 19-22/client nConsult=1@20"
	}
	a := account.Of(read(text), account.Options{})
	if !strings.Contains(a.Sentence, "waited 50 times while others were asked") || len(a.Sentence) > 300 {
		t.Errorf("got %q", a.Sentence)
	}
}
