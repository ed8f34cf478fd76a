package rule_test

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/platform/inside"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/wire"
)

const users = "/api/v2/users/me"

// text is what the platform of these tests answers everything with.
var text = strings.Repeat("0123456789", 250)

// behind answers everything, and counts what it was asked.
type behind struct{ asked int }

func (b *behind) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.asked++
	w.Header().Set("Correlation", "1")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, text)
}

// answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of asking, or of reading the body
}

// get asks a handler as a client would, in memory.
func get(ctx context.Context, h http.Handler, method, path string, headers ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, "http://platform"+path, http.NoBody)
	if err != nil {
		return answer{err: err}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := inside.Transport{Handler: h}.RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body), err}
}

// statuses asks so many times for users/me, and writes what came of each: the status, or x for no answer.
func statuses(t *testing.T, h http.Handler, n int, headers ...string) string {
	t.Helper()
	var out []string
	for range n {
		a := get(t.Context(), h, "GET", users, headers...)
		out = append(out, map[bool]string{true: fmt.Sprint(a.status), false: "x"}[a.err == nil])
	}
	return strings.Join(out, " ")
}

func TestWhichCallsARuleTakesHoldOf(t *testing.T) {
	for name, c := range map[string]struct{ rules, want string }{
		"every call":              {`{"route":"me","answer":{"status":500}}`, "500 500 500 500 500 500"},
		"by its path":             {`{"route":"GET /api/v2/users/me","answer":{"status":500}}`, "500 500 500 500 500 500"},
		"by any":                  {`{"route":"any","answer":{"status":500}}`, "500 500 500 500 500 500"},
		"another route":           {`{"route":"organization","answer":{"status":500}}`, "202 202 202 202 202 202"},
		"another client":          {`{"route":"me","client":"other","answer":{"status":500}}`, "202 202 202 202 202 202"},
		"this client":             {`{"route":"me","client":"me","answer":{"status":500}}`, "500 500 500 500 500 500"},
		"from the third on":       {`{"route":"me","nth":3,"answer":{"status":500}}`, "202 202 500 500 500 500"},
		"every other":             {`{"route":"me","every":2,"answer":{"status":500}}`, "500 202 500 202 500 202"},
		"every other from 2 on":   {`{"route":"me","nth":2,"every":2,"answer":{"status":500}}`, "202 500 202 500 202 500"},
		"twice":                   {`{"route":"me","times":2,"answer":{"status":500}}`, "500 500 202 202 202 202"},
		"twice, every other":      {`{"route":"me","every":2,"times":2,"answer":{"status":500}}`, "500 202 500 202 202 202"},
		"surely":                  {`{"route":"me","probability":1,"answer":{"status":500}}`, "500 500 500 500 500 500"},
		"by chance":               {`{"name":"a","route":"me","probability":0.5,"answer":{"status":500}}`, "500 202 500 500 500 202"},
		"by chance of a name":     {`{"name":"b","route":"me","probability":0.5,"answer":{"status":500}}`, "500 202 500 202 500 500"},
		"the first that is due":   {`[{"route":"me","nth":2,"times":1,"answer":{"status":501}},{"route":"me","nth":2,"answer":{"status":502}}]`, "202 501 502 502 502 502"},
		"one does not use others": {`[{"route":"me","times":2,"answer":{"status":501}},{"route":"me","times":2,"answer":{"status":502}}]`, "501 501 502 502 202 202"},
		"no answer":               {`{"route":"me","nth":5,"close":"before"}`, "202 202 202 202 x x"},
	} {
		s := rule.New(rule.Config{Seed: 7, Routes: api.Routes(), Client: func(*http.Request) string { return "me" }})
		rules, err := rule.Decode([]byte(c.rules))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range rules {
			if _, err := s.Add(r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if got := statuses(t, s.Wrap(&behind{}), 6); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestPreflightsAreNoCalls(t *testing.T) {
	s := newSet()
	mustAdd(t, s, `{"route":"any","close":"before"}`)
	if a := get(t.Context(), s.Wrap(&behind{}), "OPTIONS", users); a.err != nil {
		t.Errorf("a preflight: %v", a.err)
	}
}

// The sandbox remembers so many tokens; the one that expired first is forgotten first.
func TestManyTokens(t *testing.T) {
	s := newSet()
	mustAdd(t, s, `{"name":"a","route":"me","times":10001,"expireToken":true}`)
	h := s.Wrap(&behind{})
	bearer := func(i int) string { return "Bearer " + strconv.Itoa(i) }
	for i := range 10_001 {
		get(t.Context(), h, "GET", users, "Authorization", bearer(i))
	}
	for i, want := range map[int]string{0: "202", 1: "401", 10_000: "401"} {
		if got := statuses(t, h, 1, "Authorization", bearer(i)); got != want {
			t.Errorf("token %d: %s, want %s", i, got, want)
		}
	}
}

// So it does with jobs.
func TestManyJobs(t *testing.T) {
	s := newSet()
	mustAdd(t, s, `{"name":"a","job":{"fault":"stuck-queued"}}`)
	for i := range 10_005 {
		if err := s.Replay(rule.Event{Kind: rule.Taken, Matched: []string{"a"}, Fired: "a", Job: wire.JobID(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
	}
	if l := s.List()[0]; l.Jobs != 10_000 || l.Fired != 10_005 {
		t.Errorf("the rule is %+v", l)
	}
	moved := func(id string) error {
		return s.Replay(rule.Event{Kind: rule.Moved, Job: wire.JobID(id), State: wire.Cancelled})
	}
	if moved("4") == nil || moved("5") != nil || moved("10004") != nil {
		t.Error("it is not the first that are let go")
	}
}

// What rules answer has the headers that every answer of the platform has.
func TestHeadersOfEveryAnswer(t *testing.T) {
	for _, text := range []string{`"answer":{"status":500}`, `"expireToken":true`} {
		s := rule.New(rule.Config{Routes: api.Routes(), Prepare: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header()["ININ-Correlation-Id"] = []string{"7"}
			w.Header()["inin-ratelimit-reset"] = []string{"60"}
		}})
		mustAdd(t, s, `{"route":"any",`+text+`}`)
		for range 2 { // the second time the token has expired before
			a := get(t.Context(), s.Wrap(&behind{}), "GET", users, "Origin", "http://page", "Authorization", "Bearer x")
			if id := a.header["ININ-Correlation-Id"]; a.header.Get("Access-Control-Allow-Origin") != "http://page" || len(id) != 1 || !strings.Contains(a.body, `"contextId":"`+id[0]) {
				t.Errorf("%s: %v %s", text, a.header, a.body)
			}
			if reset, told := a.header["inin-ratelimit-reset"]; told && strings.Contains(text, "answer") {
				t.Errorf("%s: who is told of no time to wait waits until %s", text, reset)
			}
		}
	}
}

// Chance is that of the rule: over many calls it fires as often as it should.
func TestChance(t *testing.T) {
	s := newSet()
	mustAdd(t, s, `{"name":"a","route":"me","probability":0.1,"close":"before"}`)
	h := s.Wrap(&behind{})
	const calls = 4000
	for range calls {
		get(t.Context(), h, "GET", users)
	}
	if l := s.List()[0]; l.Matched != calls || l.Fired < calls*8/100 || l.Fired > calls*12/100 {
		t.Errorf("fired %d times in %d calls, want about one in ten", l.Fired, l.Matched)
	}
}

func TestWhatIsLeftAlone(t *testing.T) {
	s, b := newSet(), &behind{}
	mustAdd(t, s, `{"route":"any","close":"before"}`)
	h := s.Wrap(b)
	for _, path := range []string{"/_sandbox/faults", "/healthz", "/metrics"} {
		if a := get(t.Context(), h, "GET", path); a.status != http.StatusAccepted || a.body != text || a.err != nil {
			t.Errorf("%s: got %d, %v", path, a.status, a.err)
		}
	}
	for _, path := range []string{users, "/api/v2/unheard-of", "/oauth/token"} {
		if a := get(t.Context(), h, "GET", path); a.err == nil {
			t.Errorf("%s: got %d", path, a.status)
		}
	}
	if b.asked != 3 {
		t.Errorf("the platform was asked %d times", b.asked)
	}
}

func TestAnswers(t *testing.T) {
	const id = `"contextId":"7632f82d-15ef-412b-aae0-c328c186f6eb"`
	for name, c := range map[string]struct {
		answer, method, path string
		status               int
		body                 string // a part of it
		headers              map[string]string
	}{
		"429, seconds":      {`{"status":429,"retryAfter":"1500ms"}`, "GET", users, 429, `"message":"Rate limit exceeded the maximum.","code":"too.many.requests","status":429,"messageParams":{}`, map[string]string{"Retry-After": "2", "inin-ratelimit-reset": "2", "Content-Type": "application/json"}},
		"429, limit":        {`{"status":429}`, "GET", users, 429, `"limit":{"key":"client.credentials.token.rate.per.minute","namespace":"platform.api","value":300}`, map[string]string{"Retry-After": ""}},
		"503, date":         {`{"status":503,"retryAfterDate":"90s"}`, "GET", users, 503, `"code":"service.unavailable"`, map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:01:30 GMT"}},
		"503, past":         {`{"status":503,"retryAfterDate":"-1h"}`, "GET", users, 503, `"service.unavailable"`, map[string]string{"Retry-After": "Fri, 31 Dec 1999 23:00:00 GMT"}},
		"own words":         {`{"status":400,"code":"a.b","message":"no"}`, "GET", users, 400, `{"message":"no","code":"a.b","status":400,`, nil},
		"502":               {`{"status":502}`, "GET", users, 502, `"message":"Bad Gateway","code":"bad.gateway"`, nil},
		"a body":            {`{"status":200,"body":{"a":[1]},"headers":{"content-type":"text/x","X":"y"}}`, "GET", users, 200, `{"a":[1]}`, map[string]string{"Content-Type": "text/x", "X": "y"}},
		"a text":            {`{"status":502,"body":"<html>\"</html>","headers":{"Content-Type":"text/html"}}`, "GET", users, 502, `<html>"</html>`, map[string]string{"Content-Type": "text/html", "Content-Length": "14"}},
		"an empty text":     {`{"status":200,"body":""}`, "GET", users, 200, "", map[string]string{"Content-Length": "0"}},
		"nothing":           {`{"status":204}`, "GET", users, 204, "", map[string]string{"Content-Length": "", "Content-Type": ""}},
		"good, no body":     {`{"status":200}`, "GET", users, 200, "{}", nil},
		"a refused login":   {`{"status":400,"code":"invalid_client","message":"client not found"}`, "POST", "/oauth/token", 400, `{"error":"invalid_client","description":"client not found","error_description":"client not found"}`, nil},
		"a correlation id":  {`{"status":500}`, "GET", users, 500, id, nil},
		"a status of ours":  {`{"status":599}`, "GET", users, 599, `"code":""`, nil},
		"a moved resource":  {`{"status":307,"headers":{"Location":"http://elsewhere"}}`, "GET", users, 307, "{}", map[string]string{"Location": "http://elsewhere"}},
		"a login, any body": {`{"status":200,"body":{"access_token":""}}`, "POST", "/oauth/token", 200, `{"access_token":""}`, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, b := newSet(), &behind{}
			mustAdd(t, s, `{"name":"a","route":"any","answer":`+c.answer+`}`)
			a := get(t.Context(), s.Wrap(b), c.method, c.path)
			if a.status != c.status || !strings.Contains(a.body, c.body) || (c.body == "" || c.body == "{}") && a.body != c.body || a.err != nil || b.asked > 0 {
				t.Errorf("%s: got %d %s, %v, want %d %s", name, a.status, a.body, a.err, c.status, c.body)
			}
			for header, want := range c.headers {
				if got := strings.Join(append(a.header.Values(header), a.header[header]...), ""); got != want && got != want+want {
					t.Errorf("%s: %s is %q, want %q", name, header, got, want)
				}
			}
		})
	}
}

func TestBodiesThatAreHarmed(t *testing.T) {
	for name, c := range map[string]struct {
		rule string
		body string // "" is for a check of its own
		bad  bool   // it breaks off
	}{
		"cut after 5 bytes":       {`"cut":{"bytes":5}`, text[:5], true},
		"cut after the headers":   {`"cut":{"bytes":0}`, "", true},
		"cut after the end":       {`"cut":{"bytes":100000}`, text, false},
		"cut at the end":          {`"cut":{"bytes":2500}`, text, false},
		"half":                    {`"cut":{"share":0.5}`, text[:1250], true},
		"nothing of it":           {`"cut":{"share":0}`, "", true},
		"half, unnoticed":         {`"cut":{"share":0.5,"unnoticed":true}`, text[:1250], false},
		"5 bytes, unnoticed":      {`"cut":{"bytes":5,"unnoticed":true}`, text[:5], false},
		"beyond it and unnoticed": {`"cut":{"bytes":5000,"unnoticed":true}`, text, false},
	} {
		s := newSet()
		mustAdd(t, s, `{"route":"any",`+c.rule+`}`)
		a := get(t.Context(), s.Wrap(&behind{}), "GET", users)
		if a.status != http.StatusAccepted || a.body != c.body || (a.err != nil) != c.bad || a.header.Get("Correlation") != "1" {
			t.Errorf("%s: got %d, %d bytes, %v", name, a.status, len(a.body), a.err)
		}
	}
}

// Over a socket a length is told beforehand, and a body that ends too early is noticed by it or is not.
func TestHarmedBodiesOverASocket(t *testing.T) {
	for name, c := range map[string]struct {
		rule   string
		length int64
		size   int
		bad    bool
	}{
		"cut":           {`"cut":{"bytes":100}`, 2500, 100, true},
		"cut by share":  {`"cut":{"share":0.5}`, -1, 1250, true},
		"unnoticed":     {`"cut":{"bytes":100,"unnoticed":true}`, 100, 100, false},
		"share of it":   {`"cut":{"share":0.1,"unnoticed":true}`, 250, 250, false},
		"flipped":       {`"corrupt":"flip"`, 2500, 2500, false},
		"broken gzip":   {`"corrupt":"gzip"`, 0, 0, true},
		"byte by byte":  {`"drip":{"bytes":1000,"every":"1ns"}`, 2500, 2500, false},
		"a first byte":  {`"firstByte":"1ns"`, 2500, 2500, false},
		"an answer":     {`"answer":{"status":202,"body":"abc"}`, 3, 3, false},
		"one that gets": {`"delay":"1ns"`, 2500, 2500, false},
	} {
		s := newSet()
		mustAdd(t, s, `{"route":"any",`+c.rule+`}`)
		server := httptest.NewServer(s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2500")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, text)
		})))
		resp, err := http.Get(server.URL + users)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		server.Close()
		if (err != nil) != c.bad || name != "broken gzip" && (resp.ContentLength != c.length || len(body) != c.size) {
			t.Errorf("%s: %d of %d bytes, %v", name, len(body), resp.ContentLength, err)
		}
	}
}

func TestFlippedBytes(t *testing.T) {
	harmed := func(seed uint64) (string, string) {
		s := rule.New(rule.Config{Seed: seed, Routes: api.Routes()})
		mustAdd(t, s, `{"route":"any","corrupt":"flip"}`)
		h := s.Wrap(&behind{})
		return get(t.Context(), h, "GET", users).body, get(t.Context(), h, "GET", users).body
	}
	first, second := harmed(7)
	differ := 0
	for i := range text {
		if first[i] != text[i] {
			differ++
		}
	}
	if len(first) != len(text) || differ != 3 || first == second {
		t.Errorf("%d bytes of %d differ, want one in a thousand, others each time: %v", differ, len(first), first == second)
	}
	if again, _ := harmed(7); again != first {
		t.Error("the same seed flips other bytes")
	}
	if other, _ := harmed(8); other == first {
		t.Error("another seed flips the same bytes")
	}
}

func TestBrokenGzip(t *testing.T) {
	s := newSet()
	mustAdd(t, s, `{"route":"any","corrupt":"gzip"}`)
	text := ""
	for i := range 2000 {
		text += fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	a := get(t.Context(), s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("the platform is asked for %q", got)
		}
		_, _ = io.WriteString(w, text)
	})), "GET", users, "Accept-Encoding", "zstd")
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil || a.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("it is no gzip at all: %v, %v", err, a.header)
	}
	if out, err := io.ReadAll(z); err == nil || !strings.HasPrefix(text, string(out[:min(len(out), 10_000)])) || len(out) < 10_000 {
		t.Errorf("%d bytes came out, and %v, want a part of %d and an error", len(out), err, len(text))
	}
	empty := get(t.Context(), s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })), "DELETE", users)
	if empty.status != http.StatusNoContent || empty.body != "" || empty.header.Get("Content-Encoding") != "" {
		t.Errorf("of nothing: %+v", empty)
	}
}

// A body that is larger than what is held is not passed off as whole.
func TestLargeBodies(t *testing.T) {
	const size = 17 << 20
	for rules, want := range map[string]struct {
		size int
		bad  bool
	}{
		`"corrupt":"flip"`:      {16 << 20, true},
		`"cut":{"share":0.5}`:   {size / 2, true},
		`"cut":{"share":0.999}`: {16 << 20, true},
	} {
		s := newSet()
		mustAdd(t, s, `{"route":"any",`+rules+`}`)
		a := get(t.Context(), s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range 17 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		})), "GET", users)
		if len(a.body) != want.size || (a.err != nil) != want.bad {
			t.Errorf("%s: %d bytes, %v, want %d", rules, len(a.body), a.err, want.size)
		}
	}
}

func TestWhatTakesTime(t *testing.T) {
	for name, c := range map[string]struct {
		rule         string
		begins, ends time.Duration // when headers and the last byte come
		handled      time.Duration // when the platform is asked
	}{
		"delay":      {`"delay":"3s"`, 3 * time.Second, 3 * time.Second, 3 * time.Second},
		"first byte": {`"firstByte":"3s"`, 3 * time.Second, 3 * time.Second, 0},
		"drip":       {`"drip":{"bytes":100,"every":"1s"}`, 0, 25 * time.Second, 0},
		"one byte":   {`"drip":{"every":"1ms"}`, 0, 2500 * time.Millisecond, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun, handled := time.Now(), time.Duration(-1)
			s := newSet()
			mustAdd(t, s, `{"route":"any",`+c.rule+`}`)
			h := s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				handled = time.Since(begun)
				(&behind{}).ServeHTTP(w, r)
			}))
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://platform"+users, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := inside.Transport{Handler: h}.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			headers := time.Since(begun)
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if ended := time.Since(begun); headers != c.begins || ended != c.ends || handled != c.handled || string(body) != text || err != nil {
				t.Errorf("%s: handled after %v, headers after %v, ended after %v: %v", name, handled, headers, ended, err)
			}
		})
	}
}

// Whoever waits is let go when the server stops or the client leaves.
func TestWaitingEnds(t *testing.T) {
	for _, text := range []string{`"delay":"1h"`, `"firstByte":"1h"`, `"drip":{"every":"1h"}`} {
		synctest.Test(t, func(t *testing.T) {
			s := newSet()
			mustAdd(t, s, `{"route":"any",`+text+`}`)
			h, begun := s.Wrap(&behind{}), time.Now()
			time.AfterFunc(time.Minute, h.Stopping)
			if a := get(t.Context(), h, "GET", users); a.status != http.StatusAccepted || a.err != nil || time.Since(begun) != time.Minute {
				t.Errorf("%s: the server stops after a minute; got %d after %v, %v", text, a.status, time.Since(begun), a.err)
			}
			h.Stopping() // a second time
		})
		synctest.Test(t, func(t *testing.T) {
			s, ended := newSet(), make(chan struct{})
			mustAdd(t, s, `{"route":"any",`+text+`}`)
			h := s.Wrap(&behind{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			begun := time.Now()
			a := get(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				h.ServeHTTP(w, r)
			}), "GET", users)
			<-ended
			if a.err == nil || time.Since(begun) != time.Minute {
				t.Errorf("%s: the client leaves after a minute; the handler ended after %v, %v", text, time.Since(begun), a.err)
			}
		})
	}
}

func TestClosedConnections(t *testing.T) {
	for when, asked := range map[string]int{"before": 0, "after": 1} {
		s, b := newSet(), &behind{}
		mustAdd(t, s, `{"route":"any","close":"`+when+`"}`)
		if a := get(t.Context(), s.Wrap(b), "GET", users); a.err == nil || b.asked != asked {
			t.Errorf("closed %s: got %d; the platform was asked %d times", when, a.status, b.asked)
		}
	}
}

func TestTokensThatExpire(t *testing.T) {
	s, b := newSet(), &behind{}
	mustAdd(t, s, `{"name":"a","route":"me","nth":2,"times":1,"expireToken":true}`)
	h := s.Wrap(b)
	for i, c := range []struct{ token, path, want string }{
		{"", users, "202"}, // without a token there is nothing to expire, and no call is counted
		{"", users, "202"},
		{"Bearer one", users, "202"},
		{"bearer  one", users, "401"},
		{"Bearer one", "/api/v2/organizations/me", "401"}, // for whatever it is used
		{"Bearer two", users, "202"},
		{"Bearer one", users, "401"},
		{"Basic one", users, "202"},
	} {
		a := get(t.Context(), h, "GET", c.path, "Authorization", c.token)
		if fmt.Sprint(a.status) != c.want || a.status == http.StatusUnauthorized && !strings.Contains(a.body, `"code":"credentials.expired"`) {
			t.Errorf("%d: %s: got %d %s, want %s", i, c.token, a.status, a.body, c.want)
		}
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	if got := statuses(t, h, 1, "Authorization", "Bearer one"); got != "401" {
		t.Errorf("a token that has expired came to life again: %s", got)
	}
}

// What cannot be noted does not happen.
func TestWhatCannotBeNoted(t *testing.T) {
	broken, noted := errors.New("the disk is full"), 0
	s := rule.New(rule.Config{Routes: api.Routes(), Note: func(rule.Event) error {
		if noted++; noted > 1 {
			return broken
		}
		return nil
	}})
	mustAdd(t, s, `{"name":"a","route":"any","times":1,"delay":"1ns"}`)
	if _, err := add(s, `{"route":"any","close":"before"}`); !errors.Is(err, broken) {
		t.Errorf("add: %v", err)
	}
	if err := errors.Join(s.Remove("a"), s.Clear()); !errors.Is(err, broken) {
		t.Errorf("remove, clear: %v", err)
	}
	if got := statuses(t, s.Wrap(&behind{}), 2); got != "500 500" {
		t.Errorf("requests: %s", got)
	}
	if l := s.List(); len(l) != 1 || l[0].Matched != 0 || l[0].Fired != 0 {
		t.Errorf("the rules are %+v", l)
	}
}

// Whoever asks is told which rule it was.
func TestWhatHasFiredIsTold(t *testing.T) {
	var fired []string
	s := rule.New(rule.Config{Routes: api.Routes(), Fired: func(_ context.Context, name string) { fired = append(fired, name) }})
	mustAdd(t, s, `{"name":"a","route":"me","nth":2,"times":1,"delay":"1ns"}`, `{"name":"b","route":"me","nth":3,"answer":{"status":500}}`)
	statuses(t, s.Wrap(&behind{}), 4)
	if got := strings.Join(fired, " "); got != "a b b" {
		t.Errorf("fired: %s", got)
	}
}
