package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/platform"
	fake "github.com/parley-hq/parley/internal/platform/platformtest"
)

// records makes so many, a minute apart.
func records(n int) (out [][]byte) {
	for i := range n {
		out = append(out, fake.Record(fmt.Sprintf("c%03d", i), from.Add(time.Duration(i)*time.Minute), time.Minute, "a note"))
	}
	return out
}

// of makes a client of a fake platform.
func of(t *testing.T, f *fake.Fake, change ...func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{
		Environment: "platform.test", ClientID: fake.ClientID, ClientSecret: fake.ClientSecret, RequestsPerMinute: -1, Attempts: 3,
		First: time.Microsecond, Most: time.Millisecond, PollFirst: time.Microsecond, PollMost: time.Microsecond, PageSize: 3, Transport: f,
	}
	for _, do := range change {
		do(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read gives what an iteration gave until it ended or failed.
func read(seq iter.Seq2[client.Record, error]) (texts []string, last client.Record, err error) {
	for r, err := range seq {
		if err != nil {
			return texts, last, err
		}
		texts, last = append(texts, string(r.JSON)), r
	}
	return texts, last, nil
}

func texts(records [][]byte) (out []string) {
	for _, r := range records {
		out = append(out, string(r))
	}
	return out
}

func TestRecordsAreThoseOfTheJob(t *testing.T) {
	want := records(10)
	f := fake.New(t, fake.Config{Records: want, States: func(fake.Submission) []platform.State {
		return []platform.State{platform.Queued, platform.Pending, platform.Fulfilled}
	}})
	c := of(t, f)
	got, last, err := read(c.Records(t.Context(), day))
	if err != nil || !slices.Equal(got, texts(want)) || f.Calls(fake.Delete) != 1 {
		t.Errorf("%d records, %v; %d jobs deleted", len(got), err, f.Calls(fake.Delete))
	}
	if last.ID != "c009" || !last.Start.Equal(from.Add(9*time.Minute)) || last.End.Sub(last.Start) != time.Minute || last.Decode().ExternalTag != "a note" {
		t.Errorf("the last one is %q, %v to %v", last.ID, last.Start, last.End)
	}
	var own struct {
		Unknown float64 `json:"unknown"`
	}
	if err := last.Unmarshal(&own); err != nil || own.Unknown != 1.5 {
		t.Errorf("%v, %v", own, err)
	}
	if err := last.Unmarshal(&struct {
		Unknown []int `json:"unknown"`
	}{}); !errors.Is(err, client.ErrCorrupt) || strings.Contains(err.Error(), "1.5") {
		t.Errorf("what does not fit: %v", err)
	}
}

// Wherever a reader stopped, what it has and what comes after is everything, once.
func TestResumeGoesOnBehindEachRecord(t *testing.T) {
	want := texts(records(8))
	f := fake.New(t, fake.Config{Records: records(8)})
	c := of(t, f)
	for stop := range want {
		job, err := c.Submit(t.Context(), day)
		if err != nil {
			t.Fatal(err)
		}
		at := client.Position{Job: job}
		var got []string
		for r, err := range c.Resume(t.Context(), at) {
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == stop {
				break
			}
			got, at = append(got, string(r.JSON)), r.At
		}
		text, err := at.MarshalText()
		var kept client.Position
		if err := errors.Join(err, kept.UnmarshalText(text)); err != nil || kept != at {
			t.Fatalf("kept as %s: %v, %v", text, kept, err)
		}
		rest, _, err := read(of(t, f).Resume(t.Context(), kept)) // another process
		if got = append(got, rest...); err != nil || !slices.Equal(got, want) {
			t.Errorf("stopped after %d: %d records, %v", stop, len(got), err)
		}
	}
}

// What the platform does wrong now and then is nothing that a reader sees.
func TestRecordsInBadWeather(t *testing.T) {
	var log bytes.Buffer
	f := fake.New(t, fake.Config{Records: records(10), Rules: []fake.Rule{
		{Route: fake.Submit, First: 1, Do: fake.Throttle("Retry-After", 0)},
		{Route: fake.Status, First: 1, Do: fake.HangUp},
		{Route: fake.Results, First: 2, Do: fake.Cut},
		{Route: fake.Results, First: 4, Do: fake.Say(`{"error":"none"}`)},
		{Route: fake.Results, First: 6, Do: fake.Refuse(http.StatusServiceUnavailable, "service.unavailable", "later")},
		{Route: fake.Delete, First: 1, Last: fake.Always, Do: fake.Refuse(http.StatusForbidden, "not.authorized", "no")},
	}, TokenCalls: 3})
	c := of(t, f, func(cfg *client.Config) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	got, _, err := read(c.Records(t.Context(), day))
	if err != nil || !slices.Equal(got, texts(records(10))) {
		t.Errorf("%d records, %v", len(got), err)
	}
	if said := log.String(); strings.Contains(said, fake.ClientSecret) || strings.Contains(said, "a note") || !strings.Contains(said, "could not be deleted") {
		t.Errorf("the log says %s", said)
	}
}

// ring has the cursors of pages go round: the fourth, fifth and sixth page come for ever.
func ring() func(*fake.Page) {
	var cursors []string
	return func(p *fake.Page) {
		if cursors = append(cursors, p.Cursor); len(cursors) >= 6 && p.Cursor == cursors[5] {
			p.Cursor = cursors[2] // that of the fourth page
		}
	}
}

func TestKindsOfErrors(t *testing.T) {
	ends := func(s platform.State) fake.Config {
		return fake.Config{Records: records(5), States: func(fake.Submission) []platform.State { return []platform.State{s} }}
	}
	always := func(r fake.Route, do fake.Misdeed) fake.Config {
		return fake.Config{Records: records(5), Rules: []fake.Rule{{Route: r, First: 1, Last: fake.Always, Do: do}}}
	}
	for name, c := range map[string]struct {
		of   fake.Config
		kind error
	}{
		"a job that failed":     {ends(platform.Failed), client.ErrUnavailable},
		"a cancelled one":       {ends(platform.Cancelled), client.ErrUnavailable},
		"an expired one":        {ends(platform.Expired), client.ErrExpired},
		"results that are gone": {always(fake.Results, fake.Refuse(http.StatusNotFound, "not.found", "no such job")), client.ErrExpired},
		"a forgotten cursor":    {always(fake.Results, fake.Refuse(http.StatusBadRequest, "bad.request", "cursor")), client.ErrExpired},
		"no permission":         {always(fake.Submit, fake.Refuse(http.StatusForbidden, "not.authorized", "no")), client.ErrForbidden},
		"a wrong secret":        {always(fake.Token, fake.Refuse(http.StatusUnauthorized, "bad.credentials", "no")), client.ErrUnauthorized},
		"a refused body":        {always(fake.Submit, fake.Refuse(http.StatusBadRequest, "bad.request", "no")), client.ErrInvalid},
		"too fast":              {always(fake.Submit, fake.Throttle("Retry-After", 0)), client.ErrThrottled},
		"down":                  {always(fake.Status, fake.HangUp), client.ErrUnavailable},
		"pages that are none":   {always(fake.Results, fake.Say(`{}`)), client.ErrCorrupt},
		"a page for ever": {fake.Config{Records: records(5), Rules: []fake.Rule{{
			Route: fake.Results, First: 1, Last: fake.Always, Do: fake.Say(`{"conversations":[],"cursor":"again"}`)}}}, client.ErrCorrupt},
		"pages in a ring": {fake.Config{Records: records(30), Rules: []fake.Rule{{Route: fake.Results, First: 1, Last: fake.Always, Edit: ring()}}}, client.ErrCorrupt},
	} {
		_, _, err := read(of(t, fake.New(t, c.of)).Records(t.Context(), day))
		if !errors.Is(err, c.kind) || strings.Contains(err.Error(), fake.ClientSecret) {
			t.Errorf("%s: %v", name, err)
		}
		if answer, ok := errors.AsType[*client.ServerError](err); name == "a wrong secret" && (!ok || answer.Status != http.StatusUnauthorized || answer.Code != "bad.credentials") {
			t.Errorf("%s: the answer is %+v", name, answer)
		}
	}
}

// The caller has the last word: on what to read, and on when.
func TestTheReaderStops(t *testing.T) {
	f := fake.New(t, fake.Config{Records: records(9)})
	for _, err := range of(t, f).Records(t.Context(), day) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if f.Calls(fake.Results) != 1 || f.Calls(fake.Delete) != 0 {
		t.Errorf("%d pages, %d deleted", f.Calls(fake.Results), f.Calls(fake.Delete))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := read(of(t, f).Records(gone, day)); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// found is an answer to the synchronous query.
func found(total int, some [][]byte) fake.Misdeed {
	return fake.Say(fmt.Sprintf(`{"conversations":[%s],"totalHits":%d}`, bytes.Join(some, []byte(",")), total))
}

// Pages that shift while they are read lose nothing, and give nothing twice.
func TestFindReadsAgainWhatShifted(t *testing.T) {
	all := records(150)
	shifted := func(n int) fake.Rule { return fake.Rule{Route: fake.Query, First: n, Do: found(150, all[101:])} }
	doubled := func(n int) fake.Rule { return fake.Rule{Route: fake.Query, First: n, Do: found(150, all[99:])} }
	for name, c := range map[string]struct {
		rules []fake.Rule
		calls int
		want  int
		kind  error
	}{
		"quiet":             {nil, 2, 150, nil},
		"one goes away":     {[]fake.Rule{shifted(2)}, 4, 150, nil},
		"one comes":         {[]fake.Rule{doubled(2)}, 2, 150, nil},
		"it never is there": {[]fake.Rule{shifted(2), shifted(4), shifted(6)}, 4, 149, client.ErrIncomplete},
		"too many":          {[]fake.Rule{{Route: fake.Query, First: 1, Do: found(100_001, all[:100])}}, 1, 0, client.ErrInvalid},
	} {
		f := fake.New(t, fake.Config{Records: all, Rules: c.rules})
		got, _, err := read(of(t, f).Find(t.Context(), day))
		slices.Sort(got)
		if !errors.Is(err, c.kind) || len(slices.Compact(got)) != c.want || f.Calls(fake.Query) != c.calls {
			t.Errorf("%s: %d conversations, %d requests, %v", name, len(got), f.Calls(fake.Query), err)
		}
	}
}

func TestCount(t *testing.T) {
	if n, err := of(t, fake.New(t, fake.Config{Records: records(7)})).Count(t.Context(), day); err != nil || n.Total != 7 {
		t.Errorf("%v, %v", n, err)
	}
	odd := fake.New(t, fake.Config{Rules: []fake.Rule{{Route: fake.Query, First: 1, Last: fake.Always, Do: fake.Say(`{}`)}}})
	if n, err := of(t, odd).Count(t.Context(), day); !errors.Is(err, client.ErrCorrupt) {
		t.Errorf("an answer that does not count: %v, %v", n, err)
	}
}

func TestQueriesThatCannotBeAsked(t *testing.T) {
	f := fake.New(t, fake.Config{})
	c := of(t, f)
	for name, q := range map[string]client.Query{
		"backwards":    {From: day.To, To: day.From},
		"empty":        {},
		"no object":    {From: day.From, To: day.To, Filters: []byte(`[]`)},
		"no JSON":      {From: day.From, To: day.To, Filters: []byte(`{`)},
		"another day":  {From: day.From, To: day.To, Filters: []byte(`{"interval":"x"}`)},
		"other orders": {From: day.From, To: day.To, Filters: []byte(`{"segmentFilters":[],"order":"desc"}`)},
	} {
		_, err1 := c.Submit(t.Context(), q)
		_, err2 := c.Count(t.Context(), q)
		_, _, err3 := read(c.Find(t.Context(), q))
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, client.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := f.Calls(fake.Submit) + f.Calls(fake.Query); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestConfigsThatAreWrong(t *testing.T) {
	for name, change := range map[string]func(*client.Config){
		"a line break":   func(c *client.Config) { c.ClientSecret = "s3cret\n" },
		"a colon":        func(c *client.Config) { c.ClientID = "id:" },
		"no id":          func(c *client.Config) { c.ClientID = "" },
		"no secret":      func(c *client.Config) { c.ClientSecret = "" },
		"no platform":    func(c *client.Config) { c.Environment = "" },
		"two platforms":  func(c *client.Config) { c.BaseURL = "http://127.0.0.1:1" },
		"no domain":      func(c *client.Config) { c.Environment = "https://user:pw@x/y" },
		"no URL":         func(c *client.Config) { c.Environment, c.BaseURL = "", "ftp://x" },
		"a large page":   func(c *client.Config) { c.PageSize = 10_001 },
		"a negative one": func(c *client.Config) { c.PageSize = -1 },
		"no time":        func(c *client.Config) { c.PollFirst = -1 },
		"no attempts":    func(c *client.Config) { c.Attempts = -1 },
		"a huge page":    func(c *client.Config) { c.MaxPage = 1 << 40 },
	} {
		cfg := client.Config{Environment: "mypurecloud.com", ClientID: "id", ClientSecret: "s3cret"}
		change(&cfg)
		c, err := client.New(cfg)
		if c != nil || !errors.Is(err, client.ErrInvalid) && !errors.Is(err, client.ErrUnauthorized) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "--") || strings.Contains(err.Error(), "GENESYS") {
			t.Errorf("%s: what a command calls it is told to a program: %v", name, err)
		}
	}
}

func TestPositionsThatAreNone(t *testing.T) {
	p := client.Position{Job: "j"}
	for _, text := range []string{"x", "e30", "bnVsbA", "!!", strings.Repeat("A", 1000), "eyJKb2IiOiJqIiwiU2tpcCI6LTF9"} {
		if err := p.UnmarshalText([]byte(text)); !errors.Is(err, client.ErrInvalid) || p.Job != "j" {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	if err := p.UnmarshalText(nil); err != nil || !p.IsZero() {
		t.Errorf("nothing: %v, %v", p, err)
	}
}

// A client can be printed and logged: what it is asked with is not in it.
func TestClientsArePrintedWithoutSecrets(t *testing.T) {
	c := of(t, fake.New(t, fake.Config{}))
	cfg := client.Config{Environment: "mypurecloud.com", ClientID: "id", ClientSecret: fake.ClientSecret}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "config", cfg, "pointer", &cfg)
	if said := fmt.Sprintf("%v %+v %#v %v %+v %#v", c, c, *c, cfg, &cfg, cfg); strings.Contains(said+log.String(), fake.ClientSecret) || !strings.Contains(said, "mypurecloud.com") {
		t.Errorf("the secret is in it, or nothing is: %s %s", said, log.String())
	}
}
