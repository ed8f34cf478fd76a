package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// deepestPage is the last page that is turned to, of as many records as the platform gives on one.
const (
	deepestPage = 10
	queryPage   = 100
)

// asked is what the questions of one sort took: each of them on the clock, and all of them of the server's processors.
type asked struct {
	took []time.Duration
	cpu  time.Duration
}

// ask asks a question, and says how many records there are in all.
func (a *asked) ask(b *bench, s *served, body string) (hits int, err error) {
	spent, err := s.spends(func() error {
		answer, err := s.query(b.ctx, body)
		hits = answer.TotalHits
		return err
	})
	a.took, a.cpu = append(a.took, spent.wall), a.cpu+spent.cpu
	return hits, err
}

// turn turns the pages of questions that nobody has asked before: the first page searches, and the others need not.
// It asks of a day, of a week, and of 30 days with an aggregation.
func (b *bench) turn(s *served, queues []string) error {
	r := rand.New(rand.NewPCG(11, 0))
	var first, others, week, month asked
	for range 30 {
		queue, day := queues[r.IntN(len(queues))], 1+r.IntN(30)
		hits, err := first.ask(b, s, pageOf(queue, day, 1, 1, ""))
		if err != nil {
			return fmt.Errorf("page 1 of a day: %w", err)
		}
		for page := 2; page <= deepestPage && (page-1)*queryPage < hits; page++ {
			if _, err := others.ask(b, s, pageOf(queue, day, 1, page, "")); err != nil {
				return fmt.Errorf("page %d of a day: %w", page, err)
			}
		}
	}
	for range 15 {
		queue, day := queues[r.IntN(len(queues))], 1+r.IntN(24)
		if _, err := week.ask(b, s, pageOf(queue, day, 7, 1, "")); err != nil {
			return fmt.Errorf("a week: %w", err)
		}
	}
	for n := range 15 {
		queue, more := queues[n%len(queues)], fmt.Sprintf(`,"aggregations":[{"type":"termFrequency","dimension":"wrapUpCode","size":%d}]`, 10+n)
		if _, err := month.ask(b, s, pageOf(queue, 1+n/len(queues), 30, 1, more)); err != nil {
			return fmt.Errorf("30 days: %w", err)
		}
	}
	b.percentiles("page 1 of a day", first, 30*time.Millisecond)
	b.percentiles("pages 2 to 10 of a day", others, 15*time.Millisecond)
	b.percentiles("page 1 of a week", week, 0)
	b.percentiles("page 1 of 30 days, with a termFrequency", month, 300*time.Millisecond)
	return nil
}

// pageOf asks for the segments of agents in one queue that took longer than half a minute, a page of the answer.
func pageOf(queue string, day, days, page int, more string) string {
	from := time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC)
	return fmt.Sprintf(`{"interval":"%s/%s","paging":{"pageSize":%d,"pageNumber":%d},"segmentFilters":[{"type":"and","predicates":[`+
		`{"dimension":"purpose","value":"agent"},{"dimension":"queueId","value":"%s"},{"metric":"tSegmentDuration","range":{"gt":30000}}]}]%s}`,
		from.Format(time.RFC3339), from.AddDate(0, 0, days).Format(time.RFC3339), queryPage, page, queue, more)
}

// percentiles adds the median, the 95th percentile and the processor time of one. A goal of 0 is none.
func (b *bench) percentiles(what string, a asked, goal time.Duration) {
	slices.Sort(a.took)
	n := len(a.took)
	against, ratio := "", ""
	if goal > 0 {
		against, ratio = "goal p50 "+milliseconds(goal), times(goal.Seconds(), a.took[n/2].Seconds())
	}
	b.add(what+", of a million", fmt.Sprintf("p50 %s, p95 %s, CPU %s", milliseconds(a.took[n/2]), milliseconds(a.took[n*95/100]), milliseconds(a.cpu/time.Duration(n))), against, ratio)
}
