package app

import (
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
)

// away is a cluster that nobody finds.
func away(t *testing.T, from int64) Cluster {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return Cluster{URL: "http://" + l.Addr().String(), Catalog: "parley", From: from}
}

const ofTheDay = `"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z"`

// While the cluster is away, small questions are answered; large ones are told so at once, and large jobs wait.
func TestAClusterThatIsAway(t *testing.T) {
	for _, c := range []struct {
		what, engine, state string
		from                int64
		status              int
	}{
		{"small", "duckdb", "FULFILLED", 1 << 40, http.StatusOK},
		{"large", "trino", "QUEUED", 1, http.StatusServiceUnavailable},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir, client := filepath.Join(t.TempDir(), "lake"), server.NewCredentials()
			generated(t, dir, "2026-11-02")
			service, err := OpenService(t.Context(), ServiceOptions{Lakes: Lakes{server.DefaultOrganization: dir}, Large: away(t, c.from)})
			if err != nil {
				t.Fatal(err)
			}
			defer service.Close()
			at, _, _ := servertest.Running(t, service.Serve(server.Listen{Addr: "127.0.0.1:0", Client: client, Log: quiet}, time.Now))
			token := servertest.Login(t, at, client)
			status, chosen := post(t, token, at+"/api/v2/analytics/conversations/details/query", "{"+ofTheDay+"}")
			if status != c.status || !strings.HasPrefix(chosen, c.engine+"; planned=") {
				t.Errorf("the query is answered with %d by %q", status, chosen)
			}
			if status, _ := post(t, token, at+"/api/v2/analytics/conversations/details/jobs", "{"+ofTheDay+"}"); status != http.StatusAccepted {
				t.Errorf("the job is answered with %d", status)
			}
			// Until it is tried, it is QUEUED too.
			for _, want := range []string{`parley_engine_questions_total{engine="` + c.engine + `",kind="job"} 1`, `parley_jobs{state="` + c.state + `"} 1`} {
				for !strings.Contains(metrics(t, at), want) {
					if t.Context().Err() != nil {
						t.Fatalf("there is no %s", want)
					}
				}
			}
		})
	}
}

// post asks, and gives the status of the answer and the engine of which it tells.
func post(t *testing.T, token, url, body string) (status int, chosen string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	return w.StatusCode, w.Header.Get("Parley-Engine")
}

func metrics(t *testing.T, at string) string {
	t.Helper()
	body := servertest.Ask(t, "", "GET", at+"/metrics", "")
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Commands that ask a lake choose alike.
func TestExplainSaysWhichEngineAnswers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	generated(t, dir, "2026-11-02")
	q, err := query.DecodeDetail([]byte("{"+ofTheDay+"}"), query.OwnLimits())
	if err != nil {
		t.Fatal(err)
	}
	x, err := Explain(t.Context(), dir, away(t, 1<<40), q.Query, 0)
	if err != nil || x.Choice == nil || x.Choice.Engine != "duckdb" || x.Choice.Planned == 0 || x.Choice.From != 1<<40 || x.Hits == 0 {
		t.Errorf("%+v %+v, %v", x, x.Choice, err)
	}
	if _, err := Explain(t.Context(), dir, away(t, 1), q.Query, 0); !errors.Is(err, fault.Unavailable) {
		t.Errorf("the cluster is away, and it is %v", err)
	}
	if x, err = Explain(t.Context(), dir, Cluster{}, q.Query, 0); err != nil || x.Choice != nil {
		t.Errorf("without a cluster there is a choice: %+v, %v", x.Choice, err)
	}
}
