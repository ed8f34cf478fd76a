// Package demo shows the whole point in one run: a platform, its extraction, the lake, and the same API over it. It has
// the steps; who starts the servers between them is not its business.
package demo

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/source"
)

// Demo is what is shown, and to whom.
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

// now is where the clock of the demo's platform starts: the same for everybody, so that everybody sees the same.
var now = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

// Server is where a server of the demo answers, and the client that it knows.
type Server struct{ URL, ClientID, ClientSecret string }

// World makes the platform that is extracted from: a day more than is extracted, since the last one is not over.
func (d Demo) World(ctx context.Context) (*sandbox.World, error) {
	d.Say("1. Starting a platform with %s conversations a day …", d.Count(int64(d.PerDay)))
	made := int64(0)
	return sandbox.Simulate(ctx, sandbox.Scenario{Speed: 1, Seed: d.Seed, Days: d.Days + 1, PerDay: d.PerDay, Start: now}, func(n int) {
		made += int64(n)
		d.Progress("simulating", made, int64(d.Days+1)*int64(d.PerDay))
	})
}

func (d Demo) days() (first, end conversation.Day) {
	end = conversation.DayOf(now)
	return end - conversation.Day(d.Days), end
}

func (d Demo) platform(s Server) *platform.Client {
	return platform.New(platform.Config{API: s.URL, Login: s.URL, ClientID: s.ClientID, ClientSecret: platform.Secret(s.ClientSecret), UserAgent: "parley-demo", Log: d.Log})
}

// Extract extracts the days from a platform, and asks it how many there are.
func (d Demo) Extract(ctx context.Context, from Server) (f Figures, err error) {
	first, end := d.days()
	d.Say("2. Extracting %v up to %v by asynchronous jobs into the lake %s …", first, end, d.Lake)
	l, err := at.Create(ctx, d.Lake)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	p, started := d.platform(from), time.Now()
	sum, err := extract.New(extract.Config{
		Platform: source.Details{Client: client.Over(p, platform.DefaultPoll())}, Name: from.URL, Lake: l, Control: l.Control(), First: first, End: end,
		Poll: platform.Poll{First: 100 * time.Millisecond, Most: time.Second}, Size: extract.DefaultSize(), Ahead: true,
		// The platform's clock, not ours: a machine whose clock is behind it would not extract days that lie ahead of it.
		Now: func() time.Time { return now.Add(time.Since(started)).Truncate(time.Microsecond) }, Rand: rand.New(rand.NewPCG(d.Seed, 0)), Log: d.Log,
		Report: func(p extract.Progress) { d.Progress(p.Step, p.Records, int64(d.Days*d.PerDay)) },
	}).Run(ctx)
	if err != nil {
		return f, err
	}
	for day := first; day < end; day++ {
		n, err := p.TotalHits(ctx, day.Interval())
		if err != nil {
			return f, err
		}
		f.Conversations += n
	}
	f.Seconds, f.Bytes = sum.Seconds, sum.Bytes
	d.Say("   %d jobs, %d pages, %s records in %.1f s; days committed whole: %d", sum.Jobs, sum.Pages, d.Count(sum.Received), sum.Seconds, sum.Days)
	return f, nil
}

// Check accounts for every row of the lake and compares with what the platform has. Missing or doubled conversations are
// fault.Corrupt.
func (d Demo) Check(ctx context.Context, l *lake.Lake, f *Figures) error {
	d.Say("3. Checking every file and row of the lake …")
	report, err := lake.Check(ctx, l, func(int64) {})
	if err != nil {
		return err
	}
	f.Extracted = report.Conversations
	f.Missing = max(0, f.Conversations-f.Extracted)
	f.Duplicates = max(0, f.Extracted-f.Conversations)
	f.RecordsPerSecond = float64(f.Extracted) / f.Seconds
	d.Say("   the platform has %s conversations of these days, the lake has %s, each once; %s segments, %s metrics",
		d.Count(f.Conversations), d.Count(f.Extracted), d.Count(report.Rows[tables.Segments]), d.Count(report.Rows[tables.Metrics]))
	if f.Missing+f.Duplicates > 0 {
		return fault.New(fault.Corrupt, "the lake has %d conversations and the platform %d", f.Extracted, f.Conversations)
	}
	return nil
}

// Ask asks the API over the lake three questions.
func (d Demo) Ask(ctx context.Context, s Server) error {
	d.Say("4. Asking the same API, served from the lake …")
	p := d.platform(s)
	return errors.Join(d.perDay(ctx, p), d.busiest(ctx, p), d.longest(ctx, p))
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
		d.Say("       %-9s %s", c.Participants[i].Purpose, segments(&c.Participants[i]))
	}
	return nil
}

// segments names those of a participant: what it went through.
func segments(p *conversation.Participant) (text string) {
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
