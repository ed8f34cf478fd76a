package ledger

import (
	"fmt"
	"math"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Verdict says how far a day is.
type Verdict string

// The verdicts.
const (
	Gap         Verdict = "gap"         // it is not whole, the platform counts another number of conversations, or some could not be kept
	Provisional Verdict = "provisional" // it is whole, and may still change
	Settled     Verdict = "settled"     // it is whole, and will not be read again
)

// Held is what the lake has of a day.
type Held struct {
	Whole   bool
	Records int64
	Open    int64 // conversations without an end
	Changed int64 // places in records that later versions changed
	Aside   int64 // values that the last reading brought in place of records, and that are set aside
}

// Day is a day of the calendar.
type Day struct {
	Day         conversation.Day `json:"day"`
	Verdict     Verdict          `json:"verdict"`
	Reason      string           `json:"reason,omitempty"`
	Records     int64            `json:"records"`                          // in the lake
	Hits        *int64           `json:"total_hits"`                       // that the synchronous query counts; null where it was not asked, or does not answer
	Delta       *int64           `json:"delta"`                            // hits less the records that the platform still has
	Open        int64            `json:"open"`                             // conversations without an end
	Changed     int64            `json:"changed_places,omitzero"`          // in records, by later versions of them
	Kept        int64            `json:"kept"`                             // that stay though the last reading did not bring them
	Erased      int64            `json:"erased,omitzero"`                  // on request, by parley lake forget
	Aside       int64            `json:"set_aside,omitzero"`               // values that the last reading brought in place of records
	Readings    int              `json:"readings"`                         //
	ReadAt      string           `json:"last_reading,omitempty"`           // when it was read last
	Available   string           `json:"data_availability_date,omitempty"` // up to where the platform's data was complete then
	NextReading string           `json:"next_reading,omitempty"`           // it is read again when the platform's data is complete up to here
}

// Rules are what the verdicts go by.
type Rules struct {
	Policy    Policy
	Tolerance float64   // share of the larger count by which the counts may differ; 0 where they are not compared
	Available time.Time // the platform's data is complete up to here; what there is of later days is provisional
}

// Differs says whether what the platform counts of a day and what the lake has of it, so many records, differ by more than is
// allowed.
func (r Rules) Differs(e Entry, records int64) bool {
	delta := e.Delta(records)
	return r.Tolerance > 0 && math.Abs(float64(delta)) > r.Tolerance*float64(max(e.Hits, e.Hits-delta))
}

// Judge says of one day how far it is.
func (r Rules) Judge(day conversation.Day, held Held, e Entry) Day {
	d := Day{Day: day, Records: held.Records, Open: held.Open, Changed: held.Changed, Kept: e.Kept, Erased: e.Erased, Aside: held.Aside, Readings: e.Readings}
	if e.Readings > 0 {
		d.ReadAt, d.Available = conversation.FormatTime(e.ReadAt), conversation.FormatTime(e.Available)
	}
	if e.Counted() && e.Hits != Unknown {
		hits, delta := e.Hits, e.Delta(held.Records)
		d.Hits, d.Delta = &hits, &delta
	}
	next, again := r.Policy.Next(day, e.Available)
	if again && held.Whole {
		d.NextReading = conversation.FormatTime(next)
	}
	d.Verdict, d.Reason = r.verdict(d, held, e, again)
	return d
}

func (r Rules) verdict(d Day, held Held, e Entry, again bool) (Verdict, string) {
	switch {
	case !held.Whole && held.Records > 0 && !r.Available.IsZero() && d.Day.End().After(r.Available):
		return Provisional, "the platform does not have it complete yet"
	case !held.Whole && held.Records > 0:
		return Gap, "it has not been extracted whole"
	case !held.Whole:
		return Gap, "it has not been extracted"
	case d.Delta != nil && r.Differs(e, held.Records):
		text := fmt.Sprintf("the platform counts %d more than the lake has", *d.Delta)
		if *d.Delta < 0 {
			text = fmt.Sprintf("the platform counts %d fewer than the lake has", -*d.Delta)
		}
		if e.Narrowed {
			text += ", also after it was read again in parts of six hours"
		}
		return Gap, text
	case held.Aside > 0:
		return Gap, fmt.Sprintf("values that came in place of records are set aside: %d; parley quarantine list shows them", held.Aside)
	case again:
		return Provisional, "it is read again when the platform's data is complete up to " + d.NextReading
	default:
		return Settled, ""
	}
}

// Calendar says of each day of [first, end) how far it is.
func (r Rules) Calendar(first, end conversation.Day, held map[conversation.Day]Held, entries map[conversation.Day]Entry) []Day {
	out := make([]Day, 0, max(0, end-first))
	for day := first; day < end; day++ {
		out = append(out, r.Judge(day, held[day], entries[day]))
	}
	return out
}

// Stalled says for how long the platform's date has stood still at a moment, if that is longer than it may.
func (p Platform) Stalled(at time.Time, most time.Duration) (time.Duration, bool) {
	still := at.Sub(p.Since)
	return still, !p.Since.IsZero() && still > most
}
