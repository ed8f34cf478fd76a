package extraction

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/platform"
)

func TestWhatIsCounted(t *testing.T) {
	counts := platform.Counts{Requests: 10, Failed: 2, Throttled: 3, Retries: 4, Logins: 1, BudgetWaits: 6, BudgetTime: 1500 * time.Millisecond, Breaker: platform.BreakerOpen, Trips: 7}
	m := New("acme", "1.0", func() platform.Counts { return counts })
	m.Count(Run{ExitCode: 0, Whole: true, Waiting: 1, Records: map[string]int64{"added": 5}})
	m.Count(Run{Ended: time.UnixMilli(1_500), Took: 2 * time.Second, ExitCode: 6, Missing: 3, Records: map[string]int64{"added": 2}, Available: time.UnixMilli(2_000)})
	path := filepath.Join(t.TempDir(), "parley.prom")
	if err := m.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`parley_extract_runs_total{exit_code="0",organization="acme"} 1`, `parley_extract_runs_total{exit_code="6",organization="acme"} 1`,
		`parley_extract_conversations_total{organization="acme",what="added"} 7`, `parley_extract_gaps{organization="acme",state="missing"} 3`,
		`parley_extract_gaps{organization="acme",state="waiting"} 0`, `parley_extract_last_run_timestamp_seconds{organization="acme"} 1.5`,
		`parley_extract_last_run_whole{organization="acme"} 0`, `parley_extract_last_run_exit_code{organization="acme"} 6`,
		`parley_extract_last_run_seconds{organization="acme"} 2`, `parley_extract_data_availability_timestamp_seconds{organization="acme"} 2`,
		`parley_extract_build_info{organization="acme",version="1.0"} 1`,
		`parley_upstream_requests_total{organization="acme",result="answered"} 5`, `parley_upstream_requests_total{organization="acme",result="failed"} 2`,
		`parley_upstream_requests_total{organization="acme",result="throttled"} 3`, `parley_upstream_retries_total{organization="acme"} 4`,
		`parley_upstream_logins_total{organization="acme"} 1`, `parley_upstream_budget_waits_total{organization="acme"} 6`,
		`parley_upstream_budget_wait_seconds_total{organization="acme"} 1.5`, `parley_upstream_breaker_state{organization="acme"} 2`,
		`parley_upstream_breaker_trips_total{organization="acme"} 7`,
	} {
		if !strings.Contains(string(text), "\n"+want+"\n") {
			t.Errorf("nothing of %s in\n%s", want, text)
		}
	}
	if err := m.WriteFile(filepath.Join(path, "x")); err == nil {
		t.Error("a file was made in a file")
	}
	nobody, err := New("", "1.0", nil).Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range nobody {
		if strings.HasPrefix(family.GetName(), "parley_upstream") {
			t.Errorf("%s of no client", family.GetName())
		}
	}
}
