package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/server"
)

// run runs a command line of "parley client".
func run(t *testing.T, terminal bool, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := New(&ui.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, OutTerminal: terminal})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

func must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, err := run(t, false, args...)
	if err != nil {
		t.Fatalf("parley client %s: %v", strings.Join(args, " "), err)
	}
	return stdout, stderr
}

// decode reads one line of JSON that has exactly the members of a client.
func decode(t *testing.T, text string) (c clientBody) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return c
}

// store opens what the commands wrote.
func store(t *testing.T, dir string) *access.Store {
	t.Helper()
	folder, err := server.OpenFolder(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	s, err := access.Open(t.Context(), folder.DB, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func loginKind(t *testing.T, s *access.Store, id, secret string) error {
	t.Helper()
	_, err := s.Login(t.Context(), access.ClientID(id), secret)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Kind
	}
	return err
}

func TestAClientFromBeginningToEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	out, errs := must(t, "add", "--state", dir, "--name", "Nightly export", "--json")
	c := decode(t, out)
	if c.ID == "" || len(c.Secret) < 26 || c.Organization != server.DefaultOrganization || len(c.Permissions) != len(access.Usual()) || c.Lifetime != 86400 || errs != "" {
		t.Errorf("add: %s%s", out, errs)
	}
	s := store(t, dir)
	if err := loginKind(t, s, c.ID, c.Secret); err != nil {
		t.Error(err)
	}

	out, _ = must(t, "rotate", "--state", dir, c.ID, "--dry-run")
	if !strings.Contains(out, "Would rotate the secret of the client Nightly export") || strings.Contains(out, "client secret") || loginKind(t, s, c.ID, c.Secret) != nil {
		t.Errorf("rotate --dry-run: %s", out)
	}
	out, _ = must(t, "rotate", "--state", dir, c.ID, "--json")
	rotated := decode(t, out)
	if rotated.ID != c.ID || !rotated.Rotated.After(c.Rotated) || !rotated.Created.Equal(c.Created) {
		t.Errorf("rotate: %s", out)
	}
	if old, fresh := loginKind(t, s, c.ID, c.Secret), loginKind(t, s, c.ID, rotated.Secret); !errors.Is(old, fault.Unauthorized) || fresh != nil {
		t.Errorf("rotated: %v and %v", old, fresh)
	}

	if out, _ = must(t, "remove", "--state", dir, c.ID, "--dry-run"); !strings.Contains(out, "Would remove the client Nightly export") || loginKind(t, s, c.ID, rotated.Secret) != nil {
		t.Errorf("remove --dry-run: %s", out)
	}
	if out, _ = must(t, "remove", "--state", dir, c.ID); !strings.Contains(out, "Removed the client Nightly export") || loginKind(t, s, c.ID, rotated.Secret) == nil {
		t.Errorf("remove: %s", out)
	}
	if _, _, err := run(t, false, "remove", "--state", dir, c.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

var chance = regexp.MustCompile(`[0-9a-f-]{36}|[A-Z2-7]{39}|\d{4}-\d{2}-\d{2}`)

// blank puts a word in place of what differs each time, and one space for many.
func blank(text string) string {
	return regexp.MustCompile(` +`).ReplaceAllString(chance.ReplaceAllString(text, "*"), " ")
}

func TestWhatIsPrinted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	out, errs := must(t, "add", "--state", dir, "--name", "Agent view", "--permission", "analytics:agentConversationDetail:view,routing:email:manage",
		"--user-id", "user-1", "--organization", "a", "--token-lifetime", "90m")
	const added = "Added the client Agent view\n client id *\n client secret *\n organization a\n" +
		" permissions analytics:agentConversationDetail:view, routing:email:manage\n user user-1\n tokens last 1h30m\n"
	if got := blank(out); got != added {
		t.Errorf("add: %s", got)
	}
	if want := "note: no endpoint asks for the permission routing:email:manage\nThe secret is shown this once and is not kept; if it is lost, run parley client rotate.\n"; errs != want {
		t.Errorf("add says %s", errs)
	}
	must(t, "add", "--state", dir, "--name", "All", "--permission", "analytics:conversationDetail:view", "--permission", "analytics:agentConversationDetail:view")

	out, errs = must(t, "list", "--state", dir)
	const listed = "*\tAgent view\ta\tanalytics:agentConversationDetail:view,routing:email:manage\tuser-1\t1h30m\t*\t*\n" +
		"*\tAll\tdefault\tanalytics:conversationDetail:view,analytics:agentConversationDetail:view\t\t24h\t*\t*\n"
	if blank(out) != listed || errs != "" {
		t.Errorf("list: %s%s", out, errs)
	}
	if out, _, err := run(t, true, "list", "--state", dir, "--organization", "default"); err != nil || !strings.HasPrefix(out, "CLIENT ID ") || strings.Count(out, "\n") != 2 {
		t.Errorf("list at a terminal: %s, %v", out, err)
	}
	out, _ = must(t, "list", "--state", dir, "--json")
	if c := decode(t, out); c.Secret != "" || c.UserID != "user-1" || c.Lifetime != 5400 || strings.Count(out, "\n") != 2 {
		t.Errorf("list --json: %s", out)
	}
	if out, errs = must(t, "list", "--state", dir, "--organization", "nobody"); out != "" || !strings.Contains(errs, "parley client add") {
		t.Errorf("no clients: %s%s", out, errs)
	}
}

// Scripts give the flag and read the member as earlier versions spelled them.
func TestTheOrganizationAsItWasSpelled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	out, _ := must(t, "add", "--state", dir, "--name", "one", "--organisation", "acme", "--json")
	if !strings.Contains(out, `"organization":"acme","organisation":"acme"`) {
		t.Errorf("add: %s", out)
	}
	must(t, "add", "--state", dir, "--name", "two")
	out, _ = must(t, "list", "--state", dir, "--organisation", "acme")
	if again, _ := must(t, "list", "--state", dir, "--organization", "acme"); strings.Count(out, "\n") != 1 || out != again {
		t.Errorf("list: %s, then %s", out, again)
	}
	if help, _ := must(t, "add", "--help"); strings.Contains(help, "organisation") || !strings.Contains(help, "--organization") {
		t.Errorf("the help has both spellings: %s", help)
	}
}

func TestDryRunAddsNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	out, errs := must(t, "add", "--state", dir, "--name", "x", "--permission", "a:b:c", "--dry-run")
	if blank(out) != "Would add the client x\n organization default\n permissions a:b:c\n tokens last 24h\n" || !strings.Contains(errs, "a:b:c") {
		t.Errorf("got %s%s", out, errs)
	}
	out, _ = must(t, "add", "--state", dir, "--name", "x", "--dry-run", "--json")
	if c := decode(t, out); c.ID != "" || c.Secret != "" || strings.Contains(out, "created") {
		t.Errorf("got %s", out)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
}

func TestTheFolderOfALake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, false, "list", "--lake", dir); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "parley client add") {
		t.Errorf("list before there is anything: %v", err)
	}
	out, _ := must(t, "add", "--lake", dir, "--name", "x", "--json")
	c := decode(t, out)
	if err := loginKind(t, store(t, filepath.Join(dir, "server")), c.ID, c.Secret); err != nil {
		t.Error(err)
	}
}

func TestWhatIsWrongIsSaidByFlag(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]struct {
		kind error
		says string
	}{
		"add --name x":                                                               {fault.Invalid, "--state"},
		"add --name x --lake " + dir:                                                 {fault.NotFound, "is no lake"},
		"add --name x --state D --organization Big":                                  {fault.Invalid, "--organization: "},
		"add --name x --state D --organization=":                                     {fault.Invalid, "--organization: "},
		"add --name= --state D":                                                      {fault.Invalid, "--name: "},
		"add --name x --state D --permission a:b":                                    {fault.Invalid, `--permission: "a:b" is no permission`},
		"add --name x --state D --permission=":                                       {fault.Invalid, "--permission: "},
		"add --name x --state D --token-lifetime 1m":                                 {fault.Invalid, "--token-lifetime: "},
		"add --name x --state D --token-lifetime 0s":                                 {fault.Invalid, "--token-lifetime: "},
		"add --name x --state D --token-lifetime 100":                                {nil, `"--token-lifetime" flag`},
		"add --name x --state D --user-id u":                                         {fault.Invalid, "--user-id: "},
		"add --name x --state D --permission analytics:agentConversationDetail:view": {fault.Invalid, "--user-id: "},
		"add --state D":                                                              {nil, `required flag(s) "name"`},
		"add --state D --name x more":                                                {nil, "unknown command"},
		"rotate --state D":                                                           {fault.Invalid, "give the id of one client"},
		"rotate --state D x":                                                         {fault.NotFound, "parley client list"},
		"remove --state D x":                                                         {fault.NotFound, "parley client list"},
		"list --state " + filepath.Join(dir, "nowhere"):                              {fault.NotFound, "there is no folder"},
	} {
		args := strings.Fields(strings.ReplaceAll(line, "--state D", "--state "+dir))
		out, errs, err := run(t, false, args...)
		if err == nil || want.kind != nil && !errors.Is(err, want.kind) || !strings.Contains(err.Error(), want.says) || out != "" || errs != "" {
			t.Errorf("parley client %s: got %v, want %q; prints %s%s", line, err, want.says, out, errs)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("the folder was made")
	}
}

func TestHelpHasExamples(t *testing.T) {
	cmd := New(&ui.Streams{Out: io.Discard, Err: io.Discard})
	if len(cmd.Commands()) != 4 {
		t.Fatalf("%d commands", len(cmd.Commands()))
	}
	for _, c := range cmd.Commands() {
		if c.Example == "" || c.Long == "" {
			t.Errorf("%s has no example, or no description", c.Name())
		}
	}
}

// A client whose entry is damaged is told as that, and can be removed.
func TestADamagedClient(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	out, _ := must(t, "add", "--state", dir, "--name", "Nightly export", "--json")
	id := decode(t, out).ID
	folder, err := server.OpenFolder(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.DB.Exec(t.Context(), `UPDATE access_clients SET organisation = 'defaulu'`); err != nil {
		t.Fatal(err)
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"rotate", id}, {"remove", id, "--dry-run"}} {
		if _, _, err := run(t, false, append(args, "--state", dir)...); fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), id) {
			t.Errorf("%s ends with %d: %v", args[0], fault.ExitCode(err), err)
		}
	}
	if out, _ := must(t, "remove", "--state", dir, id); !strings.Contains(out, "Removed the client "+id+", whose entry was damaged") {
		t.Errorf("remove: %s", out)
	}
	if out, _ := must(t, "list", "--state", dir, "--json"); out != "" {
		t.Errorf("list: %s", out)
	}
}
