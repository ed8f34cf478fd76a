// Package question makes the body of a request out of flags: values of one flag are alternatives, and different flags must
// hold together.
package question

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Question is what the flags ask.
type Question struct {
	From, To, Interval string
	Order, OrderBy     string
	// The values of each flag, by the dimension that it is about.
	Dimensions map[string]*[]string

	Aggregate  []string // of the synchronous query only
	Limit      int      // of a job only; 0 means all
	StartOfDay bool     // of a job only
}

// dimension is a flag about a dimension.
type dimension struct{ flag, name, help string }

// ofConversation and ofSegment are the flags, by the list of filters into which they go.
var (
	ofConversation = []dimension{{"conversation-id", "conversationId", "id of the conversation"}}
	ofSegment      = []dimension{
		{"queue", "queueId", "id of the queue"},
		{"user", "userId", "id of the agent or user"},
		{"media", "mediaType", "media type: voice, callback, email, message, chat, ..."},
		{"direction", "direction", "direction of the session: inbound, outbound"},
		{"wrap-up", "wrapUpCode", "id of the wrap-up code"},
		{"purpose", "purpose", "purpose of the participant: customer, agent, acd, ivr, ..."},
		{"ani", "ani", "number of the caller, with or without tel: and punctuation"},
	}
)

// Define makes the flags that both requests know.
func (q *Question) Define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.From, "from", "", "day or instant, UTC, at which the interval begins")
	f.StringVar(&q.To, "to", "", "day or instant, UTC, before which it ends (default: a day after --from)")
	f.StringVar(&q.Interval, "interval", "", "interval as the platform writes it, start/end or start/duration")
	q.DefineFilters(cmd)
	f.StringVar(&q.Order, "order", "", "asc, desc, unordered (default: asc)")
	f.StringVar(&q.OrderBy, "order-by", "", "conversationStart, conversationEnd, segmentStart, segmentEnd (default: conversationStart)")
	for flag, values := range map[string][]string{
		"order":    {"asc", "desc", "unordered"},
		"order-by": {"conversationStart", "conversationEnd", "segmentStart", "segmentEnd"},
	} {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
}

// DefineFilters makes the flags about dimensions, and no others.
func (q *Question) DefineFilters(cmd *cobra.Command) {
	q.Dimensions = map[string]*[]string{}
	for _, d := range slices.Concat(ofConversation, ofSegment) {
		given := new([]string)
		q.Dimensions[d.name] = given
		cmd.Flags().StringSliceVar(given, d.flag, nil, d.help)
	}
	for _, flag := range []string{"media", "direction", "purpose"} {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values[flag], cobra.ShellCompDirectiveNoFileComp)))
	}
}

// Filters is the body of a request of an interval with what the flags about dimensions ask.
func (q *Question) Filters(interval conversation.Interval) ([]byte, error) {
	if err := q.checkGiven(); err != nil {
		return nil, err
	}
	return json.Marshal(wire.Request{Interval: interval.String(), ConversationFilters: q.filters(ofConversation), SegmentFilters: q.filters(ofSegment)})
}

// checkGiven refuses flags about dimensions without a value: whoever asked for a queue would get all of them. A flag that was not given
// is nil.
func (q *Question) checkGiven() error {
	for _, d := range slices.Concat(ofConversation, ofSegment) {
		if values := *q.Dimensions[d.name]; values != nil && len(values) == 0 {
			return fault.Field("--"+d.flag, "--%s is empty; perhaps a variable of the shell is not set", d.flag)
		}
	}
	return nil
}

// Asked gives the flags of Define, and of others, that were given.
func Asked(cmd *cobra.Command, others ...string) (given []string) {
	names := []string{"from", "to", "interval", "order", "order-by"}
	names = append(names, others...)
	for _, d := range slices.Concat(ofConversation, ofSegment) {
		names = append(names, d.flag)
	}
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	return given
}

// Body writes the question as the body of a request.
func (q *Question) Body() ([]byte, error) {
	interval, err := q.interval()
	if err != nil {
		return nil, err
	}
	if err := q.checkGiven(); err != nil {
		return nil, err
	}
	b := wire.Request{
		Interval: interval, Order: q.Order, OrderBy: q.OrderBy, Limit: q.Limit, StartOfDay: q.StartOfDay,
		ConversationFilters: q.filters(ofConversation), SegmentFilters: q.filters(ofSegment),
	}
	for _, text := range q.Aggregate {
		name, size, sized := strings.Cut(text, ":")
		a := wire.Aggregation{Type: "termFrequency", Dimension: name}
		if sized {
			if a.Size, err = strconv.Atoi(size); err != nil || a.Size < 1 {
				return nil, fault.Field("--aggregate", "--aggregate %s: the size must be a number, 1 or more", text)
			}
		}
		b.Aggregations = append(b.Aggregations, a)
	}
	return json.Marshal(b)
}

// filters joins what the flags say of one kind into one filter: the values of a flag by or, the flags by and, all of one
// item. It is the shape that the platform's own pages send.
func (q *Question) filters(flags []dimension) []wire.Filter {
	var given []wire.Filter
	for _, d := range flags {
		f := wire.Filter{Type: "or"}
		for _, value := range *q.Dimensions[d.name] {
			f.Predicates = append(f.Predicates, wire.Predicate{Dimension: d.name, Value: value})
		}
		if len(f.Predicates) > 0 {
			given = append(given, f)
		}
	}
	if len(given) < 2 {
		return given
	}
	all := wire.Filter{Type: "and"}
	for _, f := range given {
		if len(f.Predicates) == 1 {
			all.Predicates = append(all.Predicates, f.Predicates[0])
		} else {
			all.Clauses = append(all.Clauses, f)
		}
	}
	return []wire.Filter{all}
}

// interval reads --interval, or --from and --to.
func (q *Question) interval() (string, error) {
	if q.Interval != "" {
		if q.From != "" || q.To != "" {
			return "", fault.Field("--interval", "give --interval, or --from and --to")
		}
		return q.Interval, nil
	}
	if q.From == "" {
		return "", fault.Field("--from", "say of when: --from 2026-11-01 for that day, --from and --to, or --interval")
	}
	from, err := conversation.ParseTime(q.From)
	if err != nil {
		return "", fault.Field("--from", "--from %v", err)
	}
	to := from.Add(24 * time.Hour)
	if q.To != "" {
		if to, err = conversation.ParseTime(q.To); err != nil {
			return "", fault.Field("--to", "--to %v", err)
		}
	}
	if !to.After(from) {
		return "", fault.Field("--to", "--to must lie after --from")
	}
	return conversation.Interval{Start: from, End: to}.String(), nil
}
