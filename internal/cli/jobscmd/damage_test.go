package jobscmd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
)

// data gives the files of a lake's folder.
func data(t *testing.T, lake, pattern string) (paths []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(lake, "warehouse/parley/conversations", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%q, %v", paths, err)
	}
	return paths
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		text[at] ^= 0xff
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The owner of a folder hears which file is damaged, and by the exit code that it is: from its own process, and from a
// server's. Who asks the server hears neither.
func TestTheOwnerHearsOfADamagedFile(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"cut":  func(path string) error { return os.Truncate(path, 100) },
		"flip": func(path string) error { flip(t, path, 4000); return nil },
	} {
		lake := simulated(t)
		file := data(t, lake, "data/day=2026-11-06/*.parquet")[0]
		if err := damage(file); err != nil {
			t.Fatal(err)
		}
		owner := slices.Concat([]string{"submit", "--wait", "--poll", "5ms..50ms", "--lake", lake}, days)
		ofOwner := func(how, out string, err error) {
			if fault.ExitCode(err) != 8 || !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), file) {
				t.Errorf("%s, %s: exit code %d, %v", name, how, fault.ExitCode(err), err)
			}
			if status := must(t, "status", "--lake", lake, strings.TrimSpace(out)); !strings.Contains(status, file) {
				t.Errorf("%s, %s: status %s", name, how, status)
			}
			_, _, err = run(t, "", "results", "--lake", lake, strings.TrimSpace(out))
			if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), file) {
				t.Errorf("%s, %s: results end with %d, %v", name, how, fault.ExitCode(err), err)
			}
		}
		out, _, err := run(t, "", owner...)
		ofOwner("alone", out, err)
		base := answering(t, lake, job.Limits{})
		out, _, err = run(t, "", owner...)
		ofOwner("beside the server", out, err)
		out, _, err = run(t, "", slices.Concat([]string{"submit", "--wait", "--poll", "5ms..50ms", "--base-url", base}, days)...)
		if fault.ExitCode(err) != 6 || strings.Contains(err.Error(), lake) || !strings.Contains(err.Error(), "internal error") {
			t.Errorf("%s: the server's client gets %d, %v", name, fault.ExitCode(err), err)
		}
		id := strings.TrimSpace(out)
		_, _, err = run(t, "", "results", id, "--base-url", base)
		if fault.ExitCode(err) != 5 || strings.Contains(err.Error(), lake) || !strings.Contains(err.Error(), "internal error") {
			t.Errorf("%s: the server's client gets no results by %d, %v", name, fault.ExitCode(err), err)
		}
		for _, args := range [][]string{{"status", id}, {"status", id, "--json"}, {"list", "--json"}} {
			if out := must(t, append(args, "--base-url", base)...); strings.Contains(out, lake) || strings.Contains(out, "parquet") {
				t.Errorf("%s: the server's client is shown %s", name, out)
			}
		}
	}
}

// A lake that cannot be opened is waited for by its jobs, and not by its owner.
func TestTheOwnerDoesNotWaitForADamagedLake(t *testing.T) {
	lake := simulated(t)
	for _, file := range data(t, lake, "metadata/*.avro") {
		if err := os.Truncate(file, 50); err != nil {
			t.Fatal(err)
		}
	}
	out, _, err := run(t, "", slices.Concat([]string{"submit", "--wait", "--timeout", "30s", "--lake", lake}, days)...)
	if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), "table conversations") {
		t.Errorf("got %v", err)
	}
	if status := must(t, "status", "--lake", lake, strings.TrimSpace(out)); !strings.Contains(status, "QUEUED") {
		t.Errorf("the job does not wait: %s", status)
	}
}
