package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const jobs = "/api/v2/analytics/conversations/details/jobs"

const (
	firstPoll  = 5 * time.Second
	longPoll   = 2 * time.Minute
	jobMayTake = 2 * time.Hour
)

// errLost is a job that gives no more results, for whatever reason. A new one may.
var errLost = errors.New("the job is lost")

// page is a page of results. A page may be empty, and the last one is the one without a cursor, whatever is on it.
type page struct {
	Conversations []json.RawMessage `json:"conversations"`
	Cursor        string            `json:"cursor"`
	Available     time.Time         `json:"dataAvailabilityDate"`
}

// available is up to when jobs have everything: the platform moves data to where jobs find it once a night.
func (c *client) available(ctx context.Context) (time.Time, error) {
	var answer struct {
		Date time.Time `json:"dataAvailabilityDate"`
	}
	err := c.ask(ctx, http.MethodGet, jobs+"/availability", nil, &answer)
	return answer.Date, err
}

// submit has a job begun for the conversations that start on a day. If the answer is lost, the job that is submitted then
// is a second one; the first expires by itself.
func (c *client) submit(ctx context.Context, day time.Time) (id string, err error) {
	const instant = "2006-01-02T15:04:05.000Z"
	body := map[string]any{
		"interval": day.Format(instant) + "/" + day.AddDate(0, 0, 1).Format(instant),
		"orderBy":  "conversationStart",
		"order":    "asc",
		// Without it the job also finds conversations of earlier days that went on into this one.
		"startOfDayIntervalMatching": true,
	}
	var answer struct {
		ID string `json:"jobId"`
	}
	err = c.ask(ctx, http.MethodPost, jobs, body, &answer)
	return answer.ID, err
}

// await waits until a job is done. A job can be stuck: then it is given up.
func (c *client) await(ctx context.Context, id string) error {
	poll := firstPoll
	for waited := time.Duration(0); waited < jobMayTake; waited += poll {
		var status struct {
			State   string `json:"state"`
			Message string `json:"errorMessage"`
		}
		if err := c.ask(ctx, http.MethodGet, jobs+"/"+id, nil, &status); err != nil {
			return gone(err)
		}
		switch status.State {
		case "FULFILLED":
			return nil
		case "FAILED", "CANCELLED", "EXPIRED":
			return fmt.Errorf("%w: it is %s %s", errLost, status.State, status.Message)
		}
		if err := c.sleep(ctx, poll); err != nil {
			return err
		}
		poll = min(2*poll, longPoll)
	}
	return fmt.Errorf("%w: it is not done after %v", errLost, jobMayTake)
}

// pages reads the results of a job. Between two pages the job can expire, or its cursor be refused.
func (c *client) pages(ctx context.Context, id string, size int, take func(page) error) error {
	query := url.Values{"pageSize": {strconv.Itoa(size)}}
	for {
		var p page
		if err := c.ask(ctx, http.MethodGet, jobs+"/"+id+"/results?"+query.Encode(), nil, &p); err != nil {
			return gone(err)
		}
		if p.Cursor != "" && p.Cursor == query.Get("cursor") {
			return fmt.Errorf("%w: a page of it leads to itself", errLost)
		}
		if p.Available.IsZero() { // each page has the date; what is JSON and has none comes from somebody else
			return fmt.Errorf("%w: it gives what is no page", errLost)
		}
		if err := take(p); err != nil || p.Cursor == "" {
			return err
		}
		query.Set("cursor", p.Cursor)
	}
}

// gone tells a job that is there no more, or a cursor that is refused, from other failures.
func gone(err error) error {
	var no *refusal
	if errors.As(err, &no) && (no.Status == http.StatusNotFound || no.Status == http.StatusBadRequest) {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

// remove removes a job, so that it does not count against the client's limit. One try: what is left expires by itself.
func (c *client) remove(ctx context.Context, id string) {
	if err := c.once(ctx, http.MethodDelete, jobs+"/"+id, nil, nil); err != nil {
		c.log.Printf("job %s is not removed: %v", id, err)
	}
}
