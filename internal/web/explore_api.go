package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web/question"
)

// sentText is the body of a request, which is a question.
func (v *visit) sentText() ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(v.out, v.r.Body, question.Length))
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault.New(fault.TooLarge, "A question has at most %d bytes", large.Limit)
	}
	return text, err
}

// lintJSON says what is wrong with a question, and where. A program asks for it.
func lintJSON(v *visit) error {
	text, err := v.sentText()
	if err != nil {
		return err
	}
	var found []query.Finding
	switch endpoint := v.r.URL.Query().Get("endpoint"); query.Endpoint(endpoint) {
	case query.EndpointJobs:
		found = query.Lint(text, query.EndpointJobs)
	case query.EndpointQuery, "":
		found = query.LintDetail(text, v.web.cfg.Limits)
	default:
		return fault.Field("endpoint", "endpoint is %s or %s, and not %q", query.EndpointQuery, query.EndpointJobs, fault.Clip(endpoint))
	}
	if found == nil {
		found = []query.Finding{}
	}
	v.sendJSON(http.StatusOK, map[string]any{"findings": found})
	return nil
}

// questionJSON stores a question, and gives the hash that names it and its address.
func questionJSON(v *visit) error {
	text, err := v.sentText()
	if err != nil {
		return err
	}
	if err := v.mayAsk(text); err != nil {
		return err
	}
	name, err := v.store(text)
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusCreated, map[string]string{"hash": name, "address": storedAddress(name)})
	return nil
}

// dimensionTold is what can be asked of an item, as JSON.
type dimensionTold struct {
	Name     string     `json:"name"`
	Of       query.Kind `json:"of"` // the list of filters that ask it
	Type     query.Type `json:"type"`
	Metric   bool       `json:"metric"`
	List     bool       `json:"list"`
	From     string     `json:"from"`
	Personal bool       `json:"personal"` // masked in records
	May      bool       `json:"allowed"`  // whoever asks may ask of it
}

func dimensionsJSON(v *visit) error {
	var out []dimensionTold
	for _, kind := range query.Kinds() {
		for _, d := range query.Dimensions(kind) {
			out = append(out, dimensionTold{d.Name, kind, d.Type, d.Metric, d.List, d.From, v.web.masks.personal(d), v.mayAskOf(d) == nil})
		}
	}
	v.sendJSON(http.StatusOK, map[string]any{"dimensions": out})
	return nil
}

// valueTold is a value of a dimension, how often it occurs, and what people call it.
type valueTold struct {
	Value string `json:"value"`
	Name  string `json:"name,omitempty"`
	Count int64  `json:"count"`
}

// mostTerms is how many values of a dimension are told.
const mostTerms = 100

// valuesJSON gives the most frequent values of a dimension among what started on some days.
func valuesJSON(v *visit) error {
	name := v.r.PathValue("name")
	d, ok := dimensionNamed(name)
	if !ok {
		return fault.New(fault.NotFound, "There is no dimension %s; GET /parley/v1/dimensions lists them", fault.Clip(name))
	}
	if err := v.mayAskOf(d); err != nil {
		return err
	}
	iv, err := v.valuesInterval()
	if err != nil {
		return err
	}
	values, err := v.valuesIn(d.Name, iv)
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusOK, map[string]any{"dimension": d.Name, "interval": iv, "values": values})
	return nil
}

// dimensionNamed finds a dimension of any kind. One that two kinds have, an aggregation takes of segments.
func dimensionNamed(name string) (query.Dimension, bool) {
	kinds := query.Kinds()
	slices.SortStableFunc(kinds, func(a, b query.Kind) int { return boolInt(b == query.OfSegment) - boolInt(a == query.OfSegment) })
	for _, kind := range kinds {
		for _, d := range query.Dimensions(kind) {
			if d.Name == name && !d.Metric {
				return d, true
			}
		}
	}
	return query.Dimension{}, false
}

// valuesInterval is from and to of the address, or the newest day. Of more days than may be asked of at once it is the last ones.
func (v *visit) valuesInterval() (string, error) {
	days, err := v.days()
	if err != nil {
		return "", err
	}
	first := newestDay(days, v.web.cfg.Now())
	after := first + 1
	if from := v.r.URL.Query().Get("from"); from != "" {
		if first, err = conversation.ParseDay(from); err != nil {
			return "", fault.Field("from", "from is a day, such as 2026-07-14, and not %q", fault.Clip(from))
		}
		after = first + 1
	}
	if to := v.r.URL.Query().Get("to"); to != "" {
		if after, err = conversation.ParseDay(to); err != nil || after <= first {
			return "", fault.Field("to", "to is a day behind from, such as %s, and not %q", first+1, fault.Clip(to))
		}
	}
	if most := conversation.Day(v.web.cfg.Limits.Interval / (24 * time.Hour)); after-first > most {
		first = after - most
	}
	return fmt.Sprintf("%s/%s", instantText(first.Start()), instantText(after.Start())), nil
}

// valuesIn asks for values, or knows them yet.
func (v *visit) valuesIn(dimension, interval string) ([]valueTold, error) {
	user, confined := v.who.OnlyUser()
	key := valuesKey{v.who.Organization, user, confined, v.mayName("user"), dimension, interval}
	if values, ok := v.web.values.get(key); ok {
		return values, nil
	}
	body, err := json.Marshal(map[string]any{
		"interval": interval, "paging": map[string]int{"pageSize": 1, "pageNumber": 1},
		"aggregations": []any{map[string]any{"type": query.TermFrequency, "dimension": dimension, "size": mostTerms}},
	})
	if err != nil {
		return nil, err
	}
	var f found
	if err := v.askFor(http.MethodPost, queryPath, body, &f); err != nil {
		return nil, err
	}
	values, err := v.valuesOf(f)
	if err == nil {
		v.web.values.put(key, values)
	}
	return values, err
}

// valuesOf are the values of an answer, with names.
func (v *visit) valuesOf(f found) ([]valueTold, error) {
	out := []valueTold{}
	if len(f.Aggregations) == 0 {
		return out, nil
	}
	a := f.Aggregations[0]
	for _, e := range a.Results {
		out = append(out, valueTold{Value: valueOf(e), Count: e.Count})
	}
	kind, ok := v.kindOf(a.Dimension)
	if !ok {
		return out, nil
	}
	ids := make([]string, len(out))
	for i, value := range out {
		ids[i] = value.Value
	}
	book, err := v.web.cfg.Data.Names(v.ctx(), v.who.Organization, map[names.Kind][]string{kind: ids})
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Name = book.Label(kind, out[i].Value)
	}
	return out, nil
}

// What is remembered of values, and for how long: typing in a field asks for the same again and again.
const (
	valuesFor = time.Minute
	mostKept  = 500
)

// valuesKey is all that values depend on.
type valuesKey struct {
	organization, user string
	confined, named    bool
	dimension          string
	interval           string
}

// valuesKept remembers values for a while. Safe for concurrent use.
type valuesKept struct {
	now func() time.Time
	mu  sync.Mutex
	all map[valuesKey]keptValues
}

type keptValues struct {
	values []valueTold
	until  time.Time
}

func newValuesKept(now func() time.Time) *valuesKept {
	return &valuesKept{now: now, all: map[valuesKey]keptValues{}}
}

func (k *valuesKept) get(key valuesKey) ([]valueTold, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.all[key]
	return kept.values, ok && k.now().Before(kept.until)
}

// put remembers values. Those that are too old go, and of too many any.
func (k *valuesKept) put(key valuesKey, values []valueTold) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	for old, kept := range k.all {
		if !now.Before(kept.until) {
			delete(k.all, old)
		}
	}
	for old := range k.all {
		if len(k.all) < mostKept {
			break
		}
		delete(k.all, old)
	}
	k.all[key] = keptValues{values, now.Add(valuesFor)}
}
