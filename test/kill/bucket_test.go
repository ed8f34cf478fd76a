package kill_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/test/program"
)

// Steps after each of which a lake in a bucket is in another state.
var bucketSteps = []string{"extract.page", "stage.entered", "commit.begun", "commit.files", "commit.segments", "commit.conversations", "commit.unsettled", "ids.written", "names.file"}

// TestKilledBesideABucket extracts into lakes in buckets of a server that loses answers and is too busy now and then, kills the
// extraction at steps that matter, and goes on: each lake is that of an undisturbed run into a folder.
func TestKilledBesideABucket(t *testing.T) {
	server, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	if server == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := start(t)
	_, want := p.points(t)
	spoilt := unreliable(t, server)
	bucket := server.Bucket(t)
	t.Run("steps", func(t *testing.T) {
		for _, step := range bucketSteps {
			t.Run(step, func(t *testing.T) {
				t.Parallel()
				name, state := fmt.Sprintf("s3://%s/%s", bucket, step), t.TempDir()
				env := []string{"AWS_ENDPOINT_URL_S3=" + server.URL, "PARLEY_STATE=" + state}
				if err := p.extract(t, name, append(env, "PARLEY_CRASH="+step+":1")...); !killed(err) {
					t.Fatalf("the first run ended with %v, and should have been killed", err)
				}
				if err := p.extract(t, name, env...); err != nil {
					t.Fatalf("the second run: %v", err)
				}
				ctx := at.With(t.Context(), func() at.Settings { return at.Settings{State: state, S3: s3.Config{Endpoint: server.URL}} })
				l, err := at.Open(ctx, name)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				c := program.ReadOpen(t, l)
				if c.Days != days || len(c.Staged) > 0 {
					t.Errorf("%d days are whole, want %d; %v are left", c.Days, days, c.Staged)
				}
				same(t, c.Records, want)
				asked(t, p, name, env)
			})
		}
	})
	if lost, slow := spoilt(); lost == 0 || slow == 0 {
		t.Errorf("%d answers were lost, %d requests refused", lost, slow)
	}
}

// asked asks the lake through the program: what it answers is read from copies on this machine, and these from the bucket.
func asked(t *testing.T, p *parley, name string, env []string) {
	t.Helper()
	if err := p.run(t, name, env, "sql", "SELECT count(*) FROM segments"); err != nil {
		t.Errorf("sql: %v", err)
	}
	if err := p.run(t, name, env, "lake", "check"); err != nil {
		t.Errorf("check: %v", err)
	}
}

// unreliable has the server lose an answer now and then after the request was served, and refuse some requests. It gives how often
// it did.
func unreliable(t *testing.T, server *s3test.Server) func() (lost, slow int) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex
	var lost, slow int
	server.Spoil(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		mu.Lock()
		drawn := dice.IntN(100)
		switch drawn {
		case 0:
			lost++
		case 1:
			slow++
		}
		mu.Unlock()
		switch drawn {
		case 0:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the connection is cut
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>`)
			return true
		}
		return false
	})
	return func() (int, int) {
		mu.Lock()
		defer mu.Unlock()
		return lost, slow
	}
}
