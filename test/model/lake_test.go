package model_test

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// version is what the test knows of one version of a conversation: the record, and what filters look at, read out of
// its text without the product's help.
type version struct {
	conversation.Record
	whole     *conversation.Conversation // as it will be in the end
	direction string
	segments  []segment
}

// segment is one segment with what stands above it.
type segment struct{ purpose, media, kind string }

// versionOf writes a conversation as the platform would.
func versionOf(shown, whole *conversation.Conversation) (*version, error) {
	text, err := wire.Encode(shown)
	if err != nil {
		return nil, err
	}
	v := &version{whole: whole}
	if v.Record, err = wire.Record(text); err != nil {
		return nil, err
	}
	var c struct {
		Direction    string `json:"originatingDirection"`
		Participants []struct {
			Purpose  string `json:"purpose"`
			Sessions []struct {
				MediaType string `json:"mediaType"`
				Segments  []struct {
					SegmentType string `json:"segmentType"`
				} `json:"segments"`
			} `json:"sessions"`
		} `json:"participants"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	v.direction = c.Direction
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, g := range s.Segments {
				v.segments = append(v.segments, segment{p.Purpose, s.MediaType, g.SegmentType})
			}
		}
	}
	return v, nil
}

// moment is what a lake holds between two commits.
type moment struct {
	versions []*version // in order of start and id
	whole    time.Time  // end of the last whole day
}

// corpus is the lake of an organization, and all that it ever held. One commit or expiry at a time runs beside the test;
// the fields are the test's goroutine's.
type corpus struct {
	dir     string
	lake    *lake.Lake
	writer  *lake.Writer
	centre  *sim.Centre
	next    conversation.Day // that is not whole yet
	newest  map[conversation.ID]*version
	moments []*moment // moments[n] is the one after n commits; that of a commit is there before it begins

	done   atomic.Int64 // commits that have ended
	idle   atomic.Bool
	worker sync.WaitGroup
	failed error // of the worker
}

func newCorpus(t *testing.T, dir string, seed uint64, perDay, days int) *corpus {
	t.Helper()
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := conversation.ParseDay("2026-03-01")
	if err != nil {
		t.Fatal(err)
	}
	c := &corpus{
		dir: dir, lake: l, centre: sim.New(sim.Config{Seed: seed, PerDay: perDay}), next: first,
		newest: map[conversation.ID]*version{}, moments: []*moment{{whole: time.Unix(0, 0).UTC()}},
	}
	t.Cleanup(func() {
		c.worker.Wait()
		_ = l.Close()
	})
	c.idle.Store(true)
	if c.writer, err = l.Writer(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	var news []*version
	for range days {
		day, err := c.day(r)
		if err != nil {
			t.Fatal(err)
		}
		news = append(news, day...)
	}
	c.commit(t.Context(), first, news, false)
	if err := c.wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// day makes the next day whole. Some of its conversations go on when it is extracted.
func (c *corpus) day(r *rand.Rand) (out []*version, err error) {
	for whole := range c.centre.Day(c.next) {
		shown := whole
		if r.IntN(20) == 0 {
			shown = cut(r, whole)
		}
		v, err := versionOf(shown, whole)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	c.next++
	return out, nil
}

// cut shows a conversation as it was in its first minutes.
func cut(r *rand.Rand, c *conversation.Conversation) *conversation.Conversation {
	start, _ := conversation.ParseTime(c.ConversationStart)
	return sim.Cut(c, start.Add(chance(r, 5*time.Minute)))
}

// changed makes newer versions of some conversations that lie close together: a commit writes each day that it touches.
func (c *corpus) changed(r *rand.Rand, n int) (out []*version, err error) {
	have := c.moments[len(c.moments)-1].versions
	begin := r.IntN(len(have))
	have = have[begin:min(len(have), begin+3*n)]
	for _, i := range r.Perm(len(have))[:min(n, len(have))] {
		whole := *have[i].whole
		shown := &whole
		switch r.IntN(5) {
		case 0: // as it was in the end, if it was not shown so before
		case 1:
			shown = cut(r, &whole)
		case 2:
			whole.OriginatingDirection = map[string]string{"inbound": "outbound"}[whole.OriginatingDirection]
			whole.OriginatingDirection = cmp.Or(whole.OriginatingDirection, "inbound")
		case 3: // it moves, perhaps to another day
			whole.ConversationStart = conversation.FormatTime(have[i].Start.Add(-time.Duration(r.IntN(26*60)) * time.Minute))
		default:
			whole.ExternalTag = strings.Repeat("again ", 1+r.IntN(9))
		}
		v, err := versionOf(shown, &whole)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// commit begins to commit, beside the test: days from first to next are whole with it. Expire has every older snapshot
// expired behind it.
func (c *corpus) commit(ctx context.Context, first conversation.Day, news []*version, expire bool) {
	slices.SortFunc(news, func(a, b *version) int { return conversation.Compare(a.Record, b.Record) })
	for _, v := range news {
		c.newest[v.ID] = v
	}
	now := &moment{versions: slices.SortedFunc(maps.Values(c.newest), func(a, b *version) int { return conversation.Compare(a.Record, b.Record) })}
	now.whole = c.next.Start()
	c.moments = append(c.moments, now)
	bring := lake.Commit{Run: "model", At: time.Now().UTC().Truncate(time.Microsecond)}
	for day := first; day < c.next; day++ {
		bring.Days = append(bring.Days, day)
	}
	bring.Records = func(yield func(conversation.Version, error) bool) {
		for _, v := range news {
			if !yield(conversation.Version{Record: v.Record, Run: bring.Run, At: bring.At}, nil) {
				return
			}
		}
	}
	c.beside(func() error {
		if _, err := c.writer.Commit(ctx, bring); err != nil {
			return err
		}
		c.done.Add(1)
		if !expire {
			return nil
		}
		_, err := c.writer.Expire(ctx, lake.ExpireOptions{Before: time.Now()})
		return err
	})
}

// expire begins to expire every snapshot that nobody reads, beside the test.
func (c *corpus) expire(ctx context.Context) {
	c.beside(func() error {
		_, err := c.writer.Expire(ctx, lake.ExpireOptions{Before: time.Now()})
		return err
	})
}

func (c *corpus) beside(do func() error) {
	c.idle.Store(false)
	c.worker.Go(func() {
		c.failed = do()
		c.idle.Store(true)
	})
}

// wait waits for what runs beside the test.
func (c *corpus) wait() error {
	c.worker.Wait()
	return c.failed
}

// ended is how many commits have ended by now: what they brought is seen by all who look from now on.
func (c *corpus) ended() int { return int(c.done.Load()) }

// begun is how many commits have begun by now: nobody has seen what a later one brings.
func (c *corpus) begun() int { return len(c.moments) - 1 }

// question is a query with its answer for the test's own evaluation, which is written from the documentation of jobs and
// shares nothing with the product.
type question struct {
	from, to             time.Time
	startOfDay           bool
	descending, byEnd    bool
	limit                int
	direction            string
	purpose, media, kind string // of one segment
}

// ask makes a question by chance, most often one that selects much.
func ask(r *rand.Rand, c *corpus) question {
	days := int(c.next-conversation.DayOf(c.moments[1].versions[0].Start)) + 2
	first := c.next - conversation.Day(r.IntN(days))
	q := question{
		from: first.Start().Add(time.Duration(r.IntN(86400)) * time.Second), descending: r.IntN(3) == 0, byEnd: r.IntN(4) == 0,
		startOfDay: r.IntN(6) == 0,
	}
	q.to = q.from.Add(time.Duration(1+r.IntN(3*86400)) * time.Second)
	if r.IntN(3) == 0 {
		q.from, q.to = (c.next - conversation.Day(days)).Start(), (c.next + 3).Start()
	}
	if r.IntN(8) == 0 {
		q.limit = 1 + r.IntN(400)
	}
	if r.IntN(4) == 0 {
		q.direction = pick(r, "inbound", "outbound")
	}
	if r.IntN(4) == 0 {
		q.purpose, q.kind = pick(r, "agent", "acd", "customer", "user"), pick(r, "", "", "interact", "wrapup", "hold")
		q.media = pick(r, "", "voice", "chat")
	}
	return q
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// body is the question as a client sends it.
func (q question) body() []byte {
	type predicate struct {
		Dimension string `json:"dimension"`
		Value     string `json:"value"`
	}
	type filter struct {
		Type       string      `json:"type"`
		Predicates []predicate `json:"predicates"`
	}
	filters := func(all ...predicate) []filter {
		all = slices.DeleteFunc(all, func(p predicate) bool { return p.Value == "" })
		if len(all) == 0 {
			return nil
		}
		return []filter{{"and", all}}
	}
	b := map[string]any{"interval": conversation.FormatTime(q.from) + "/" + conversation.FormatTime(q.to)}
	if q.startOfDay {
		b["startOfDayIntervalMatching"] = true
	}
	if q.descending {
		b["order"] = "desc"
	}
	if q.byEnd {
		b["orderBy"] = "conversationEnd"
	}
	if q.limit > 0 {
		b["limit"] = q.limit
	}
	if f := filters(predicate{"originatingDirection", q.direction}); f != nil {
		b["conversationFilters"] = f
	}
	if f := filters(predicate{"purpose", q.purpose}, predicate{"mediaType", q.media}, predicate{"segmentType", q.kind}); f != nil {
		b["segmentFilters"] = f
	}
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // texts, numbers and truths
	}
	return text
}

// answer is what the question finds at a moment.
func (q question) answer(at *moment) []*version {
	found := []*version{}
	for _, v := range at.versions {
		if q.selects(v) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b *version) int {
		order := a.Start.Compare(b.Start)
		if q.byEnd {
			order = lastIfZero(a.End, b.End)
		}
		if q.descending {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.ID, b.ID))
	})
	if q.limit > 0 {
		found = found[:min(q.limit, len(found))]
	}
	return found
}

func (q question) selects(v *version) bool {
	switch {
	case !v.Start.Before(q.to), v.Start.Before(q.from) && !v.End.IsZero() && !v.End.After(q.from):
		return false
	case q.startOfDay && v.Start.Before(q.from.Truncate(24*time.Hour)):
		return false
	case q.direction != "" && v.direction != q.direction:
		return false
	case q.purpose+q.media+q.kind == "":
		return true
	}
	return slices.ContainsFunc(v.segments, func(s segment) bool {
		return (q.purpose == "" || s.purpose == q.purpose) && (q.media == "" || s.media == q.media) && (q.kind == "" || s.kind == q.kind)
	})
}

func lastIfZero(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// bytesOf is how much JSON versions are.
func bytesOf(all []*version) (n int64) {
	for _, v := range all {
		n += int64(len(v.JSON))
	}
	return n
}

// contents compares the newest snapshot with what the lake should hold, to the byte and in order.
func (c *corpus) contents(ctx context.Context) (same bool, err error) {
	s, err := c.lake.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	defer s.Close()
	want := c.moments[len(c.moments)-1].versions
	for r, err := range records(ctx, s) {
		if err != nil {
			return false, err
		}
		if len(want) == 0 || string(r.JSON) != string(want[0].JSON) {
			return false, nil
		}
		want = want[1:]
	}
	return len(want) == 0, nil
}

func records(ctx context.Context, s *lake.Snapshot) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for _, f := range s.Files(tables.Conversations) {
			for v, err := range datafile.Versions(ctx, f) {
				if !yield(v, err) {
					return
				}
			}
		}
	}
}
