package account_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
)

// TestRows runs the script of testdata/rows.txt: one case of each kind of call, as records of it were measured, and the rows that
// people expect of it.
func TestRows(t *testing.T) {
	d := account.NewDeriver([]account.ReasonRule{{Label: "Menu choice", Attribute: "Menu", Values: map[string]string{"2": "claims"}}})
	datadriven.RunTest(t, filepath.Join("testdata", "rows.txt"), func(t *testing.T, td *datadriven.TestData) string {
		t.Helper()
		c := read(td.Input)
		for _, a := range td.CmdArgs {
			turnTo(c, a.Key, a.Vals)
		}
		s, legs := d.Of(c)
		agree(t, account.Of(c, account.Options{}), s, legs)
		var out strings.Builder
		fmt.Fprintf(&out, "summary: %s\n", fields(reflect.ValueOf(*s), c, "ID", "Start", "EndState", "Measured"))
		for i := range legs {
			fmt.Fprintf(&out, "%s: %s\n", legs[i].Kind, fields(reflect.ValueOf(legs[i]), c, "Kind", "Index", "Participant", "Session", "Purpose", "Media", "Start", "Measured", "Direction"))
		}
		return out.String()
	})
}

// turnTo changes a record where the lines of a script cannot say it.
func turnTo(c *conversation.Conversation, what string, values []string) {
	for i := range c.Participants {
		p := &c.Participants[i]
		for j := range p.Sessions {
			s := &p.Sessions[j]
			switch {
			case what == "menu" && i == 0:
				p.Attributes = map[string]string{"Menu": values[0]}
			case what == "sent" && p.Purpose == "ivr" && s.Flow == nil:
				s.Flow = &conversation.Flow{FlowID: "flow", ExitReason: "TRANSFER", TransferType: values[0], TransferTargetAddress: values[1]}
			case what == "left" && p.Purpose == "ivr" && s.Flow == nil:
				s.Flow = &conversation.Flow{FlowID: "flow", ExitReason: values[0]}
			case what == "in" && p.Purpose == "acd": // of each queue, the last for those behind it
				s.FlowInType = strings.Trim(values[0], "-")
				values = values[min(1, len(values)-1):]
			case what == "conference":
				for k := range s.Segments {
					s.Segments[k].Conference = new(true)
				}
			}
		}
	}
}

// fields are the members of a row that say something, with times as seconds from the start.
func fields(v reflect.Value, c *conversation.Conversation, but ...string) string {
	start, _ := conversation.ParseTime(c.ConversationStart)
	skip := map[string]bool{}
	for _, name := range but {
		skip[name] = true
	}
	var out []string
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if skip[name] || f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0 {
			continue
		}
		var text string
		switch x := f.Interface().(type) {
		case time.Time:
			text = "+" + x.Sub(start).String()
		case time.Duration:
			text = x.String()
		case account.Maybe:
			text = fmt.Sprint(x.N)
		case account.EndRow:
			text = strings.TrimSpace(x.Address + " " + x.User)
		default:
			text = fmt.Sprint(x)
		}
		out = append(out, name+"="+text)
	}
	return strings.Join(out, ", ")
}
