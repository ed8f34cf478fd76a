package fault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestTheTable(t *testing.T) {
	deep := func(err error) error { return fmt.Errorf("page of job 7: %w", err) }
	for _, test := range []struct {
		err          error
		status, exit int
	}{
		{deep(New(Invalid, "x")), 400, 2},
		{deep(NotFound), 404, 5},
		{deep(Because(Unavailable, NotFound, "x")), 503, 6}, // the fault's own kind counts, not its cause's
		{deep(Because(errors.New("no kind"), New(Full, "x"), "y")), 503, 9},
		{&os.PathError{Op: "write", Err: syscall.ENOSPC}, 503, 9},
		{Because(Corrupt, syscall.ENOSPC, "x"), 500, 8},
		{&os.PathError{Op: "open", Err: syscall.EACCES}, 500, 4},
		{errors.Join(&os.PathError{Op: "open", Err: syscall.EPERM}, Corrupt), 500, 8},
		{context.DeadlineExceeded, 504, 6},
		{context.Canceled, 503, 130},
		{errors.New("something else"), 500, 1},
	} {
		if s, e := HTTPStatus(test.err), ExitCode(test.err); s != test.status || e != test.exit {
			t.Errorf("%v: status %d, exit %d; want %d, %d", test.err, s, e, test.status, test.exit)
		}
	}
	if ExitCode(nil) != 0 {
		t.Error("success has an exit code")
	}
}

// What cannot be done to a path ends alike, whichever command tries it.
func TestTheRuleForPaths(t *testing.T) {
	for cause, want := range map[error]error{
		syscall.EACCES: Forbidden, syscall.EPERM: Forbidden, syscall.EROFS: Forbidden, syscall.ENOSPC: Full, syscall.EDQUOT: Full, syscall.EFBIG: Full,
		syscall.ENOENT: Invalid, syscall.ENOTDIR: Invalid, syscall.ELOOP: Invalid, syscall.EISDIR: Invalid,
	} {
		if got := OfPath(fmt.Errorf("x: %w", &os.PathError{Op: "open", Err: cause})); got != want { //nolint:errorlint // the kind itself
			t.Errorf("%v: got %v, want %v", cause, got, want)
		}
	}
}

func TestCodeOfAFaultGoesFirst(t *testing.T) {
	if got := Code(&Error{Kind: Invalid, Code: "invalid.date"}); got != "invalid.date" {
		t.Errorf("got %s", got)
	}
	if got := Code(New(Throttled, "x")); got != "too.many.requests" {
		t.Errorf("got %s", got)
	}
}

func TestWrapSaysWhatWasDone(t *testing.T) {
	do := func() (err error) {
		defer Wrap(&err, "page of job %s", "7f3")
		return Because(Expired, errors.New("cause"), "the cursor has expired")
	}
	if err := do(); err.Error() != "page of job 7f3: the cursor has expired: cause" || !errors.Is(err, Expired) {
		t.Errorf("got %v", err)
	}
}

func TestExitCodesAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range ExitCodes() {
		code := strings.Fields(line)[0]
		if seen[code] {
			t.Errorf("exit code %s is listed twice", code)
		}
		seen[code] = true
	}
	for _, r := range table {
		if !seen[fmt.Sprint(r.exit)] {
			t.Errorf("exit code %d is not listed", r.exit)
		}
	}
}

func TestIsFull(t *testing.T) {
	for err, want := range map[error]bool{
		Full: true, Because(Full, nil, "no room"): true, &os.PathError{Op: "write", Err: syscall.ENOSPC}: true, syscall.EIO: false, Because(Conflict, syscall.EEXIST, "held"): false,
	} {
		if got := IsFull(err); got != want {
			t.Errorf("%v: got %v", err, got)
		}
	}
}

// What is written down of a failure gives its kind back.
func TestKindsHaveNames(t *testing.T) {
	for _, r := range table {
		if got := Named(Name(fmt.Errorf("x: %w", Because(r.kind, errors.New("cause"), "y")))); got != r.kind { //nolint:errorlint // the kind itself
			t.Errorf("%v: got %v", r.kind, got)
		}
	}
	if name, kind := Name(errors.New("of no kind")), Named("of no kind"); name != "" || kind != nil || Named("") != nil {
		t.Errorf("an unexpected failure has the name %q, and that the kind %v", name, kind)
	}
}
