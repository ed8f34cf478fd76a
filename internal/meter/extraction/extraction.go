// Package extraction is what extractions count of themselves, for Prometheus: runs and what came of them, and how the client
// of the platform gets on. As internal/meter it counts things and never says what is in them; the one label that names somebody
// is the organization's name in the configuration.
package extraction

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// Meter counts. Safe for concurrent use.
type Meter struct {
	registry      *prometheus.Registry
	runs          *prometheus.CounterVec
	conversations *prometheus.CounterVec
	days          *prometheus.GaugeVec
	ended         prometheus.Gauge
	whole         prometheus.Gauge
	exit          prometheus.Gauge
	seconds       prometheus.Gauge
	available     prometheus.Gauge
}

// New makes a meter with nothing counted yet. client is asked whenever the meter is read; nil if there is none.
func New(organization, version string, client func() platform.Counts) *Meter {
	m := &Meter{
		registry:      prometheus.NewRegistry(),
		runs:          prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_extract_runs_total", Help: "Runs that have ended, by exit code."}, []string{"exit_code"}),
		conversations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "parley_extract_conversations_total", Help: "Records of conversations, by what became of them."}, []string{"what"}),
		days:          prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "parley_extract_gaps", Help: "Days of the last run that are not there, by what they are: missing, or waited for."}, []string{"state"}),
		ended:         gauge("parley_extract_last_run_timestamp_seconds", "When the last run ended."),
		whole:         gauge("parley_extract_last_run_whole", "1 if the last run has all that was asked for, but for days that the platform does not have yet; else 0."),
		exit:          gauge("parley_extract_last_run_exit_code", "Exit code of the last run."),
		seconds:       gauge("parley_extract_last_run_seconds", "How long the last run took."),
		available:     gauge("parley_extract_data_availability_timestamp_seconds", "The platform's dataAvailabilityDate at the last run."),
	}
	labels := prometheus.Labels{}
	if organization != "" {
		labels["organization"] = organization
	}
	with := prometheus.WrapRegistererWith(labels, m.registry)
	with.MustRegister(m.runs, m.conversations, m.days, m.ended, m.whole, m.exit, m.seconds, m.available)
	build := gauge("parley_extract_build_info", "1, for the version that extracts.")
	build.Set(1)
	prometheus.WrapRegistererWith(prometheus.Labels{"version": version}, with).MustRegister(build)
	if client != nil {
		with.MustRegister(&upstream{ask: client})
	}
	return m
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// Handler serves what was counted.
func (m *Meter) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Together serves what several meters have counted, each of another organization.
func Together(all func() []*Meter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var of prometheus.Gatherers
		for _, m := range all() {
			of = append(of, m.registry)
		}
		promhttp.HandlerFor(of, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
}

// Gatherer gives what was counted.
func (m *Meter) Gatherer() prometheus.Gatherer { return m.registry }

// Run is what is counted of a run that has ended.
type Run struct {
	Ended     time.Time
	Took      time.Duration
	ExitCode  int
	Whole     bool
	Missing   int              // days that stay open
	Waiting   int              // days that the platform does not have yet
	Records   map[string]int64 // by what became of them
	Available time.Time        // zero if it is not known
}

// Count counts a run.
func (m *Meter) Count(r Run) {
	m.runs.WithLabelValues(strconv.Itoa(r.ExitCode)).Inc()
	m.ended.Set(float64(r.Ended.UnixMilli()) / 1000)
	m.seconds.Set(r.Took.Seconds())
	m.exit.Set(float64(r.ExitCode))
	m.whole.Set(0)
	if r.Whole {
		m.whole.Set(1)
	}
	m.days.WithLabelValues("missing").Set(float64(r.Missing))
	m.days.WithLabelValues("waiting").Set(float64(r.Waiting))
	for what, n := range r.Records {
		m.conversations.WithLabelValues(what).Add(float64(n))
	}
	if !r.Available.IsZero() {
		m.available.Set(float64(r.Available.UnixMilli()) / 1000)
	}
}

// WriteFile writes what was counted as text, all of it or none, for a collector of files such as node_exporter's.
func (m *Meter) WriteFile(path string) error {
	return fault.AtPath(prometheus.WriteToTextfile(path, m.registry), "write the metrics %s", path)
}

// upstream reads the client's counts when it is collected.
type upstream struct{ ask func() platform.Counts }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("parley_upstream_"+name, help, labels, nil)
}

var (
	requests    = desc("requests_total", "Requests sent to the platform, by what came of them: answered, failed (no answer, or a status of 500 and above), throttled (429).", "result")
	retries     = desc("retries_total", "Requests that were to be sent again.")
	logins      = desc("logins_total", "Tokens that were asked for.")
	waits       = desc("budget_waits_total", "Requests that waited for their slot in the budget.")
	waitSeconds = desc("budget_wait_seconds_total", "How long they waited.")
	breaker     = desc("breaker_state", "Circuit breaker: 0 closed, 1 half-open, 2 open.")
	trips       = desc("breaker_trips_total", "Times that the circuit breaker opened.")
)

// Describe implements prometheus.Collector.
func (u *upstream) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{requests, retries, logins, waits, waitSeconds, breaker, trips} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (u *upstream) Collect(out chan<- prometheus.Metric) {
	n := u.ask()
	count := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
	}
	count(requests, float64(n.Requests-n.Failed-n.Throttled), "answered")
	count(requests, float64(n.Failed), "failed")
	count(requests, float64(n.Throttled), "throttled")
	count(retries, float64(n.Retries))
	count(logins, float64(n.Logins))
	count(waits, float64(n.BudgetWaits))
	count(waitSeconds, n.BudgetTime.Seconds())
	count(trips, float64(n.Trips))
	out <- prometheus.MustNewConstMetric(breaker, prometheus.GaugeValue, float64(n.Breaker))
}
