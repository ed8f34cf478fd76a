package kill_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/program"
)

// kept is a sandbox with a folder, whose clock races.
type kept struct {
	dir, url, token string
	id, secret      string
	cmd             *exec.Cmd
}

func (k *kept) start(t *testing.T, flags ...string) {
	t.Helper()
	k.cmd = exec.CommandContext(t.Context(), program.Path(t), append([]string{"sandbox", "--addr", "127.0.0.1:0", "--data", k.dir, "--json", "--rate-limit", "1000000"}, flags...)...)
	out, err := k.cmd.StdoutPipe()
	if err == nil {
		err = k.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		URL    string `json:"url"`
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	if k.url = ready.URL; ready.ID != "" {
		k.id, k.secret = ready.ID, ready.Secret
	}
}

func (k *kept) kill() {
	_ = k.cmd.Process.Kill()
	_ = k.cmd.Wait()
}

// login gets a token. The clock races, so that none lasts long.
func (k *kept) login(t *testing.T) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {k.id}, "client_secret": {k.secret}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.url+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&token); err != nil || token.Text == "" {
		t.Fatalf("login: %d, %v", response.StatusCode, err)
	}
	k.token = token.Text
}

// ask gives the status and the body of an answer; after 401 with another token.
func (k *kept) ask(t *testing.T, method, path string, body any) (status int, answer map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := http.NewRequestWithContext(t.Context(), method, k.url+path, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+k.token)
		r.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if status = response.StatusCode; status != http.StatusUnauthorized {
			answer = map[string]any{}
			_ = json.Unmarshal(all, &answer) // some answers are empty
			return status, answer
		}
		k.login(t)
	}
	return status, answer
}

// note writes an attribute to a conversation that goes on, and says to which, if it was acknowledged.
func (k *kept) note(t *testing.T, name string) (where string, ok bool) {
	t.Helper()
	_, list := k.ask(t, "GET", "/_sandbox/conversations", nil)
	ids, _ := list["conversations"].([]any)
	if len(ids) == 0 {
		return "", false
	}
	at := fmt.Sprintf("/api/v2/conversations/%v", ids[len(ids)-1])
	status, c := k.ask(t, "GET", at, nil)
	if status != http.StatusOK {
		return "", false
	}
	who := c["participants"].([]any)[0].(map[string]any)["id"]
	status, _ = k.ask(t, "PATCH", fmt.Sprintf("%s/participants/%v/attributes", at, who), map[string]any{"attributes": map[string]string{name: "v"}})
	return at, status == http.StatusAccepted
}

// TestASandboxThatIsKilledForgetsNothing has a day of the platform go by while a client works, kills the sandbox in the
// middle again and again, and looks for all that was acknowledged: attributes, jobs, faults, the clock.
func TestASandboxThatIsKilledForgetsNothing(t *testing.T) {
	chance := rand.New(rand.NewPCG(11, 7))
	k := &kept{dir: t.TempDir()}
	k.start(t, "--now", "2026-11-08T06:00:00Z", "--speed", "1000", "--seed", "7", "--days", "3", "--per-day", "200", "--steady")
	defer func() { k.kill() }()
	k.login(t)
	if status, _ := k.ask(t, "POST", "/_sandbox/faults", map[string]any{"name": "never", "route": "organization", "nth": 1000, "close": "before"}); status != http.StatusCreated {
		t.Fatalf("adding a fault: %d", status)
	}
	noted, jobs := map[string]string{}, map[string]bool{}
	last := ""
	for round := range 6 {
		for n := range 3 + chance.IntN(5) {
			name := fmt.Sprintf("note %d.%d", round, n)
			if at, ok := k.note(t, name); ok {
				noted[name] = at
			}
		}
		if status, job := k.ask(t, "POST", "/api/v2/analytics/conversations/details/jobs", map[string]any{"interval": "2026-11-06/2026-11-07"}); status == http.StatusAccepted {
			jobs[job["jobId"].(string)] = true
		}
		_, clock := k.ask(t, "GET", "/_sandbox/clock", nil)
		now := clock["now"].(string)
		if now < last {
			t.Errorf("the clock went back from %s to %s", last, now)
		}
		last = now
		// However fast the machine is, a day goes by.
		if status, _ := k.ask(t, "POST", "/_sandbox/clock", map[string]any{"advance": "4h"}); status != http.StatusOK {
			t.Errorf("moving the clock: %d", status)
		}
		k.kill()
		k.start(t)
	}
	if len(noted) < 10 || len(jobs) == 0 || last < "2026-11-09T02" {
		t.Errorf("%d notes, %d jobs, and it is %s: too little happened", len(noted), len(jobs), last)
	}
	for _, name := range slices.Sorted(maps.Keys(noted)) {
		status, c := k.ask(t, "GET", noted[name], nil)
		text, err := json.Marshal(c)
		if err != nil || status != http.StatusOK || !strings.Contains(string(text), `"`+name+`":"v"`) {
			t.Errorf("%s: %d without %s", noted[name], status, name)
		}
	}
	for id := range jobs {
		if status, _ := k.ask(t, "GET", "/api/v2/analytics/conversations/details/jobs/"+id, nil); status != http.StatusOK {
			t.Errorf("job %s: %d", id, status)
		}
	}
	if _, faults := k.ask(t, "GET", "/_sandbox/faults", nil); !strings.Contains(fmt.Sprint(faults), "never") {
		t.Errorf("the faults are %v", faults)
	}
}
