package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
)

// shared is where lakes of a cluster lie: a bucket whose requests are counted, and a Postgres.
type shared struct {
	s3       *s3test.Server
	postgres *postgrestest.Server
	counted  *httptest.Server
	bucket   string
	folder   string // in which the objects of the bucket are files
	database string

	mu       sync.Mutex
	requests traffic
}

// traffic is what an object store was asked: requests by kind, and the bytes of bodies in either direction.
type traffic struct {
	kinds     map[string]int64
	sent, got int64
}

func (t traffic) String() string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(t.kinds)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, t.kinds[kind]))
	}
	return fmt.Sprintf("%s; %d kB sent, %d kB received", strings.Join(parts, ", "), t.sent/1000, t.got/1000)
}

// openShared starts both servers.
func (b *bench) openShared() (_ *shared, err error) {
	s := &shared{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.s3, err = s3test.Start(); err == nil && s.s3 == nil {
		err = errors.New("no S3 server is installed; tools/setup s3 installs it, into bin/tools, which belongs into the path")
	}
	if err != nil {
		return s, err
	}
	if s.postgres, err = postgrestest.Start(); err != nil || s.postgres == nil {
		return s, errors.Join(err, noPostgres(s.postgres))
	}
	if s.bucket, s.folder, err = s.s3.Make(); err != nil {
		return s, err
	}
	if s.database, err = s.postgres.Make(b.ctx); err != nil {
		return s, err
	}
	return s, s.count()
}

func (s *shared) close() (err error) {
	if s.counted != nil {
		s.counted.Close()
	}
	if s.s3 != nil {
		err = s.s3.Stop()
	}
	return errors.Join(err, s.postgres.Stop())
}

// count puts a proxy before the object store. Requests are signed with the name of the host that they were sent to, which therefore
// stays.
func (s *shared) count() error {
	behind, err := url.Parse(s.s3.URL)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.requests.kinds[kindOf(r.Request)]++
			s.requests.sent += max(r.Request.ContentLength, 0)
			if r.Request.Method != http.MethodHead { // which tells a length and sends nothing
				s.requests.got += max(r.ContentLength, 0)
			}
			return nil
		},
	}
	s.requests.kinds = map[string]int64{}
	s.counted = httptest.NewServer(proxy)
	return nil
}

// kindOf is what a request costs as: listing is a GET of the bucket itself.
func kindOf(r *http.Request) string {
	if r.Method == http.MethodGet && r.URL.Query().Has("list-type") {
		return "LIST"
	}
	return r.Method
}

// asked gives the requests since it was last called.
func (s *shared) asked() traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.requests
	s.requests = traffic{kinds: map[string]int64{}}
	return t
}

// with has a command find the lakes. Its copies lie in a folder of its own.
func (s *shared) with(cmd *exec.Cmd, cache string) *exec.Cmd {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_S3="+s.counted.URL, "PARLEY_STATE="+s.database, "PARLEY_CACHE_DIR="+cache)
	return cmd
}

func (s *shared) lake(name string) string { return "s3://" + s.bucket + "/" + name }

// objects counts what lies in the bucket below a prefix: data files, what describes them, and all else.
func (s *shared) objects(prefix string) (n, bytes map[string]int64, err error) {
	n, bytes = map[string]int64{}, map[string]int64{}
	err = filepath.WalkDir(filepath.Join(s.folder, prefix), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		n[kindOfObject(path)]++
		bytes[kindOfObject(path)] += info.Size()
		return nil
	})
	return n, bytes, err
}

func kindOfObject(path string) string {
	switch {
	case strings.HasSuffix(path, ".parquet"):
		return "data"
	case strings.Contains(path, "/metadata/"):
		return "metadata"
	}
	return "other"
}

// sizing measures what nights add, of days of several sizes.
func (b *bench) sizing() (err error) {
	s, err := b.openShared()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	sizes := []int{10, 100, 1_000, 10_000}
	if b.quick {
		sizes = sizes[:3]
	}
	for _, perDay := range sizes {
		if err := b.sizingNights(s, perDay); err != nil {
			return err
		}
	}
	return nil
}

// sizingNights extracts a day a night, and asks of one day. The first night makes the lake, and is left out.
func (b *bench) sizingNights(s *shared, perDay int) (err error) {
	const nights = 5
	source, stop, err := b.sandbox("--days", strconv.Itoa(nights+2), "--per-day", strconv.Itoa(perDay), "--steady", "--seed", strconv.Itoa(seed))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	name, cache := fmt.Sprintf("nights-%d", perDay), filepath.Join(b.dir, fmt.Sprintf("cache-%d", perDay))
	what := thousands(int64(perDay)) + " conversations a day: "
	var cpu time.Duration
	night := func(n conversation.Day) error {
		day := first + extractDays - nights - 1 + n
		_, r, err := finish(s.with(b.extractor(source, s.lake(name), "--from", day.String(), "--to", (day+1).String(), "--settle", "none", "--tolerance", "off"), cache))
		cpu += r.cpu
		return err
	}
	if err := night(0); err != nil {
		return err
	}
	cpu = 0
	s.asked()
	began, _, err := s.postgres.Size(b.ctx, s.database)
	if err != nil {
		return err
	}
	for n := range conversation.Day(nights) {
		if err := night(n + 1); err != nil {
			return err
		}
	}
	b.add(what+strconv.Itoa(nights)+" nights", s.asked().String(), "processor time of a night "+seconds(cpu/nights), "")
	ended, _, err := s.postgres.Size(b.ctx, s.database)
	if err != nil {
		return err
	}
	b.add(what+"control database, a night", thousands((ended-began)/nights)+" bytes", "", "")
	if err := b.stored(s, name, what+"stored"); err != nil {
		return err
	}
	return b.sizingAsked(s, name, what)
}

// stored says what lies in the bucket.
func (b *bench) stored(s *shared, name, what string) error {
	n, bytes, err := s.objects(name)
	for _, kind := range slices.Sorted(maps.Keys(n)) {
		b.add(what+", "+kind, fmt.Sprintf("%d objects, %s bytes", n[kind], thousands(bytes[kind])), "", "")
	}
	return err
}

// sizingAsked asks a lake, first without copies, and does its upkeep.
func (b *bench) sizingAsked(s *shared, name, what string) error {
	day := first + extractDays - 2
	fresh := filepath.Join(b.dir, "fresh-"+name)
	question := []string{"query", "--lake", s.lake(name), "--from", day.String(), "--to", (day + 1).String(), "--purpose", "acd", "--json", "--limit", "100"}
	for _, asked := range []struct {
		what string
		args []string
	}{
		{"a question of a day, no copies", question},
		{"the same with copies", question},
		{"upkeep", []string{"lake", "maintain", "--lake", s.lake(name)}},
		{"the same question after it", question},
		{"status", []string{"status", "--lake", s.lake(name), "--json"}},
		{"upkeep that removes all that it may", []string{"lake", "maintain", "--lake", s.lake(name), "--older-than", "0h", "--grace", "0h"}},
	} {
		s.asked()
		_, r, err := finish(s.with(exec.CommandContext(b.ctx, b.parley, asked.args...), fresh))
		if err != nil {
			return err
		}
		b.add(what+asked.what, s.asked().String(), r.String(), "")
	}
	return b.stored(s, name, what+"stored after upkeep")
}

// sizingDays measures what a question costs over lakes of more and more days, each with files of its own. They are made by fifty commits at
// most, as fifty nights without upkeep would leave.
func (b *bench) sizingDays() error {
	const perDay, daysACommit, commits = 10, 20, 50
	sizes := []conversation.Day{10, 100, 1_000, 4_000}
	if b.quick {
		sizes = sizes[:3]
	}
	for _, days := range sizes {
		if err := b.fresh(func(dir string) error {
			lake := filepath.Join(dir, "lake")
			if err := b.makeYears(lake, days, perDay, perDay*max(daysACommit, int(days)/commits)); err != nil {
				return err
			}
			return b.sizingPlans(lake, days)
		}); err != nil {
			return err
		}
	}
	return nil
}

// sizingPlans asks a lake as nights left it, and after upkeep.
func (b *bench) sizingPlans(lake string, days conversation.Day) error {
	end := first + extractDays - 1
	for _, when := range []string{"", ", after upkeep"} {
		if when != "" {
			if _, err := b.timed("lake", "maintain", "--lake", lake, "--older-than", "0h", "--grace", "0h"); err != nil {
				return err
			}
		}
		what := fmt.Sprintf("%s days%s: ", thousands(int64(days)), when)
		for _, asked := range []struct {
			what string
			from conversation.Day
		}{{"count one day", end - 1}, {"count all days", end - days}} {
			r, err := b.timed("query", "--lake", lake, "--from", asked.from.String(), "--to", end.String(), "--count", "--json")
			if err != nil {
				return err
			}
			b.add(what+asked.what, r.String(), mebibytes(r.peak), "")
		}
		n, bytes, err := (&shared{folder: lake}).objects(".")
		if err != nil {
			return err
		}
		control, err := os.Stat(filepath.Join(lake, "control.db"))
		if err != nil {
			return err
		}
		b.add(what+"files", fmt.Sprintf("%d data, %d metadata of %s bytes", n["data"], n["metadata"], thousands(bytes["metadata"])), fmt.Sprintf("control.db %s bytes", thousands(control.Size())), "")
	}
	return nil
}

// sizingOrganizations measures what each lake more adds to the Postgres that all share, and to a server of all.
func (b *bench) sizingOrganizations() (err error) {
	s, err := b.openShared()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	lakes := 0
	for _, wanted := range []int{1, 5, 20} {
		for ; lakes < wanted; lakes++ {
			generate := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", s.lake(fmt.Sprintf("o%d", lakes)), "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "10")
			if _, _, err := finish(s.with(generate, filepath.Join(b.dir, "copies"))); err != nil {
				return err
			}
		}
		size, relations, err := s.postgres.Size(b.ctx, s.database)
		if err != nil {
			return err
		}
		memory, err := b.serving(s, lakes)
		if err != nil {
			return err
		}
		b.add(fmt.Sprintf("%d organizations", lakes), fmt.Sprintf("%s bytes and %d relations in Postgres", thousands(size), relations), "serve "+mebibytes(memory), "")
	}
	return nil
}

// serving is the memory of a server of so many lakes, before anybody has asked, MiB.
func (b *bench) serving(s *shared, lakes int) (_ float64, err error) {
	args := []string{"serve", "--state", filepath.Join(b.dir, "serving"), "--addr", "127.0.0.1:0", "--json", "--log-level", "warn", "--client-id", client, "--client-secret", client}
	for n := range lakes {
		args = append(args, "--lake", fmt.Sprintf("o%d=%s", n, s.lake(fmt.Sprintf("o%d", n))))
	}
	if lakes > 1 { // the client of the flags is of the only organization
		args = slices.DeleteFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--client-") || arg == client })
	}
	server, stop, err := start(s.with(exec.CommandContext(b.ctx, b.parley, args...), filepath.Join(b.dir, "copies")))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return server.memory("VmRSS")
}
