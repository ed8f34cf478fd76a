package job

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Config is what a Manager needs.
type Config struct {
	Source     engine.Source
	Dir        string           // results files lie directly in it; made if missing; for one Manager alone
	Now        func() time.Time // the clock that dates and expires jobs
	Available  func() time.Time // dataAvailabilityDate at this moment
	Concurrent int              // jobs answered at once; default 2, since each may keep a core and the disk busy
	Queued     int              // jobs waiting at most; default 100
	Keep       time.Duration    // how long results are kept at least; default 7 days. The platform keeps about 31 (facts.md 7.2)
	Key        [32]byte         // seals cursors; whoever knows it can forge one, and a new one makes the old cursors invalid
	Log        *slog.Logger     // default: silent
}

func (c *Config) validate() error {
	switch {
	case c.Source == nil, c.Dir == "", c.Now == nil, c.Available == nil:
		return fault.New(fault.Invalid, "jobs need a source, a folder for results, a clock and a dataAvailabilityDate")
	case c.Key == [32]byte{}:
		return fault.New(fault.Invalid, "jobs need a secret key to seal cursors with")
	case c.Concurrent < 0, c.Queued < 0, c.Keep < 0:
		return fault.New(fault.Invalid, "the limits of jobs cannot be negative")
	}
	return nil
}

func (c *Config) defaults() {
	if c.Concurrent == 0 {
		c.Concurrent = 2
	}
	if c.Queued == 0 {
		c.Queued = 100
	}
	if c.Keep == 0 {
		c.Keep = 7 * 24 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// sweepEvery is how often expired results are looked for. Nobody can read them meanwhile: it bounds only how long
// they take up room.
const sweepEvery = time.Minute

// Manager takes jobs, runs them and gives out their results. Safe for concurrent use; nothing runs outside Run.
type Manager struct {
	cfg     Config
	jobs    *registry
	running *running
	files   files
	seal    *sealer
	zstd    *zstd.Decoder
	wake    chan struct{} // holds a token for each worker that may have to look at the queue again
}

// New makes a manager and its folder. It starts nothing: jobs wait until Run is called.
func New(c Config) (*Manager, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c.defaults()
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	seal, err := newSealer(c.Key)
	if err != nil {
		return nil, err
	}
	return &Manager{
		cfg: c, jobs: newRegistry(), running: newRunning(), files: files{dir: c.Dir, create: createFile},
		seal: seal, zstd: decoder, wake: make(chan struct{}, c.Concurrent),
	}, nil
}

// Run answers jobs and clears expired results away until ctx ends. It returns when its last goroutine has: nil when it
// was asked to stop, an error when the folder of results cannot be read. It must not be called twice at a time.
func (m *Manager) Run(ctx context.Context) error {
	if err := m.files.clear(m.jobs); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range m.cfg.Concurrent {
		group.Go(func() error { return m.work(ctx) })
	}
	group.Go(func() error { return m.sweep(ctx) })
	return group.Wait()
}

// Submit queues a job for an organisation. It fails with fault.Throttled when too many are waiting.
func (m *Manager) Submit(ctx context.Context, owner string, q query.Job) (ID, error) {
	id := newID()
	status := Status{State: Queued, SubmissionDate: m.cfg.Now()}
	if !m.jobs.add(entry{id: id, owner: owner, query: q, status: status}, m.cfg.Queued) {
		return "", m.tooMany()
	}
	m.cfg.Log.InfoContext(ctx, "job submitted", "job", id)
	select {
	case m.wake <- struct{}{}:
	default: // there is a token for every worker already
	}
	return id, nil
}

// tooMany names the platform's limit; its value there is not known (facts.md section 4).
func (m *Manager) tooMany() error {
	return &fault.Error{
		Kind: fault.Throttled, Limit: &fault.Limit{Key: "details.jobs.concurrent.access.max", Namespace: "analytics", Value: m.cfg.Queued},
		Message: "Rate limit exceeded the maximum. Too many jobs are waiting; submit again when one of them is done",
	}
}

// Status says where a job stands. It fails with fault.NotFound when the organisation has no such job.
func (m *Manager) Status(owner string, id ID) (Status, error) {
	e, err := m.find(owner, id)
	return e.status, err
}

// Delete cancels a job that is not done, whose status can still be read afterwards, and removes one that is done with
// its results. It fails with fault.NotFound when the organisation has no such job.
func (m *Manager) Delete(owner string, id ID) error {
	if _, err := m.find(owner, id); err != nil {
		return err
	}
	if m.jobs.cancel(id, m.cfg.Now().Add(m.cfg.Keep)) {
		m.running.cancel(id)
		return nil
	}
	m.jobs.remove(id)
	return m.files.remove(id)
}

// Results gives the page of at most pageSize results from the cursor on; an empty cursor means from the start. The
// caller closes the page. It fails with fault.NotFound when the organisation has no such job or the job is not
// Fulfilled (fault.Expired as well, when it once was), and with fault.Invalid when the cursor is not one of this job.
func (m *Manager) Results(owner string, id ID, cursor string, pageSize int) (*Page, error) {
	if pageSize < 1 {
		return nil, fault.Field("pageSize", "pageSize must be at least 1")
	}
	e, err := m.find(owner, id)
	if err != nil {
		return nil, err
	}
	if err := readable(e); err != nil {
		return nil, err
	}
	from, err := m.seal.place(e, cursor)
	if err != nil {
		return nil, err
	}
	results, err := openResults(m.files.results(id), m.zstd)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound() // deleted or expired since find
	}
	if err != nil {
		return nil, err
	}
	return newPage(e, results, m.seal, from, pageSize), nil
}

// find gives a job of an organisation as the clock shows it. A job of another organisation does not exist.
func (m *Manager) find(owner string, id ID) (entry, error) {
	e, ok := m.jobs.get(id)
	if !ok || e.owner != owner {
		return entry{}, notFound()
	}
	e.status = e.status.at(m.cfg.Now())
	return e, nil
}

func notFound() error {
	return &fault.Error{Kind: fault.NotFound, Field: "jobId", Message: "The job does not exist"}
}

// readable says why the results of a job cannot be read, if they cannot.
func readable(e entry) error {
	switch e.status.State {
	case Fulfilled:
		return nil
	case Expired:
		return fault.Because(fault.NotFound, fault.Expired, "The results of the job have expired; submit the query again")
	case Queued, Pending:
		return fault.New(fault.NotFound, "The job is %s; its results can be read once it is %s", e.status.State, Fulfilled)
	case Failed, Cancelled:
	}
	return fault.New(fault.NotFound, "The job is %s and has no results; submit the query again", e.status.State)
}
