package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/test/program"
)

// patience is how long anything may take until it is ready, on a loaded machine.
const patience = 3 * time.Minute

// machine stands for the one that docker compose would run on: services are processes with the command lines and environments of the
// Compose file. Names of services and folders of containers are replaced by what is there in their place.
type machine struct {
	t       *testing.T
	p       project
	dir     string
	ports   map[string]string // service:port to an address of this machine
	volumes map[string]string // volume to a folder
}

// The Compose file works as it stands: its extraction fills a lake in its bucket from its sandbox, and both its servers answer what the
// sandbox says. Postgres and the S3 server are real ones.
func TestTheComposeFileWorks(t *testing.T) {
	s3, err := exec.LookPath("versitygw")
	if err != nil {
		if os.Getenv("PARLEY_REQUIRE_S3") != "" {
			t.Fatal(err)
		}
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	m := &machine{t: t, p: composed(t, "compose.yaml"), dir: t.TempDir(), ports: map[string]string{}, volumes: map[string]string{}}
	m.postgres()
	m.run("bucket", "sh")
	m.start("s3", s3)
	m.start("sandbox", program.Path(t))
	m.until("sandbox:8080", "/healthz", `"ok"`)
	m.start("extract", program.Path(t))
	m.until("extract:9464", "/metrics", "parley_extract_last_run_whole{organization=\"acme\"} 1\n")
	for _, name := range []string{"serve-1", "serve-2"} {
		m.start(name, program.Path(t))
		m.until(name+":8080", "/readyz", `"ok"`)
		m.healthy(name)
	}
	want := m.count("sandbox", "ACME_CLIENT_ID", "ACME_CLIENT_SECRET")
	for _, name := range []string{"serve-1", "serve-2"} {
		if got := m.count(name, "PARLEY_CLIENT_ID", "PARLEY_CLIENT_SECRET"); got != want || want < 1_000 {
			t.Errorf("%s counts %d, and the sandbox %d", name, got, want)
		}
	}
	m.together("serve-1", "serve-2")
	m.nothingElse()
}

// nothingElse says that nobody wrote anywhere but into volumes: in containers there is no other place.
func (m *machine) nothingElse() {
	written, err := os.ReadDir(m.dir)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, entry := range written {
		if !slices.Contains(slices.Collect(maps.Values(m.volumes)), filepath.Join(m.dir, entry.Name())) {
			m.t.Errorf("%s was written outside of all volumes", entry.Name())
		}
	}
}

// address is where a service listens on this machine, in place of SERVICE:PORT.
func (m *machine) address(service, port string) string {
	at, ok := m.ports[service+":"+port]
	if !ok {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			m.t.Fatal(err)
		}
		at = l.Addr().String()
		if err := l.Close(); err != nil {
			m.t.Fatal(err)
		}
		m.ports[service+":"+port] = at
	}
	return at
}

// postgres starts one. It trusts who comes from this machine, so the password is not looked at.
func (m *machine) postgres() {
	server, err := postgrestest.StartOnLoopback()
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			m.t.Error(err)
		}
	})
	database, err := url.Parse(server.Database(m.t))
	if err != nil {
		m.t.Fatal(err)
	}
	m.ports["postgres:5432/parley"] = "127.0.0.1:" + strconv.Itoa(server.Port) + database.Path
}

// placed is a text of a service with what is there in place of what would be in containers.
func (m *machine) placed(service, text string) string {
	text = strings.ReplaceAll(text, "postgres:5432/parley", m.ports["postgres:5432/parley"])
	for _, other := range [][2]string{{"s3", "7070"}, {"sandbox", "8080"}} {
		text = strings.ReplaceAll(text, "http://"+other[0]+":"+other[1], "http://"+m.address(other[0], other[1]))
	}
	for _, option := range []string{"--addr=:", "--port=:", "--metrics-listen=:", "/dev/tcp/127.0.0.1/"} {
		port, ok := strings.CutPrefix(text, option)
		if ok {
			return strings.TrimSuffix(option, ":") + m.address(service, port)
		}
	}
	for _, v := range m.p.Services[service].Volumes {
		text = strings.ReplaceAll(text, v.Target, m.volume(v.Source))
	}
	return text
}

// volume is the folder of a volume. A file that is bound is copied, with what is there in place of what would be.
func (m *machine) volume(source string) string {
	if at, ok := m.volumes[source]; ok {
		return at
	}
	at := filepath.Join(m.dir, filepath.Base(source))
	m.volumes[source] = at
	if !filepath.IsAbs(source) {
		if err := os.Mkdir(at, 0o700); err != nil {
			m.t.Fatal(err)
		}
		return at
	}
	text, err := os.ReadFile(source)
	if err == nil {
		err = os.WriteFile(at, []byte(m.placed("", string(text))), 0o600)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return at
}

// process is a service's. Of this process's environment it has where temporary files go, and nothing else.
func (m *machine) process(service, program string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(m.t.Context(), program)
	for _, arg := range args {
		cmd.Args = append(cmd.Args, m.placed(service, arg))
	}
	cmd.Dir, cmd.Env = m.dir, []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "HOME=" + m.dir}
	env := m.p.Services[service].Environment
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+m.placed(service, env[name]))
	}
	return cmd
}

// run runs a service that ends.
func (m *machine) run(service, program string) {
	command := m.p.Services[service].Command
	cmd := m.process(service, program, command[1:])
	// Nobody but root gives files away, and here all processes are of one user.
	cmd.Args[len(cmd.Args)-1], _, _ = strings.Cut(cmd.Args[len(cmd.Args)-1], "&& chown")
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("%s: %v: %s", service, err, out)
	}
}

// start starts a service until the test ends, which it must survive.
func (m *machine) start(service, program string) {
	for name, d := range m.p.Services[service].Depends {
		if _, ok := m.p.Services[name]; !ok || d.Condition == "" {
			m.t.Errorf("%s depends on %s", service, name)
		}
	}
	cmd := m.process(service, program, m.p.Services[service].Command)
	said := &log{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		// The context has ended, and whoever ended before, or is still there, did what it should not.
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			m.t.Errorf("%s: %v", service, err)
		}
		if m.t.Failed() {
			m.t.Logf("%s said:\n%s", service, said)
		}
	})
}

// together says that a client which was added is known to both servers, and a token of one good at the other.
func (m *machine) together(one, other string) {
	added, err := m.process(one, program.Path(m.t), []string{"client", "add", "--lake", "s3://acme-lake/prod", "--name", "together", "--json"}).Output()
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err == nil {
		err = json.Unmarshal(added, &client)
	}
	if err != nil || client.ID == "" {
		m.t.Fatalf("%v: %s", err, added)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {client.Secret}}
	token := m.do(m.post(one, "/oauth/token", form.Encode()), http.StatusOK)["access_token"]
	asked := m.post(other, "/api/v2/analytics/conversations/details/jobs", `{"interval":"2026-11-02/2026-11-03"}`)
	asked.Header.Set("Authorization", "Bearer "+token)
	asked.Header.Set("Content-Type", "application/json")
	if job := m.do(asked, http.StatusAccepted)["jobId"]; job == "" {
		m.t.Error("no job was begun")
	}
}

func (m *machine) post(service, path, body string) *http.Request {
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, "http://"+m.address(service, "8080")+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// do sends a request and gives the texts of the answer.
func (m *machine) do(r *http.Request, want int) map[string]string {
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer a.Body.Close()
	members := map[string]any{}
	if err := json.NewDecoder(a.Body).Decode(&members); err != nil || a.StatusCode != want {
		m.t.Fatalf("%s: %s, want %d: %v, %v", r.URL.Path, a.Status, want, members, err)
	}
	texts := map[string]string{}
	for name, value := range members {
		texts[name], _ = value.(string) // others are not wanted
	}
	return texts
}

// log is what a process says, which others may read meanwhile.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// until waits until a route of a service answers with a text.
func (m *machine) until(at, path, want string) {
	m.t.Helper()
	ctx, done := context.WithTimeout(m.t.Context(), patience)
	defer done()
	service, port, _ := strings.Cut(at, ":")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := get(ctx, "http://"+m.address(service, port)+path)
		if err == nil && strings.Contains(got, want) {
			return
		}
		select {
		case <-ctx.Done():
			m.t.Fatalf("%s%s: %v: got %q, want %q in it", at, path, err, got, want)
		case <-tick.C:
		}
	}
}

func get(ctx context.Context, url string) (_ string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, a.Body.Close()) }()
	text, err := io.ReadAll(a.Body)
	return string(text), err
}

// healthy runs the command by which a container is known to be healthy, here and where nothing listens.
func (m *machine) healthy(service string) {
	test := m.p.Services[service].Health.Test
	_, here, _ := net.SplitHostPort(m.address(service, "8080"))
	_, nobody, _ := net.SplitHostPort(m.address(service, "nobody"))
	for port, want := range map[string]bool{here: true, nobody: false} {
		args := slices.Clone(test[2:])
		args[len(args)-1] = strings.Replace(args[len(args)-1], "/8080", "/"+port, 1)
		if err := exec.CommandContext(m.t.Context(), test[1], args...).Run(); (err == nil) != want {
			m.t.Errorf("%s at %s: %v, want health %v", service, port, err, want)
		}
	}
}

// count is how many conversations of the days that are extracted a service has, by the id and the secret that it is given.
func (m *machine) count(service, id, secret string) int {
	m.t.Helper()
	env := map[string]string{}
	for _, s := range m.p.Services {
		maps.Copy(env, s.Environment)
	}
	cmd := exec.CommandContext(m.t.Context(), program.Path(m.t), "query", "--base-url", "http://"+m.address(service, "8080"), "--from", "2026-11-01", "--to", "2026-11-07", "--count", "--json")
	cmd.Env = append(os.Environ(), "GENESYS_CLIENT_ID="+env[id], "GENESYS_CLIENT_SECRET="+env[secret])
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("%s: %v", service, err)
	}
	var answer struct {
		TotalHits int `json:"totalHits"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		m.t.Fatalf("%s: %v: %s", service, err, out)
	}
	return answer.TotalHits
}
