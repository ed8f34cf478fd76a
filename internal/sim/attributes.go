package sim

import (
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// attributes is what the flow says about one caller. A caller who leaves early has told less.
func (k *call) attributes(f *flow, share int) map[string]string {
	told := f.Settings[:max(1, len(f.Settings)*share/100)]
	said := k.says(f)
	out := make(map[string]string, len(told)+1)
	for i := range told {
		if t := &told[i]; t.Kind == organization.Fixed {
			out[t.Key] = t.Value
		} else {
			out[t.Key] = said[t.Kind]
		}
	}
	if k.Percent(4) {
		name, value := k.rare()
		out[name] = value
	}
	if answer := lookup(said[organization.Trace]); answer != "" {
		out["IVR.LookupAnswer"] = answer
	}
	return out
}

var segments = []string{"Member", "Member", "Member", "Unknown", "Provider", "Employer"}

// says is what the flow learnt of the caller, by kind.
func (k *call) says(f *flow) (said [organization.Kinds]string) {
	trace := k.Hex(22)
	reason := pick(k, f.Menu)
	said[organization.Number], said[organization.Bare], said[organization.Dialled] = k.ani, k.caller.Number, k.dnis
	said[organization.Account], said[organization.Trace], said[organization.Reason] = "X"+k.Digits(8), trace, reason
	said[organization.Email], said[organization.Answer] = k.caller.Mail, pick(k, yesNo)
	said[organization.Segment], said[organization.Path] = pick(k, segments), f.Name+"\n"+reason
	said[organization.Waited] = "PT" + strconv.Itoa(k.Below(300)) + "S"
	said[organization.Group] = pick(k, groups)
	said[organization.LookedUp] = "EC:" + trace + "|ANI:" + k.caller.Number + "|Reason:" + reason + "|"
	return said
}

var (
	yesNo  = []string{"Yes", "No"}
	groups = []string{"", "NORTHWIND TOOLS, INC.           ", "CONTOSO HEALTH TRUST            ", "FABRIKAM FOODS                  "}
)

// rare is an attribute that few callers have: flows try things out, and what they tried stays in the records.
func (k *call) rare() (name, value string) {
	n := strconv.Itoa(k.Below(40))
	return "DEBUG.Iteration_it" + n, "step " + n + " of 40; state={\"ok\":true}"
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
