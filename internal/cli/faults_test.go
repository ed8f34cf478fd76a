package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/test/program"
	"github.com/parley-hq/parley/test/unraced"
)

// came is what an extraction came to, and what is in the lake then.
type came struct{ exit, days, records int }

// The sandbox of these tests has three days with ten conversations each.
var (
	whole   = came{0, 3, 30}
	nothing = came{exit: 6}
)

// TestExtractionsFromASandboxWithFaults shows what becomes of an extraction from a sandbox with each fault, and that
// the same command run again, when the fault is gone, ends with all there is, each conversation once.
func TestExtractionsFromASandboxWithFaults(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	url := background(t, "sandbox", "--days", "4", "--per-day", "10", "--steady", "--seed", "7", "--now", "2026-11-08T12:00:00Z",
		"--rate-limit", "1000000", "--jobs-per-minute", "1000000")
	dir := t.TempDir()
	extract := func(lake string, flags ...string) (int, string) {
		code, _, stderr := parley(t, append([]string{
			"extract", "--base-url", url, "--from", "2026-11-05", "--to", "2026-11-08", "--lake", lake,
			"--poll", "1ms..2ms", "--retries", "2", "--retry-wait", "1ms", "--job-records", "20", "--page-size", "4",
		}, flags...)...)
		return code, stderr
	}
	sound := filepath.Join(dir, "sound")
	if code, stderr := extract(sound); code != 0 {
		t.Fatal(stderr)
	}
	want := inOrder(program.Read(t, sound).Records)
	var out bytes.Buffer
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "fault\texit\tdays\trecords\tfired\tthe last that is said")
	for i, c := range []struct {
		fault string
		flags string
		want  came
		says  string
	}{
		{fault: `{"route":"any","nth":3,"times":2,"answer":{"status":503}}`, want: whole},
		{fault: `{"route":"results","nth":2,"times":1,"answer":{"status":429,"retryAfter":"1s"}}`, want: whole},
		{fault: `{"route":"results","nth":2,"times":1,"answer":{"status":503,"retryAfterDate":"1s"}}`, want: whole},
		{fault: `{"route":"results","answer":{"status":429}}`, want: nothing, says: "Rate limit exceeded"},
		{fault: `{"route":"submit","answer":{"status":403,"code":"missing.permissions"}}`, want: came{exit: 4}, says: "missing.permissions"},
		{fault: `{"route":"token","answer":{"status":400,"code":"invalid_client","message":"client not found"}}`, want: came{exit: 4}, says: "client not found"},
		{fault: `{"route":"results","times":1,"answer":{"status":502,"body":"<html>bad gateway</html>","headers":{"Content-Type":"text/html"}}}`, want: whole},
		{fault: `{"route":"results","times":1,"answer":{"status":200,"body":"<html>please log in</html>"}}`, want: whole},
		{fault: `{"route":"status","times":1,"delay":"50ms"}`, want: whole},
		{fault: `{"route":"results","delay":"2h"}`, flags: "--patience 50ms", want: nothing},
		{fault: `{"route":"results","times":1,"firstByte":"2h"}`, flags: "--patience 2s", want: whole},
		{fault: `{"route":"submit","times":1,"firstByte":"2h"}`, flags: "--patience 2s", want: whole},
		{fault: `{"route":"results","times":2,"drip":{"bytes":500,"every":"1ms"}}`, want: whole},
		{fault: `{"route":"results","drip":{"every":"1m"}}`, flags: "--patience 50ms", want: nothing},
		{fault: `{"route":"results","times":1,"cut":{"bytes":100}}`, want: whole},
		{fault: `{"route":"results","cut":{"share":0.5}}`, want: nothing},
		{fault: `{"route":"results","nth":2,"times":1,"cut":{"share":0.5,"unnoticed":true}}`, want: whole},
		{fault: `{"route":"results","cut":{"share":0.9,"unnoticed":true}}`, want: nothing},
		{fault: `{"route":"availability","times":1,"cut":{"share":0.5,"unnoticed":true}}`, want: whole},
		{fault: `{"route":"results","times":1,"corrupt":"gzip"}`, want: whole},
		{fault: `{"route":"results","corrupt":"gzip"}`, want: came{exit: 8}, says: "job after job gives what cannot be used"},
		{fault: `{"route":"results","nth":2,"times":1,"corrupt":"flip"}`, want: whole},
		{fault: `{"route":"any","every":3,"close":"before"}`, want: whole},
		{fault: `{"route":"submit","times":1,"close":"after"}`, want: whole},
		{fault: `{"route":"any","close":"before"}`, want: nothing},
		{fault: `{"route":"results","nth":2,"times":1,"expireToken":true}`, want: whole},
		{fault: `{"route":"any","nth":4,"every":4,"expireToken":true}`, want: whole},
		{fault: `{"job":{"fault":"stuck-queued"},"times":1}`, flags: "--job-wait 200ms", want: whole},
		{fault: `{"job":{"fault":"stuck-pending"}}`, flags: "--job-wait 100ms", want: nothing, says: "is not done after 100ms"},
		{fault: `{"job":{"fault":"failed","message":"the volume is too large"},"times":1}`, want: whole},
		{fault: `{"job":{"fault":"failed","message":"the volume is too large"}}`, want: nothing, says: "the volume is too large"},
		{fault: `{"job":{"fault":"expired"},"times":1}`, want: whole},
		{fault: `{"job":{"fault":"expired","page":2},"times":1}`, want: whole},
		// Days are asked for in smaller parts, until the results of each have one page.
		{fault: `{"job":{"fault":"expired","page":2}}`, want: whole, says: "The cursor has expired"},
		{fault: `{"job":{"fault":"cursor-refused"},"times":1}`, want: whole},
		{fault: `{"job":{"fault":"empty-page"}}`, want: whole},
		{fault: `{"job":{"fault":"empty-page","page":1,"absent":true}}`, want: whole},
		{fault: `{"job":{"fault":"page-twice"}}`, want: whole},
		{fault: `{"route":"any","probability":0.3,"answer":{"status":500}}`, flags: "--retries 9", want: whole},
	} {
		lake := filepath.Join(dir, fmt.Sprint(i))
		must(t, "sandbox", "faults", "clear", "--base-url", url)
		write(t, filepath.Join(dir, "fault.json"), c.fault)
		must(t, "sandbox", "faults", "add", "--base-url", url, "-f", filepath.Join(dir, "fault.json"))
		code, stderr := extract(lake, strings.Fields(c.flags)...)
		got := came{exit: code}
		if _, err := os.Stat(lake); err == nil {
			has := program.Read(t, lake)
			got.days, got.records = has.Days, has.Count()
		}
		var fault rule.Listed
		if err := json.Unmarshal([]byte(must(t, "sandbox", "faults", "--json", "--base-url", url)), &fault); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%s\n", c.fault, got.exit, got.days, got.records, fault.Fired, lines[len(lines)-1])
		if got != c.want || !strings.Contains(stderr, c.says) || fault.Fired == 0 {
			t.Errorf("%s: got %+v, fired %d times, want %+v, that says %q\n%s", c.fault, got, fault.Fired, c.want, c.says, stderr)
		}
		must(t, "sandbox", "faults", "clear", "--base-url", url)
		if code, stderr := extract(lake); code != 0 {
			t.Errorf("%s: when the fault is gone: %d, %s", c.fault, code, stderr)
		}
		if has := inOrder(program.Read(t, lake).Records); !slices.Equal(has, want) {
			t.Errorf("%s: when the fault is gone the lake has %d records, want %d", c.fault, len(has), len(want))
		}
	}
	_ = table.Flush() // a buffer takes everything
	t.Logf("\n%s", &out)
}

// What flags say is what is printed, and is what the sandbox keeps.
func TestCommandsForFaults(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	url := background(t, "sandbox", "--days", "1", "--per-day", "1", "--steady")
	file := filepath.Join(t.TempDir(), "faults.json")
	write(t, file, `[{"route":"me","delay":"1ms"},{"route":"jobs","close":"after","times":2}]`)
	for _, c := range []struct{ args, want string }{
		{"--name a --route results --client me --nth 2 --every 3 --times 4 --probability 0.5 --status 429 --retry-after 5s --code x --message y --header A=b",
			`{"name":"a","route":"results","client":"me","nth":2,"every":3,"times":4,"probability":0.5,"answer":{"status":429,"code":"x","message":"y","retryAfter":"5s","headers":{"A":"b"}},"matched":0,"fired":0}`},
		{"--route token --client other --status 503 --retry-after-date -1m --body <html>", `{"name":"fault-1","route":"token","client":"other","answer":{"status":503,"body":"<html>","retryAfterDate":"-1m0s"},"matched":0,"fired":0}`},
		{"--route status --delay 3s", `{"name":"fault-2","route":"status","delay":"3s","matched":0,"fired":0}`},
		{"--route delete --first-byte 3s", `{"name":"fault-3","route":"delete","firstByte":"3s","matched":0,"fired":0}`},
		{"--route availability --drip 50ms --drip-bytes 16", `{"name":"fault-4","route":"availability","drip":{"bytes":16,"every":"50ms"},"matched":0,"fired":0}`},
		{"--route query --times 1 --cut-bytes 0", `{"name":"fault-5","route":"query","times":1,"cut":{"bytes":0},"matched":0,"fired":0}`},
		{"--route jobs --times 1 --cut-share 0.5 --unnoticed", `{"name":"fault-6","route":"jobs","times":1,"cut":{"share":0.5,"unnoticed":true},"matched":0,"fired":0}`},
		{"--route details --corrupt flip", `{"name":"fault-7","route":"details","corrupt":"flip","matched":0,"fired":0}`},
		{"--route submit --close after", `{"name":"fault-8","route":"submit","close":"after","matched":0,"fired":0}`},
		{"--route organization --expire-token", `{"name":"fault-9","route":"organization","expireToken":true,"matched":0,"fired":0}`},
		{"--job failed --message why --times 1", `{"name":"fault-10","route":"submit","times":1,"job":{"fault":"failed","message":"why"},"matched":0,"fired":0}`},
		{"--job empty-page --page 3 --absent", `{"name":"fault-11","route":"submit","job":{"fault":"empty-page","page":3,"absent":true},"matched":0,"fired":0}`},
		{"-f " + file, `{"name":"fault-12","route":"me","delay":"1ms","matched":0,"fired":0}` + "\n" + `{"name":"fault-13","route":"jobs","times":2,"close":"after","matched":0,"fired":0}`},
	} {
		if got := must(t, append([]string{"sandbox", "faults", "add", "--json", "--base-url", url}, strings.Fields(c.args)...)...); got != c.want+"\n" {
			t.Errorf("%s:\ngot  %swant %s", c.args, got, c.want)
		}
	}
	list := must(t, "sandbox", "faults", "--base-url", url)
	if first, _, _ := strings.Cut(list, "\n"); first != "a\tresults\tclient:me,nth:2,every:3,times:4,probability:0.5\tanswer:{status:429,code:x,message:y,retryAfter:5s,headers:{A:b}}\t0\t0\t0" {
		t.Errorf("the list begins %q", first)
	}
	if code, _, stderr := parley(t, "query", "--base-url", url, "--from", "2026-11-07"); code != 0 {
		t.Errorf("the query is not tried again: %d %s", code, stderr)
	}
	must(t, "sandbox", "faults", "remove", "fault-5", "--base-url", url)
	if lines := strings.Split(must(t, "sandbox", "requests", "--base-url", url), "\n"); len(lines) != 4 ||
		!strings.Contains(lines[0], "\tid\t200\t") || !strings.HasSuffix(lines[1], "\tfault-5\tPOST /api/v2/analytics/conversations/details/query") || !strings.Contains(lines[1], "\t200!\t0\t") {
		t.Errorf("the requests are %q", lines)
	}
	if got := must(t, "sandbox", "requests", "--since", "1", "--json", "--base-url", url); !strings.HasPrefix(got, `{"number":2,`) || strings.Count(got, "\n") != 2 {
		t.Errorf("the requests after the first: %s", got)
	}
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"faults add --route qery --delay 1s":                     {2, "Did you mean query?"},
		"faults add --route any":                                 {2, "does nothing"},
		"faults add --route any --message x":                     {2, "--message goes with --status or --job"},
		"faults add --route any -f x":                            {2, "--route does not go with --file"},
		"faults add -f /nowhere":                                 {2, "/nowhere cannot be read"},
		"faults add --name a --route me --delay 1":               {2, "delay"},
		"faults add --name a --route me --times 1 --close after": {7, "there is a rule a already"},
		"faults remove b":                                        {5, "there is no rule b"},
		"faults remove":                                          {2, "accepts 1 arg"},
		"faults clear --base-url http://[::1]:1":                 {6, "start one by parley sandbox"},
		"faults --base-url x":                                    {2, "--base-url must look like"},
		"requests --since -1":                                    {2, "--since"},
	} {
		fields := append([]string{"sandbox"}, strings.Fields(args)...)
		if !strings.Contains(args, "--base-url") {
			fields = append(fields, "--base-url", url)
		}
		if code, _, stderr := parley(t, fields...); code != want.code || !strings.Contains(stderr, want.says) {
			t.Errorf("%s: %d %s, want %d %s", args, code, stderr, want.code, want.says)
		}
	}
	if code, _, stderr := parley(t, "sandbox", "fautls"); code != 2 || !strings.Contains(stderr, "Did you mean parley sandbox faults?") {
		t.Errorf("a part that there is not: %d %s", code, stderr)
	}
	must(t, "sandbox", "faults", "clear", "--base-url", url)
	if code, stdout, stderr := parley(t, "sandbox", "faults", "list", "--base-url", url); code != 0 || stdout != "" || !strings.Contains(stderr, "There are no faults") {
		t.Errorf("cleared: %d %s %s", code, stdout, stderr)
	}
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "1")
	served := background(t, "serve", "--lake", lake)
	if code, _, stderr := parley(t, "sandbox", "faults", "--base-url", served); code != 2 || !strings.Contains(stderr, "is no sandbox") {
		t.Errorf("faults of a server: %d %s", code, stderr)
	}
}

// Who follows the requests sees them as they come, until he has seen enough.
func TestFollowingRequests(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	url := background(t, "sandbox", "--days", "1", "--per-day", "1", "--steady")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	ended := make(chan int)
	go func() {
		code := Run(ctx, []string{"sandbox", "requests", "--follow", "--json", "--base-url", url}, &ui.Streams{Out: w, Err: io.Discard})
		_ = w.Close()
		ended <- code
	}()
	lines := bufio.NewReader(r)
	for i := range 2 {
		parley(t, "query", "--base-url", url, "--from", "2026-11-07")
		for range 2 { // a login, and the question
			line, err := lines.ReadString('\n')
			if err != nil || !strings.Contains(line, `"status":200`) {
				t.Errorf("%d: %s, %v", i, line, err)
			}
		}
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("it ends with exit code %d", code)
	}
}

// inOrder are the records of a lake, in the order of their texts.
func inOrder(of map[conversation.Day][]string) (out []string) {
	for _, records := range of {
		out = append(out, records...)
	}
	slices.Sort(out)
	return out
}
