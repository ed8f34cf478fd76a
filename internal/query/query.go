// Package query is what may be asked: the request bodies of the synchronous query and of the jobs, decoded and
// validated into one value. Nothing below it knows JSON. What the platform takes follows its schemas ConversationQuery
// and AsyncConversationQuery, as its SDKs publish them, and its documentation of both endpoints.
package query

import (
	"math"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Order is the direction in which records come.
type Order string

// Orders. Unordered lets the engine choose; ours answers it as Ascending, which is one of the allowed answers.
const (
	Ascending  Order = "asc"
	Descending Order = "desc"
	Unordered  Order = "unordered"
)

// OrderBy is what records are ordered by; ties are broken by conversation id.
type OrderBy string

// What records can be ordered by. A record without conversationEnd sorts as if it ended last. SegmentStart is the
// earliest segmentStart of a conversation, SegmentEnd its latest segmentEnd, an open segment counting as the last.
const (
	ByConversationStart OrderBy = "conversationStart"
	ByConversationEnd   OrderBy = "conversationEnd"
	BySegmentStart      OrderBy = "segmentStart"
	BySegmentEnd        OrderBy = "segmentEnd"
)

// Matching is how a conversation must lie to the interval.
type Matching int

const (
	// Overlap takes every conversation whose lifetime overlaps the interval: the rule of jobs.
	Overlap Matching = iota
	// StartOfDay takes those of Overlap that started at or after 00:00 UTC of the interval's first date: the rule of
	// jobs with startOfDayIntervalMatching, and of queries, which thereby see the days touched by the interval.
	StartOfDay
)

// Query selects conversations and orders them.
type Query struct {
	Interval conversation.Interval
	Matching Matching
	Order    Order
	OrderBy  OrderBy
	Filters  []Filter // a conversation must satisfy each
}

// Starts is the interval in which every matching conversation must have started; its start is zero when a
// conversation of any age can match.
func (q Query) Starts() conversation.Interval {
	iv := conversation.Interval{End: q.Interval.End}
	if q.Matching == StartOfDay {
		iv.Start = conversation.DayOf(q.Interval.Start).Start()
	}
	return iv
}

// Matches says whether a conversation with this lifetime lies to the interval as it must; a zero end means that it
// still goes on. Filters are a matter of their own.
func (q Query) Matches(start, end time.Time) bool {
	return q.Starts().Contains(start) && q.Interval.Overlaps(start, end)
}

// Page asks for a part of the answer.
type Page struct {
	Size   int // records a page, 1 to Limits.PageSize
	Number int // from 1
}

// Offset is the number of records before the page.
func (p Page) Offset() int { return (p.Number - 1) * p.Size }

// Detail is a synchronous query.
type Detail struct {
	Query
	Page         Page
	Aggregations []Aggregation
}

// Job is an asynchronous query.
type Job struct {
	Query
	Limit int // records at most; 0 means all
}

// Limits are the platform's limits on requests, from its documentation and from the messages of its answers.
type Limits struct {
	Interval              time.Duration // longest interval of an unfiltered synchronous query; 7 days
	FilteredInterval      time.Duration // of a filtered one; 31 days
	PageSize              int           // records a page of a synchronous query; 100
	DefaultPageSize       int           // when paging is absent; 25
	Depth                 int           // pageNumber times pageSize at most; 100,000
	ResultPageSize        int           // records a page of job results at most; 10,000
	DefaultResultPageSize int           // when pageSize is absent or 0; 1,000
}

// PlatformLimits are the values of the platform.
func PlatformLimits() Limits {
	return Limits{
		Interval: 7 * 24 * time.Hour, FilteredInterval: 31 * 24 * time.Hour, PageSize: 100, DefaultPageSize: 25, Depth: 100_000,
		ResultPageSize: 10_000, DefaultResultPageSize: 1_000,
	}
}

// OwnLimits are those of who asks data of their own, in one process with it: as long an interval and as many records at
// once as there are.
func OwnLimits() Limits {
	l := PlatformLimits()
	l.Interval, l.FilteredInterval = 200*365*24*time.Hour, 200*365*24*time.Hour
	l.PageSize, l.Depth = math.MaxInt, math.MaxInt
	return l
}
