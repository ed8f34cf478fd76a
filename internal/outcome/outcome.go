// Package outcome tells of a run that has ended: in a file, and by a webhook if something is wrong. It tells how the run
// ended, which days are missing and how many records there were; never what is in them, whose they are, or a secret.
package outcome

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// Verdict says how a run ended.
type Verdict string

// The verdicts.
const (
	Whole       Verdict = "whole"       // all that was asked for is there
	Waiting     Verdict = "waiting"     // all but days that the platform does not have complete yet
	Incomplete  Verdict = "incomplete"  // something else is missing, or was left out
	Failed      Verdict = "failed"      // it stopped before its end
	Interrupted Verdict = "interrupted" // somebody stopped it
)

// Outcome is what is told.
type Outcome struct {
	Verdict      Verdict            `json:"verdict"`
	ExitCode     int                `json:"exit_code"`
	Error        string             `json:"error,omitempty"`
	Organization string             `json:"organization,omitempty"` // its name in the configuration
	Version      string             `json:"version"`
	Started      time.Time          `json:"started"`
	Ended        time.Time          `json:"ended"`
	Missing      []conversation.Day `json:"days_missing"`    // days that stay open, for another reason than the next
	Unavailable  []conversation.Day `json:"days_waited_for"` // that the platform does not have complete yet
	Summary      any                `json:"summary,omitempty"`
}

// IsProblem says whether somebody should be told.
func (o *Outcome) IsProblem() bool { return o.Verdict == Incomplete || o.Verdict == Failed }

// Alert is what is told by a webhook: a sentence, which chat systems show as it is, and its parts.
type Alert struct {
	Text         string             `json:"text"`
	Verdict      Verdict            `json:"verdict"`
	ExitCode     int                `json:"exit_code"`
	Error        string             `json:"error,omitempty"`
	Organization string             `json:"organization,omitempty"`
	Version      string             `json:"version"`
	Ended        time.Time          `json:"ended"`
	Missing      []conversation.Day `json:"days_missing"`
}

// Alert is what is told of a problem. The summary stays behind: it has the source's name, and grows.
func (o *Outcome) Alert() Alert {
	whose := ""
	if o.Organization != "" {
		whose = " of " + o.Organization
	}
	text := fmt.Sprintf("parley: the extraction%s is incomplete", whose)
	if o.Verdict == Failed {
		text = fmt.Sprintf("parley: the extraction%s failed with exit code %d", whose, o.ExitCode)
	}
	if o.Error != "" {
		text += ": " + o.Error
	}
	return Alert{
		Text: text, Verdict: o.Verdict, ExitCode: o.ExitCode, Error: o.Error, Organization: o.Organization, Version: o.Version, Ended: o.Ended,
		Missing: append([]conversation.Day{}, o.Missing...),
	}
}

// CheckFile says whether a file can be written, before a run of hours whose summary it is to have.
func CheckFile(flag, path string) error {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || !info.IsDir() {
		return fault.Field(flag, "%s %s: there is no folder %s", flag, path, filepath.Dir(path))
	}
	info, err = os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // it is made
	case err != nil:
		return fault.Field(flag, "%s: %v", flag, err)
	case info.IsDir():
		return fault.Field(flag, "%s %s is a folder; name a file", flag, path)
	case !info.Mode().IsRegular(): // a file would take the place of /dev/stdout, for all who use it
		return fault.Field(flag, "%s %s is a device or a pipe; name a file", flag, path)
	}
	return nil
}

// WriteFile writes the outcome to a file, all of it or none: whoever reads the file meanwhile has the one before.
func (o *Outcome) WriteFile(path string) error {
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return fault.AtPath(replace(path, append(text, '\n')), "write the summary %s", path)
}

// replace puts a file in the place of another, or of none.
func replace(path string, text []byte) (err error) {
	next := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	f, err := private.Open(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(next))
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync() // else a power cut after the rename leaves an empty file
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(next, path)
}
