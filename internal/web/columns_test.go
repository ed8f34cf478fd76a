package web

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// The columns are in the address, and every way from there keeps them.
func TestColumnsAreChosen(t *testing.T) {
	b := newExplorer(t)
	text := b.get("/ui/explore?from=2026-07-12&to=2026-07-16&columns=duration,queueIds&columns=abandoned")
	wants(t, text, `<th scope="col" class="number" title="from start to end">duration</th><th scope="col" title=`, `<td class="number"><data value="300000">5:00</data></td><td>Sales</td><td>no</td>`,
		`name="columns" value="queueIds" checked`, `<input type="hidden" name="from" value="2026-07-12">`, `<input type="hidden" name="columns" value="duration,queueIds,abandoned">`)
	for _, address := range addressesIn(text) {
		if strings.HasPrefix(address, "/ui/explore?") && !strings.Contains(address, "&amp;columns=duration%2CqueueIds%2Cabandoned") {
			t.Errorf("%s has lost the columns", address)
		}
	}
	if strings.Contains(text, `name="columns" value="attributes"`) || strings.Contains(text, `name="columns" value="interactionId"`) {
		t.Error("columns are offered that no answer has")
	}
	_, _, to := b.post("side", "form", "body", simple, "columns", "duration,queueIds")
	if !strings.HasSuffix(to, "&columns=duration%2CqueueIds") {
		t.Errorf("the form leads to %s", to)
	}
	_, text, _ = b.post("side", "form", "body", simple, "columns", "duration", "part", "question")
	if strings.Count(text, `<input type="hidden" name="columns" value="duration">`) != 2 {
		t.Error("a question that was redrawn has lost the columns")
	}
	for columns, want := range map[string]string{"durration": "did you mean duration", "attributes.card": "attributes.card is not in the answer", "recordHash": "not in the answer", "duration,duration&columns=tConversationDuration&columns=tConversationDuration": ""} {
		if text := b.get("/ui/explore?columns=" + columns); !strings.Contains(text, want) || want != "" && (strings.Contains(text, `class="rows grid"`) || !strings.Contains(text, ">5:00<")) {
			t.Errorf("%s: %s is not there, or the usual table is not", columns, want)
		}
	}
}

// A masked session sees nothing in any column that it may not see.
func TestColumnsAreMasked(t *testing.T) {
	b := newExplorer(t)
	b.data.record = strings.Replace(planted, `"originatingDirection"`, `"externalTag":"planted-tag","originatingDirection"`, 1)
	var all []string
	for _, c := range chooser(nil) {
		all = append(all, c.Name)
	}
	text := b.get("/ui/explore?" + url.Values{"columns": all}.Encode())
	if n := strings.Count(text, `<th scope="col"`); n < len(all) {
		t.Fatalf("%d columns of %d", n, len(all))
	}
	for _, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s is there: %s", secret, text[max(0, at-80):at+40])
		}
	}
	if status, text, _ := b.post("body", simple, "do", "csv"); status != http.StatusForbidden || !strings.Contains(text, "parley:personalData:view") {
		t.Errorf("as CSV: %d", status)
	}
}

// A file for spreadsheets has the columns of the table, and no formula.
func TestColumnsAsCSV(t *testing.T) {
	b := newExplorer(t, access.ViewPersonalData)
	b.data.record = strings.Replace(planted, `"originatingDirection"`, `"externalTag":"=1+1","originatingDirection"`, 1)
	rows := func(sent ...string) [][]string {
		status, text, h := b.ask("POST", "/ui/explore", url.Values{"body": {simple}, "do": {"csv"}, "columns": sent}.Encode())
		if status != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), "text/csv") || !strings.Contains(h.Get("Content-Disposition"), "conversations.csv") {
			t.Fatalf("%d %v", status, h)
		}
		out, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(out) != 2 {
			t.Fatalf("%v, %v", out, err)
		}
		return out
	}
	if got := fmt.Sprint(rows("duration,externalTag")); got != "[[conversationId duration externalTag] ["+id+" 300000 '=1+1]]" {
		t.Errorf("got %s", got)
	}
	if got := rows(); len(got[0]) != len(usualColumns)+1 || got[1][5] != `["queue-1"]` {
		t.Errorf("got %v", got)
	}
	if status, text, _ := b.post("body", simple, "do", "csv", "columns", "durration"); status != http.StatusBadRequest || !strings.Contains(text, "did you mean duration") {
		t.Errorf("%d %s", status, text)
	}
}

// serveResults has the API answer with pages of results, and tells by which cursors it was asked. The page behind the last one fails.
func (b *browser) serveResults(pages int, fails bool) (cursors *[]string) {
	cursors = &[]string{}
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		cursor := r.URL.Query().Get("cursor")
		*cursors = append(*cursors, cursor)
		n := len(*cursors)
		if fails && n >= pages {
			w.(interface{ Fail(err error) }).Fail(fault.New(fault.NotFound, "The results have expired"))
			return
		}
		next := fmt.Sprintf(`,"cursor":"after %d"`, n)
		if n >= pages {
			next = ""
		}
		_, _ = io.WriteString(w, `{"conversations":[`+planted+`, {"conversationId": "of page `+strconv.Itoa(n)+`"}]`+next+`}`)
	}
	return cursors
}

// All results of a job are sent page by page. One that fails on the way breaks the connection.
func TestAllResultsOfAJob(t *testing.T) {
	b := newExplorer(t, access.ViewPersonalData)
	const path = "/ui/jobs/job-1/results.ndjson"
	cursors := b.serveResults(3, false)
	status, text, h := b.ask("GET", path, "")
	if lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n"); status != http.StatusOK || len(lines) != 6 || lines[5] != `{"conversationId":"of page 3"}` || !strings.Contains(lines[0], "4915112345678") {
		t.Errorf("%d, %s", status, text)
	}
	if got := strings.Join(*cursors, "|"); got != "|after 1|after 2" || h.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("asked by %s, got %v", got, h)
	}
	b.serveResults(2, true)
	r, err := b.client.Get(b.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadAll(r.Body); err == nil {
		t.Error("what was cut off looks whole")
	}
	gone := newExplorer(t, access.ViewPersonalData) // what was cut off may still be busy with the other
	gone.serveResults(1, true)
	if status, text, _ := gone.ask("GET", path, ""); status != http.StatusNotFound || !strings.Contains(text, "The results have expired") {
		t.Errorf("expired: %d %s", status, text)
	}
	masked := newExplorer(t)
	masked.data.api = func(http.ResponseWriter, *http.Request) { t.Error("the API was asked") }
	if status, text, _ := masked.ask("GET", path, ""); status != http.StatusForbidden || !strings.Contains(text, "parley:personalData:view") {
		t.Errorf("masked: %d %s", status, text)
	}
}

// Results that are too large to be sent together are sent one by one.
func TestLargeResultsOfAJob(t *testing.T) {
	b := newExplorer(t, access.ViewPersonalData)
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("pageSize") != "1" {
			w.(interface{ Fail(err error) }).Fail(fault.New(fault.TooLarge, "The answer is too large"))
			return
		}
		next := map[string]string{"": `,"cursor":"b"`, "b": ""}[q.Get("cursor")]
		_, _ = io.WriteString(w, `{"conversations":[{"conversationId":"x"}]`+next+`}`)
	}
	if status, text, _ := b.ask("GET", "/ui/jobs/job-1/results.ndjson", ""); status != http.StatusOK || strings.Count(text, "\n") != 2 {
		t.Errorf("%d %s", status, text)
	}
}

// The page of a job offers its results to who may take them, and says so when they are gone.
func TestTheJobOffersItsResults(t *testing.T) {
	const link = `<a href="/ui/jobs/job-f/results.ndjson" download>`
	b := newExplorer(t, access.ViewPersonalData)
	b.serveJobs(aJob("job-f", wire.Fulfilled), aJob("job-e", wire.Expired))
	wants(t, b.get("/ui/jobs/job-f"), link)
	if text := b.get("/ui/jobs/job-e"); !strings.Contains(text, "cannot be downloaded") || strings.Contains(text, "results.ndjson") {
		t.Error("a job that has expired does not say so")
	}
	masked := newExplorer(t)
	masked.serveJobs(aJob("job-f", wire.Fulfilled))
	if strings.Contains(masked.get("/ui/jobs/job-f"), link) {
		t.Error("results are offered to who may not take them")
	}
}
