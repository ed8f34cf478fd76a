package extract

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/place"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/fleet"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/meter/extraction"
	"github.com/parley-hq/parley/internal/wait"
)

// forMany refuses what can only be meant of one organization.
func (o *Options) forMany(cmd *cobra.Command) error {
	for _, name := range []string{"lake", "base-url", "source", "again", "accept-empty", "dry-run"} {
		if cmd.Flags().Changed(name) {
			return fault.Field("--"+name, "--%s is about one organization, and %s has several; name one by --organization", name, o.File.Path)
		}
	}
	for _, name := range []string{"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_ENVIRONMENT"} {
		if o.Getenv(name) != "" {
			return fault.New(fault.Invalid, "%s is set, and would stand for every organization of %s; unset it, or name one by --organization", name, o.File.Path)
		}
	}
	if o.AtOnce < 1 || o.AtOnce > 64 {
		return fault.Field("--at-once", "--at-once must lie between 1 and 64")
	}
	if cmd.Flags().Changed("every") && !o.Follow {
		return fault.Field("--every", "--every goes with --follow; without it the command extracts once")
	}
	return nil
}

// many is several organizations that one process extracts.
type many struct {
	*Options

	cmd    *cobra.Command
	parts  []*part
	slots  chan struct{}
	output sync.Mutex

	mu     sync.Mutex
	meters []*extraction.Meter
}

// part is one organization of several.
type part struct {
	*Options

	of       *many
	from     *config.Organization
	settings func() at.Settings
	place    string
	hold     fleet.Hold // of one that is followed, else nil
	resting  func(bool) // of one that is followed, else nil
	err      error      // of its last run
}

// runMany extracts several organizations, each as a command of its own would.
func (o *Options) runMany(cmd *cobra.Command) (err error) {
	m := &many{Options: o, cmd: cmd, slots: make(chan struct{}, o.AtOnce)}
	var places []string
	board := ""
	for i := range o.many.Organizations {
		p, address, err := m.prepare(cmd.Context(), &o.many.Organizations[i])
		if err != nil {
			return fmt.Errorf("%s: %w", o.many.Organizations[i].Name, err)
		}
		if i > 0 && address != board {
			return fault.Field("--state", "the organizations %s and %s have their control databases in different places; those of one file have them all in one Postgres, or none in any",
				m.parts[0].from.Name, p.from.Name)
		}
		board = address
		m.parts, places = append(m.parts, p), append(places, p.place)
	}
	var on fleet.Board = fleet.Alone{}
	if board != "" {
		b, err := app.Board(cmd.Context(), board)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.Close()) }()
		on = b
	}
	if o.Follow {
		return m.follow(cmd.Context(), on, places)
	}
	return m.round(cmd.Context(), on, places)
}

// prepare reads what flags and file say of an organization. Its secrets are read when it is extracted.
func (m *many) prepare(ctx context.Context, from *config.Organization) (_ *part, board string, err error) {
	p := &part{Options: standard(m.streams(from.Name), m.Version), of: m, from: from}
	p.Options.Getenv, p.Options.part = m.Getenv, p
	c := command(p.Options)
	p.settings = place.Add(c, m.Getenv).Settings
	if err := given(m.cmd.Flags(), c.Flags()); err != nil {
		return nil, "", err
	}
	if err := p.File.Take(c, m.many, from, m.Getenv); err != nil {
		return nil, "", err
	}
	p.Telling.Summary, p.Telling.Metrics, p.Listen = named(p.Telling.Summary, from.Name), named(p.Telling.Metrics, from.Name), ""
	p.place, board, err = app.Place(at.With(ctx, p.settings), p.Lake)
	return p, board, err
}

// given sets the flags that were given.
func given(from, to *pflag.FlagSet) (err error) {
	from.Visit(func(f *pflag.Flag) {
		same := to.Lookup(f.Name)
		if same == nil || err != nil {
			return
		}
		if list, is := f.Value.(pflag.SliceValue); is {
			err = same.Value.(pflag.SliceValue).Replace(list.GetSlice())
			same.Changed = true
			return
		}
		err = to.Set(f.Name, f.Value.String())
	})
	return err
}

// named is the path of an organization's own file: its name goes before the ending.
func named(path, organization string) string {
	if path == "" {
		return ""
	}
	ending := filepath.Ext(path)
	return strings.TrimSuffix(path, ending) + "." + organization + ending
}

// run extracts the organization, as the command does for one.
func (p *part) run(ctx context.Context) (err error) {
	ctx = at.With(ctx, p.settings)
	if p.Options.Getenv, err = configured.Environment(ctx, p.from, p.of.Getenv); err != nil {
		return p.ended(ctx, extract.Summary{}, err)
	}
	return Run(ctx, p.Options)
}

// enter waits until the process may extract one more organization; leave ends that. Who is alone need not wait.
func (p *part) enter(ctx context.Context) (leave func(), err error) {
	if p == nil {
		return func() {}, nil
	}
	select {
	case p.of.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.rests(false)
	return func() {
		p.rests(true)
		<-p.of.slots
	}, nil
}

func (p *part) rests(yes bool) {
	if p.resting != nil {
		p.resting(yes)
	}
}

// followed notes that one that is followed was extracted. That this cannot be noted ends nothing.
func (p *part) followed(ctx context.Context, err error) {
	if p == nil || p.hold == nil {
		return
	}
	if err := p.hold.Ended(ctx, fault.ExitCode(err)); err != nil && ctx.Err() == nil {
		p.Streams.Notef("%s\n", ui.OneLine(ui.Plain(err.Error())))
	}
}

// metered has the meter be served with those of the others.
func (p *part) metered(m *extraction.Meter) {
	if p == nil {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.of.meters = append(p.of.meters, m)
}

// round extracts every organization once.
func (m *many) round(ctx context.Context, on fleet.Board, places []string) error {
	r := &fleet.Round{Board: on, Places: places, AtOnce: m.AtOnce, Do: func(ctx context.Context, n int) int {
		p := m.parts[n]
		if p.err = p.run(ctx); p.err != nil {
			p.Streams.Notef("%s\n", ui.OneLine(ui.Plain(p.err.Error())))
		}
		return fault.ExitCode(p.err)
	}}
	results, err := r.Run(ctx)
	if err != nil {
		return err
	}
	return errors.Join(m.print(results), m.failure(results))
}

// print says who has done what.
func (m *many) print(results []fleet.Result) error {
	type line struct {
		Organization string `json:"organization"`
		By           string `json:"by,omitzero"`
		ExitCode     int    `json:"exit_code"`
	}
	var lines []line
	for n, r := range results {
		lines = append(lines, line{m.parts[n].from.Name, r.By, r.Code})
	}
	if m.JSON {
		return m.Streams.JSON(map[string]any{"organizations": lines})
	}
	t := m.Streams.Table("organization", "extracted by", "exit code")
	for _, l := range lines {
		t.Row(l.Organization, cmp.Or(l.By, "this process"), strconv.Itoa(l.ExitCode))
	}
	return t.Done()
}

// failure is that of the organizations that this process did: the first that failed, else that something is missing.
func (m *many) failure(results []fleet.Result) (failed error) {
	count := 0
	for n, r := range results {
		p := m.parts[n]
		if r.By != "" || p.err == nil {
			continue
		}
		count++
		if failed == nil || errors.Is(failed, fault.Incomplete) && !errors.Is(p.err, fault.Incomplete) {
			failed = fmt.Errorf("%s: %w", p.from.Name, p.err)
		}
	}
	if count > 1 {
		return fmt.Errorf("%d organizations, among them %w", count, failed)
	}
	return failed
}

// lookEvery is how often a service looks who else is there. After it and the life of a lease, which is three times as long, those of a
// process that has died are others'.
const lookEvery = 10 * time.Second

// follow extracts the organizations that come to this process until it is stopped.
func (m *many) follow(ctx context.Context, on fleet.Board, places []string) error {
	stop, err := m.serveMetrics(ctx, extraction.Together(func() []*extraction.Meter {
		m.mu.Lock()
		defer m.mu.Unlock()
		return append([]*extraction.Meter(nil), m.meters...)
	}))
	if err != nil {
		return err
	}
	defer stop()
	s := &fleet.Share{Board: on, Places: places, Every: lookEvery, Note: m.Streams.Notef, Follow: func(ctx context.Context, n int, hold fleet.Hold, resting func(bool)) {
		m.parts[n].hold, m.parts[n].resting = hold, resting
		m.parts[n].follows(ctx)
	}}
	return s.Run(ctx)
}

// follows goes on with an organization until ctx ends: what is wrong with one does not end the others.
func (p *part) follows(ctx context.Context) {
	for ctx.Err() == nil {
		p.err = p.run(ctx)
		if ctx.Err() != nil {
			return
		}
		p.Streams.Notef("%s; it is tried again in %v\n", ui.OneLine(ui.Plain(fmt.Sprint(p.err))), againMost)
		_ = wait.For(ctx, againMost) // the loop sees that ctx has ended
	}
}

// streams are those of an organization: each line says whose it is.
func (m *many) streams(name string) *ui.Streams {
	s := *m.Streams
	s.OutTerminal, s.ErrTerminal = false, false // of several at a time no progress is shown
	say := func(text []byte) []byte { return fmt.Appendf(nil, "%s: %s", name, text) }
	s.Err = &lines{to: m.Streams.Err, mu: &m.output, as: say}
	if m.JSON {
		say = func(text []byte) []byte {
			out, err := json.Marshal(struct {
				Organization string          `json:"organization"`
				Summary      json.RawMessage `json:"summary"`
			}{name, text})
			if err != nil {
				return text
			}
			return append(out, '\n')
		}
	}
	s.Out = &lines{to: m.Streams.Out, mu: &m.output, as: say}
	return &s
}

// lines writes whole lines, each in another form, so that those of several writers do not mix.
type lines struct {
	to  io.Writer
	mu  *sync.Mutex
	as  func(line []byte) []byte
	own sync.Mutex
	got []byte
}

// Write implements io.Writer. What is no whole line yet is kept.
func (l *lines) Write(p []byte) (int, error) {
	l.own.Lock()
	defer l.own.Unlock()
	l.got = append(l.got, p...)
	for {
		end := bytes.IndexByte(l.got, '\n')
		if end < 0 {
			return len(p), nil
		}
		if err := l.write(l.as(l.got[:end+1])); err != nil {
			return 0, err
		}
		l.got = append(l.got[:0], l.got[end+1:]...)
	}
}

func (l *lines) write(line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.to.Write(line)
	return err
}
