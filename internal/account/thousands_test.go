package account_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// measures are what the metrics of a conversation come to, by name: emissions and the sum of their values.
type measures struct{ n, sum map[string]int64 }

func measuresOf(c *conversation.Conversation) measures {
	m := measures{map[string]int64{}, map[string]int64{}}
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, e := range s.Metrics {
				m.n[e.Name]++
				m.sum[e.Name] += e.Value
			}
		}
	}
	return m
}

// ms is a length in the unit of metrics.
func ms(l account.Length) int64 { return time.Duration(l).Milliseconds() }

// equation is a part of an account beside the metrics that measure the same. The sums of section 7 of what is known of records are behind
// each.
type equation struct {
	name           string
	told, measured int64
}

const leftTheQueue = "visits that left the queue = tFlowOut"

// equations are those of a conversation.
func equations(a *account.Account, m measures) []equation {
	became := map[string]int64{}
	var waited, answeredWait, talked, held, rang, wrote int64
	for _, v := range a.Visits {
		became[v.Became]++
		waited += ms(v.Waited)
		if v.Became == account.Answered {
			answeredWait += ms(v.Waited)
		}
	}
	for _, h := range a.Handlers {
		talked, held, rang, wrote = talked+ms(h.Talked), held+ms(h.Held), rang+ms(h.Rang), wrote+ms(h.WrapUp)
	}
	passed := map[string]int64{}
	for _, p := range a.Passes {
		passed[p.Kind]++
	}
	var dialled int64
	for _, p := range a.Phases {
		if p.Name == account.Dialling {
			dialled = ms(p.Lasted)
		}
	}
	return []equation{
		{"queue visits = nOffered", int64(len(a.Visits)), m.n["nOffered"]},
		{"visits answered = tAnswered", became[account.Answered], m.n["tAnswered"]},
		{"visits abandoned = tAbandon", became[account.Abandoned], m.n["tAbandon"]},
		{leftTheQueue, became[account.LeftQueue], m.n["tFlowOut"]},
		{"waits = tAcd", waited, m.sum["tAcd"]},
		{"waits of what was answered = tAnswered", answeredWait, m.sum["tAnswered"]},
		{"talk of handlers = tTalkComplete", talked, m.sum["tTalkComplete"]},
		{"tTalk = tTalkComplete", m.sum["tTalk"], m.sum["tTalkComplete"]},
		{"hold of handlers = tHeldComplete", held, m.sum["tHeldComplete"]},
		{"ringing of handlers = tAlert", rang, m.sum["tAlert"]},
		{"wrap-up of handlers = tAcw", wrote, m.sum["tAcw"]},
		{"work of handlers = tHandle", talked + held + wrote + dialled, m.sum["tHandle"]},
		{"blind transfers = nBlindTransferred", passed[account.Blind], m.n["nBlindTransferred"]},
		{"transfers after a consult = nConsultTransferred", passed[account.Warm], m.n["nConsultTransferred"]},
		{"transfers = nTransferred", passed[account.Blind] + passed[account.Warm], m.n["nTransferred"]},
		{"consults = nConsult", passed[account.Consult] + passed[account.Warm], m.n["nConsult"]},
	}
}

// tally is what was found of many conversations.
type tally struct {
	media, exceptions, compared map[string]int
	conversations               int
	unknown                     []string
}

func newTally() *tally { return &tally{map[string]int{}, map[string]int{}, map[string]int{}, 0, nil} }

// take holds one conversation against its metrics, as it was at an instant; at the zero one as it became.
func (y *tally) take(c *conversation.Conversation, at time.Time) {
	a := account.Of(c, account.Options{AsOf: at})
	y.conversations++
	for _, m := range a.Media {
		y.media[m]++
	}
	for _, k := range a.Checks {
		y.hold("legs: "+k.Phase, c, k.Agrees, k.Exception, fmt.Sprintf("%d ms of %s are not %d", ms(k.Segments), k.Metric, ms(k.Measured)))
	}
	for _, e := range equations(&a, measuresOf(c)) {
		if e.told != 0 || e.measured != 0 {
			y.hold(e.name, c, e.told == e.measured, exception(e, &a), fmt.Sprintf("%d is not %d", e.told, e.measured))
		}
	}
	for _, f := range arithmetic.Find(c) {
		y.hold("rules: "+f.Rule, c, false, f.Exception, f.Text)
	}
}

// hold counts what was compared: what agrees, what is a known exception, and what is neither.
func (y *tally) hold(what string, c *conversation.Conversation, agrees bool, exception, text string) {
	y.compared[what]++
	switch {
	case agrees:
	case exception != "":
		y.exceptions[what+": "+exception]++
	default:
		y.unknown = append(y.unknown, fmt.Sprintf("%s: %s: %s", c.ConversationID, what, text))
	}
}

// exception is why an equation need not hold of a conversation; empty if nothing known is.
func exception(e equation, a *account.Account) string {
	var swept int64
	for _, v := range a.Visits {
		if v.Became == account.Swept {
			swept++
		}
	}
	switch {
	case e.name == leftTheQueue && e.told+swept == e.measured && swept > 0:
		return account.Swept
	case a.EndFact.Value != account.Ended && e.told > e.measured:
		return "not over: a metric comes when its state ends"
	}
	return ""
}

func (y *tally) add(o *tally) {
	y.conversations += o.conversations
	y.unknown = append(y.unknown, o.unknown...)
	for _, m := range [][2]map[string]int{{y.media, o.media}, {y.exceptions, o.exceptions}, {y.compared, o.compared}} {
		for k, n := range m[1] {
			m[0][k] += n
		}
	}
}

// tallied holds the conversations of days against their metrics; of each day on a core of its own.
func tallied(days, perDay int, take func(y *tally, n int, c *conversation.Conversation)) *tally {
	first := conversation.DayOf(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))
	centre := sim.New(sim.Config{Seed: 7, PerDay: perDay})
	each, next := make(chan *tally, days), make(chan conversation.Day, days)
	for n := range days {
		next <- first + conversation.Day(n)
	}
	close(next)
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for day := range next {
				y, n := newTally(), 0
				for c := range centre.Day(day) {
					take(y, n, c)
					n++
				}
				each <- y
			}
		})
	}
	work.Wait()
	close(each)
	all := newTally()
	for y := range each {
		all.add(y)
	}
	return all
}

// held requires that nothing disagrees but by the exceptions that are known, as often as they are known to come, and that enough was
// compared.
func (y *tally) held(t *testing.T, conversations int, exceptions map[string]int) {
	t.Helper()
	for _, u := range y.unknown[:min(20, len(y.unknown))] {
		t.Error(u)
	}
	if y.conversations != conversations || len(y.unknown) > 0 {
		t.Errorf("%d conversations, of which %d things disagree and are no known exception", y.conversations, len(y.unknown))
	}
	if !maps.Equal(y.exceptions, exceptions) {
		for _, k := range slices.Sorted(maps.Keys(y.exceptions)) {
			t.Logf("%q: %d,", k, y.exceptions[k])
		}
		t.Errorf("the exceptions are others than %v", exceptions)
	}
	var all []string
	for _, p := range []string{account.IVR, account.QueuePhase, account.Ringing, account.Dialling, account.Talk, account.Hold, account.Voicemail, account.WrapUpPhase} {
		all = append(all, "legs: "+p)
	}
	for _, e := range equations(new(account.Account), measures{}) {
		all = append(all, e.name)
	}
	for _, what := range all {
		if n := y.compared[what]; n < conversations/5000 {
			t.Errorf("%s was compared %d times", what, n)
		}
	}
	for _, m := range []string{"voice", "callback", "chat", "message", "email"} {
		if y.media[m] < conversations/200 {
			t.Errorf("%d conversations of medium %s", y.media[m], m)
		}
	}
}

// What is told of a hundred thousand conversations, of every medium, is what the platform measures of them: phases leg by leg, and visits,
// handlers and passes conversation by conversation. The one exception is a callback that nobody took: the platform closes it, and
// measures it as one that left the queue.
func TestAHundredThousandAccountsAgree(t *testing.T) {
	unraced.Test(t)
	all := tallied(20, 5000, func(y *tally, _ int, c *conversation.Conversation) { y.take(c, time.Time{}) })
	all.held(t, 100_000, map[string]int{leftTheQueue + ": " + account.Swept: 214})
}

// Ten thousand as they were at some instant of their first hour, or soon after their end: what is told goes on until then, and what measures it is not there yet.
func TestTenThousandAccountsOfWhatGoesOnAgree(t *testing.T) {
	unraced.Test(t)
	all := tallied(5, 2000, func(y *tally, n int, c *conversation.Conversation) {
		whole, err := wire.RecordOf(c)
		if err != nil {
			y.unknown = append(y.unknown, err.Error())
			return
		}
		until := whole.Start.Add(time.Hour)
		if !whole.End.IsZero() && whole.End.Before(until) {
			until = whole.End
		}
		at := whole.Start.Add(until.Sub(whole.Start) * time.Duration(n%97) / 70)
		then, err := sim.History{}.At(whole, at)
		if err != nil {
			y.unknown = append(y.unknown, err.Error())
			return
		}
		cut, _ := wire.Decode(then.JSON)
		y.take(cut, at)
	})
	all.held(t, 10_000, map[string]int{
		"hold of handlers = tHeldComplete: not over: a metric comes when its state ends": 417,
		"legs: dialling: the session has not ended":                                      210,
		"legs: hold: the session has not ended":                                          417,
		"legs: ivr: the session has not ended":                                           4544,
		"legs: queue: the session has not ended":                                         97,
		"legs: ringing: the session has not ended":                                       170,
		"legs: talk: the session has not ended":                                          1924,
		"legs: voicemail: the session has not ended":                                     259,
		"legs: wrap-up: the session has not ended":                                       180,
		"queue visits = nOffered: not over: a metric comes when its state ends":          10,
		"ringing of handlers = tAlert: not over: a metric comes when its state ends":     170,
		"tTalk = tTalkComplete: not over: a metric comes when its state ends":            424,
		"talk of handlers = tTalkComplete: not over: a metric comes when its state ends": 1786,
		"waits = tAcd: not over: a metric comes when its state ends":                     97,
		"work of handlers = tHandle: not over: a metric comes when its state ends":       2164,
		"wrap-up of handlers = tAcw: not over: a metric comes when its state ends":       180,
	})
}
