package why

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/why"
	"github.com/parley-hq/parley/internal/wire"
)

// retries is how often a request that fails is tried again: a person waits.
const retries = 2

// mostCells is how many stretches of time are looked into for their conversations. Each takes a request to both sides.
const mostCells = 20

// compared is what a comparison of two sources comes to: what is printed.
type compared struct {
	question why.Question
	all      why.Cell
	cells    []why.Cell // that differ
	told     []reasoned // conversations of the first mostCells
	left     int        // conversations that differ and were not asked for
}

// reasoned is a conversation with why it counts otherwise.
type reasoned struct {
	id       conversation.ID
	cell     why.Cell
	reason   why.Reason
	start    string
	received time.Time // by the lake; zero if it was not
}

// sources compares the figure of the lake with that of the platform or a server.
func (o *Options) sources(ctx context.Context, q why.Question) error {
	cfg, err := connection.Config(connection.Options{
		Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log(), Budget: o.Budget, Standard: connection.Interactive,
	})
	if err != nil {
		return err
	}
	c := &comparing{o: o, question: q, client: platform.New(cfg)}
	if err := o.missing(ctx, q.Interval); err != nil {
		return err
	}
	r := &compared{question: q}
	if r.cells, r.all, err = c.cells(ctx, q.Interval, granularity(q.Interval), "queueId", q); err != nil {
		return err
	}
	if err := c.conversations(ctx, r); err != nil {
		return err
	}
	if err := o.printSources(r); err != nil {
		return err
	}
	return r.outcome()
}

// granularity is a day for several days, and else an hour.
func granularity(iv conversation.Interval) string {
	if iv.End.Sub(iv.Start) > 49*time.Hour {
		return "P1D"
	}
	return "PT1H"
}

// comparing asks both sides.
type comparing struct {
	o        *Options
	question why.Question
	client   *platform.Client
}

// cells are those in which both sides differ, and what they come to in all.
func (c *comparing) cells(ctx context.Context, iv conversation.Interval, granularity, dimension string, q why.Question) ([]why.Cell, why.Cell, error) {
	body, err := json.Marshal(q.Request(iv, granularity, dimension))
	if err != nil {
		return nil, why.Cell{}, err
	}
	theirs, _, err := c.client.Aggregates(ctx, body)
	if err != nil {
		return nil, why.Cell{}, err
	}
	var ours wire.Aggregates
	err = app.Ask(ctx, c.o.Lake, app.Cluster{}, c.o.log(), func(ctx context.Context, lake *platform.Client) (err error) {
		ours, _, err = lake.Aggregates(ctx, body)
		return err
	})
	differ, all := q.Compare(dimension, ours, theirs)
	return differ, all, err
}

// conversations finds those that differ in the first cells, and why.
func (c *comparing) conversations(ctx context.Context, r *compared) error {
	progress := c.o.Streams.Progress()
	defer progress.Clear()
	var all []why.Cell
	for i, cell := range r.cells[:min(mostCells, len(r.cells))] {
		progress.Show("comparing conversations", int64(i), int64(min(mostCells, len(r.cells))), "stretches of time")
		iv, err := conversation.ParseInterval(cell.Interval)
		if err != nil {
			return fault.Because(fault.Corrupt, err, "the server's answer has an interval that cannot be read")
		}
		q := c.question
		if cell.Value != "" {
			q.Queues = []string{cell.Value}
		}
		differ, _, err := c.cells(ctx, iv, "", "conversationId", q)
		if err != nil {
			return err
		}
		all = append(all, differ...)
	}
	sums := why.Sum(all)
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		if len(r.told) == c.o.Limit && !c.o.CSV {
			r.left = len(sums) - len(r.told)
			return nil
		}
		progress.Show("asking for conversations", int64(len(r.told)), int64(len(sums)), "")
		told, err := c.told(ctx, *sums[id])
		if err != nil {
			return err
		}
		r.told = append(r.told, told)
	}
	return nil
}

// told asks both sides for a conversation.
func (c *comparing) told(ctx context.Context, cell why.Cell) (r reasoned, err error) {
	r = reasoned{id: conversation.ID(cell.Value), cell: cell}
	t := why.Told{Ours: cell.Ours, Theirs: cell.Theirs}
	text, err := c.client.Details(ctx, r.id)
	if err != nil && (!errors.Is(err, fault.NotFound) || platform.NoRoute(err)) {
		return r, err
	}
	if text != nil {
		t.AtSource, _ = wire.Decode(text)
	}
	found, err := app.Find(ctx, c.o.Lake, r.id)
	if err != nil {
		return r, err
	}
	if found.Record != nil {
		t.InLake, _ = wire.Decode(found.Record)
		r.received = found.Received
	}
	r.start = start(t)
	if at, err := conversation.ParseTime(r.start); err == nil {
		t.DayRead = found.Read(conversation.DayOf(at))
	}
	r.reason = t.Reason()
	return r, nil
}

// start is the conversationStart that either side tells.
func start(t why.Told) string {
	for _, c := range []*conversation.Conversation{t.InLake, t.AtSource} {
		if c != nil {
			return c.ConversationStart
		}
	}
	return ""
}

// reasons counts conversations by reason.
func (r *compared) reasons() map[why.Reason]int {
	n := map[why.Reason]int{}
	for _, t := range r.told {
		n[t.reason]++
	}
	return n
}

// outcome is nil if every difference that was looked at has its reason.
func (r *compared) outcome() error {
	unknown := r.reasons()[why.Unknown]
	if unknown > 0 || len(r.cells) > 0 && len(r.told)+r.left == 0 {
		return fault.New(fault.Incomplete, "without a reason that is known: %d conversations", unknown)
	}
	return nil
}

func (o *Options) printSources(r *compared) error {
	if o.JSON {
		return o.Streams.JSON(r.document())
	}
	f, say := r.question.Figure, o.Streams.Printf
	if !o.Streams.OutTerminal || o.CSV {
		say = o.Streams.Notef
	}
	ours, someOurs := f.Of(r.all.Ours)
	theirs, someTheirs := f.Of(r.all.Theirs)
	say("%s, %s (%s)\nours    %s   by the lake\ntheirs  %s   by the server\n\n", f.Name, shownInterval(r.question.Interval, r.question.Zone), r.question.Zone,
		dash(number(f, ours, someOurs)), dash(number(f, theirs, someTheirs)))
	if len(r.cells) == 0 {
		say("They agree, queue by queue and %s.\n", map[string]string{"P1D": "day by day", "PT1H": "hour by hour"}[granularity(r.question.Interval)])
		return nil
	}
	if o.CSV {
		return o.printToldCSV(r)
	}
	if o.Streams.OutTerminal {
		if err := o.printCells(r); err != nil {
			return err
		}
	}
	if err := o.printTold(r); err != nil {
		return err
	}
	n := r.reasons()
	for _, reason := range why.Reasons {
		if n[reason.Reason] > 0 {
			say("%s: %s\n", reason.Reason, reason.Text)
		}
	}
	if r.left > 0 {
		say("%d more conversations differ in these stretches; --limit or --csv shows them.\n", r.left)
	}
	if len(r.cells) > mostCells {
		say("Of %d stretches that differ the first %d were looked into; ask for a shorter interval to see the others.\n", len(r.cells), mostCells)
	}
	return nil
}

func (o *Options) printCells(r *compared) error {
	f := r.question.Figure
	t := o.Streams.Table("queue", "stretch", "ours", "theirs")
	for _, c := range r.cells[:min(mostCells, len(r.cells))] {
		ours, someOurs := f.Of(c.Ours)
		theirs, someTheirs := f.Of(c.Theirs)
		t.Row(dash(c.Value), c.Interval, dash(number(f, ours, someOurs)), dash(number(f, theirs, someTheirs)))
	}
	err := t.Done()
	o.Streams.Printf("\n")
	return err
}

// toldCells are the cells of a conversation: id, reason, what it counts on both sides, start, when the lake received it.
func (r *compared) toldCells(t reasoned) []string {
	f := r.question.Figure
	ours, _ := f.Of(t.cell.Ours)
	theirs, _ := f.Of(t.cell.Theirs)
	return []string{string(t.id), string(t.reason), number(f, ours, true), number(f, theirs, true), t.start, at(t.received)}
}

var toldHead = []string{"conversation", "reason", "ours", "theirs", "start", "received"}

func (o *Options) printTold(r *compared) error {
	t := o.Streams.Table(append([]string{}, toldHead...)...)
	for _, c := range r.told {
		t.Row(r.toldCells(c)...)
	}
	return t.Done()
}

// toldDocument is what --json prints of a comparison.
type toldDocument struct {
	Figure        string             `json:"figure"`
	Interval      string             `json:"interval"`
	TimeZone      string             `json:"timeZone"`
	Ours          *float64           `json:"ours"`
	Theirs        *float64           `json:"theirs"`
	Stretches     []toldCell         `json:"stretches"` // that differ
	Reasons       map[why.Reason]int `json:"reasons"`
	Conversations []toldOne          `json:"conversations"`
	NotAsked      int                `json:"notAsked"` // conversations that differ and were not looked at
}

type toldCell struct {
	Queue    string   `json:"queueId,omitempty"`
	Interval string   `json:"interval"`
	Ours     *float64 `json:"ours"`
	Theirs   *float64 `json:"theirs"`
}

type toldOne struct {
	ID       conversation.ID `json:"conversationId"`
	Reason   why.Reason      `json:"reason"`
	Ours     *float64        `json:"ours"`
	Theirs   *float64        `json:"theirs"`
	Start    string          `json:"conversationStart"`
	Received string          `json:"received,omitempty"`
}

func (r *compared) document() toldDocument {
	f := r.question.Figure
	d := toldDocument{
		Figure: f.Name, Interval: r.question.Interval.String(), TimeZone: r.question.Zone.String(), Ours: some(f.Of(r.all.Ours)), Theirs: some(f.Of(r.all.Theirs)),
		Stretches: []toldCell{}, Reasons: r.reasons(), Conversations: []toldOne{}, NotAsked: r.left,
	}
	for _, c := range r.cells {
		d.Stretches = append(d.Stretches, toldCell{c.Value, c.Interval, some(f.Of(c.Ours)), some(f.Of(c.Theirs))})
	}
	for _, t := range r.told {
		d.Conversations = append(d.Conversations, toldOne{t.id, t.reason, some(f.Of(t.cell.Ours)), some(f.Of(t.cell.Theirs)), t.start, at(t.received)})
	}
	slices.SortStableFunc(d.Conversations, func(a, b toldOne) int {
		return cmp.Or(strings.Compare(a.Start, b.Start), strings.Compare(string(a.ID), string(b.ID)))
	})
	return d
}

func (o *Options) printToldCSV(r *compared) error {
	return o.writeCSV(toldHead, func(give func([]string) error) error {
		for _, t := range r.told {
			if err := give(r.toldCells(t)); err != nil {
				return err
			}
		}
		return nil
	})
}
