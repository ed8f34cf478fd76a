package job

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/store/folder"
)

// counted gives what a meter has counted under a name and one label; empty if there is none.
func counted(t *testing.T, m *meter.Meter, name, label string) (n float64) {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			of := ""
			for _, l := range one.GetLabel() {
				of = l.GetValue()
			}
			if f.GetName() == name && of == label {
				n = one.GetCounter().GetValue() + one.GetGauge().GetValue() + float64(one.GetHistogram().GetSampleCount())
			}
		}
	}
	return n
}

// Every job that ends is counted once, by how it ended, and what it found is counted with it.
func TestEveryEndIsCounted(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	counts, views := meter.New(), &fakeViews{records: someRecords(3)}
	m := newManager(t, views, func(c *Config) { c.Meter, c.Now = counts, func() time.Time { return now } })
	want := func(name, label string, want float64) {
		t.Helper()
		if got := counted(t, counts, name, label); got != want {
			t.Errorf("%s %s: got %v, want %v", name, label, got, want)
		}
	}
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	stored, text := m.find1(t, id).size.Stored, len(strings.Join(someRecords(3), ""))
	want("parley_job_results_bytes", "", float64(stored))
	want("parley_jobs", "FULFILLED", 1)
	views.err = fault.New(fault.Unavailable, "broken")
	submit(t, m, 0)
	run(t, m, take(t, m))
	if err := m.Delete(t.Context(), me, submit(t, m, 0)); err != nil {
		t.Fatal(err)
	}
	submit(t, m, 0)
	for range maxStarts {
		if err := m.jobs.putBack(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		take(t, m)
	}
	if err := m.recover(t.Context(), m.first()); err != nil {
		t.Fatal(err)
	}
	for state, n := range map[string]float64{"FULFILLED": 1, "FAILED": 2, "CANCELLED": 1, "EXPIRED": 0} {
		want("parley_jobs_ended_total", state, n)
		want("parley_jobs", state, n)
	}
	want("parley_records_total", "written", 3)
	want("parley_result_bytes_total", "", float64(text))
	want("parley_engine_seconds", string(meter.Job), 2)
	submit(t, m, 0)
	now = now.Add(time.Hour)
	want("parley_job_queue_age_seconds", "", 3600)
	now = now.AddDate(0, 0, 9)
	m.sweep(t.Context())
	want("parley_jobs_ended_total", "EXPIRED", 1)
	want("parley_jobs", "EXPIRED", 1)
	want("parley_job_results_bytes", "", 0)
}

// find1 gives all that is known of a job.
func (m *Manager) find1(t *testing.T, id ID) entry {
	t.Helper()
	e, err := m.find(t.Context(), me, id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A list says of each job what its status says, and how much it found.
func TestWhatAListSays(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	m := newManager(t, &fakeViews{records: someRecords(3)}, func(c *Config) { c.Now = func() time.Time { return now } })
	other := Owner{Organization: org, Client: "client-2"}
	done, waiting := submit(t, m, 0), submitAs(t, m, other, 0)
	run(t, m, take(t, m))
	for _, after := range []time.Duration{0, 9 * 24 * time.Hour} { // results expire in the list too
		now = now.Add(after)
		jobs, err := m.List(t.Context(), me)
		if err != nil || len(jobs) != 2 {
			t.Fatalf("got %+v, %v", jobs, err)
		}
		for i, want := range []struct {
			id     ID
			client string
		}{{waiting, other.Client}, {done, me.Client}} {
			e := m.find1(t, want.id)
			if got := jobs[i]; got.ID != want.id || got.Client != want.client || !got.Status.equal(e.status) || got.Size != e.size {
				t.Errorf("got %+v, want %+v", got, e)
			}
		}
		if size := jobs[1].Size; size.Records != 3 || size.Bytes != int64(len(strings.Join(someRecords(3), ""))) || size.Stored <= 0 {
			t.Errorf("size: got %+v", size)
		}
	}
}

// While the end of a job cannot be entered it is tried again, soon at first and then every ten seconds.
func TestHowOftenTheEndOfAJobIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := newManager(t, &fakeViews{records: someRecords(3)}, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		if _, err := m.cfg.DB.Exec(t.Context(), `CREATE TRIGGER full BEFORE UPDATE ON jobs WHEN NEW.state = 'FULFILLED' BEGIN SELECT RAISE(ABORT, 'no room'); END`); err != nil {
			t.Fatal(err)
		}
		stop := start(t, m)
		id, begun := submit(t, m, 0), time.Now()
		pass(time.Minute)
		stop()
		var at []time.Duration
		for line := range strings.Lines(log.String()) {
			if !strings.Contains(line, "enter the end of a job") {
				continue
			}
			when, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(strings.Fields(line)[0], "time="))
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, when.Sub(begun))
		}
		const ms = time.Millisecond
		want := []time.Duration{0, 100 * ms, 300 * ms, 700 * ms, 1500 * ms, 3100 * ms, 6300 * ms, 12700 * ms, 22700 * ms, 32700 * ms, 42700 * ms, 52700 * ms}
		if len(at) < len(want) || !slices.Equal(at[:len(want)], want) {
			t.Errorf("tried at %v, want %v", at, want)
		}
		wantState(t, m, id, Pending) // the next runner begins it again
	})
}

// A disk that is full ends the reading: what is found from then on could not be kept.
func TestAFullDiskEndsTheReading(t *testing.T) {
	read, rnd := 0, rand.New(rand.NewPCG(1, 0))
	var noise bytes.Buffer // which hardly gets smaller
	for noise.Len() < blockBytes {
		fmt.Fprint(&noise, rnd.Uint64())
	}
	records := func(yield func([]byte, error) bool) {
		for yield(noise.Bytes(), nil) && read < 1000 {
			read++
		}
	}
	m := newManager(t, &fakeViews{}, nil)
	m.files = stored(folder.On(m.dir(), fullDisk{room: 1000}))
	if _, err := m.files.write(t.Context(), entry{id: newID()}, records, 1<<40); err == nil || read > 100 {
		t.Errorf("read %d records, %v", read, err)
	}
}
