package app

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform"
)

// Demo is the whole point in one run: a platform, its extraction, the lake, and the same API over it.
type Demo struct {
	Days, PerDay int
	Seed         uint64
	Lake         string // folder of the lake
	Log          *slog.Logger
	Say          func(format string, args ...any)
	Progress     func(step string, done, all int64)
	Count        func(int64) string // writes a number for people
}

// Figures is what a demo measured.
type Figures struct {
	Conversations    int64   `json:"conversations"` // that the platform has of the days
	Extracted        int64   `json:"extracted"`     // that the lake has
	Missing          int64   `json:"missing"`
	Duplicates       int64   `json:"duplicates"`
	Seconds          float64 `json:"seconds"` // of the extraction
	RecordsPerSecond float64 `json:"records_per_second"`
	Bytes            int64   `json:"bytes"` // of records, JSON
}

// demoNow is where the clock of the demo's platform starts: the same for everybody, so that everybody sees the same.
var demoNow = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

// Run runs the demo and gives what it measured, with the lake opened; the caller closes it. Missing or doubled
// conversations are fault.Corrupt.
func (d Demo) Run(ctx context.Context) (f Figures, a *Archive, err error) {
	defer fault.Wrap(&err, "demo")
	client := NewCredentials()
	d.Say("1. Starting a platform with %s conversations a day …", d.Count(int64(d.PerDay)))
	made := int64(0)
	upstream, err := NewSandbox(ctx, Listen{Addr: "127.0.0.1:0", Client: client, RateLimit: 100_000, Log: d.Log},
		Simulation{Seed: d.Seed, Days: d.Days + 1, PerDay: d.PerDay, Now: demoNow}, func(n int) {
			made += int64(n)
			d.Progress("simulating", made, int64(d.Days+1)*int64(d.PerDay))
		})
	if err != nil {
		return f, nil, err
	}
	err = d.while(ctx, upstream, func(ctx context.Context) error {
		f, err = d.extract(ctx, upstream.URL, client)
		return err
	})
	if err != nil {
		return f, nil, err
	}
	if a, err = OpenArchive(ctx, d.Lake); err != nil {
		return f, nil, err
	}
	if err := errors.Join(d.check(ctx, a, &f), d.ask(ctx, a)); err != nil {
		return f, nil, errors.Join(err, a.Close())
	}
	return f, a, nil
}

// while does something while a server runs.
func (d Demo) while(ctx context.Context, s *Server, do func(context.Context) error) error {
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var served error
	wg.Go(func() { served = s.Run(serving) })
	err := do(ctx)
	stop()
	wg.Wait()
	return errors.Join(err, served)
}

func (d Demo) days() (first, end conversation.Day) {
	end = conversation.DayOf(demoNow)
	return end - conversation.Day(d.Days), end
}

func (d Demo) platform(url string, c Credentials) *platform.Client {
	return platform.New(platform.Config{API: url, Login: url, ClientID: c.ID, ClientSecret: platform.Secret(c.Secret), UserAgent: "parley-demo", Log: d.Log})
}

// extract extracts the days, and asks the platform how many there are.
func (d Demo) extract(ctx context.Context, url string, c Credentials) (f Figures, err error) {
	first, end := d.days()
	d.Say("2. Extracting %v up to %v by asynchronous jobs into the lake %s …", first, end, d.Lake)
	l, err := lake.Create(ctx, d.Lake)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	client, started := d.platform(url, c), time.Now()
	s, err := extract.New(extract.Config{
		Source: client, Name: url, Lake: l, First: first, End: end,
		Poll: extract.Poll{First: 100 * time.Millisecond, Most: time.Second}, Size: extract.DefaultSize(), Ahead: true,
		// The platform's clock, not ours: a machine whose clock is behind demoNow would not extract days that lie ahead of it.
		Now: func() time.Time { return demoNow.Add(time.Since(started)).Truncate(time.Microsecond) }, Rand: rand.New(rand.NewPCG(d.Seed, 0)), Log: d.Log,
		Report: func(p extract.Progress) { d.Progress(p.Step, p.Records, int64(d.Days*d.PerDay)) },
	}).Run(ctx)
	if err != nil {
		return f, err
	}
	for day := first; day < end; day++ {
		n, err := client.TotalHits(ctx, day.Interval())
		if err != nil {
			return f, err
		}
		f.Conversations += n
	}
	f.Seconds, f.Bytes = s.Seconds, s.Bytes
	d.Say("   %d jobs, %d pages, %s records in %.1f s; days committed whole: %d", s.Jobs, s.Pages, d.Count(s.Received), s.Seconds, s.Days)
	return f, nil
}

// check accounts for every row and compares with what the platform has.
func (d Demo) check(ctx context.Context, a *Archive, f *Figures) error {
	d.Say("3. Checking every file and row of the lake …")
	report, err := lake.Check(ctx, a.Lake, func(int64) {})
	if err != nil {
		return err
	}
	f.Extracted = report.Conversations
	f.Missing = max(0, f.Conversations-f.Extracted)
	f.Duplicates = max(0, f.Extracted-f.Conversations)
	f.RecordsPerSecond = float64(f.Extracted) / f.Seconds
	d.Say("   the platform has %s conversations of these days, the lake has %s, each once; %s segments, %s metrics",
		d.Count(f.Conversations), d.Count(f.Extracted), d.Count(report.Rows[lake.Segments]), d.Count(report.Rows[lake.Metrics]))
	if f.Missing+f.Duplicates > 0 {
		return fault.New(fault.Corrupt, "the lake has %d conversations and the platform %d", f.Extracted, f.Conversations)
	}
	return nil
}

// ask asks the API over the lake three questions.
func (d Demo) ask(ctx context.Context, a *Archive) error {
	client := NewCredentials()
	server, err := a.Serve(ctx, Listen{Addr: "127.0.0.1:0", Client: client, RateLimit: 100_000, Log: d.Log})
	if err != nil {
		return err
	}
	d.Say("4. Asking the same API, served from the lake …")
	return d.while(ctx, server, func(ctx context.Context) error {
		p := d.platform(server.URL, client)
		return errors.Join(d.perDay(ctx, p), d.busiest(ctx, p), d.longest(ctx, p))
	})
}

// perDay: how many conversations began on each day?
func (d Demo) perDay(ctx context.Context, p *platform.Client) error {
	d.Say("   How many conversations began on each day?")
	first, end := d.days()
	for day := max(first, end-7); day < end; day++ {
		n, err := p.TotalHits(ctx, day.Interval())
		if err != nil {
			return err
		}
		d.Say("     %v %-9s %6d", day, day.Start().Weekday(), n)
	}
	return nil
}

// busiest: in which hour of the last day were most conversations going on?
func (d Demo) busiest(ctx context.Context, p *platform.Client) error {
	_, end := d.days()
	var most int64
	var at time.Time
	for hour := range 24 {
		from := (end - 1).Start().Add(time.Duration(hour) * time.Hour)
		n, err := p.TotalHits(ctx, conversation.Interval{Start: from, End: from.Add(time.Hour)})
		if err != nil {
			return err
		}
		if n > most {
			most, at = n, from
		}
	}
	d.Say("   In which hour of %v were most conversations going on?\n     %s UTC, with %d", end-1, at.Format("15:04"), most)
	return nil
}

// longest: what happened in the conversation of the last day that ended last?
func (d Demo) longest(ctx context.Context, p *platform.Client) error {
	_, end := d.days()
	c, err := p.LastEnded(ctx, (end - 1).Interval())
	if err != nil {
		return err
	}
	if c == nil {
		return fault.New(fault.Corrupt, "no conversation of %v has an end", end-1)
	}
	d.Say("   What happened in the conversation of that day that ended last?\n     %s, %s, from %s to %s", c.ConversationID, c.OriginatingDirection, c.ConversationStart, c.ConversationEnd)
	for i := range c.Participants {
		d.Say("       %-9s %s", c.Participants[i].Purpose, states(&c.Participants[i]))
	}
	return nil
}

// states names the segments of a participant: what it went through.
func states(p *conversation.Participant) (text string) {
	for _, s := range p.Sessions {
		for _, g := range s.Segments {
			if text != "" {
				text += " > "
			}
			text += g.SegmentType
			if g.DisconnectType != "" {
				text += "/" + g.DisconnectType
			}
		}
	}
	return text
}
