package querycmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// client is what is needed of platform.Client.
type client interface {
	Query(ctx context.Context, body []byte) (platform.Answer, error)
	ReadQuery(ctx context.Context, body []byte, begin func() func(raw []byte) error) (platform.Answer, error)
}

// server answers questions: the platform, or a lake that is asked in this process.
type server struct {
	client

	own bool // it has no limits on pages: all of an answer may be one
}

// answer is what came back.
type answer struct {
	total        int64
	aggregations []query.AggregationResult
	records      iter.Seq2[[]byte, error] // to be read while the server is there
	expected     int64                    // records that should come, for the progress line
	missing      []conversation.Days      // of the question's interval, that never came into the data
}

// none is an answer's records when only counts were asked for.
func none(func([]byte, error) bool) {}

// retries is how often a request that fails is tried again: a person waits.
const retries = 2

// with lends what the options ask.
func (o *Options) with(ctx context.Context, do func(context.Context, server) error) error {
	if o.Lake != "" {
		// A failure is what the command ends with: to log it too would say it twice.
		log := slog.New(slog.DiscardHandler)
		if o.Streams.Verbose {
			log = o.Streams.Log()
		}
		large, err := o.Large.Resolve()
		if err != nil {
			return err
		}
		return app.Ask(ctx, o.Lake, large, log, func(ctx context.Context, c *platform.Client) error { return do(ctx, server{c, true}) })
	}
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log(), OrLake: true, Budget: o.Budget, Standard: connection.Interactive})
	if err != nil {
		return err
	}
	return do(ctx, server{platform.New(cfg), false})
}

// everything names all that is wrong with a body, if that is what failed: who wrote it mends it in one go.
func everything(err error) error {
	all, ok := errors.AsType[query.Faults](err)
	if !ok {
		return err
	}
	var texts, fields []string
	for _, f := range all {
		texts, fields = append(texts, f.Error()), append(fields, cmp.Or(f.Field, "the body"))
	}
	return fault.New(fault.Invalid, "%s", joined(texts, fields))
}

// The platform's largest page, and how deep its pages go, by the messages of its answers.
const (
	largestPage = 100
	deepest     = 100_000
)

func pageSize(limit int, count bool) int {
	switch {
	case count:
		return 1
	case limit > 0:
		return min(limit, largestPage)
	}
	return largestPage
}

// ask answers a body; limit 0 means all, count that no records are wanted.
func (s server) ask(ctx context.Context, body []byte, limit int, count bool) (a answer, err error) {
	size := pageSize(limit, count)
	if s.own {
		size = 1 // the first page is for what is said of all
	}
	first, err := s.page(ctx, body, size, 1)
	if err != nil {
		return a, everything(err)
	}
	a.total, a.records = first.TotalHits, none
	for _, day := range first.Missing {
		a.missing = append(a.missing, conversation.Days{First: day, End: day + 1})
	}
	if len(first.Aggregations) > 0 {
		if err := json.Unmarshal(first.Aggregations, &a.aggregations); err != nil {
			return a, fault.New(fault.Corrupt, "the platform's aggregations are not what was expected")
		}
	}
	if count {
		return a, nil
	}
	most := s.most(limit, a.total)
	a.expected = min(a.total, int64(most))
	a.records = func(yield func([]byte, error) bool) {
		follow := s.follow
		if s.own {
			follow = s.atOnce
		}
		err := follow(ctx, body, first, size, most, yield)
		switch {
		case errors.Is(err, errEnough):
		case err != nil:
			yield(nil, err)
		case limit == 0 && a.total > int64(most):
			yield(nil, fault.New(fault.Incomplete, "the platform gives %d conversations of an answer and has %d; ask for shorter intervals, or use parley extract", most, a.total))
		}
	}
	return a, nil
}

// most is how many records there can be of so many.
func (s server) most(limit int, total int64) int {
	most := deepest
	if s.own {
		most = int(total)
	}
	if limit > 0 {
		most = min(limit, most)
	}
	return most
}

// errEnough ends the pages: the reader wants no more.
var errEnough = errors.New("enough")

// atOnce hands on the records of an answer that may be one page, as they come: a hundred can be larger than what there
// is of memory. One record is in the first page already.
func (s server) atOnce(ctx context.Context, body []byte, first platform.Answer, _, most int, yield func([]byte, error) bool) error {
	each := func(raw []byte) error {
		if !yield(raw, nil) {
			return errEnough
		}
		return nil
	}
	if len(first.Records) >= most {
		for _, raw := range first.Records {
			if err := each(raw); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := without(body, "aggregations")
	if err == nil {
		text, err = withPage(text, most, 1)
	}
	if err != nil {
		return err
	}
	_, err = s.ReadQuery(ctx, text, func() func([]byte) error { return each })
	return err
}

// follow hands on the records of all pages, each once: between two pages others may have begun and moved them.
func (s server) follow(ctx context.Context, body []byte, page platform.Answer, size, most int, yield func([]byte, error) bool) error {
	seen := map[conversation.ID]bool{}
	for number := 1; ; number++ {
		if number > 1 {
			var err error
			if page, err = s.page(ctx, body, size, number); err != nil {
				return err
			}
		}
		for _, raw := range page.Records {
			r, err := wire.Record(raw)
			if err == nil && seen[r.ID] {
				continue
			}
			seen[r.ID] = true
			if !yield(raw, nil) {
				return errEnough
			}
			if len(seen) >= most {
				return nil
			}
		}
		if len(page.Records) < size || (number+1)*size > deepest {
			return nil
		}
	}
}

func (s server) page(ctx context.Context, body []byte, size, number int) (platform.Answer, error) {
	text, err := withPage(body, size, number)
	if err != nil {
		return platform.Answer{}, err
	}
	return s.Query(ctx, text)
}
