package lintrecords

import (
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
	"github.com/parley-hq/parley/internal/wire"
)

// tally is what was found. A test pins its members.
type tally struct {
	Records    int64    `json:"records"`
	Rejected   int64    `json:"rejected"`       // values that are no records
	Broken     int64    `json:"records_broken"` // records with findings
	Findings   int64    `json:"findings"`
	Excused    int64    `json:"exceptions"` // findings that are known exceptions, besides
	Rules      []*count `json:"rules"`
	Exceptions []*count `json:"known_exceptions"`

	o    *Options
	step func()
	list *ui.Table
}

// count is one rule or one exception.
type count struct {
	Name     string `json:"name"`
	Says     string `json:"says"`
	Findings int64  `json:"findings"`
	Records  int64  `json:"records"`
	First    string `json:"first_conversation,omitempty"`

	last int64 // record that was counted
}

func (c *count) add(record int64, id string) {
	if c.Findings++; c.last != record {
		c.last, c.Records = record, c.Records+1
	}
	if c.First == "" {
		c.First = id
	}
}

func newTally(o *Options) *tally {
	t := &tally{o: o, step: func() {}}
	for _, r := range arithmetic.Rules {
		t.Rules = append(t.Rules, &count{Name: r.Name, Says: r.Says})
	}
	for _, r := range arithmetic.Exceptions {
		t.Exceptions = append(t.Exceptions, &count{Name: r.Name, Says: r.Says})
	}
	if o.List && !o.JSON {
		t.list = o.Streams.Table("conversation", "rule", "exception", "finding")
	}
	return t
}

// take checks a value. What is no record is counted; values that do not fit the schema have no rule.
func (t *tally) take(raw []byte) error {
	if r, err := wire.Record(raw); err == nil {
		return t.check(string(r.ID), raw)
	}
	t.Rejected++
	return nil
}

func (t *tally) check(id string, raw []byte) error {
	t.Records++
	t.step()
	c, _ := wire.Decode(raw)
	broken := false
	for _, f := range arithmetic.Find(c) {
		if f.Exception == "" {
			broken = true
			t.Findings++
			of(t.Rules, f.Rule).add(t.Records, id)
		} else {
			t.Excused++
			of(t.Exceptions, f.Exception).add(t.Records, id)
		}
		if err := t.show(id, f); err != nil {
			return err
		}
	}
	if broken {
		t.Broken++
	}
	return nil
}

// of is the count of a name. Every rule and exception has one.
func of(all []*count, name string) *count {
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	return &count{}
}

// finding is one line of --list --json; a test pins its members.
type finding struct {
	Conversation string `json:"conversation"`
	Rule         string `json:"rule"`
	Exception    string `json:"exception,omitempty"`
	Finding      string `json:"finding"`
}

func (t *tally) show(id string, f arithmetic.Finding) error {
	switch {
	case t.list != nil:
		t.list.Row(id, f.Rule, f.Exception, f.Text)
	case t.o.List:
		return t.o.Streams.JSON(finding{id, f.Rule, f.Exception, f.Text})
	}
	return nil
}

func (t *tally) print() error {
	var err error
	switch {
	case t.list != nil:
		err = t.list.Done()
	case t.o.List:
	case t.o.JSON:
		return t.o.Streams.JSON(t)
	case t.Findings+t.Excused > 0:
		err = t.counts()
	}
	t.o.Streams.Notef("%s checked: %s, %s.\n", ui.Counted(t.Records, "record", "records"),
		ui.Counted(t.Findings, "finding", "findings"), ui.Counted(t.Excused, "known exception", "known exceptions"))
	if t.Rejected > 0 {
		t.o.Streams.Notef("%s no record and not checked.\n", ui.Counted(t.Rejected, "value is", "values are"))
	}
	return err
}

// counts lists the rules that were broken, and the exceptions that occurred.
func (t *tally) counts() error {
	table := t.o.Streams.Table("rule", "findings", "records", "first conversation", "what holds")
	for _, c := range t.Rules {
		if c.Findings > 0 {
			table.Row(c.Name, ui.Count(c.Findings), ui.Count(c.Records), c.First, c.Says)
		}
	}
	for _, c := range t.Exceptions {
		if c.Findings > 0 {
			table.Row("exception: "+c.Name, ui.Count(c.Findings), ui.Count(c.Records), c.First, c.Says)
		}
	}
	return table.Done()
}
