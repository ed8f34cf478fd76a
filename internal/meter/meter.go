// Package meter is what a server counts of itself, for Prometheus. It counts things, never says what is in them: labels
// are routes, statuses, states and names of limits, no client and no id.
package meter

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Meter counts. Safe for concurrent use.
type Meter struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	sent     *prometheus.CounterVec
	engine   *prometheus.HistogramVec
	chosen   *prometheus.CounterVec
	limits   *prometheus.CounterVec
	ended    *prometheus.CounterVec
	records  *prometheus.CounterVec
	bytes    prometheus.Counter
	away     prometheus.Gauge
}

// seconds are the bounds of histograms: from what a status costs to what a job over everything takes.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// New makes a meter with nothing counted yet.
func New() *Meter {
	m := &Meter{
		registry: prometheus.NewRegistry(),
		requests: counters("parley_requests_total", "Requests that were answered.", "route", "method", "status"),
		duration: histograms("parley_request_duration_seconds", "Time from the first byte of a request to the last of its answer.", "route"),
		sent:     counters("parley_response_bytes_total", "Bytes of bodies sent, as they went over the wire.", "route"),
		engine:   histograms("parley_engine_seconds", "Time that answering took, without waiting for its turn.", "kind"),
		chosen:   counters("parley_engine_questions_total", "Questions by the engine that answered them, where there are two.", "kind", "engine"),
		limits:   counters("parley_limit_hits_total", "Requests refused by a limit, by the limit's key.", "limit"),
		ended:    counters("parley_jobs_ended_total", "Jobs that came to an end, by how.", "state"),
		records:  counters("parley_records_total", "Records written as results of jobs, and records served in their pages.", "what"),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "parley_result_bytes_total", Help: "JSON of the records written as results of jobs."}),
	}
	m.away = prometheus.NewGauge(prometheus.GaugeOpts{Name: "parley_organizations_away", Help: "Organizations whose data could not be opened when it was looked at last."})
	m.registry.MustRegister(m.away, m.requests, m.duration, m.sent, m.engine, m.chosen, m.limits, m.ended, m.records, m.bytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, labels)
}

// Gatherer gives what was counted.
func (m *Meter) Gatherer() prometheus.Gatherer { return m.registry }

// Request counts one request: the pattern of its route, its status, how long it took and how much was sent.
func (m *Meter) Request(route, method string, status int, took time.Duration, sent int64) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
	m.sent.WithLabelValues(route).Add(float64(sent))
}

// Limit counts a request that was refused by a limit.
func (m *Meter) Limit(key string) { m.limits.WithLabelValues(key).Inc() }

// Kinds of engine time.
const (
	Query = "query"
	Job   = "job"
)

// Engine counts the time that a question of a kind took.
func (m *Meter) Engine(kind string, took time.Duration) {
	m.engine.WithLabelValues(kind).Observe(took.Seconds())
}

// Chosen counts a question of a kind that an engine was chosen for.
func (m *Meter) Chosen(kind, engine string) { m.chosen.WithLabelValues(kind, engine).Inc() }

// Ended counts a job that came to an end in a state.
func (m *Meter) Ended(state string) { m.ended.WithLabelValues(state).Inc() }

// Written counts the results of a job: records, and bytes of their JSON.
func (m *Meter) Written(records, bytes int64) {
	m.records.WithLabelValues("written").Add(float64(records))
	m.bytes.Add(float64(bytes))
}

// Served counts records that were read in pages.
func (m *Meter) Served(records int64) { m.records.WithLabelValues("served").Add(float64(records)) }

// Away is told of how many organizations the data cannot be opened.
func (m *Meter) Away(organizations int) { m.away.Set(float64(organizations)) }

// Jobs is what the jobs are doing at a moment.
type Jobs struct {
	States map[string]int64 // how many are in each state
	Age    time.Duration    // how long the oldest has been waiting
	Stored int64            // bytes of results on the disk
}

// Watch asks for the state of the jobs whenever the meter is read.
func (m *Meter) Watch(ask func(context.Context) (Jobs, error)) {
	m.registry.MustRegister(&watch{ask: ask})
}

// watch reads the jobs when it is collected: a gauge that is kept would have to be right after every crash.
type watch struct {
	ask func(context.Context) (Jobs, error)
}

var (
	jobsDesc   = prometheus.NewDesc("parley_jobs", "Jobs by state.", []string{"state"}, nil)
	ageDesc    = prometheus.NewDesc("parley_job_queue_age_seconds", "How long the oldest queued job has been waiting.", nil, nil)
	storedDesc = prometheus.NewDesc("parley_job_results_bytes", "Results of jobs on the disk.", nil, nil)
)

// Describe implements prometheus.Collector.
func (w *watch) Describe(out chan<- *prometheus.Desc) {
	out <- jobsDesc
	out <- ageDesc
	out <- storedDesc
}

// askAtMost bounds how long a reading may wait for the control database.
const askAtMost = 5 * time.Second

// Collect implements prometheus.Collector.
func (w *watch) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askAtMost) //nolint:forbidigo // a collector is given none
	defer cancel()
	jobs, err := w.ask(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(jobsDesc, err)
		return
	}
	for state, n := range jobs.States {
		out <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, jobs.Age.Seconds())
	out <- prometheus.MustNewConstMetric(storedDesc, prometheus.GaugeValue, float64(jobs.Stored))
}
