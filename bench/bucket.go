package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/internal/wire"
)

// Goals of lakes beyond one machine.
const (
	bucketGoal = 0.8 // of the speed of an extraction into a folder
	warmGoal   = 1.2 // times what a question of a folder takes
	coldGoal   = time.Second
	commitGoal = 500 * time.Millisecond
)

// bucket measures a lake in a bucket of a server on this machine, with its control database in a folder and in a Postgres, against one
// in a folder: its extraction, the questions of a page, and a commit.
func (b *bench) bucket() (err error) {
	files, err := s3test.StartOnLoopback()
	if err != nil || files == nil {
		return errors.Join(err, errors.New("no S3 server is installed; tools/setup s3 installs it, and bin/tools belongs to PATH"))
	}
	defer func() { err = errors.Join(err, files.Stop()) }()
	server, err := postgrestest.StartDurable()
	if err != nil || server == nil {
		return errors.Join(err, noPostgres(server))
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	p := places{b: b, files: files, server: server}
	if err := p.extract(); err != nil {
		return err
	}
	return errors.Join(p.ask(), p.commits())
}

// places are the kinds of lakes that are compared.
type places struct {
	b      *bench
	files  *s3test.Server
	server *postgrestest.Server

	perDay int
	all    []placed
}

// placed is a lake, and what programs need to know to find it.
type placed struct {
	kind, name, state, cache string
}

func (p placed) env(url string) []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL_S3="+url, "PARLEY_STATE="+p.state, "PARLEY_CACHE_DIR="+p.cache)
}

// each gives a lake of each kind that is not there yet: in a folder, in a bucket, in a bucket with a Postgres.
func (p *places) each() (list []placed, err error) {
	dir, err := os.MkdirTemp(p.b.dir, "placed-")
	if err != nil {
		return nil, err
	}
	bucket, _, err := p.files.Make()
	if err != nil {
		return nil, err
	}
	url, err := p.server.Make(p.b.ctx)
	return []placed{
		{"a folder", filepath.Join(dir, "lake"), "", ""},
		{"a bucket", "s3://" + bucket + "/one", filepath.Join(dir, "state"), filepath.Join(dir, "cache-one")},
		{"a bucket and Postgres", "s3://" + bucket + "/two", url, filepath.Join(dir, "cache-two")},
	}, err
}

// extract extracts into a lake of each kind, in turn.
func (p *places) extract() (err error) {
	p.perDay = 5_000
	if p.b.quick {
		p.perDay = 1_000
	}
	size := sized{3, p.perDay}
	s, stop, err := p.b.sandbox("--days", strconv.Itoa(size.days+1), "--per-day", strconv.Itoa(size.perDay), "--steady", "--seed", strconv.Itoa(seed))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	took := map[string][]ran{}
	for range p.b.rounds() {
		if p.all, err = p.each(); err != nil {
			return err
		}
		for _, in := range p.all {
			r, err := p.extraction(s, in, size)
			if err != nil {
				return fmt.Errorf("%s: %w", in.kind, err)
			}
			took[in.kind] = append(took[in.kind], r)
		}
	}
	folder := middle(took[p.all[0].kind])
	for _, in := range p.all[1:] {
		r := middle(took[in.kind])
		p.b.add("extract into "+in.kind, rate(int64(size.days*size.perDay), r.wall), fmt.Sprintf("a folder %s; goal %.1fx", seconds(folder.wall), bucketGoal), times(folder.wall.Seconds(), r.wall.Seconds()))
	}
	return nil
}

func (p *places) extraction(s *served, in placed, size sized) (ran, error) {
	from := first + conversation.Day(extractDays-size.days)
	cmd := p.b.extractor(s, in.name, "--from", from.String(), "--to", endDay)
	cmd.Env = append(in.env(p.files.URL), "GENESYS_CLIENT_ID="+client, "GENESYS_CLIENT_SECRET="+client)
	text, took, err := finish(cmd)
	if err == nil {
		_, err = added(text, int64(size.days*size.perDay))
	}
	return took, err
}

// ask asks servers over the lakes for pages of a day: without any copy, and with all of them.
func (p *places) ask() error {
	took := map[string]firstAndNext{}
	for _, in := range p.all {
		a, err := p.asked(in)
		if err != nil {
			return fmt.Errorf("%s: %w", in.kind, err)
		}
		took[in.kind] = a
	}
	folder := took[p.all[0].kind]
	for _, in := range p.all[1:] {
		a := took[in.kind]
		p.b.add("  a page of a day out of "+in.kind+", copied before", seconds(a.warm), fmt.Sprintf("a folder %s; goal %.1fx", seconds(folder.warm), warmGoal), times(folder.warm.Seconds(), a.warm.Seconds()))
		p.b.add("  the first one, of which nothing is copied", seconds(a.cold), fmt.Sprintf("a folder %s; goal %s", seconds(folder.cold), seconds(coldGoal)), times(coldGoal.Seconds(), a.cold.Seconds()))
	}
	return nil
}

// firstAndNext is what the first question took, and the middle one of many after it.
type firstAndNext struct{ cold, warm time.Duration }

func (p *places) asked(in placed) (a firstAndNext, err error) {
	if in.cache != "" {
		if err := os.RemoveAll(in.cache); err != nil {
			return a, err
		}
	}
	cmd := p.b.withClient("serve", "--lake", in.name, "--addr", "127.0.0.1:0", "--json", "--log-level", "warn", "--rate-limit", "1000000", "--client-id", client, "--client-secret", client)
	cmd.Env = in.env(p.files.URL)
	s, stop, err := start(cmd)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := s.login(p.b.ctx, client, client); err != nil {
		return a, err
	}
	var list []time.Duration
	for n := range 50 {
		begun := time.Now()
		body := fmt.Sprintf(`{"interval":"%s","order":"asc","paging":{"pageSize":100,"pageNumber":%d}}`, conversation.Interval{Start: (first + extractDays - 1).Start(), End: (first + extractDays).Start()}, n%5+1)
		if err := s.post(p.b.ctx, queryPath, "application/json", body, nil); err != nil {
			return a, err
		}
		list = append(list, time.Since(begun))
	}
	a.cold, list = list[0], list[10:]
	slices.Sort(list)
	a.warm = list[len(list)/2]
	return a, nil
}

// commits makes small commits, one after the other, and gives the middle one.
func (p *places) commits() error {
	all, err := p.each()
	if err != nil {
		return err
	}
	for _, in := range all {
		took, err := p.commit(in)
		if err != nil {
			return fmt.Errorf("%s: %w", in.kind, err)
		}
		p.b.add("  a commit of a hundred records into "+in.kind, seconds(took), "goal "+seconds(commitGoal), times(commitGoal.Seconds(), took.Seconds()))
	}
	return nil
}

func (p *places) commit(in placed) (took time.Duration, err error) {
	ctx := at.With(p.b.ctx, func() at.Settings {
		return at.Settings{State: in.state, CacheDir: in.cache, S3: s3.Config{Endpoint: p.files.URL}}
	})
	l, err := at.Create(ctx, in.name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	w, err := l.Writer(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var list []time.Duration
	for n := range 11 {
		begun := time.Now()
		day := first + conversation.Day(n)
		if _, err := w.Commit(ctx, lake.Commit{Run: "bench", At: begun, Records: hundred(day, begun)}); err != nil {
			return 0, err
		}
		list = append(list, time.Since(begun))
	}
	slices.Sort(list)
	return list[len(list)/2], nil
}

// hundred simulates a hundred records of a day.
func hundred(day conversation.Day, at time.Time) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for c := range sim.New(sim.Config{Seed: seed, PerDay: 100}).Day(day) {
			text, err := wire.Encode(c)
			if err == nil {
				var r conversation.Record
				if r, err = wire.Record(text); err == nil && yield(conversation.Version{Record: r, Run: "bench", At: at}, nil) {
					continue
				}
			}
			if err != nil {
				yield(conversation.Version{}, err)
			}
			return
		}
	}
}
