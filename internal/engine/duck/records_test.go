package duck_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// propertyTexts are values of custom properties, readable and not.
var propertyTexts = []string{
	"", "true", "TRUE", "false", "0", "1", "42", "-1.5", "+3", ".5", "5.", "1e3", "1E-2", "1_000", " 5", "5 ", "1e999", "1e-999", "inf", "-Infinity", "NaN", "1,5",
	"Red", "rot", "größe", "2026-03-01", "2026-03-01T12:00Z", "2026-03-01T12:00", "2026-03-01T9:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:00:60Z",
	"2026-03-01T12:00:00.1234567Z", "2026-03-01T12:00:00.123456789+02:00", "2026-03-01T12:00:00-0700", "2026-03-01T12:00-0700", "2026-03-01 12:00:00", "2026-02-30",
	"20260301", "1772366400000", "epoch", "infinity", "today", "2026-03-01T12:00:00.12345678901234567890", "0001-01-01T00:00:00Z", "2026-03-01T12:00:00,5Z",
}

// somewhat changes conversations of the simulated centre until every dimension of the language has values somewhere, of
// which some are odd.
type somewhat struct{ *rand.Rand }

var oddTexts = []string{
	"", "a", "A", "Ä", "tel:+13175550100", "tel:+1 (317) 555-0100", "+13175550100", "sip:x@y", "Some.One@Example.com", "a@b@c", "@", "x@", "12", " 555-010 ",
	"\u00a0555.010\t", "tel: 555/010", "t\u0000x", "%", "_", "'",
}

// fill sets members of a struct here and there.
func (s somewhat) fill(v reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if s.IntN(3) > 0 || strings.HasPrefix(name, "Conversation") && name != "ConversationInitiator" || name == "SegmentStart" || name == "SegmentEnd" {
			continue
		}
		switch f.Interface().(type) {
		case string:
			f.SetString(s.text(name))
		case *bool:
			f.Set(reflect.ValueOf(new(s.IntN(2) == 0)))
		case *int64:
			f.Set(reflect.ValueOf(new(s.Int64N(5))))
		case *float64:
			f.Set(reflect.ValueOf(new(float64(s.IntN(40)) / 8)))
		case []string:
			f.Set(reflect.ValueOf([]string{s.text(name), s.text(name)}[:1+s.IntN(2)]))
		case []int64:
			f.Set(reflect.ValueOf([]int64{400 + s.Int64N(3), 200}[:1+s.IntN(2)]))
		}
	}
}

func (s somewhat) text(name string) string {
	for _, end := range []string{"Time", "Date", "Start", "End"} {
		if strings.HasSuffix(name, end) {
			return one(asker{Rand: s.Rand}, propertyTexts[len(propertyTexts)-24:])
		}
	}
	return one(asker{Rand: s.Rand}, oddTexts)
}

func (s somewhat) change(c *conversation.Conversation) {
	s.fill(reflect.ValueOf(c).Elem())
	c.Evaluations = make([]conversation.Evaluation, s.IntN(3))
	for i := range c.Evaluations {
		s.fill(reflect.ValueOf(&c.Evaluations[i]).Elem())
	}
	c.Surveys = make([]conversation.Survey, s.IntN(3))
	for i := range c.Surveys {
		s.fill(reflect.ValueOf(&c.Surveys[i]).Elem())
	}
	c.Resolutions = make([]conversation.Resolution, s.IntN(2))
	for i := range c.Resolutions {
		s.fill(reflect.ValueOf(&c.Resolutions[i]).Elem())
	}
	for i := range c.Participants {
		p := &c.Participants[i]
		s.fill(reflect.ValueOf(p).Elem())
		for j := range p.Sessions {
			s.session(&p.Sessions[j])
		}
	}
}

func (s somewhat) session(at *conversation.Session) {
	s.fill(reflect.ValueOf(at).Elem())
	if s.IntN(3) == 0 {
		at.Flow = &conversation.Flow{Outcomes: make([]conversation.FlowOutcome, s.IntN(3))}
		s.fill(reflect.ValueOf(at.Flow).Elem())
		for i := range at.Flow.Outcomes {
			s.fill(reflect.ValueOf(&at.Flow.Outcomes[i]).Elem())
		}
	}
	for _, name := range []string{"oMediaCount", "nError", "tHandle"} {
		if s.IntN(4) == 0 {
			at.Metrics = append(at.Metrics, conversation.Metric{Name: name, Value: s.Int64N(4) - 1, EmitDate: conversation.FormatTime(time.Unix(0, 0))})
		}
	}
	for i := range at.Segments {
		g := &at.Segments[i]
		s.fill(reflect.ValueOf(g).Elem())
		if s.IntN(2) == 0 {
			g.ScoredAgents = make([]conversation.ScoredAgent, 2)
			s.fill(reflect.ValueOf(&g.ScoredAgents[0]).Elem())
		}
		for range s.IntN(5) {
			pick := asker{Rand: s.Rand}
			g.Properties = append(g.Properties, conversation.Property{
				Property: one(pick, []string{"colour", "Colour", "GRÖSSE", "Größe", ""}), PropertyType: one(pick, []string{"bool", "Integer", "real", "date", "string", "UUID", ""}),
				Value: one(pick, propertyTexts),
			})
		}
	}
}

// strange makes records of which most are simulated, all are changed, and a few do not fit the schema.
func strange(t *testing.T, r *rand.Rand, perDay int, days conversation.Day) (out []conversation.Record) {
	t.Helper()
	centre, s := sim.New(sim.Config{Seed: r.Uint64(), PerDay: perDay}), somewhat{r}
	first := conversation.DayOf(time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC))
	for day := first; day < first+days; day++ {
		for c := range centre.Day(day) {
			text, err := wire.Encode(c)
			if err != nil {
				t.Fatal(err)
			}
			c, _ = wire.Decode(text) // a copy of our own
			s.change(c)
			if len(out)%7 == 3 {
				c.ConversationID = conversation.ID(strings.ToUpper(string(c.ConversationID)))
			}
			if text, err = wire.Encode(c); err != nil {
				t.Fatal(err)
			}
			if len(out)%23 == 11 {
				text = []byte(fmt.Sprintf(`{"conversationEnd":%q,"conversationId":%q,"conversationStart":%q,"externalTag":"a","participants":"none"}`,
					c.ConversationEnd, c.ConversationID, c.ConversationStart))
			}
			record, err := wire.Record(text)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, record)
		}
	}
	return out
}
