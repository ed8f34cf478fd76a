package conversation

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2024-02-16T16:57:40.388Z":                 "2024-02-16T16:57:40.388Z",
		"2024-02-16T16:57:40Z":                     "2024-02-16T16:57:40Z",
		"2024-02-16T16:57:40.12Z":                  "2024-02-16T16:57:40.12Z",
		"2024-02-16T16:57:40.1234567Z":             "2024-02-16T16:57:40.1234567Z",
		"2024-02-16T16:57:40.123456789+02:00":      "2024-02-16T14:57:40.123456789Z",
		"2024-02-16T16:57:40.000-0700":             "2024-02-16T23:57:40Z",
		"2024-02-16T16:57:40":                      "2024-02-16T16:57:40Z",
		"2024-02-16T16:57Z":                        "2024-02-16T16:57:00Z",
		"2024-02-16":                               "2024-02-16T00:00:00Z",
		"2024-02-29T00:00:00.000Z":                 "2024-02-29T00:00:00Z",
		"2023-02-29T00:00:00.000Z":                 "",
		"2024-02-16T24:00:00.000Z":                 "",
		"2024-02-16T16:60:40.388Z":                 "",
		"2024-02-16T16:57:60.388Z":                 "",
		"2024-02-16T16:57:4:.388Z":                 "",
		"2024-02-16T16:57:40.38/Z":                 "",
		"2024-00-16T16:57:40.388Z":                 "",
		"2024-02-00T16:57:40.388Z":                 "",
		"2024-01-32T16:57:40.388Z":                 "",
		"2024-04-31T16:57:40.388Z":                 "",
		"2024-12-31T23:59:59.999Z":                 "2024-12-31T23:59:59.999Z",
		"2024-13-16T00:00:00.000Z":                 "",
		"2024-02-16T16:57:40,388Z":                 "",
		"2024-02-16T16:57:40.388+01:00Z":           "",
		"2024-02-16T16:57:40.1234567890+07:00":     "",
		"2024-02-16T16:57:40.123456789+07:00":      "2024-02-16T09:57:40.123456789Z",
		"2024-3-4T10:0:0.0Z":                       "",
		"2024-02-16T16:57:40.12345678901234567890": "",
		"now": "", "": "",
	} {
		got, err := ParseTime(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q: got %v, want an error", text, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, %v; want %s", text, got, err, want)
		}
	}
}

func TestParseInterval(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z": "2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z",
		"2026-11-01T00:00:00-01:00/P1D":                     "2026-11-01T01:00:00.000Z/2026-11-02T01:00:00.000Z",
		"2026-11-01/P1W":                                    "2026-11-01T00:00:00.000Z/2026-11-08T00:00:00.000Z",
		"2026-01-31/P1M":                                    "2026-01-31T00:00:00.000Z/2026-02-28T00:00:00.000Z",
		"2026-11-01/PT1H30M":                                "2026-11-01T00:00:00.000Z/2026-11-01T01:30:00.000Z",
		"2026-11-01/PT0.5S":                                 "2026-11-01T00:00:00.000Z/2026-11-01T00:00:00.500Z",
		"2026-11-01/P1DT12H":                                "2026-11-01T00:00:00.000Z/2026-11-02T12:00:00.000Z",
		"2026-11-02/2026-11-01":                             "",
		"2026-11-01/2026-11-01":                             "",
		"2026-11-01":                                        "",
		"2026-11-01/":                                       "",
		"/2026-11-01":                                       "",
		"2026-11-01/P":                                      "",
		"2026-11-01/PT":                                     "",
		"2026-11-01/P1X":                                    "",
		"2026-11-01/PT1000000S":                             "",
		"2026-11-01/PT999999S":                              "2026-11-01T00:00:00.000Z/2026-11-12T13:46:39.000Z",
		"2026-11-01/P1Y1M1D":                                "2026-11-01T00:00:00.000Z/2027-12-02T00:00:00.000Z",
		"2026-11-01/P1W1DT1H1M1.5S":                         "2026-11-01T00:00:00.000Z/2026-11-09T01:01:01.500Z",
		"2026-11-01/P-1D":                                   "",
		"2026-11-01/P1.5D":                                  "",
		"2026-11-01/P99999999D":                             "",
		"2026-11-01/2026-11-02/2026-11-03":                  "",
	} {
		got, err := ParseInterval(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q: got %v, want an error", text, got)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v; want %s", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"2026-11-01": "not an interval", "2026-11-01/2026-11-02/2026-11-03": "not an interval", "x/2026-11-02": "not an ISO 8601 instant", "2026-11-01/x": "not an ISO 8601 instant",
		"2026-11-01/P1X": "not an ISO 8601 duration", strings.Repeat("ä", 65): strings.Repeat("ä", 64) + "…\"", strings.Repeat("ä", 64): strings.Repeat("ä", 64) + "\"",
	} {
		if _, err := ParseInterval(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]Day{"1970-01-01": 0, "1969-12-31": -1, "2026-11-01": 20758} {
		d, err := ParseDay(text)
		if err != nil || d != want || d.String() != text || DayOf(d.Start()) != d || DayOf(d.End().Add(-1)) != d {
			t.Errorf("%s: got %d, %v", text, d, err)
		}
	}
	first, end := Interval{Day(5).Start().Add(time.Hour), Day(7).Start()}.Days()
	if first != 5 || end != 7 {
		t.Errorf("got %d to %d, want 5 to 7", first, end)
	}
}

func TestOverlaps(t *testing.T) {
	at := func(hour int) time.Time { return Day(0).Start().Add(time.Duration(hour) * time.Hour) }
	iv := Interval{at(10), at(20)}
	for _, test := range []struct {
		start, end time.Time
		want       bool
	}{
		{at(1), at(9), false}, {at(1), at(10), false}, {at(1), at(11), true}, {at(10), at(10), true}, {at(12), at(13), true},
		{at(19), at(99), true}, {at(20), at(21), false}, {at(1), time.Time{}, true}, {at(20), time.Time{}, false},
	} {
		if got := iv.Overlaps(test.start, test.end); got != test.want {
			t.Errorf("%v to %v: got %v", test.start, test.end, got)
		}
	}
}

func FuzzParseInterval(f *testing.F) {
	f.Add("2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z")
	f.Add("2026-11-01/P1DT1H")
	f.Fuzz(func(t *testing.T, text string) {
		iv, err := ParseInterval(text)
		if err != nil {
			return
		}
		if !iv.End.After(iv.Start) {
			t.Errorf("%q ends before it starts", text)
		}
		if back, err := ParseInterval(iv.String()); iv.Start.Year() >= 0 && iv.End.Year() < 10_000 && iv.End.Sub(iv.Start) > time.Second && (err != nil || back.Start.Sub(iv.Start).Abs() > time.Millisecond) {
			t.Errorf("%q: %v does not read back: %v", text, iv, err)
		}
	})
}

// Every month of every year that four digits can name begins and ends as the calendar has it.
func TestEveryMonthHasItsDays(t *testing.T) {
	for first := time.Date(0, 1, 1, 23, 59, 58, 999e6, time.UTC); first.Year() < 10_000; first = first.AddDate(0, 1, 0) {
		last := first.AddDate(0, 1, -1)
		for _, day := range []time.Time{first, last} {
			if got, err := ParseTime(day.Format(TimeLayout)); err != nil || got != day {
				t.Fatalf("%v is read as %v, %v", day, got, err)
			}
		}
		if text := fmt.Sprintf("%s-%02dT00:00:00.000Z", first.Format("2006-01"), last.Day()+1); last.Day() < 31 {
			if got, err := ParseTime(text); err == nil {
				t.Fatalf("%s is read as %v", text, got)
			}
		}
	}
}
