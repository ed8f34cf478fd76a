package job

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Config is what a Manager needs.
type Config struct {
	DB     *state.DB               // the control database; several processes may share it
	Home   Home                    // where they are beside it
	Views  map[string]engine.Views // what each organization's jobs are answered from
	Now    func() time.Time        // the clock that dates and expires jobs
	Limits Limits
	Rates  limit.Maker   // counts submissions; default limit.InMemory
	Keep   time.Duration // how long results are kept at least; default 7 days. The platform's own example has 31
	Meter  *meter.Meter  // default: one that nobody reads
	Log    *slog.Logger  // default: silent
}

func (c *Config) validate() error {
	switch {
	case c.DB == nil, !c.Home.valid(), c.Now == nil:
		return fault.New(fault.Invalid, "jobs need a control database, a place for results and a clock")
	case c.Limits.negative(), c.Keep < 0:
		return fault.New(fault.Invalid, "the limits of jobs cannot be negative")
	}
	return nil
}

func (c *Config) defaults() {
	c.Limits = c.Limits.withDefaults()
	if c.Keep == 0 {
		c.Keep = 7 * 24 * time.Hour
	}
	if c.Rates == nil {
		c.Rates = limit.InMemory
	}
	if c.Meter == nil {
		c.Meter = meter.New()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Manager takes jobs, runs them and gives out their results. Safe for concurrent use; nothing runs outside Run.
type Manager struct {
	cfg     Config
	jobs    registry
	running *running
	resting *resting
	files   files
	seal    *sealer
	rate    limit.Rate // of submissions
	zstd    *zstd.Decoder
	wake    chan struct{} // holds a token for each runner that may have to look at the queue again
	look    time.Duration
	pause   time.Duration
	mine    []any // the organizations that it has data of, as arguments
	key     [32]byte
	looked  int // the slot that was last looked after
}

// New makes a manager, its tables and its folder. It starts nothing: jobs wait until Run is called, here or by another
// process over the same database.
func New(ctx context.Context, c Config) (*Manager, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c.defaults()
	if all := c.Home.All; all.Store != nil {
		if err := c.Home.prepare(ctx, all); err != nil {
			return nil, err
		}
	}
	jobs, err := openRegistry(ctx, c.DB)
	if err != nil {
		return nil, err
	}
	if c.Limits.Stored == 0 {
		if c.Limits.Stored, err = room(ctx, jobs, c.Home.Free); err != nil {
			return nil, err
		}
	}
	key, err := jobs.key(ctx)
	if err != nil {
		return nil, err
	}
	seal, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(mostText))
	if err != nil {
		return nil, err
	}
	m := &Manager{
		cfg: c, jobs: jobs, running: newRunning(), resting: newResting(), seal: seal, key: key,
		rate: c.Rates("submissions of jobs", c.Limits.PerMinute, 0), zstd: decoder, wake: make(chan struct{}, c.Limits.Running), look: lookEvery, pause: pauseFor,
	}
	m.files = files{m.place, newIndexes(c.Home)}
	for _, name := range slices.Sorted(maps.Keys(c.Views)) {
		m.mine = append(m.mine, name)
	}
	if err := m.bind(ctx); err != nil {
		return nil, err
	}
	c.Meter.Watch(m.count)
	return m, nil
}

// bind binds organizations to the lakes that their jobs are answered from, as far as these can be told.
func (m *Manager) bind(ctx context.Context) error {
	for name := range m.cfg.Views {
		if _, err := m.place(ctx, name); err != nil && !errors.Is(err, fault.Unavailable) {
			return err
		}
	}
	return nil
}

// place is where the results of an organization lie. One whose jobs are answered from a lake is bound to it at first.
func (m *Manager) place(ctx context.Context, organization string) (Place, error) {
	home := m.cfg.Home
	if home.All.Store != nil {
		return home.All, nil
	}
	p, err := home.At(ctx, organization)
	if err != nil || m.jobs.bindsTo(organization, p.Lake) {
		return p, err
	}
	if err := home.prepare(ctx, p); err != nil {
		return p, err
	}
	return p, m.jobs.bind(ctx, organization, p.Lake)
}

// Secret is a key for a purpose that the label names. It is the same in every process over the control database, and lasts as that does.
func (m *Manager) Secret(label string) ([]byte, error) {
	return hkdf.Key(sha256.New, m.key[:], nil, label, sha256.Size)
}

// Submit queues a job. The body is the request as it was sent. It fails with fault.Invalid when the body is no query
// and with fault.Throttled when a limit is in the way.
func (m *Manager) Submit(ctx context.Context, o Owner, body []byte) (ID, error) {
	return m.submit(ctx, entry{owner: o, body: body})
}

// submit queues a job of any kind.
func (m *Manager) submit(ctx context.Context, e entry) (ID, error) {
	if _, err := m.decode(e); err != nil {
		return "", err
	}
	o := e.owner
	e.id, e.status = newID(), Status{State: Queued, SubmissionDate: m.cfg.Now()}
	// Before it is counted: what is refused for other reasons takes nothing from the rate. Nor does it take the write lock,
	// for which many at once would have to wait.
	if err := m.cfg.Limits.admit(ctx, m.jobs.db, e); err != nil {
		return "", err
	}
	if u := m.rate.Take(ctx, o.Organization+"/"+o.Client, e.status.SubmissionDate); u.Over {
		return "", throttled(limitPerMinute, int64(u.Allowed), u.Reset, "So many jobs were submitted within a minute already; submit fewer, each for more")
	}
	if err := m.jobs.add(ctx, e, m.cfg.Limits); err != nil {
		return "", err
	}
	m.cfg.Log.InfoContext(ctx, "job submitted", "job", e.id, "client", o.Client)
	m.awake()
	return e.id, nil
}

// Status says where a job stands. It fails with fault.NotFound when the owner sees no such job.
func (m *Manager) Status(ctx context.Context, o Owner, id ID) (Status, error) {
	return m.status(ctx, Details, o, id)
}

func (m *Manager) status(ctx context.Context, k Kind, o Owner, id ID) (Status, error) {
	e, err := m.findOf(ctx, k, o, id)
	return e.status, err
}

// Why says of a job that has failed for what, as the owner of its data may know it; nil where the status says it all. It
// fails with fault.NotFound when the owner sees no such job.
func (m *Manager) Why(ctx context.Context, o Owner, id ID) (*fault.Error, error) {
	e, err := m.find(ctx, o, id)
	kind := fault.Named(e.cause.kind)
	if err != nil || kind == nil {
		return nil, err
	}
	return fault.New(kind, "%s", e.cause.text), nil
}

// List gives the jobs that an owner sees, newest first.
func (m *Manager) List(ctx context.Context, o Owner) ([]Listed, error) {
	entries, err := m.jobs.list(ctx, o)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, len(entries))
	for i, e := range entries {
		e.status = e.status.at(m.cfg.Now())
		out[i] = e.listed()
	}
	return out, nil
}

// Asked gives a job as an owner sees it, with the request as it was sent; nil once the job is done. It fails with fault.NotFound when
// the owner sees no such job.
func (m *Manager) Asked(ctx context.Context, o Owner, id ID) (Listed, []byte, error) {
	e, err := m.find(ctx, o, id)
	return e.listed(), e.body, err
}

// Delete cancels a job that is not done, whose status can still be read afterwards, and removes one that is done with
// its results, or that is damaged. It fails with fault.NotFound when the owner sees no such job.
func (m *Manager) Delete(ctx context.Context, o Owner, id ID) error {
	return m.delete(ctx, Details, o, id)
}

func (m *Manager) delete(ctx context.Context, k Kind, o Owner, id ID) error {
	e, err := m.findOf(ctx, k, o, id)
	if errors.Is(err, fault.Corrupt) && o.sees(e) {
		m.running.cancel(id)
		return errors.Join(m.jobs.remove(ctx, id), m.files.remove(ctx, e))
	}
	if err != nil {
		return err
	}
	cancelled, err := m.jobs.cancel(ctx, id, m.cfg.Now().Add(m.cfg.Keep))
	if err != nil {
		return err
	}
	if cancelled {
		m.running.cancel(id)
		m.cfg.Meter.Ended(string(Cancelled))
		m.cfg.Log.InfoContext(ctx, "job cancelled", "job", id, "client", o.Client)
		return nil
	}
	m.cfg.Log.InfoContext(ctx, "job removed", "job", id, "client", o.Client)
	return errors.Join(m.jobs.remove(ctx, id), m.files.remove(ctx, e))
}

// Results gives the page of at most pageSize results from the cursor on; an empty cursor means from the start. The
// caller closes the page. It fails with fault.NotFound when the owner sees no such job or the job is not Fulfilled, and
// with fault.Invalid when the cursor is not one of this job. Once the job has expired, it fails with fault.NotFound
// without a cursor and with fault.Expired with one.
func (m *Manager) Results(ctx context.Context, o Owner, id ID, cursor string, pageSize int) (*Page, error) {
	return m.results(ctx, Details, o, id, cursor, pageSize)
}

// results gives a page of a job of any kind.
func (m *Manager) results(ctx context.Context, k Kind, o Owner, id ID, cursor string, pageSize int) (*Page, error) {
	if pageSize < 1 {
		return nil, fault.Field("pageSize", "pageSize must be at least 1")
	}
	e, err := m.findOf(ctx, k, o, id)
	if err != nil {
		return nil, err
	}
	from, err := m.seal.place(e, cursor)
	if err != nil {
		return nil, err
	}
	if err := readable(e, cursor); err != nil {
		return nil, err
	}
	results, err := m.files.open(ctx, e, m.zstd)
	if errors.Is(err, fault.NotFound) {
		return nil, m.gone(ctx, k, o, id)
	}
	if err != nil {
		return nil, err
	}
	return m.page(e, results, from, pageSize), nil
}

// gone says why there is no file of a job that had one a moment ago: it was deleted or has expired since, or somebody has removed its
// file alone.
func (m *Manager) gone(ctx context.Context, k Kind, o Owner, id ID) error {
	e, err := m.findOf(ctx, k, o, id)
	if err == nil && e.status.State == Fulfilled {
		m.cfg.Log.ErrorContext(ctx, "the results of a job are gone, though it has not expired", "job", id)
		return fault.New(fault.NotFound, "The results of the job are gone; submit the query again")
	}
	return k.notFound()
}

// find gives a job for details that an owner sees, as the clock shows it. Any other does not exist for it.
func (m *Manager) find(ctx context.Context, o Owner, id ID) (entry, error) {
	return m.findOf(ctx, Details, o, id)
}

func (m *Manager) findOf(ctx context.Context, k Kind, o Owner, id ID) (entry, error) {
	e, ok, err := m.jobs.get(ctx, id)
	if err != nil {
		return e, err // who owns one that is damaged, nobody knows
	}
	if !ok || e.kind != k || !o.sees(e) {
		return entry{}, k.notFound()
	}
	e.status = e.status.at(m.cfg.Now())
	return e, nil
}

func (k Kind) notFound() error {
	switch k {
	case Reports:
		return &fault.Error{Kind: fault.NotFound, Field: "queryId", Message: "The report query does not exist; what is known of one is kept for some days, and then it is gone"}
	case Pages:
		return &fault.Error{Kind: fault.Expired, Field: "cursor", Message: "The cursor has expired, or is none of this server; ask again without a cursor"}
	case Details, Figures:
	}
	return &fault.Error{Kind: fault.NotFound, Field: "jobId", Message: "The job does not exist"}
}

// readable says why the results of a job cannot be read, if they cannot.
func readable(e entry, cursor string) error {
	switch e.status.State {
	case Fulfilled:
		return nil
	case Queued, Pending, Failed, Cancelled, Expired:
	}
	if !e.kind.ofPlatform() {
		return unfinished(e)
	}
	switch e.status.State {
	case Expired:
		if cursor != "" {
			return &fault.Error{Kind: fault.Expired, Field: "cursor", Message: "The cursor has expired, and the results of its job with it; submit the query again"}
		}
		return fault.Because(fault.NotFound, fault.Expired, "The results of the job have expired; submit the query again")
	case Queued, Pending:
		return fault.New(fault.NotFound, "The job is %s; its results can be read once it is %s", e.status.State, Fulfilled)
	case Failed, Cancelled, Fulfilled:
	}
	return fault.New(fault.NotFound, "The job is %s and has no results; submit the query again", e.status.State)
}

// count is what the jobs are doing at this moment.
func (m *Manager) count(ctx context.Context) (out meter.Jobs, err error) {
	out.States = map[string]int64{}
	for _, s := range wire.JobStates() {
		out.States[string(s)] = 0
	}
	for row, err := range m.cfg.DB.Rows(ctx, `SELECT state, count(*), sum(stored), min(submitted) FROM jobs GROUP BY state`) {
		if err != nil {
			return out, err
		}
		var is State
		var n, stored, oldest int64
		if err := row.Scan(&is, &n, &stored, &oldest); err != nil {
			return out, err
		}
		out.States[string(is)] = n
		out.Stored += stored
		if is == Queued {
			out.Age = m.cfg.Now().Sub(moment(oldest))
		}
	}
	return out, nil
}
