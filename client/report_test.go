package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/sandboxtest"
)

const twoDays = `{"start":"2026-11-06T00:00:00.000Z","end":"2026-11-08T00:00:00.000Z","select":["interaction.id","timestamp"]}`

// reporting is a client of a sandbox that it may ask for rows.
func reporting(t *testing.T) (*sandboxtest.Sandbox, *client.Client) {
	t.Helper()
	s := sandboxtest.New(t, sandboxtest.Days(3), sandboxtest.Steady(20), sandboxtest.RateLimit(100_000))
	c, err := client.New(client.Config{BaseURL: s.URL, ClientID: s.ClientID, ClientSecret: s.ClientSecret, First: 1, Most: 1, PollFirst: 1, PollMost: 1, PageSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestRowsAreThoseOfTheReport(t *testing.T) {
	s, c := reporting(t)
	var got []string
	for row, err := range c.Rows(t.Context(), []byte(twoDays)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(row))
	}
	id, err := c.SubmitReport(t.Context(), []byte(twoDays))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.AwaitReport(t.Context(), id)
	if err != nil || r.ID != id || r.State != client.ReportCompleted || r.Rows != int64(len(got)) || len(got) < 20 {
		t.Errorf("%+v, %v, and %d rows", r, err, len(got))
	}
	var paged []string
	for token, more := "", true; more; more = token != "" {
		page, err := c.RowPage(t.Context(), id, token, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			paged = append(paged, string(row))
		}
		token = page.Next
	}
	if !slices.Equal(paged, got) || !strings.HasPrefix(got[0], `{"interaction.id":"`) {
		t.Errorf("page by page %q, at once %q", paged, got)
	}
	if err := c.DeleteReport(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := c.Report(t.Context(), id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a report that was deleted: %v", err)
	}
	if _, err := c.RowPage(t.Context(), id, "", 3); !errors.Is(err, client.ErrExpired) {
		t.Errorf("its rows: %v", err)
	}
	for row, err := range c.Rows(t.Context(), []byte(twoDays)) { // a reader that has enough
		if err != nil || len(row) == 0 {
			t.Error(err)
		}
		break
	}
	left := 0
	for _, q := range s.Requests() {
		if q.Method == "DELETE" {
			left++
		}
	}
	if left != 2 {
		t.Errorf("%d reports were deleted", left)
	}
}

func TestReportsThatFail(t *testing.T) {
	s, c := reporting(t)
	last := func() (n int, last error) {
		for _, err := range c.Rows(t.Context(), []byte(twoDays)) {
			if last = err; err == nil {
				n++
			}
		}
		return n, last
	}
	all, _ := last()
	s.Fault(sandboxtest.Fault{Route: "query", Times: 1, Unreadable: "2026-11-07"})
	if n, err := last(); !errors.Is(err, client.ErrIncomplete) || n == 0 || n >= all {
		t.Errorf("a partial report: %d rows of %d, %v", n, all, err)
	}
	s.Fault(sandboxtest.Fault{Route: "report-status", Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"status":"failed","error":"disk"}`}})
	if n, err := last(); !errors.Is(err, client.ErrUnavailable) || n != 0 || !strings.Contains(err.Error(), "disk") {
		t.Errorf("one that failed: %d rows, %v", n, err)
	}
	s.Fault(sandboxtest.Fault{Route: "report-results", Every: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"data":[{"a":1}],"nextPageToken":"x"}`}})
	if _, err := last(); !errors.Is(err, client.ErrCorrupt) {
		t.Errorf("pages that lead nowhere: %v", err)
	}
	if _, err := c.SubmitReport(t.Context(), []byte(`{"select":["x"],"start":"","end":""}`)); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("a body that is wrong: %v", err)
	}
}
