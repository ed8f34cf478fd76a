package get

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/cli/ui"
)

// printer writes an account for a person: in lines of a width, without colours, the same at a terminal and in a pipe.
type printer struct {
	o   *Options
	a   account.Account
	w   *bufio.Writer
	out page
}

func newPrinter(o *Options, a account.Account) *printer {
	w := bufio.NewWriter(o.Streams.Out)
	return &printer{o: o, a: a, w: w, out: page{w: w, width: max(o.Width, narrowest)}}
}

func (p *printer) print() error {
	p.out.text("", p.a.Sentence)
	for _, d := range p.a.Doubts {
		p.out.line("")
		p.out.text("! ", d.Text)
		p.why(d.Why)
	}
	p.out.line("")
	p.facts()
	p.chart()
	p.phases()
	p.people()
	p.ways()
	p.noted()
	p.disagreements()
	return p.w.Flush()
}

// why says a rule, if rules were asked for.
func (p *printer) why(rule string) {
	if p.o.Why && rule != "" {
		p.out.text("      because: ", rule)
	}
}

// clock is an instant as people read it.
func clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}

// facts are what is said of the conversation as a whole.
func (p *printer) facts() {
	a := &p.a
	for _, f := range []struct{ name, value, why string }{
		{"conversation", string(a.ID), ""},
		{"direction", a.Direction.Value, a.Direction.Why},
		{"from", address(a.From), a.From.Why},
		{"to", address(a.To), a.To.Why},
		{"media", strings.Join(a.Media, ", "), ""},
		{"started", clock(a.Start.Time), "conversationStart"},
		{"ended", p.ended(), a.EndFact.Why},
		{"they left", clock(a.Left.Time), "the last end of a segment of the party with which it was; what people call the end of a call"},
		{"lasted", p.lasted(), "from the start to the end"},
		{"ending", a.Ending.Value, a.Ending.Why},
	} {
		if f.value == "" {
			continue
		}
		p.out.text(fmt.Sprintf("%-14s", f.name), f.value)
		p.why(f.why)
	}
	for _, r := range a.Reasons {
		p.out.text(fmt.Sprintf("%-14s", "why they came"), r.Label+": "+r.Value)
		p.why(r.Why)
	}
}

func (p *printer) ended() string {
	if p.a.End.IsZero() {
		return p.a.EndFact.Value
	}
	text := clock(p.a.End.Time)
	if p.a.EndFact.Value != account.Ended {
		text += " (" + p.a.EndFact.Value + ")"
	}
	return text
}

func (p *printer) lasted() string {
	if p.a.End.IsZero() || p.a.Start.IsZero() {
		return ""
	}
	return account.Length(p.a.End.Sub(p.a.Start.Time)).String()
}

// address is one end: who, and by which number. The address of a phone of ours says nothing that the name does not.
func address(a account.Address) string {
	shown := strings.TrimPrefix(a.Address, "tel:")
	if rest, ok := strings.CutPrefix(shown, "sip:"); ok {
		shown, _, _ = strings.Cut(rest, ";")
		if a.Party != "" {
			shown = ""
		}
	}
	who := a.Name
	if a.Party != "" {
		who = a.Party
		if a.Name != "" && !strings.Contains(a.Party, a.Name) {
			who += " (" + a.Name + ")"
		}
	}
	if shown != "" && who != "" {
		who += ", "
	}
	return who + shown
}

// phases set how long each took beside what the platform measured of it.
func (p *printer) phases() {
	rows := [][]string{}
	for _, f := range p.a.Phases {
		rows = append(rows, []string{f.Name, f.Lasted.String(), ui.Counted(int64(f.Times), "segment", "segments"), measured(f)})
	}
	p.out.table("Phases; they overlap, and do not add up to the whole", rows)
	if p.o.Why {
		for _, f := range p.a.Phases {
			p.out.text("  "+f.Name+": ", f.Why)
		}
	}
}

// measured is what the platform's metric says of a phase.
func measured(f account.Phase) string {
	switch {
	case f.Metric == "":
		return ""
	case f.Measured == 0 && f.Compared == 0 && f.Agrees:
		return "not measured"
	case !f.Agrees:
		return fmt.Sprintf("!= %s, which is %s (%d ms against %d ms)", f.Metric, f.Measured, time.Duration(f.Measured).Milliseconds(), time.Duration(f.Compared).Milliseconds())
	case f.Compared != f.Lasted:
		return fmt.Sprintf("= %s of what was measured, %s", f.Metric, f.Measured)
	}
	return "= " + f.Metric
}

// people are who handled it.
func (p *printer) people() {
	rows := [][]string{}
	var whys []string
	for _, h := range p.a.Handlers {
		rows = append(rows, []string{h.Label, h.Did, p.after(h.At), handled(h)})
		whys = append(whys, h.Why)
	}
	p.out.tableWhy("Who handled it", rows, p.whys(whys))
}

// whys are the rules of rows, if they were asked for.
func (p *printer) whys(rules []string) []string {
	if !p.o.Why {
		return nil
	}
	return rules
}

// after is when something was, from the start on.
func (p *printer) after(at account.Instant) string {
	if at.IsZero() || p.a.Start.IsZero() {
		return ""
	}
	return "at +" + account.Length(at.Sub(p.a.Start.Time)).String()
}

// handled is what a turn was made of.
func handled(h account.Handler) string {
	var parts []string
	add := func(what string, l account.Length) {
		if l > 0 {
			parts = append(parts, what+" "+l.String())
		}
	}
	if h.Queue != "" {
		parts = append(parts, "for "+h.Queue)
	}
	add("they waited", h.Waited)
	add("rang", h.Rang)
	add("talked", h.Talked)
	if h.Holds > 0 {
		parts = append(parts, "held "+h.Held.String()+" in "+strconv.Itoa(h.Holds))
	}
	add("wrap-up", h.WrapUp)
	if h.How != "" {
		parts = append(parts, "left by "+h.How)
	}
	return strings.Join(parts, ", ")
}

// ways are queues, flows, and who handed on.
func (p *printer) ways() {
	rows, whys := [][]string{}, []string{}
	for _, v := range p.a.Visits {
		became := v.Became
		if v.By != "" {
			became += " by " + v.By
		}
		rows, whys = append(rows, []string{v.Queue, "waited " + v.Waited.String(), p.after(v.At), became}), append(whys, v.Why)
	}
	p.out.tableWhy("Queues", rows, p.whys(whys))
	rows, whys = [][]string{}, []string{}
	for _, f := range p.a.Flows {
		rows, whys = append(rows, []string{f.Name, f.Lasted.String(), p.after(f.At), f.Became}), append(whys, f.Why)
	}
	p.out.tableWhy("Flows", rows, p.whys(whys))
	rows, whys = [][]string{}, []string{}
	for _, x := range p.a.Passes {
		to := x.To
		if x.Then != "" {
			to += ", answered by " + x.Then
		}
		if x.By != "" {
			to += "; by " + x.By
		}
		rows, whys = append(rows, []string{x.Kind, p.after(x.At), to}), append(whys, x.Why)
	}
	p.out.tableWhy("Handed on, and joined", rows, p.whys(whys))
}

// noted is what was written about it afterwards.
func (p *printer) noted() {
	rows, whys := [][]string{}, []string{}
	for _, w := range p.a.WrapUps {
		text := w.Name
		if text == "" {
			text = "no code"
		}
		if w.Note != "" {
			text += ": " + w.Note
		}
		if len(w.Tags) > 0 {
			text += " [" + strings.Join(w.Tags, ", ") + "]"
		}
		rows, whys = append(rows, []string{w.By, w.Lasted.String(), p.after(w.At), text}), append(whys, w.Why)
	}
	p.out.tableWhy("Wrap-up", rows, p.whys(whys))
	rows = [][]string{}
	for _, e := range p.a.Evaluations {
		rows = append(rows, []string{e.Form, e.Status, score("score", e.Score), clock(e.At.Time) + " of " + e.Of})
	}
	p.out.table("Evaluations", rows)
	rows = [][]string{}
	for _, s := range p.a.Surveys {
		rows = append(rows, []string{s.Form, s.Status, strings.TrimSpace(score("score", s.Score) + " " + score("promoter", s.Promoter)), clock(s.At.Time)})
	}
	p.out.table("Surveys", rows)
}

func score(what string, n *int64) string {
	if n == nil {
		return ""
	}
	return what + " " + strconv.FormatInt(*n, 10)
}

// disagreements are the metrics that do not equal their segments; with the rules, all of them.
func (p *printer) disagreements() {
	title := "Metrics that disagree with their segments"
	if p.o.Why {
		title = "Metrics beside their segments"
	}
	rows := [][]string{}
	for _, k := range p.a.Checks {
		if k.Agrees && !p.o.Why {
			continue
		}
		if k.Exception != "" && !p.o.Why {
			continue
		}
		sign := "="
		if !k.Agrees {
			sign = "!="
		}
		beside := sign + " " + ms(k.Segments) + " of " + k.Phase
		if k.Exception != "" {
			beside += "; " + k.Exception
		}
		rows = append(rows, []string{p.a.Parties[k.Party].Label, k.Metric, ms(k.Measured), beside})
	}
	p.out.table(title, slices.Clip(rows))
}

func ms(l account.Length) string {
	return strconv.FormatInt(time.Duration(l).Milliseconds(), 10) + " ms"
}
