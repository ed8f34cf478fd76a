package web

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// aJob is a job in some state, as the API tells of it.
func aJob(id string, s wire.JobState) wire.AskedJob {
	j := wire.AskedJob{ListedJob: wire.ListedJob{ID: wire.JobID(id), Client: "c<b>", JobStatus: wire.JobStatus{State: s, SubmissionDate: "2026-07-16T07:59:00.000Z"}}}
	switch s {
	case wire.Queued, wire.Pending:
		j.Query = []byte(`{"interval":"planted"}`)
	case wire.Fulfilled:
		n := int64(1)
		j.Records, j.Bytes, j.CompletionDate, j.ExpirationDate = &n, &n, "2026-07-16T07:59:02.000Z", "2026-07-24T00:00:00.000Z"
	case wire.Failed:
		j.ErrorMessage = "It was <too> much"
	case wire.Cancelled, wire.Expired:
	}
	return j
}

// serveJobs has the API of a browser's server answer for jobs, and tells what was deleted.
func (b *browser) serveJobs(jobs ...wire.AskedJob) (deleted map[string]bool) {
	deleted = map[string]bool{}
	text := func(v any) []byte {
		out, err := json.Marshal(v)
		if err != nil {
			b.t.Error(err)
		}
		return out
	}
	list := wire.JobList{}
	b.data.more = map[string]func() ([]byte, error){
		"GET " + wire.PathList: func() ([]byte, error) { return text(list), nil },
	}
	for _, j := range jobs {
		list.Jobs = append(list.Jobs, j.ListedJob)
		id := string(j.ID)
		b.data.more["GET "+wire.PathList+"/"+id] = func() ([]byte, error) { return text(j), nil }
		b.data.more["DELETE "+wire.PathJobs+"/"+id] = func() ([]byte, error) { deleted[id] = true; return nil, nil }
		b.data.more["GET "+wire.PathJobs+"/"+id+"/results"] = func() ([]byte, error) {
			return []byte(`{"conversations":[` + planted + `],"cursor":"next&more"}`), nil
		}
	}
	return deleted
}

func TestJobsAreListed(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.serveJobs()
	if page := b.get("/ui/jobs"); !strings.Contains(page, "There are no jobs.") {
		t.Errorf("no jobs: %s", page)
	}
	jobs := []wire.AskedJob{aJob("job-q", wire.Queued), aJob("job-r", wire.Pending), aJob("job-f", wire.Fulfilled), aJob("job-x", wire.Failed)}
	for n := range 200 {
		jobs = append(jobs, aJob("old-"+strconv.Itoa(n), wire.Expired))
	}
	b.serveJobs(jobs...)
	page := b.get("/ui/jobs")
	for _, want := range []string{"1 job is being answered, and 1 waits. 1 has results. 1 has failed.", "c&lt;b&gt;", "1 min ago", `href="/ui/jobs?after=old-95&amp;state="`, "expired 200", `data-live="/parley/v1/events?last=`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page[:3000])
		}
	}
	if page := b.get("/ui/jobs?state=EXPIRED&after=old-150"); strings.Contains(page, "old-150") || !strings.Contains(page, "/ui/jobs/old-151") || strings.Contains(page, "/ui/jobs/job-q") {
		t.Errorf("the older ones: %s", page)
	}
	if status, page, _ := b.ask("GET", "/ui/jobs?state=ODD", ""); status != http.StatusBadRequest || !strings.Contains(page, "there is no state ODD") {
		t.Errorf("an odd state: %d %s", status, page)
	}
}

func TestAJobIsShown(t *testing.T) {
	for state, want := range map[wire.JobState][]string{
		wire.Queued:    {"The job waits for its turn; it was submitted 1 min ago.", `<li class="now" aria-current="step"><b>waiting</b>`, "Cancel this job"},
		wire.Pending:   {"being answered", "Cancel this job"},
		wire.Fulfilled: {"The job has found 1 conversation within 2.0 s.", "/ui/conversation/" + id, "?cursor=next%26more", "Remove this job"},
		wire.Failed:    {"The job has failed.", "It was &lt;too&gt; much"},
		wire.Cancelled: {"cancelled before it was done"},
		wire.Expired:   {"have expired"},
	} {
		b := newBrowser(t)
		b.signIn()
		b.serveJobs(aJob("job-1", state))
		for _, path := range []string{"/ui/jobs/job-1", "/parley/v1/jobs/job-1"} {
			page := b.get(path)
			if path == "/ui/jobs/job-1" {
				for _, w := range want {
					if !strings.Contains(page, w) {
						t.Errorf("%s: no %q in %s", state, w, page)
					}
				}
			}
			for _, secret := range secrets {
				if strings.Contains(page, secret) {
					t.Errorf("%s of a %s job tells %q", path, state, secret)
				}
			}
		}
	}
	still := aJob("job-1", wire.Fulfilled) // at a platform whose clock stands still
	still.CompletionDate = still.SubmissionDate
	if got := jobSentence(still, time.Time{}); got != "The job has found 1 conversation." {
		t.Errorf("got %q", got)
	}
	b := newBrowser(t, access.ViewPersonalData)
	b.signIn()
	b.serveJobs(aJob("job-1", wire.Pending))
	if page := b.get("/ui/jobs/job-1"); !strings.Contains(page, "What it is asked") || !strings.Contains(page, "&#34;interval&#34;: &#34;planted&#34;") {
		t.Errorf("what is asked is not shown to who may see it: %s", page)
	}
}

func TestAJobIsCancelledByWhoMayAct(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	deleted := b.serveJobs(aJob("running", wire.Pending), aJob("done", wire.Fulfilled))
	for path, title := range map[string]string{"running/remove": "<title>Job running", "done/cancel": "<title>Job done"} {
		for _, method := range []string{"GET", "POST"} { // of who comes late, or back
			if status, page, _ := b.ask(method, "/ui/jobs/"+path, ""); status != http.StatusOK || !strings.Contains(page, title) || len(deleted) > 0 {
				t.Errorf("%s %s: %d, deleted %v: %s", method, path, status, deleted, page)
			}
		}
	}
	for id, q := range map[string]struct{ does, says, to string }{
		"running": {"cancel", "It gives no results then", "<title>Job running"}, "done": {"remove", "Its 1 result goes with it", "<title>Jobs"},
	} {
		if page := b.get("/ui/jobs/" + id + "/" + q.does); !strings.Contains(page, q.says) || deleted[id] {
			t.Errorf("before %s is cancelled: %v, %s", id, deleted, page)
		}
		status, page, _ := b.ask("POST", "/ui/jobs/"+id+"/"+q.does, "")
		if status != http.StatusOK || !strings.Contains(page, q.to) || !deleted[id] {
			t.Errorf("%s: %d, deleted %v: %s", id, status, deleted, page)
		}
	}
	if status, _, _ := b.ask("POST", "/ui/jobs/running/cancel", "", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("another site cancels a job: %d", status)
	}
	b = newBrowser(t)
	link, err := b.site.sessions.Link(t.Context(), "acme", []access.Permission{access.ViewDetails}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.ask("POST", "/ui/link/"+link, "")
	deleted = b.serveJobs(aJob("running", wire.Pending))
	for _, method := range []string{"GET", "POST"} {
		if status, page, _ := b.ask(method, "/ui/jobs/running/cancel", ""); status != http.StatusForbidden || !strings.Contains(page, "parley:page:act") || deleted["running"] {
			t.Errorf("%s by who may only read: %d %s", method, status, page)
		}
	}
}

func TestAJobThatIsNotThere(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.more = map[string]func() ([]byte, error){"GET " + wire.PathList + "/gone": func() ([]byte, error) { return nil, fault.New(fault.NotFound, "The job does not exist") }}
	for _, path := range []string{"/ui/jobs/gone", "/ui/jobs/gone/cancel", "/ui/jobs/gone/remove", "/parley/v1/jobs/gone"} {
		status, page, _ := b.ask("GET", path, "")
		if status != http.StatusNotFound || !strings.Contains(page, "The job does not exist") {
			t.Errorf("%s: %d %s", path, status, page)
		}
		if strings.HasPrefix(path, "/ui/") && !strings.Contains(page, `<p><a href="/ui/jobs">All jobs</a></p>`) {
			t.Errorf("%s leads nowhere: %s", path, page)
		}
	}
}
