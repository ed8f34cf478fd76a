package requests

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Path is where requests are listed.
const Path = "/_sandbox/requests"

// List is requests as they are written in answers.
type List struct {
	Requests []Entry `json:"requests"`
	Last     int64   `json:"last"` // the number of the newest, whether it is listed or not
}

// page is how many requests are listed at once.
const page = 1000

// longest is how long somebody may wait for a request.
const longest = time.Minute

// Surface serves the requests of a log: GET of Path, with since, the number after which they begin, and wait, how long to
// wait for one if there is none, as 5s. Who may ask is for others to say.
type Surface struct {
	log  *Log
	once sync.Once
	stop chan struct{}
}

// Surface makes one.
func (l *Log) Surface() *Surface { return &Surface{log: l, stop: make(chan struct{})} }

// Stopping ends what waits, and has nobody wait any more.
func (s *Surface) Stopping() { s.once.Do(func() { close(s.stop) }) }

// ServeHTTP answers.
func (s *Surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	since, patience, err := asked(r)
	if err != nil {
		send(w, fault.HTTPStatus(err), wire.Problem{Message: err.Error(), Code: fault.Code(err), Status: fault.HTTPStatus(err)})
		return
	}
	if patience > 0 {
		s.wait(r.Context(), since, patience)
	}
	send(w, http.StatusOK, List{s.log.Since(since, page), s.log.Last()})
}

func asked(r *http.Request) (since int64, patience time.Duration, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	switch {
	case r.Method != http.MethodGet || r.URL.Path != Path:
		return 0, 0, fault.New(fault.NotFound, "there is GET of %s alone", Path)
	case err != nil:
		return 0, 0, fault.New(fault.Invalid, "the query string is malformed")
	}
	if text := values.Get("since"); text != "" {
		if since, err = strconv.ParseInt(text, 10, 64); err != nil || since < 0 {
			return 0, 0, fault.Field("since", "since: write the number of a request; those after it are listed")
		}
	}
	if text := values.Get("wait"); text != "" {
		if patience, err = time.ParseDuration(text); err != nil || patience < 0 || patience > longest {
			return 0, 0, fault.Field("wait", "wait: write a span of time up to %v, as 5s", longest)
		}
	}
	return since, patience, nil
}

// wait waits for a request, by the clock of the machine.
func (s *Surface) wait(ctx context.Context, since int64, patience time.Duration) {
	var waiting sync.WaitGroup
	defer waiting.Wait() // after cancel
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	waiting.Go(func() {
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	})
	_ = s.log.Wait(ctx, since) // without one the list is empty
}

func send(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // our own types, with nothing in them that could not be written
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs to be told nothing
}
