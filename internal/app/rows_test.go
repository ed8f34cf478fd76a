package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// inMemory are views of records in memory.
type inMemory struct{ store *mem.Store }

var farAhead = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func (v inMemory) Live(context.Context) (engine.Engine, error) {
	return v.store.View(farAhead, farAhead), nil
}
func (v inMemory) Settled(ctx context.Context) (engine.Engine, error) { return v.Live(ctx) }
func (v inMemory) Available(context.Context) (time.Time, error)       { return farAhead, nil }

// asker asks a server, as a client of it.
type asker struct {
	t         *testing.T
	at, token string
}

// ask asks, and gives the status, the headers and the body of the answer.
func (a asker) ask(method, path, body string) (int, http.Header, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.at+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

// into asks, and reads the answer, whose status is as wanted.
func (a asker) into(status int, method, path, body string, to any) http.Header {
	a.t.Helper()
	got, head, text := a.ask(method, path, body)
	if got != status {
		a.t.Fatalf("%s %s: %d %s", method, path, got, text)
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		a.t.Fatalf("%s: %v", text, err)
	}
	if !strings.Contains(strings.Join(head["Warning"], " "), "Genesys Cloud has no such request") {
		a.t.Errorf("%s %s does not say that the platform has none such: %v", method, path, head["Warning"])
	}
	return head
}

// recordsOf reads the records of a lake.
func recordsOf(t *testing.T, dir string) (all []conversation.Record) {
	t.Helper()
	archive, err := OpenArchive(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	view, err := archive.views().Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	iv, err := conversation.ParseInterval("2026-11-01/P30D")
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range view.Records(t.Context(), query.Query{Interval: iv, Order: query.Ascending, OrderBy: query.ByConversationStart}, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, conversation.Record{ID: r.ID, Start: r.Start, End: r.End, JSON: slices.Clone(r.JSON)})
	}
	return all
}

// bothServers serves the same records twice: out of a lake, and out of memory.
func bothServers(t *testing.T, change func(*server.Listen)) (lake, memory asker, records []conversation.Record) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	generated(t, dir, "2026-11-04")
	records = recordsOf(t, dir)
	store := mem.New(nil)
	if _, err := store.Add(records...); err != nil {
		t.Fatal(err)
	}
	archive, err := OpenArchive(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = archive.Close() })
	listen := server.Listen{Addr: "127.0.0.1:0", Client: server.NewCredentials(), RateLimit: 100_000, Log: quiet}
	listen.Jobs.PerMinute = 1000
	if change != nil {
		change(&listen)
	}
	who := func(context.Context) (api.Organization, error) { return api.Organization{}, nil }
	start := func(s *server.Server) asker {
		at, stop, ended := servertest.Running(t, s)
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return asker{t, at, servertest.Login(t, at, listen.Client)}
	}
	return start(archive.Serve(listen)), start(server.New(listen, server.One(inMemory{store}, time.Now, who))), records
}

// complete submits an asynchronous report and asks until it is complete, as the document has it.
func (a asker) complete(body string) (status wire.ReportStatus) {
	a.t.Helper()
	var submitted struct{ ID, QueryID, Status string }
	a.into(http.StatusAccepted, "POST", wire.PathQuery, body, &submitted)
	if submitted.QueryID == "" || submitted.ID != submitted.QueryID || submitted.Status != "pending" {
		a.t.Fatalf("submitted: %+v", submitted)
	}
	for status.Status != "completed" {
		a.into(http.StatusOK, "GET", "/api/v2/analytics/report-queries/"+submitted.QueryID, "", &status)
		if status.Status == "failed" || status.ResultsURI == "" || status.CreatedTime == "" || status.Progress < 0 || status.Progress > 1 {
			a.t.Fatalf("status: %+v", status)
		}
	}
	return status
}

// asynchronous is the loop of the document: what is complete is read page by page until there is no token.
func (a asker) asynchronous(body string, pageSize int) (rows []string) {
	a.t.Helper()
	status, token := a.complete(body), ""
	for {
		var page struct {
			Data          []json.RawMessage `json:"data"`
			NextPageToken *string           `json:"nextPageToken"`
		}
		a.into(http.StatusOK, "GET", fmt.Sprintf("%s?pageToken=%s&pageSize=%d", status.ResultsURI, token, pageSize), "", &page)
		for _, row := range page.Data {
			rows = append(rows, string(row))
		}
		if page.NextPageToken == nil {
			break
		}
		token = *page.NextPageToken
	}
	if status.Count == nil || int(*status.Count) != len(rows) || status.Progress != 1 || status.UpdatedTime == "" {
		a.t.Errorf("%d rows, and the status is %+v", len(rows), status)
	}
	return rows
}

// paged is the loop of the document: the same body with the cursor that is cut out of nextPageUri, until there is none.
func (a asker) paged(body string) (rows []string) {
	a.t.Helper()
	for cursor := ""; ; {
		asks := body
		if cursor != "" {
			asks = `{"cursor":"` + cursor + `",` + body[1:]
		}
		var page struct {
			Entities    []json.RawMessage `json:"entities"`
			NextPageURI *string           `json:"nextPageUri"`
		}
		a.into(http.StatusOK, "POST", wire.PathQuery, asks, &page)
		for _, row := range page.Entities {
			rows = append(rows, string(row))
		}
		if page.NextPageURI == nil {
			return rows
		}
		_, behind, _ := strings.Cut(*page.NextPageURI, "cursor=")
		cursor, _, _ = strings.Cut(behind, "&")
	}
}

const (
	documentA = `{"interval":"PT0S","start":"2026-11-01T00:00:00.000Z","end":"2026-11-03T23:59:59.999Z","view":"default/conversations",
		"select":["interaction.id","interaction.type","conversation.id","timestamp","attributes.custom.*","metrics.queuetime.ms","metrics.handledtime.ms"],
		"filter":{"type":"and","clauses":[{"type":"field","path":"interaction.type","operator":"eq","value":"voice"},{"type":"field",
		"path":"metrics.handledtime.ms","operator":"gte","value":0}]},"group":[],"limit":2000000}`
	documentB = `{"dateFrom":"2026-11-01T00:00:00.000Z","dateTo":"2026-11-04T00:00:00.000Z","interval":"PT1H","view":"default","groupBy":["mediaType"],
		"filter":{"and":[{"dimension":"queueId","operator":"exists"}]},"select":["conversationId","mediaType","wrapUpCode","totalHandleTime","talkTime",
		"holdTime","holdCount","startTime","endTime"],"pageSize":7}`
)

// The loops of the documents run as they stand, and what they find is the same out of a lake and out of memory.
func TestTheLoopsOfTheDocuments(t *testing.T) {
	unraced.Test(t)
	lake, memory, records := bothServers(t, nil)
	same := func(name string, from, to []string) {
		t.Helper()
		if !slices.Equal(from, to) || len(from) == 0 {
			t.Errorf("%s: %d rows out of the lake, %d out of memory:\n%s\n%s", name, len(from), len(to), strings.Join(from[:min(2, len(from))], "\n"), strings.Join(to[:min(2, len(to))], "\n"))
		}
	}
	const all = `{"interval":"2026-11-01T00:00:00Z/P3D","select":["*"]}`
	for _, body := range []string{
		documentA, `{"interval":"2026-11-01T12:00:00Z/P1D","select":["interaction.id","timestamp","endTime","queueIds","abandoned","durationSeconds"]}`,
		`{"interval":"2026-11-01T00:00:00Z/P3D","select":["metrics.handledtime.ms","holdCount","durationSeconds"],"group":["interaction.type","direction"]}`,
		strings.Replace(all, `"*"`, allButReceived(), 1),
	} {
		same(body, lake.asynchronous(body, 5), memory.asynchronous(body, 10_000))
	}
	for _, body := range []string{documentB, strings.Replace(documentB, `"conversationId","mediaType","wrapUpCode",`, "", 1)} {
		body = strings.Replace(body, `,"startTime","endTime"`, map[bool]string{true: `,"startTime","endTime"`, false: ""}[strings.Contains(body, "conversationId")], 1)
		same(body, lake.paged(body), memory.paged(strings.Replace(body, `"pageSize":7`, `"pageSize":1000`, 1)))
	}
	for _, r := range records[:5] {
		body := fmt.Sprintf(`{"filter":%q,"interval":"2026-11-01T00:00:00+00:00/2026-11-04T00:00:00+00:00","size":25,"select":["id","type","state","created_time","answered_time","ended_time","duration_seconds","participants"]}`, r.ID)
		var from, to struct {
			Entities []struct {
				ID           string `json:"id"`
				State        string `json:"state"`
				Participants []struct {
					Role string `json:"role"`
				} `json:"participants"`
			} `json:"entities"`
		}
		lake.into(http.StatusOK, "POST", wire.PathQuery, body, &from)
		memory.into(http.StatusOK, "POST", wire.PathQuery, body, &to)
		if fmt.Sprint(from) != fmt.Sprint(to) || len(from.Entities) != 1 || from.Entities[0].ID != string(r.ID) || from.Entities[0].State != "ended" || len(from.Entities[0].Participants) == 0 {
			t.Errorf("got %+v and %+v", from, to)
		}
		if _, _, text := lake.ask("POST", wire.PathQuery, strings.Replace(body, "2026-11-01T00:00:00+00:00/2026-11-04", "2026-10-01T00:00:00+00:00/2026-10-04", 1)); text != `{"entities":[]}` {
			t.Errorf("in another interval: %s", text)
		}
	}
}

// allButReceived selects what follows from a record alone.
func allButReceived() string {
	return `"interaction.id","conversation.id","mediaType","direction","wrapUpCode","timestamp","endTime","answeredTime","duration","state","mediaTypes","queueIds","userIds","wrapUpCodes","totalHandleTime","holdCount","waitTime","attributes.custom.*","participantCount","recordHash","divisionIds"`
}

// A page comes again for the same token; tokens and cursors of others are refused; what is deleted is gone.
func TestTokensAndDeletion(t *testing.T) {
	unraced.Test(t)
	lake, _, _ := bothServers(t, nil)
	submitted := lake.complete(documentA)
	path := strings.TrimSuffix(submitted.ResultsURI, "/results")
	type page struct {
		NextPageToken *string `json:"nextPageToken"`
	}
	var first, again page
	lake.into(http.StatusOK, "GET", path+"/results?pageSize=3", "", &first)
	lake.into(http.StatusOK, "GET", path+"/results?pageSize=3", "", &again)
	if first.NextPageToken == nil || *first.NextPageToken != *again.NextPageToken || strings.ContainsAny(*first.NextPageToken, "+/=%") {
		t.Fatalf("tokens %v, %v", first, again)
	}
	for query, status := range map[string]int{"pageToken=" + *first.NextPageToken: 200, "pageToken=x": 400, "pageSize=10001": 400, "pageToken=" + *first.NextPageToken + "A": 400} {
		if got, _, text := lake.ask("GET", path+"/results?"+query, ""); got != status {
			t.Errorf("%s: %d %s", query, got, text)
		}
	}
	for _, other := range []string{"/api/v2/analytics/conversations/details/jobs/" + string(submitted.ID), "/api/v2/analytics/conversations/details/jobs/" + string(submitted.ID) + "/results"} {
		if got, _, _ := lake.ask("GET", other, ""); got != http.StatusNotFound {
			t.Errorf("%s: %d", other, got)
		}
	}
	if got, _, _ := lake.ask("DELETE", path, ""); got != http.StatusNoContent {
		t.Errorf("delete: %d", got)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if got, _, _ := lake.ask(method, path, ""); got != http.StatusNotFound {
			t.Errorf("%s what was deleted: %d", method, got)
		}
	}

	var entities struct {
		Next   string `json:"nextPageUri"`
		Cursor string `json:"cursor"`
	}
	lake.into(http.StatusOK, "POST", wire.PathQuery, documentB, &entities)
	with := func(cursor, body string) string { return `{"cursor":"` + cursor + `",` + body[1:] }
	for body, status := range map[string]int{
		with(entities.Cursor, documentB): 200, with("x", documentB): 400, with("a.b.c", documentB): 400,
		with(entities.Cursor, strings.Replace(documentB, "holdCount", "acwTime", 1)): 400,
		with(strings.Replace(entities.Cursor, ".", "0.", 1), documentB):              400,
		with("0123456789abcdef0123456789abcdef"+entities.Cursor[32:], documentB):     400,
	} {
		if got, _, text := lake.ask("POST", wire.PathQuery, body); got != status {
			t.Errorf("%s: %d %s", body, got, text)
		}
	}
	if got, _, _ := lake.ask("POST", entities.Next, documentB); got != 200 || !strings.HasSuffix(entities.Next, "cursor="+entities.Cursor) || strings.ContainsAny(entities.Cursor, "+/=%&") {
		t.Errorf("the next page as it is written, %s: %d", entities.Next, got)
	}
}

// A strict server refuses what the platform would, and says which field was meant.
func TestStrict(t *testing.T) {
	unraced.Test(t)
	lake, _, _ := bothServers(t, func(l *server.Listen) { l.Strict = true })
	for body, want := range map[string]string{
		documentA: "select is not a field of this request. The platform has nothing like it; leave it out: the answer has whole records; start is not a field of this request. Did you mean interval?", documentB: "dateFrom is not a field of this request. Did you mean interval?",
		`{"filter":"c-1","interval":"2026-11-01/P1D"}`: "filter is not a field of this request. Did you mean segmentFilters?",
	} {
		got, head, text := lake.ask("POST", wire.PathQuery, body)
		if got != http.StatusBadRequest || !strings.Contains(text, want) || head["Warning"] != nil {
			t.Errorf("%s: %d %s", body, got, text)
		}
	}
	if got, _, _ := lake.ask("GET", "/api/v2/analytics/report-queries/x", ""); got != http.StatusNotFound {
		t.Errorf("a report: %d", got)
	}
}

// Who may ask for what, and who sees whose.
func TestPermissionsOfRowReports(t *testing.T) {
	unraced.Test(t)
	_, _, records := bothServers(t, nil)
	var user string
	for _, r := range records {
		c, err := wire.Decode(r.JSON)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.Participants {
			if p.UserID != "" {
				user = p.UserID
			}
		}
	}
	store := mem.New(nil)
	if _, err := store.Add(records...); err != nil {
		t.Fatal(err)
	}
	who := func(context.Context) (api.Organization, error) { return api.Organization{}, nil }
	as := func(user string, permissions ...access.Permission) asker {
		listen := server.Listen{Addr: "127.0.0.1:0", Client: server.NewCredentials(), RateLimit: 100_000, Log: quiet}
		backend := server.One(inMemory{store}, time.Now, who)
		backend.Permissions, backend.User = permissions, user
		at, stop, ended := servertest.Running(t, server.New(listen, backend))
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return asker{t, at, servertest.Login(t, at, listen.Client)}
	}
	status := func(a asker, method, path, body string, want int) {
		t.Helper()
		if got, _, text := a.ask(method, path, body); got != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, got, text, want)
		}
	}
	viewer, runner := as("", access.ViewDetails), as("", access.RunReports)
	status(viewer, "POST", wire.PathQuery, documentA, http.StatusForbidden)
	status(viewer, "POST", wire.PathQuery, documentB, http.StatusOK)
	status(viewer, "GET", "/api/v2/analytics/report-queries/x", "", http.StatusForbidden)
	status(runner, "POST", wire.PathQuery, documentA, http.StatusAccepted)
	status(runner, "POST", wire.PathQuery, documentB, http.StatusForbidden)
	status(runner, "POST", wire.PathQuery, `{"interval":"2026-11-01/P1D"}`, http.StatusForbidden)
	status(runner, "GET", "/api/v2/analytics/report-queries/x", "", http.StatusForbidden)
	status(as("", access.ViewReports), "GET", "/api/v2/analytics/report-queries/x", "", http.StatusNotFound)
	status(as("", access.ViewReports), "DELETE", "/api/v2/analytics/report-queries/x", "", http.StatusForbidden)
	status(as("", "routing:queue:view"), "POST", wire.PathQuery, "not JSON", http.StatusForbidden)

	one := as(user, access.ViewOwnDetails, access.RunReports, access.ViewReports)
	every := as("", access.ViewDetails, access.RunReports, access.ViewReports)
	const users = `{"interval":"2026-11-01T00:00:00Z/P3D","select":["conversation.id","userIds"]}`
	const pages = `{"dateFrom":"2026-11-01T00:00:00Z","dateTo":"2026-11-04T00:00:00Z","select":["conversationId"]}`
	mine, all := one.asynchronous(users, 1000), every.asynchronous(users, 1000)
	if len(mine) == 0 || len(mine) >= len(all) || len(one.paged(pages)) == 0 || len(one.paged(pages)) >= len(every.paged(pages)) {
		t.Errorf("%d of %d rows are of the user", len(mine), len(all))
	}
	for _, row := range mine {
		if !slices.Contains(all, row) {
			t.Errorf("only the user sees %s", row)
		}
	}
}
