package querycmd

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// source answers questions: a lake, or the platform.
type source interface {
	// ask answers a body; limit 0 means all, count that no records are wanted. The records are to be read before close.
	ask(ctx context.Context, body []byte, limit int, count bool) (answer, error)
	close() error
}

// answer is what came back.
type answer struct {
	total        int64
	aggregations []query.AggregationResult
	records      iter.Seq2[[]byte, error]
	expected     int64               // records that should come, for the progress line
	missing      []conversation.Days // of the question's interval, that never came into the data
}

// none is an answer's records when only counts were asked for.
func none(func([]byte, error) bool) {}

// lakeSource asks a lake in this process.
type lakeSource struct {
	archive *app.Archive
	engine  engine.Engine
}

func openLake(ctx context.Context, dir string) (source, error) {
	archive, err := app.OpenArchive(ctx, dir)
	if err != nil {
		return nil, err
	}
	e, err := archive.Engine(ctx)
	if err != nil {
		return nil, errors.Join(err, archive.Close())
	}
	return &lakeSource{archive, e}, nil
}

func (s *lakeSource) close() error { return errors.Join(s.engine.Close(), s.archive.Close()) }

// decode reads a body without the limits that the platform puts on intervals and pages: nothing here needs them.
func decode(body []byte) (query.Detail, error) {
	text, err := withoutPage(body)
	if err != nil {
		return query.Detail{}, err
	}
	limits := query.PlatformLimits()
	limits.Interval, limits.FilteredInterval = 200*365*24*time.Hour, 200*365*24*time.Hour
	q, err := query.DecodeDetail(text, limits)
	if all, ok := errors.AsType[query.Faults](err); ok {
		return q, everything(all)
	}
	return q, err
}

// everything names all that is wrong with a body: who wrote it mends it in one go.
func everything(all query.Faults) error {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = f.Error()
	}
	return fault.New(fault.Invalid, "%s", strings.Join(texts, "; "))
}

func (s *lakeSource) ask(ctx context.Context, body []byte, limit int, count bool) (a answer, err error) {
	q, err := decode(body)
	if err != nil {
		return a, err
	}
	a.records, a.missing = none, engine.Missing(s.engine, q.Interval)
	if a.total, err = s.engine.Count(ctx, q.Query); err != nil {
		return a, err
	}
	if len(q.Aggregations) > 0 {
		facets, err := s.engine.Facets(ctx, q.Query, q.Aggregations)
		if err != nil {
			return a, err
		}
		a.aggregations = query.Results(facets)
	}
	if count || a.total == 0 {
		return a, nil
	}
	a.expected = a.total
	if limit > 0 {
		a.expected = min(a.total, int64(limit))
	}
	a.records = stripped(s.engine.Records(ctx, q.Query, limit, 0))
	return a, nil
}

// stripped gives the texts of records as the synchronous query does, without attributes.
func stripped(records iter.Seq2[conversation.Record, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for r, err := range records {
			if !yield(wire.StripAttributes(r.JSON), err) {
				return
			}
		}
	}
}

// client is what is needed of the platform.
type client interface {
	Query(ctx context.Context, body []byte) (platform.Answer, error)
}

// platformSource asks the platform.
type platformSource struct{ client client }

// retries is how often a request that fails is tried again: a person waits.
const retries = 2

func connect(o *Options) (source, error) {
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log()})
	if err != nil {
		return nil, err
	}
	return platformSource{platform.New(cfg)}, nil
}

func (platformSource) close() error { return nil }

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

func (s platformSource) ask(ctx context.Context, body []byte, limit int, count bool) (a answer, err error) {
	size := pageSize(limit, count)
	first, err := s.page(ctx, body, size, 1)
	if err != nil {
		return a, err
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
	most := deepest
	if limit > 0 {
		most = min(limit, deepest)
	}
	a.expected = min(a.total, int64(most))
	a.records = func(yield func([]byte, error) bool) {
		err := s.follow(ctx, body, first, size, most, yield)
		switch {
		case errors.Is(err, errEnough):
		case err != nil:
			yield(nil, err)
		case limit == 0 && a.total > deepest:
			yield(nil, fault.New(fault.Incomplete, "the platform gives %d conversations of an answer and has %d; ask for shorter intervals, or use parley extract", deepest, a.total))
		}
	}
	return a, nil
}

// errEnough ends the pages: the reader wants no more.
var errEnough = errors.New("enough")

// follow hands on the records of all pages, each once: between two pages others may have begun and moved them.
func (s platformSource) follow(ctx context.Context, body []byte, page platform.Answer, size, most int, yield func([]byte, error) bool) error {
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

func (s platformSource) page(ctx context.Context, body []byte, size, number int) (platform.Answer, error) {
	text, err := withPage(body, size, number)
	if err != nil {
		return platform.Answer{}, err
	}
	return s.client.Query(ctx, text)
}
