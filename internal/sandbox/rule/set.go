package rule

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// How much a Set remembers.
const (
	maxRules  = 1000
	maxJobs   = 10_000 // held; then the one that was held first is let go
	maxTokens = 10_000 // expired; then the one that expired first is forgotten: tokens expire by themselves in the end
)

// Config is what a Set needs.
type Config struct {
	Seed   uint64   // what chance follows from
	Routes []string // those of the platform, as "GET /path/{id}"; of two that match, the first is meant
	// Client tells who asks: by the token, and of a login by the credentials; "" if that is nobody. A body that it reads it
	// puts back. nil means nobody.
	Client func(*http.Request) string
	// Prepare sets the headers that each answer of the platform carries, a correlation id and what browsers want to see.
	// nil means a correlation id alone.
	Prepare func(http.ResponseWriter, *http.Request)
	// Note is told of each change before it counts, one at a time, and must not ask the Set. If it fails, the change is
	// not made, and the request that was to make it is answered with status 500. May be nil.
	Note func(Event) error
	// Fired is told of each request that a rule has harmed, or that is about a job that one holds. May be nil.
	Fired func(ctx context.Context, rule string)
}

// Set is the rules of a platform. Safe for concurrent use.
type Set struct {
	cfg    Config
	routes routes

	mu      sync.Mutex
	entries []*entry          // in the order in which they were added
	named   map[string]*entry // the same by name
	jobs    map[wire.JobID]*held
	order   []wire.JobID // those of jobs, the first held first
	tokens  map[string]bool
	expired []string // those of tokens, the first expired first
}

// entry is a rule with what has become of it.
type entry struct {
	rule    Rule
	target  target
	matched int
	fired   int
}

// Listed is a rule as it is listed.
type Listed struct {
	Rule

	Matched int `json:"matched"` // calls; of a rule about jobs, jobs
	Fired   int `json:"fired"`
	Jobs    int `json:"jobs,omitzero"` // that it holds
}

// New makes a set without rules.
func New(c Config) *Set {
	return &Set{cfg: c, routes: newRoutes(c.Routes), named: map[string]*entry{}, jobs: map[wire.JobID]*held{}, tokens: map[string]bool{}}
}

// Add adds a rule behind those that there are, and gives it as it is kept, with its name. It fails with fault.Invalid if
// the rule makes no sense or could never fire, and with fault.Conflict if there is one of the name.
func (s *Set) Add(r Rule) (Rule, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added, err := s.prepare(r)
	if err != nil {
		return Rule{}, err
	}
	if err := s.change(Event{Kind: Added, Rule: &added.rule}); err != nil {
		return Rule{}, err
	}
	s.insert(added)
	return added.rule, nil
}

// insert puts a rule behind the others.
func (s *Set) insert(e *entry) {
	s.entries = append(s.entries, e)
	s.named[e.rule.Name] = e
}

// spelled is an answer whose body is written as it will be when the rule is kept, so that a sandbox which is loaded answers as
// before.
func (a Answer) spelled() (*Answer, error) {
	text, err := json.Marshal(a.Body)
	if err != nil {
		return nil, fault.Field("answer.body", "answer.body: is no JSON")
	}
	a.Body = text
	return &a, nil
}

// prepare checks a rule and gives it what it leaves out.
func (s *Set) prepare(r Rule) (*entry, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Answer != nil && r.Answer.Body != nil {
		answer, err := r.Answer.spelled()
		if err != nil {
			return nil, err
		}
		r.Answer = answer
	}
	if r.Route == "" {
		r.Route = "submit" // of a job there is no other
	}
	to, err := s.routes.target(r.Route)
	if err != nil {
		return nil, err
	}
	if err := r.checkTarget(to); err != nil {
		return nil, err
	}
	if len(s.entries) >= maxRules {
		return nil, fault.New(fault.Conflict, "there are %d rules already; remove some", maxRules)
	}
	for n := 1; r.Name == ""; n++ {
		if name := fmt.Sprintf("fault-%d", n); s.named[name] == nil {
			r.Name = name
		}
	}
	if s.named[r.Name] != nil {
		return nil, fault.New(fault.Conflict, "name: there is a rule %s already; remove it first, or name this one otherwise", r.Name)
	}
	added := &entry{rule: r, target: to}
	for _, e := range s.entries {
		if e.hides(added) {
			return nil, fault.Field("route", "route: the rule would never fire, because %s takes every such call before it; remove that first", e.rule.Name)
		}
	}
	return added, nil
}

// Remove removes a rule and lets go of the jobs that it holds. It fails with fault.NotFound if there is none of the name.
func (s *Set) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.named[name] == nil {
		var names []string
		for _, e := range s.entries {
			names = append(names, e.rule.Name)
		}
		if near := query.Suggest(name, names); near != "" {
			return fault.New(fault.NotFound, "there is no rule %s. Did you mean %s?", fault.Clip(name), near)
		}
		return fault.New(fault.NotFound, "there is no rule %s", fault.Clip(name))
	}
	return s.change(Event{Kind: Removed, Name: name})
}

// Clear removes all rules and lets go of all jobs.
func (s *Set) Clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change(Event{Kind: Cleared})
}

// List gives the rules, in the order in which they were added.
func (s *Set) List() []Listed {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Listed, len(s.entries))
	for i, e := range s.entries {
		out[i] = Listed{Rule: e.rule, Matched: e.matched, Fired: e.fired}
		for _, h := range s.jobs {
			if h.rule == e.rule.Name {
				out[i].Jobs++
			}
		}
	}
	return out
}

// call counts a request and gives the rule that fires at it; none if Name is empty. N is the number of the call.
func (s *Set) call(r *http.Request, route string) (by Rule, n int, err error) {
	client, token := s.client(r, route), tokenOf(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decide(asker{r, route, client}, Event{Kind: Called}, func(e *entry) bool {
		return e.rule.Job == nil && (!e.rule.ExpireToken || token != "")
	}, func(by Rule, e *Event) {
		if by.ExpireToken {
			e.Token = token
		}
	})
}

// take counts a job that was submitted and has the rule hold it that fires at it.
func (s *Set) take(a asker, id wire.JobID) (by Rule, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by, _, err = s.decide(a, Event{Kind: Taken}, func(e *entry) bool { return e.rule.Job != nil }, func(_ Rule, e *Event) { e.Job = id })
	return by, err
}

// asker is a request, and who asks.
type asker struct {
	r             *http.Request
	route, client string
}

// takes says whether a request is one that a rule is about.
func (e *entry) takes(a asker) bool {
	return e.target.takes(a.r, a.route) && (e.rule.Client == "" || e.rule.Client == a.client)
}

// client tells who asks, if a rule wants to know. Whoever is slow to say so keeps nobody else waiting.
func (s *Set) client(r *http.Request, route string) string {
	s.mu.Lock()
	wanted := slices.ContainsFunc(s.entries, func(e *entry) bool { return e.rule.Client != "" && e.target.takes(r, route) })
	s.mu.Unlock()
	if !wanted || s.cfg.Client == nil {
		return ""
	}
	return s.cfg.Client(r)
}

// decide has the rules of one kind count a call and finds the first that is due. The caller holds the lock.
func (s *Set) decide(a asker, event Event, kind func(*entry) bool, more func(Rule, *Event)) (by Rule, n int, err error) {
	for _, e := range s.entries {
		if !kind(e) || !e.takes(a) {
			continue
		}
		event.Matched = append(event.Matched, e.rule.Name)
		if event.Fired == "" && s.due(e) {
			event.Fired, by, n = e.rule.Name, e.rule, e.matched+1
			more(by, &event)
		}
	}
	if len(event.Matched) == 0 {
		return Rule{}, 0, nil
	}
	return by, n, s.change(event)
}

// watches says whether a rule about jobs may take hold of the job that a request submits.
func (s *Set) watches(r *http.Request, route string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.entries, func(e *entry) bool { return e.rule.Job != nil && e.target.takes(r, route) })
}

// due says whether a rule fires at the call that comes next.
func (s *Set) due(e *entry) bool {
	r, n := e.rule, e.matched+1
	since := n - max(r.Nth, 1)
	switch {
	case since < 0, since%max(r.Every, 1) != 0, r.Times != nil && e.fired >= *r.Times:
		return false
	case r.Probability == nil:
		return true
	}
	return chance(s.cfg.Seed, r.Name, n) < *r.Probability
}

// chance is a number from 0 up to 1 that is the same for the same call on any machine.
func chance(seed uint64, name string, n int) float64 {
	sum := hashed(seed, name, n)
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

func hashed(seed uint64, name string, n int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%d", seed, name, n))
}

// hold remembers a job. The caller holds the lock, as in what follows.
func (s *Set) hold(h *held) {
	if len(s.jobs) >= maxJobs {
		oldest := s.order[0]
		s.letGo(func(h *held) bool { return h.id == oldest })
	}
	s.jobs[h.id] = h
	s.order = append(s.order, h.id)
}

// letGo forgets jobs.
func (s *Set) letGo(which func(*held) bool) {
	s.order = slices.DeleteFunc(s.order, func(id wire.JobID) bool {
		if !which(s.jobs[id]) {
			return false
		}
		delete(s.jobs, id)
		return true
	})
}

// expire remembers a token that has expired.
func (s *Set) expire(token string) {
	if s.tokens[token] {
		return
	}
	if len(s.expired) >= maxTokens {
		delete(s.tokens, s.expired[0])
		s.expired = s.expired[1:]
	}
	s.tokens[token] = true
	s.expired = append(s.expired, token)
}

// hasExpired says whether the token of a request has expired by a rule.
func (s *Set) hasExpired(r *http.Request) bool {
	token := tokenOf(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	return token != "" && s.tokens[token]
}

// tokenOf is the hash of the token that a request bears; empty if it bears none.
func tokenOf(r *http.Request) string {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if text = strings.TrimSpace(text); !strings.EqualFold(scheme, "Bearer") || text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
