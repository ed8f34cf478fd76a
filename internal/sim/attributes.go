package sim

import (
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// attribute is one key that a flow sets on its caller. Value is fixed for the flow unless the key's kind says
// otherwise.
type attribute struct {
	key, value string
	kind       kind
}

// kind is where the value of an attribute comes from.
type kind int

const (
	fixed   kind = iota // the flow's own setting
	number              // the caller's number
	dialled             // the number that was called
	account             // an account number, other for each caller
	trace               // an id of the call in another system
	reason              // what the caller chose: why they call
	email               // the caller's address
	answer              // yes or no, as the caller chose
)

// Attributes that every flow sets, in this order as far as its count allows: first what most flows tell.
var known = []attribute{
	{key: "Customer ANI", kind: number}, {key: "DNIS", kind: dialled}, {key: "IVR.Reason", kind: reason},
	{key: "AccountNumber", kind: account}, {key: "IVR_UU_ID", kind: trace}, {key: "Member ANI", kind: number},
	{key: "AuthenticatedValue", kind: answer}, {key: "ScreenPop.CallerID", kind: number}, {key: "CallbackNumber", kind: number},
	{key: "ScreenPop.Reason", kind: reason}, {key: "Email", kind: email}, {key: "MenuTrace", kind: trace},
}

var (
	subjects = []string{"Schedule", "Routing", "Prompt", "Holiday", "Callback", "Voicemail", "Language", "Lookup", "Debug", "Screen", "Survey", "Cache"}
	aspects  = []string{"Result", "Group", "Status", "Offer", "Threshold", "Override", "Version", "Name", "Flag"}
	settings = []string{
		"", "T", "F", "true", "SUCCESS", "90", "English", "MON-FRI_8AM-8PM", "Unscheduled_Closed", "schedule evaluated to Open",
		"record is current, not older than 7 days", "Member Services", "Tier 2", "Default", "0",
	}
	reasons = []string{
		"Billing question", "Claim status", "New claim", "Order a card", "Change of address", "Find a provider", "Benefits", "Prescription refill",
		"Cancel membership", "Something else",
	}
	yesNo = []string{"Yes", "No"}
)

// newAttributes makes the list of a flow: what most flows tell, then settings of its own.
func newAttributes(d *dice, count int) []attribute {
	told := append([]attribute(nil), known[:min(count, len(known))]...)
	for i := range count - len(told) {
		key := "FLOW_" + subjects[i%len(subjects)] + "_" + aspects[i/len(subjects)%len(aspects)]
		told = append(told, attribute{key: key, value: pick(d, settings)})
	}
	return told
}

// attributes is what the flow says about one caller. A caller who leaves early has told less.
func (f *flow) attributes(k *call, share int) map[string]string {
	told := f.told[:max(1, len(f.told)*share/100)]
	said := [...]string{
		number: k.ani, dialled: k.dnis, account: "X" + k.dice.digits(8), trace: k.dice.hex(22),
		reason: pick(k.dice, reasons), email: "customer" + k.dice.digits(4) + "@example.com", answer: pick(k.dice, yesNo),
	}
	out := make(map[string]string, len(told))
	for _, a := range told {
		if a.kind == fixed {
			out[a.key] = a.value
		} else {
			out[a.key] = said[a.kind]
		}
	}
	if answer := lookup(said[trace]); answer != "" {
		out["IVR.LookupAnswer"] = answer
	}
	return out
}

// lookup is what another system answered the flow about one caller in 256, as JSON, and cut as the platform cuts. It
// follows from the id of the call there.
func lookup(trace string) string {
	if !strings.HasPrefix(trace, "00") {
		return ""
	}
	answer := `{"call":"` + trace + `","contracts":[` + strings.Repeat(`{"kind":"standard","since":"2019-04-01","note":"Größe unverändert"},`, 20)
	return string([]rune(answer)[:conversation.MaxAttributeLength])
}
