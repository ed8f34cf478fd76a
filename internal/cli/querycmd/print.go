package querycmd

import (
	"bufio"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// print writes an answer in the form that was asked for. What was printed before a failure stands.
func (o *Options) print(a answer) error {
	o.Streams.Missing(a.missing)
	progress := o.Streams.Progress()
	defer progress.Clear()
	shown := int64(0)
	each := func(do func([]byte) error) error {
		for raw, err := range a.records {
			if err != nil {
				return err
			}
			if err := do(raw); err != nil {
				return err
			}
			shown++
			progress.Show("asking", shown, a.expected, "conversations")
		}
		return nil
	}
	switch {
	case o.JSON:
		return o.printJSON(a, each)
	case o.NDJSON:
		if len(a.aggregations) > 0 {
			o.Streams.Notef("The aggregations are left out; --json has them.\n")
		}
		return o.printLines(each)
	}
	if !o.Count {
		if err := o.printTable(each); err != nil {
			return err
		}
	}
	progress.Clear()
	if err := o.printAggregations(a.aggregations); err != nil {
		return err
	}
	o.summary(a, shown)
	return nil
}

// printJSON writes one object, and the records in it as they come.
func (o *Options) printJSON(a answer, each func(func([]byte) error) error) error {
	w := bufio.NewWriterSize(o.Streams.Out, 64<<10)
	w.WriteString(`{"totalHits":` + strconv.FormatInt(a.total, 10))
	if len(a.aggregations) > 0 {
		text, err := json.Marshal(a.aggregations)
		if err != nil {
			return err
		}
		w.WriteString(`,"aggregations":`)
		w.Write(text)
	}
	w.WriteString(`,"conversations":[`)
	separator := ""
	err := each(func(raw []byte) error {
		w.WriteString(separator)
		separator = ","
		_, err := w.Write(raw)
		return err
	})
	if err != nil {
		return errors.Join(err, w.Flush()) // cut short, and not to be taken for a whole answer
	}
	w.WriteString("]}\n")
	return w.Flush()
}

func (o *Options) printLines(each func(func([]byte) error) error) error {
	w := bufio.NewWriterSize(o.Streams.Out, 64<<10)
	err := each(func(raw []byte) error {
		w.Write(raw)
		return w.WriteByte('\n')
	})
	return errors.Join(err, w.Flush())
}

func (o *Options) printTable(each func(func([]byte) error) error) error {
	l := look{full: !o.Streams.OutTerminal, book: o.book}
	t := o.Streams.Table("start", "direction", "media", "from", "to", "queues", "agents", "duration", "ended", "id")
	err := each(func(raw []byte) error {
		c, _ := wire.Decode(raw) // what does not fit leaves its place in the row empty
		t.Row(l.row(c)...)
		return nil
	})
	return errors.Join(err, t.Done())
}

// printAggregations writes one row a value or range, each with the dimension or metric.
func (o *Options) printAggregations(list []query.AggregationResult) error {
	if len(list) == 0 {
		return nil
	}
	if o.Streams.OutTerminal && !o.Count {
		o.Streams.Printf("\n")
	}
	t := o.Streams.Table("aggregation", "value", "count")
	for _, a := range list {
		for _, e := range a.Results {
			t.Row(a.Dimension+a.Metric, o.labelOf(a.Dimension, valueOf(e)), strconv.FormatInt(e.Count, 10))
		}
	}
	return t.Done()
}

// aggregated are the dimensions whose values are ids of things that have names.
var aggregated = map[string]names.Kind{
	"queueId": names.Queue, "userId": names.User, "divisionId": names.Division, "wrapUpCode": names.WrapUpCode,
	"requestedRoutingSkillId": names.Skill, "requestedLanguageId": names.Language,
}

// labelOf is a value as a person reads it. A program gets it as it is.
func (o *Options) labelOf(dimension, value string) string {
	if label := o.book.Label(aggregated[dimension], value); label != "" && o.Streams.OutTerminal {
		return label
	}
	return value
}

// valueOf is the value of an entry, or its range in words: 1000 up to 60000.
func valueOf(e query.AggregationEntry) string {
	number := func(v *float64) string { return strconv.FormatFloat(*v, 'f', -1, 64) }
	switch {
	case e.Value != nil:
		return *e.Value
	case e.Gte != nil && e.Lt != nil:
		return number(e.Gte) + " up to " + number(e.Lt)
	case e.Gte != nil:
		return "from " + number(e.Gte)
	case e.Lt != nil:
		return "below " + number(e.Lt)
	}
	return "all"
}

// summary says on standard error how many match: it is not part of the table.
func (o *Options) summary(a answer, shown int64) {
	text := ui.Count(a.total) + " conversations match"
	if a.total == 1 {
		text = "1 conversation matches"
	}
	if !o.Count && shown < a.total {
		text += "; the first " + ui.Count(shown) + " are shown"
	}
	o.Streams.Notef("%s.\n", text)
}
