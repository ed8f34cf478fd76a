package served

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// A sandbox answers row reports of every dialect: asynchronous ones of what the nightly batch has, the others of everything up
// to the moment.
func TestRowReportsOfASandbox(t *testing.T) {
	unraced.Test(t)
	client := server.NewCredentials()
	s, faults := newSandbox(t, client)
	at, stop, ended := servertest.Running(t, s)
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	token := servertest.Login(t, at, client)
	ask := func(want int, method, path, body string, to any) {
		t.Helper()
		status, text := answered(t, token, method, at+path, body)
		if status != want || json.Unmarshal([]byte(text), to) != nil {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	first, behind := noon.AddDate(0, 0, -30).Format("2006-01-02T15:04:05.000Z"), noon.AddDate(0, 0, 1).Format("2006-01-02T15:04:05.000Z")

	var status wire.ReportStatus
	var submitted wire.ReportSubmitted
	ask(http.StatusAccepted, "POST", wire.PathQuery, `{"interval":"PT0S","start":"`+first+`","end":"`+behind+`","select":["conversation.id","timestamp"],"group":[],"limit":2000000}`, &submitted)
	for status.Status != wire.ReportCompleted {
		ask(http.StatusOK, "GET", wire.PathReports+"/"+string(submitted.QueryID), "", &status)
		if status.Status == wire.ReportFailed {
			t.Fatalf("%+v", status)
		}
	}
	var page struct {
		Data []struct {
			ID string `json:"conversation.id"`
		} `json:"data"`
		Next *string `json:"nextPageToken"`
	}
	ask(http.StatusOK, "GET", status.ResultsURI, "", &page)
	if len(page.Data) == 0 || int64(len(page.Data)) != *status.Count || page.Next != nil {
		t.Fatalf("%d rows; %+v", len(page.Data), status)
	}

	lost := noon.AddDate(0, 0, -1).Truncate(24 * time.Hour)
	if _, err := faults.Add(rule.Rule{Route: "query", Times: new(1), Unreadable: lost.Format(time.DateOnly)}); err != nil {
		t.Fatal(err)
	}
	ask(http.StatusAccepted, "POST", wire.PathQuery, `{"start":"`+first+`","end":"`+behind+`","select":["conversation.id","timestamp"]}`, &submitted)
	for status = (wire.ReportStatus{}); status.Status != wire.ReportPartial; {
		ask(http.StatusOK, "GET", wire.PathReports+"/"+string(submitted.QueryID), "", &status)
		if status.Status == wire.ReportFailed || status.Status == wire.ReportCompleted {
			t.Fatalf("%+v", status)
		}
	}
	if len(status.Partial) != 1 || !strings.HasPrefix(status.Partial[0].Start, lost.Format(time.DateOnly)) || status.Partial[0].Reason == "" || *status.Count >= int64(len(page.Data)) {
		t.Errorf("a day cannot be read: %+v, of %d rows", status, len(page.Data))
	}

	seen, cursor := map[string]bool{}, ""
	for more := true; more; {
		var entities struct {
			Entities []struct {
				ID string `json:"conversationId"`
			} `json:"entities"`
			Next *string `json:"nextPageUri"`
		}
		body := `{"dateFrom":"` + first + `","dateTo":"` + behind + `","interval":"PT1H","groupBy":["mediaType"],"select":["conversationId","mediaType"],"pageSize":7`
		if cursor != "" {
			body += `,"cursor":"` + cursor + `"`
		}
		ask(http.StatusOK, "POST", wire.PathQuery, body+"}", &entities)
		for _, e := range entities.Entities {
			if seen[e.ID] {
				t.Errorf("%s comes twice", e.ID)
			}
			seen[e.ID] = true
		}
		if more = entities.Next != nil; more {
			_, cursor, _ = strings.Cut(*entities.Next, "cursor=")
		}
	}
	for _, row := range page.Data {
		if !seen[row.ID] {
			t.Errorf("the paged report lacks %s", row.ID)
		}
	}
	if len(seen) <= len(page.Data) { // which began today
		t.Errorf("%d conversations up to the moment, %d in the nightly batch", len(seen), len(page.Data))
	}

	var one struct {
		Entities []map[string]any `json:"entities"`
	}
	ask(http.StatusOK, "POST", wire.PathQuery, `{"filter":"`+page.Data[0].ID+`","interval":"`+first+"/"+behind+`","select":["id","state","participants"]}`, &one)
	if len(one.Entities) != 1 || one.Entities[0]["id"] != page.Data[0].ID {
		t.Errorf("one conversation: %v", one)
	}
}
