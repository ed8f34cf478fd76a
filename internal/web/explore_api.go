package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
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
	if err := v.enter(); err != nil {
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
	for _, kind := range append([]query.Kind{query.OfSegment}, query.Kinds()...) {
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

// valuesIn asks for values.
func (v *visit) valuesIn(dimension, interval string) ([]valueTold, error) {
	body, err := json.Marshal(map[string]string{"interval": interval})
	if err != nil {
		return nil, err
	}
	wanted, err := json.Marshal([]frequency{{query.TermFrequency, dimension, mostTerms}})
	if err != nil {
		return nil, err
	}
	f, err := v.counts(v.ctx(), body, string(wanted))
	if err != nil {
		return nil, err
	}
	return v.valuesOf(f)
}

// valuesOf are the values of an answer, with names.
func (v *visit) valuesOf(f found) ([]valueTold, error) {
	out := []valueTold{}
	if len(f.Aggregations) == 0 {
		return out, nil
	}
	a := f.Aggregations[0]
	for _, e := range a.Results {
		if value := valueOf(e); v.mayTell(value) {
			out = append(out, valueTold{Value: value, Count: e.Count})
		}
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
