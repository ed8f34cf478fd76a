package served

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/control"
	"github.com/parley-hq/parley/internal/sandbox/requests"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/server"
)

// front is what stands before the platform of a sandbox: it does harm by its rules, remembers what was asked, and answers
// under /_sandbox/.
type front struct {
	faults   *rule.Set
	requests *requests.Log
	control  http.Handler // nil: nobody controls it

	server  *server.Server
	harm    *rule.Handler
	watched *requests.Surface
}

// faultsPart is what the deeds of the rules are called in a journal.
const faultsPart = "faults"

// newFront makes one before its server is there.
func newFront(seed uint64, note func(jsontext.Value) error) *front {
	f := &front{}
	f.faults = rule.New(rule.Config{
		Seed: seed, Routes: api.Routes(), Fired: requests.Harmed,
		Client:  f.who,
		Prepare: func(w http.ResponseWriter, r *http.Request) { f.server.Surface().Prepare(w, r) },
		Note: func(e rule.Event) error {
			text, err := json.Marshal(e)
			if err != nil {
				return err
			}
			return note(text)
		},
	})
	return f
}

// who tells which client a request comes from.
func (f *front) who(r *http.Request) string { return string(f.server.Surface().Asker(r)) }

// controls answer under /_sandbox/; nil if nobody may control the world.
func (f *front) controls(w *sandbox.World, c Control, log *slog.Logger) http.Handler {
	f.requests = requests.New(requests.Config{Now: w.Clock, Client: f.who})
	f.watched = f.requests.Surface()
	if c.Nobody {
		return nil
	}
	h := control.New(control.Config{World: w, Anyone: c.Anyone, Log: log})
	h.Mount(rule.Path, f.faults.Surface())
	h.Mount(requests.Path, f.watched)
	return h
}

// Before is the platform with all that stands before it. There is no mux for both: it would redirect from paths that need
// cleaning, which the platform does not.
func (f *front) Before(platform http.Handler) http.Handler {
	f.harm = f.faults.Wrap(platform)
	theirs := f.requests.Wrap(f.harm)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.control != nil && strings.HasPrefix(r.URL.Path, control.Prefix) {
			f.control.ServeHTTP(w, r)
			return
		}
		theirs.ServeHTTP(w, r)
	})
}

// Inside is the platform as pages of the server ask it for a client: what is wrong with jobs they see too.
func (f *front) Inside(platform http.Handler, client access.ClientID) http.Handler {
	return f.faults.Inside(platform, string(client))
}

// Stopping ends what waits.
func (f *front) Stopping() {
	f.harm.Stopping()
	f.watched.Stopping()
}

// faultsOf has the rules of a sandbox do again what is in its journal.
type faultsOf struct{ *rule.Set }

// Redo implements sandbox.Part. What happened to a rule that a reset removed at the same time is forgotten with it.
func (f faultsOf) Redo(deed jsontext.Value) error {
	var e rule.Event
	if err := json.Unmarshal(deed, &e); err != nil {
		return err
	}
	if err := f.Replay(e); err != nil && !errors.Is(err, rule.ErrGone) {
		return err
	}
	return nil
}

// Begin implements sandbox.Part. The rules of a scenario are in no journal: they follow from it.
func (f faultsOf) Begin(s sandbox.Scenario) error {
	f.Forget()
	if s.Faults == nil {
		return nil
	}
	rules, err := rule.Decode(s.Faults)
	if err == nil {
		err = f.Begins(rules)
	}
	return ofFaults(err)
}

// ofFaults says of what is wrong with a rule that it stands under the faults of a scenario, so that its line can be told.
func ofFaults(err error) error {
	said, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	within := *said
	within.Field = strings.TrimSuffix("faults."+said.Field, ".")
	return &within
}
