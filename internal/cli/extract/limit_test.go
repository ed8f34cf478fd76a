package extract

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// What the message about a page that is too large advises, helps: a smaller page as well as a higher limit.
func TestAPageThatIsTooLarge(t *testing.T) {
	var records [][]byte
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 4 {
		records = append(records, platformtest.Record(fmt.Sprintf("c%d", i), start.Add(time.Duration(i)*time.Hour), time.Minute, strings.Repeat("x", 400<<10)))
	}
	server := httptest.NewServer(platformtest.New(t, platformtest.Config{Records: records}))
	defer server.Close()
	run := func(more ...string) error {
		var out bytes.Buffer
		cmd := New(&ui.Streams{Out: &out, Err: &out}, "test")
		cmd.SetArgs(append([]string{"--base-url", server.URL, "--from", "2026-11-01", "--to", "2026-11-02", "--poll", "1us..1us", "--lake", filepath.Join(t.TempDir(), "lake")}, more...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		return cmd.ExecuteContext(t.Context())
	}
	t.Setenv("GENESYS_CLIENT_ID", platformtest.ClientID)
	t.Setenv("GENESYS_CLIENT_SECRET", platformtest.ClientSecret)
	const advice = "the page is larger than 1 MiB; a smaller --page-size makes pages smaller, --max-page-mib raises the limit"
	if err := run("--max-page-mib", "1"); fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), advice) {
		t.Errorf("got %v", err)
	}
	for _, more := range [][]string{{"--max-page-mib", "1", "--page-size", "2"}, {"--max-page-mib", "2"}, nil} {
		if err := run(more...); err != nil {
			t.Errorf("with %q: %v", more, err)
		}
	}
	for _, bad := range []string{"0", "-1", "901"} {
		if err := run("--max-page-mib", bad); fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), "--max-page-mib must lie between 1 and 900") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
