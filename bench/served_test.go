package main

import "testing"

func TestWhatIsReadOfServers(t *testing.T) {
	got := gauges([]byte("# HELP go_goroutines x\ngo_goroutines 12\nprocess_open_fds 1.5e+01\nother 3\n"), "go_goroutines", "process_open_fds")
	if len(got) != 2 || got["go_goroutines"] != 12 || got["process_open_fds"] != 15 {
		t.Errorf("got %v", got)
	}
	page := &tally{}
	for _, part := range []string{`{"conversations":[{"a":["x"]}`, `],"curs`, `or":"abc==","dataAvailabilityDate":"2026-11-01T00:00:00.000Z"}`} {
		if _, err := page.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if page.cursor() != "abc==" {
		t.Errorf("got the cursor %q", page.cursor())
	}
}
