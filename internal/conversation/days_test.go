package conversation

import (
	"testing"
)

func TestRunsOfDays(t *testing.T) {
	first, err := ParseDay("2026-11-01")
	if err != nil {
		t.Fatal(err)
	}
	run := func(from, to int) Days { return Days{first + Day(from) - 1, first + Day(to)} }
	for text, want := range map[string]string{
		"": "", "2026-11-03": "2026-11-03", "2026-11-03..2026-11-03": "2026-11-03", "\t2026-11-03 , 2026-11-05..2026-11-07,": "2026-11-03,2026-11-05..2026-11-07",
		"2026-11-03..": "!", "x": "!", "2026-11-07..2026-11-05": "!", "2026-11-01/2026-11-02": "!",
	} {
		got, err := ParseDays(text)
		if (err != nil) != (want == "!") || err == nil && DaysText(got) != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, c := range []struct {
		in   []Days
		want string
	}{
		{nil, ""},
		{[]Days{run(5, 5), run(1, 2), run(3, 3)}, "2026-11-01..2026-11-03,2026-11-05"},
		{[]Days{run(1, 9), run(2, 3), run(9, 10)}, "2026-11-01..2026-11-10"},
	} {
		if got := DaysText(JoinDays(c.in)); got != c.want {
			t.Errorf("%v joined: %s, want %s", c.in, got, c.want)
		}
	}
	for _, c := range []struct {
		of   Days
		have []Days
		want string
	}{
		{run(1, 3), nil, "2026-11-01..2026-11-03"},
		{run(1, 3), []Days{run(1, 3)}, ""},
		{run(2, 8), []Days{run(1, 2), run(4, 4), run(7, 9)}, "2026-11-03,2026-11-05..2026-11-06"},
		{run(2, 8), []Days{run(1, 1), run(9, 9)}, "2026-11-02..2026-11-08"},
		{run(2, 8), []Days{run(3, 3)}, "2026-11-02,2026-11-04..2026-11-08"},
		{run(2, 8), []Days{run(8, 8)}, "2026-11-02..2026-11-07"},
	} {
		if got := DaysText(WithoutDays(c.of, c.have)); got != c.want {
			t.Errorf("%v without %v: %s, want %s", c.of, c.have, got, c.want)
		}
	}
}
