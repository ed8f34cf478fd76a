package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// asking is how commands reach a sandbox that runs.
type asking struct {
	Streams *ui.Streams
	BaseURL string
	JSON    bool
}

func (a *asking) flags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&a.BaseURL, "base-url", "http://127.0.0.1:8080", "the sandbox")
	f.BoolVar(&a.JSON, "json", false, "print the result as JSON")
}

// ask asks the control of the sandbox, and reads its answer into to, if that is not nil.
func (a *asking) ask(ctx context.Context, method, path string, body []byte, to any) error {
	base, err := platform.BaseURL(a.BaseURL)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return fault.Because(fault.Invalid, err, "the sandbox cannot be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fault.Because(fault.Unavailable, err, "no sandbox answers at %s; start one by parley sandbox, or give its address by --base-url", base)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20)) // whatever answers there
	if err != nil {
		return errors.Join(fault.Because(fault.Unavailable, err, "the answer of the sandbox broke off"), ctx.Err())
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return refused(base, answer.StatusCode, text)
	}
	if to == nil {
		return nil
	}
	if err := json.Unmarshal(text, to); err != nil {
		return notSandbox(base)
	}
	return nil
}

func notSandbox(base string) error {
	return fault.New(fault.Invalid, "what answers at %s is no sandbox that this parley knows, or one with --control %s; give its address by --base-url", base, nobody)
}

// refused is what the sandbox says of a request that it refuses.
func refused(base string, status int, text []byte) error {
	p, ok := wire.ReadProblem(text)
	if !ok || p.Code == "route.not.found" {
		return notSandbox(base)
	}
	kinds := map[int]error{
		http.StatusBadRequest: fault.Invalid, http.StatusForbidden: fault.Forbidden, http.StatusNotFound: fault.NotFound,
		http.StatusConflict: fault.Conflict, http.StatusRequestEntityTooLarge: fault.TooLarge,
	}
	kind, known := kinds[status]
	if !known {
		kind = fault.Unavailable
	}
	return fault.New(kind, "%s", p.Message)
}

// fileOr reads a file, or standard input for "-".
func fileOr(s *ui.Streams, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(s.In)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Because(fault.OfPath(err), err, "the file %s cannot be read", path)
	}
	return text, nil
}
