package drawing

import (
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/account"
)

// Segment is one of the record, by the places of its party, session and itself.
type Segment struct{ party, session, place int }

// SegmentOf is that of a state of a party.
func SegmentOf(party int, st account.State) Segment { return Segment{party, st.Session, st.Segment} }

func (g Segment) String() string {
	return strconv.Itoa(g.party) + "." + strconv.Itoa(g.session) + "." + strconv.Itoa(g.place)
}

// readSegment reads what String writes. What names no segment is none of any record.
func readSegment(text string) Segment {
	none := Segment{-1, -1, -1}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return none
	}
	var at [3]int
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return none
		}
		at[i] = n
	}
	return Segment{at[0], at[1], at[2]}
}

// kinds are the families of phases, which have a colour each, in the order of the legend.
var kinds = []string{"talk", "outside", "waiting", "hold", "ringing", "flow", "wrap-up", "set-up"}

var kindOfPhase = map[string]string{
	account.Talk: "talk", account.Supervising: "talk", account.Present: "outside", account.QueuePhase: "waiting", account.Scheduled: "waiting", account.Parked: "waiting",
	account.Hold: "hold", account.Ringing: "ringing", account.Dialling: "ringing", account.IVR: "flow", account.FlowPhase: "flow", account.Voicemail: "flow",
	account.WrapUpPhase: "wrap-up",
}

// KindOf is the family of a phase.
func KindOf(phase string) string {
	if k := kindOfPhase[phase]; k != "" {
		return k
	}
	return "set-up"
}
