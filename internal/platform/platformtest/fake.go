// Package platformtest is a fake of the upstream API: login, detail jobs with their results, and as much of the
// detail query as the client asks for. It keeps upstream's manners, as they are documented and as clients quote them,
// misbehaves by rule, and remembers what it was asked.
//
// It answers in memory, as an http.RoundTripper, so that a test of waiting can run in a synctest bubble; and over
// sockets, as an http.Handler, with httptest.NewServer.
package platformtest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// What the fake takes for credentials.
const (
	ClientID     = "client"
	ClientSecret = "s3cret-of-the-client"
)

// Config says what the fake platform has and how it behaves. The zero value is a platform with no conversations.
type Config struct {
	Records   [][]byte  // its conversations, in any order; served in order of start
	Available time.Time // dataAvailabilityDate; zero means the end of 2199
	// States says which states a job goes through, each answering one question; the last one stays. A job's results are
	// there while the state last shown is FULFILLED. nil means FULFILLED at once.
	States         func(Submission) []platform.State
	PageSize       int                   // records a page at most, whatever is asked for; 0 means upstream's 10,000
	IgnoreStartDay bool                  // startOfDayIntervalMatching has no effect, as on servers that do not know it
	TokenCalls     int                   // calls that a token is good for; 0 means any number
	TokenTime      time.Duration         // time that a token is good for; 0 means any, and that it says upstream's day
	Organization   platform.Organization // whose platform it is; without an id it does not have the route
	Rules          []Rule
}

// Route names a group of requests.
type Route string

// The routes.
const (
	Token        Route = "token"
	Availability Route = "availability"
	Submit       Route = "submit"
	Status       Route = "status"
	Results      Route = "results"
	Delete       Route = "delete"
	Query        Route = "query"
	Organization Route = "organization"
	Live         Route = "live"    // it has none, but by a rule
	Details      Route = "details" // of one by id: as Live
)

// Submission is a job that was asked for.
type Submission struct {
	N        int // from 1
	Interval conversation.Interval
	StartDay bool   // startOfDayIntervalMatching
	Body     string // as received
}

// Fake is a running fake. Safe for concurrent use.
type Fake struct {
	mux http.ServeMux

	mu          sync.Mutex
	cfg         Config
	records     []conversation.Record
	calls       map[Route]int
	tokens      map[string]int // calls made with it
	expires     map[string]time.Time
	jobs        map[string]*job
	submissions []Submission
}

// New makes a fake platform.
func New(t testing.TB, cfg Config) *Fake {
	t.Helper()
	f := &Fake{cfg: cfg, calls: map[Route]int{}, tokens: map[string]int{}, expires: map[string]time.Time{}, jobs: map[string]*job{}}
	for _, raw := range cfg.Records {
		r, err := wire.Record(raw)
		if err != nil {
			t.Fatalf("a page with such a value is made by a rule: %v", err)
		}
		f.records = append(f.records, r)
	}
	slices.SortStableFunc(f.records, conversation.Compare)
	const jobs = "/api/v2/analytics/conversations/details/jobs"
	f.mux.HandleFunc("POST /oauth/token", f.route(Token, f.login))
	f.mux.HandleFunc("GET "+jobs+"/availability", f.route(Availability, f.availability))
	f.mux.HandleFunc("POST "+jobs, f.route(Submit, f.submit))
	f.mux.HandleFunc("GET "+jobs+"/{id}", f.route(Status, f.status))
	f.mux.HandleFunc("GET "+jobs+"/{id}/results", f.route(Results, f.results))
	f.mux.HandleFunc("DELETE "+jobs+"/{id}", f.route(Delete, f.delete))
	f.mux.HandleFunc("POST /api/v2/analytics/conversations/details/query", f.route(Query, f.query))
	none := func(w http.ResponseWriter, _ *http.Request, _ int) { notFound(w) }
	f.mux.HandleFunc("GET /api/v2/conversations/{id}", f.route(Live, none))
	f.mux.HandleFunc("GET /api/v2/analytics/conversations/{id}/details", f.route(Details, none))
	f.mux.HandleFunc("GET /api/v2/organizations/me", f.route(Organization, f.organization))
	return f
}

const correlationID = "0b5a7fd0-0000-4000-8000-000000000001"

// ServeHTTP answers one request.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ININ-Correlation-Id", correlationID)
	w.Header().Set("Content-Type", "application/json")
	f.mux.ServeHTTP(w, r)
}

// ClientConfig is the configuration of a client that reaches the fake in memory and hardly waits before it tries again.
func (f *Fake) ClientConfig() platform.Config {
	return platform.Config{
		API: "https://api.platform.test", Login: "https://login.platform.test", ClientID: ClientID, ClientSecret: ClientSecret,
		Retry: platform.Retry{First: time.Microsecond, Most: time.Millisecond}, Transport: f,
	}
}

// Client is a client of the fake.
func (f *Fake) Client() *platform.Client { return platform.New(f.ClientConfig()) }

// Behave puts rules in the place of those there were; calls are counted anew.
func (f *Fake) Behave(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfg.Rules, f.calls = rules, map[Route]int{}
}

// SetAvailable moves the dataAvailabilityDate.
func (f *Fake) SetAvailable(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfg.Available = at
}

// Calls is the number of requests on a route since the fake was made or last told how to behave, refused ones
// included.
func (f *Fake) Calls(of Route) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[of]
}

// Submissions are the jobs that were accepted, in order.
func (f *Fake) Submissions() []Submission {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.submissions)
}

// Record makes a small record; note tells two versions of a conversation apart.
func Record(id string, start time.Time, length time.Duration, note string) []byte {
	return fmt.Appendf(nil, `{"conversationEnd":%q,"conversationId":%q,"conversationStart":%q,"externalTag":%q,"unknown":1.50}`,
		conversation.FormatTime(start.Add(length)), id, conversation.FormatTime(start), note)
}
