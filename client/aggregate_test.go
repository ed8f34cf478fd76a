package client_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/sandboxtest"
)

const offeredByQueue = `{"interval":"2026-11-06T00:00:00Z/2026-11-08T00:00:00Z","granularity":"P1D","groupBy":["queueId"],"metrics":["nOffered","tAnswered","oServiceLevel"],` +
	`"filter":{"type":"and","predicates":[{"dimension":"queueId","operator":"exists"}]},"views":[{"target":"tAnswered","name":"soon","function":"rangeBound","range":{"lt":60000}}]}`

// figure names a group, a day and a metric.
func figure(g client.AggregateGroup, d client.AggregateData, metric string) string {
	return g.Values["queueId"] + " " + d.From.Format(time.DateOnly) + " " + metric
}

// counts are the counts of all figures of groups.
func counts(t *testing.T, groups []client.AggregateGroup) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, g := range groups {
		for _, d := range g.Data {
			if d.To.Sub(d.From) != 24*time.Hour {
				t.Errorf("a day from %v to %v", d.From, d.To)
			}
			for name, s := range d.Metrics {
				if s.Count != nil {
					out[figure(g, d, name)] = *s.Count
				}
			}
			for name, s := range d.Views {
				out[figure(g, d, name)] = *s.Count
			}
		}
	}
	return out
}

// The figures of the query and those of a job, group by group and page by page, are what the records come to.
func TestAggregatesAreWhatTheRecordsComeTo(t *testing.T) {
	s, c := reporting(t)
	want := map[string]int64{}
	for r, err := range c.Records(t.Context(), client.Query{From: time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 8, 0, 0, 0, 0, time.UTC)}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Decode().Participants {
			for _, x := range p.Sessions {
				for _, m := range x.Metrics {
					if at := m.EmitDate[:10]; m.Name == "nOffered" && (at == "2026-11-06" || at == "2026-11-07") {
						want[x.Segments[0].QueueID+" "+at+" nOffered"]++
					}
				}
			}
		}
	}
	a, err := c.Aggregates(t.Context(), []byte(offeredByQueue))
	if err != nil || len(a.Groups) < 2 || a.Missing != nil {
		t.Fatalf("%d groups, %v are missing, %v", len(a.Groups), a.Missing, err)
	}
	asked := counts(t, a.Groups)
	for name, n := range want {
		if asked[name] != n {
			t.Errorf("%s is %d, by the records %d", name, asked[name], n)
		}
	}
	ratios := 0
	for _, g := range a.Groups {
		for _, d := range g.Data {
			if l, is := d.Metrics["oServiceLevel"]; is && *l.Ratio*(*l.Denominator) == *l.Numerator {
				ratios++
			}
		}
	}
	if len(want) < 2 || ratios == 0 || !slices.ContainsFunc(slices.Collect(maps.Keys(asked)), func(name string) bool { return strings.HasSuffix(name, " soon") }) {
		t.Errorf("%d figures of records, %d service levels, %v", len(want), ratios, asked)
	}
	var groups []client.AggregateGroup
	for g, err := range c.AggregateGroups(t.Context(), []byte(strings.Replace(offeredByQueue, "{", `{"pageSize":2,`, 1))) {
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g)
	}
	if !maps.Equal(counts(t, groups), asked) {
		t.Errorf("by a job %v, by the query %v", counts(t, groups), asked)
	}
	deleted := 0
	for _, q := range s.Requests() {
		if q.Method == "DELETE" && strings.Contains(q.Path, "aggregates/jobs") {
			deleted++
		}
	}
	if deleted != 1 {
		t.Errorf("%d jobs were deleted", deleted)
	}
}

func TestAggregatesThatFail(t *testing.T) {
	s, c := reporting(t)
	if _, err := c.Aggregates(t.Context(), []byte(`{"interval":"2026-11-06T00:00:00Z/2026-11-08T00:00:00Z","metrics":["nOfered"]}`)); !errors.Is(err, client.ErrInvalid) || !strings.Contains(err.Error(), "nOffered") {
		t.Errorf("a metric that is misspelled: %v", err)
	}
	id, err := c.SubmitAggregates(t.Context(), []byte(offeredByQueue))
	if err != nil {
		t.Fatal(err)
	}
	if j, err := c.AwaitAggregates(t.Context(), id); err != nil || j.State != client.Fulfilled {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := c.AggregatePage(t.Context(), id, "nonsense"); !errors.Is(err, client.ErrExpired) {
		t.Errorf("a cursor that is none: %v", err)
	}
	if err := c.DeleteAggregates(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := c.AggregatesStatus(t.Context(), id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a job that was deleted: %v", err)
	}
	for g, err := range c.AggregateGroups(t.Context(), []byte(offeredByQueue)) { // a reader that has enough
		if err != nil || len(g.Data) == 0 {
			t.Error(err)
		}
		break
	}
	var last error
	for _, last = range c.AggregateGroups(t.Context(), []byte(`{"interval":"2026-11-06T00:00:00Z/2026-11-08T00:00:00Z","metrics":["nOffered"],"pageSize":`+strconv.Itoa(1<<30)+`}`)) {
		continue
	}
	if !errors.Is(last, client.ErrInvalid) {
		t.Errorf("a page that is too large: %v", last)
	}
	s.Fault(sandboxtest.Fault{Route: "POST /api/v2/analytics/conversations/aggregates/query", Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"results":[{"group":{},"data":[{"interval":"x"}]}]}`}})
	if _, err := c.Aggregates(t.Context(), []byte(offeredByQueue)); !errors.Is(err, client.ErrCorrupt) {
		t.Errorf("an interval that is none: %v", err)
	}
}
