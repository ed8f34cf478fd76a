package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/parley-hq/parley/bench/ledger"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/internal/wire"
)

// manner is how a client behaves under load.
type manner struct {
	name  string
	pause time.Duration // between two requests
	heeds bool          // waits when it is told to
	// Of twenty things that it does, so many are submissions, polls and pages; the others are queries.
	submits, polls, pages int
}

// manners are dealt out in turn: most clients keep to the limits, some are faster, and a few do not even wait.
var manners = []manner{
	{"steady", 220 * time.Millisecond, true, 2, 9, 6}, {"steady", 240 * time.Millisecond, true, 2, 9, 6}, {"steady", 260 * time.Millisecond, true, 1, 6, 10},
	{"hasty", 0, true, 1, 18, 1}, {"greedy", 50 * time.Millisecond, true, 12, 6, 1},
	{"steady", 230 * time.Millisecond, true, 2, 9, 6}, {"steady", 250 * time.Millisecond, true, 2, 9, 6}, {"steady", 500 * time.Millisecond, true, 1, 3, 15},
	{"hasty", 10 * time.Millisecond, true, 1, 17, 2}, {"stubborn", 20 * time.Millisecond, false, 2, 17, 1},
}

// answers remembers what each request found first: the lake does not change, so neither may the answer.
type answers struct {
	mu    sync.Mutex
	first map[string]string
}

func (a *answers) same(request, found string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if first, ok := a.first[request]; ok && first != found {
		return fmt.Errorf("two answers to %s: %s and %s", request, first, found)
	}
	a.first[request] = found
	return nil
}

// walk is a job whose pages are being read, or were.
type walk struct {
	*ledger.Job

	body    string
	ready   bool // it is fulfilled
	cursor  string
	records int
	sum     uint32 // of all records in their order
	read    bool   // to the end
}

// caller is one client under load. One goroutine; it asks one thing at a time.
type caller struct {
	served

	manner manner
	rand   *rand.Rand
	from   conversation.Day
	days   int // of the lake, from that one on
	log    ledger.Ledger
	known  *answers
	walks  []*walk
	broken []string      // what went wrong with answers, their limits apart
	wait   time.Duration // what it was told to wait
}

// until does one thing after the other until its time is over. What was begun is ended.
func (c *caller) until(ctx context.Context, end time.Time) error {
	for time.Now().Before(end) {
		if err := c.one(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.broken = append(c.broken, err.Error())
		}
		pause := c.manner.pause
		if c.manner.heeds {
			pause = max(pause, c.wait)
		}
		if err := wait.For(ctx, min(pause, time.Until(end))); err != nil {
			return err
		}
	}
	return nil
}

func (c *caller) one(ctx context.Context) error {
	n := c.rand.IntN(20)
	if len(c.walks) == 0 || n < c.manner.submits {
		return c.submit(ctx)
	}
	w := c.walks[c.rand.IntN(len(c.walks))]
	switch {
	case w.read || len(c.walks) > 20:
		return c.remove(ctx, w)
	case n < c.manner.submits+c.manner.polls:
		return c.poll(ctx, w)
	case n < c.manner.submits+c.manner.polls+c.manner.pages && w.ready:
		return c.page(ctx, w)
	case n < c.manner.submits+c.manner.polls+c.manner.pages:
		return c.poll(ctx, w)
	}
	return c.query(ctx)
}

// interval is a day of the lake, or a part of one.
func (c *caller) interval() string {
	start := c.from.Start().AddDate(0, 0, c.rand.IntN(c.days))
	end := start.AddDate(0, 0, 1)
	if c.rand.IntN(2) == 0 {
		start = start.Add(time.Duration(6+c.rand.IntN(12)) * time.Hour)
		end = start.Add(time.Hour)
	}
	return start.Format(time.RFC3339) + "/" + end.Format(time.RFC3339)
}

func (c *caller) filter() string {
	return []string{
		"", "", `,"segmentFilters":[{"type":"and","predicates":[{"dimension":"purpose","value":"agent"},{"metric":"tSegmentDuration","range":{"gt":300000}}]}]`,
		`,"conversationFilters":[{"type":"and","predicates":[{"dimension":"originatingDirection","value":"inbound"}]}]`,
	}[c.rand.IntN(4)]
}

func (c *caller) submit(ctx context.Context) error {
	body := `{"interval":"` + c.interval() + `","startOfDayIntervalMatching":true` + c.filter() + `}`
	var job wire.Submitted
	r, err := c.do(ctx, "submit", http.MethodPost, jobsPath, body, into(&job))
	if err != nil || r.Status != http.StatusAccepted {
		return err
	}
	j := &ledger.Job{ID: string(job.JobID), Begun: r.Begun, Ended: r.Ended}
	c.log.Jobs, c.walks = append(c.log.Jobs, j), append(c.walks, &walk{Job: j, body: body})
	return nil
}

func (c *caller) poll(ctx context.Context, w *walk) error {
	var status wire.JobStatus
	r, err := c.do(ctx, "status", http.MethodGet, jobsPath+"/"+w.ID, "", into(&status))
	if err != nil || r.Status >= http.StatusMultipleChoices {
		return err
	}
	if done := status.Done(); done != (r.Status == http.StatusOK) {
		return fmt.Errorf("status %d of a job that is %s", r.Status, status.State)
	}
	if !status.Done() {
		return nil
	}
	if w.SeenDone.IsZero() {
		w.SeenDone = r.Ended
	}
	w.Completed, _ = conversation.ParseTime(status.CompletionDate) // zero where there is none
	if w.ready = status.State == wire.Fulfilled; !w.ready {
		return fmt.Errorf("job %s is %s: %s", w.ID, status.State, status.ErrorMessage)
	}
	return nil
}

func (c *caller) remove(ctx context.Context, w *walk) error {
	r, err := c.do(ctx, "delete", http.MethodDelete, jobsPath+"/"+w.ID, "", func(io.Reader) error { return nil })
	if err != nil || r.Status != http.StatusNoContent {
		return err
	}
	w.Deleting, w.Gone = r.Begun, r.Ended
	for i := range c.walks {
		if c.walks[i] == w {
			c.walks = append(c.walks[:i:i], c.walks[i+1:]...)
			break
		}
	}
	return nil
}

// page reads the next page of a job, whole, and at the end of the results compares all of them with what the same query
// found before.
func (c *caller) page(ctx context.Context, w *walk) error {
	size := []int{25, 100, 1000, 10_000}[c.rand.IntN(4)]
	values := url.Values{"pageSize": {strconv.Itoa(size)}}
	if w.cursor != "" {
		values.Set("cursor", w.cursor)
	}
	n, sum := 0, w.sum
	var head wire.Page
	r, err := c.do(ctx, "page", http.MethodGet, jobsPath+"/"+w.ID+"/results?"+values.Encode(), "", func(body io.Reader) (err error) {
		head, err = wire.ReadPage(body, func(raw []byte) error {
			n, sum = n+1, crc32.Update(sum, castagnoli, raw)
			return nil
		})
		return err
	})
	switch {
	case err != nil || r.Status != http.StatusOK:
		return err
	case n > size, n < size && head.Cursor != "", head.DataAvailabilityDate.IsZero():
		return fmt.Errorf("a page of %d has %d records, date %v and a cursor: %v", size, n, head.DataAvailabilityDate, head.Cursor != "")
	}
	w.records, w.sum, w.cursor = w.records+n, sum, head.Cursor
	if w.cursor != "" {
		return nil
	}
	w.read = true
	return c.known.same("job "+w.body, fmt.Sprintf("%d records, checksum %x", w.records, w.sum))
}

func (c *caller) query(ctx context.Context) error {
	body := `{"interval":"` + c.interval() + `"` + c.filter() + `,"paging":{"pageSize":` + []string{"1", "25", "100"}[c.rand.IntN(3)] + `,"pageNumber":1}}`
	var found struct {
		Conversations []json.RawMessage `json:"conversations"`
		Total         int               `json:"totalHits"`
	}
	r, err := c.do(ctx, "query", http.MethodPost, queryPath, body, into(&found))
	if err != nil || r.Status != http.StatusOK {
		return err
	}
	sum := uint32(0)
	for _, text := range found.Conversations {
		sum = crc32.Update(sum, castagnoli, text)
	}
	return c.known.same("query "+body, fmt.Sprintf("%d of %d, checksum %x", len(found.Conversations), found.Total, sum))
}

func into(to any) func(io.Reader) error {
	return func(r io.Reader) error {
		text, err := io.ReadAll(r)
		return errors.Join(err, json.Unmarshal(text, to))
	}
}

// do sends a counted request and enters what it was told. An answer other than success that no limit explains is an
// error, and so is one that cannot be read to its end.
func (c *caller) do(ctx context.Context, kind, method, path, body string, read func(io.Reader) error) (r ledger.Reply, err error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept-Encoding": {[]string{"identity", "gzip", "zstd"}[c.rand.IntN(3)]}}
	r = ledger.Reply{Kind: kind, Begun: time.Now()}
	resp, err := c.send(ctx, method, path, header, body)
	if err != nil {
		return r, fmt.Errorf("%s: %w", kind, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	defer func() { // the ledger has every answer that came
		r.Ended = time.Now()
		c.log.Replies = append(c.log.Replies, r)
	}()
	r.Status = resp.StatusCode
	if err := readHeaders(&r, resp.Header); err != nil {
		return r, fmt.Errorf("%s: %w", kind, err)
	}
	text, done, err := unpacked(resp)
	if err != nil {
		return r, fmt.Errorf("%s: %w", kind, err)
	}
	defer done()
	if r.Status < http.StatusMultipleChoices {
		c.wait = 0
		err = read(text)
	} else {
		err = c.problem(&r, text)
	}
	if err != nil {
		return r, fmt.Errorf("%s: status %d: %w", kind, r.Status, err)
	}
	return r, nil
}

// problem reads an answer that is no success.
func (c *caller) problem(r *ledger.Reply, body io.Reader) error {
	var p wire.Problem
	if err := into(&p)(body); err != nil {
		return err
	}
	if p.Limit != nil {
		r.Key = p.Limit.Key
	}
	if r.Status != http.StatusTooManyRequests {
		return errors.New(p.Message)
	}
	if r.Key == ledger.KeyRequests {
		c.wait = time.Duration(r.RetryAfter) * time.Second
	}
	return nil
}

func readHeaders(r *ledger.Reply, h http.Header) (err error) {
	for name, to := range map[string]*int{
		"inin-ratelimit-count": &r.Count, "inin-ratelimit-allowed": &r.Allowed, "inin-ratelimit-reset": &r.Reset, "Retry-After": &r.RetryAfter,
	} {
		text := h.Get(name)
		if text == "" && name == "Retry-After" {
			continue
		}
		n, bad := strconv.Atoi(text)
		if bad != nil {
			err = fmt.Errorf("header %s is %q", name, text)
		}
		*to = n
	}
	return err
}
