package organization

import (
	"strconv"

	"github.com/parley-hq/parley/internal/sim/chance"
)

// Flow is an Architect flow with its menu and what it tells about its callers.
type Flow struct {
	Entity
	Division string
	Number   string // the number that reaches it
	Version  string
	Language string
	Outcomes []string // ids of outcomes that it records, in order
	Menu     []string // what callers can choose: why they call
	Settings []Setting
}

// Setting is an attribute that a flow sets on its caller.
type Setting struct {
	Key   string
	Value string // if its kind is Fixed
	Kind  Kind
}

// Kind is where the value of a setting comes from.
type Kind int

// Kinds of settings.
const (
	Fixed    Kind = iota // the flow's own
	Number               // the caller's number
	Bare                 // the caller's number without its scheme
	Dialled              // the number that was called
	Account              // an account number, other for each caller
	Trace                // an id of the call in another system
	Reason               // what the caller chose in the menu
	Email                // the caller's address
	Answer               // yes or no, as the caller chose
	Segment              // which kind of customer it is
	Path                 // through the menus, a line for each
	Waited               // how long the queue will take, in the form PT19S
	Group                // the employer's name, in columns, with blanks behind
	LookedUp             // what another system answered, with bars between
	Kinds                // how many there are
)

// profiles says how many attributes each flow sets, how often callers reach it and how many outcomes it records. The
// counts are those of the flows of one measured site: 23 in the median, 55 at the 95th percentile.
var profiles = [...]struct{ attributes, share, outcomes int }{
	{53, 24, 0}, {55, 15, 0}, {23, 20, 0}, {23, 10, 0}, {15, 9, 0}, {3, 7, 0}, {11, 8, 2}, {40, 7, 1},
}

func (o *Organization) addFlows(d *chance.Dice) {
	for i, p := range profiles {
		f := o.newFlow(d, flowNames[i], "tel:+1800555010"+strconv.Itoa(i))
		for range p.outcomes {
			f.Outcomes = append(f.Outcomes, d.UUID())
		}
		f.Settings = newSettings(d, i, p.attributes)
		f.Menu = menus[i%len(menus)]
		o.Flows = append(o.Flows, f)
	}
	o.Secure = o.newFlow(d, "Secure Payment", "")
	o.Digital = o.newFlow(d, "Web Messaging Welcome", "")
}

func (o *Organization) newFlow(d *chance.Dice, name, number string) *Flow {
	return &Flow{
		Entity: Entity{d.UUID(), name}, Division: chance.Pick(d, o.Divisions).ID, Number: number,
		Version: d.Digits(1) + "4.0", Language: "en-us",
	}
}

// Reached is the flow that a caller reaches, as often as its share says.
func (o *Organization) Reached(d *chance.Dice) *Flow {
	at := d.Below(100)
	for i, p := range profiles {
		if at -= p.share; at < 0 {
			return o.Flows[i]
		}
	}
	return o.Flows[0]
}

// newSettings makes the list of the i-th flow: first what most flows tell, then settings of its own, a few of which
// every two flows share.
func newSettings(d *chance.Dice, i, count int) []Setting {
	told := append([]Setting(nil), known[:min(count, len(known))]...)
	for n := range count - len(told) {
		n += i * 13
		key := prefixes[i%len(prefixes)] + subjects[n%len(subjects)] + "_" + aspects[n/len(subjects)%len(aspects)]
		told = append(told, Setting{Key: key, Value: chance.Pick(d, values)})
	}
	return told
}

// known are the attributes that every flow sets, in this order as far as its count allows. Keys are as odd as those of
// real flows: with blanks, dots, a blank behind, and differing by case alone.
var known = []Setting{
	{Key: "Customer ANI", Kind: Number}, {Key: "DNIS", Kind: Dialled}, {Key: "IVR.Reason", Kind: Reason},
	{Key: "AccountNumber", Kind: Account}, {Key: "IVR_UU_ID", Kind: Trace}, {Key: "CustomerSegment", Kind: Segment},
	{Key: "AuthenticatedValue", Kind: Answer}, {Key: "ANI ", Kind: Bare}, {Key: "CallbackNumber", Kind: Number},
	{Key: "ScreenPop.Reason", Kind: Reason}, {Key: "Email", Kind: Email}, {Key: "MenuTrace", Kind: Path},
	{Key: "CallbackTollfree", Value: "800-555-0149"}, {Key: "CallbackTollFree", Value: "800-555-0149"}, {Key: "2amLogic", Value: "true"},
	{Key: "Optional Whisper", Value: ""}, {Key: "Skills", Value: "GENERAL\nEnglish"}, {Key: "CallEWT", Kind: Waited},
	{Key: "Group Name", Kind: Group}, {Key: "LookupRow", Kind: LookedUp}, {Key: "Flow.Settings", Value: `{"version":3,"holiday":false}`},
}
