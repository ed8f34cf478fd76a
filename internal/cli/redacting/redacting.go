// Package redacting has the flags of commands that redact what they bring into a lake.
package redacting

import (
	"bytes"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/redact"
	"github.com/parley-hq/parley/internal/settings"
)

// Options is what the flags say.
type Options struct {
	Rules     string // path
	Otherwise bool
}

// Flags defines the flags.
func (o *Options) Flags(f *pflag.FlagSet) {
	f.StringVar(&o.Rules, "redact", "", "file with rules (YAML): hash, drop or mask attributes, addresses and names before anything is written; see docs/redact.md")
	f.BoolVar(&o.Otherwise, "redact-otherwise", false, "go on although the lake's records were redacted by other rules, or not at all")
}

// most is how large the files are that people give, in bytes.
const most = 1 << 20

// Read reads the rules, and the key of their hashes from PARLEY_REDACT_KEY or the file that PARLEY_REDACT_KEY_FILE names.
func (o *Options) Read(getenv func(string) string) (r app.Redaction, err error) {
	r.Otherwise = o.Otherwise
	if o.Rules == "" {
		return r, nil
	}
	text, err := settings.Read(o.Rules, most)
	if err != nil {
		return r, fmt.Errorf("--redact: %w", err)
	}
	key := []byte(getenv("PARLEY_REDACT_KEY"))
	if path := getenv("PARLEY_REDACT_KEY_FILE"); path != "" && len(key) == 0 {
		if key, err = settings.Read(path, most); err != nil {
			return r, fmt.Errorf("PARLEY_REDACT_KEY_FILE: %w", err)
		}
	}
	if r.Rules, err = redact.Parse(text, bytes.TrimSpace(key)); err != nil {
		return r, fault.Because(fault.Invalid, err, "--redact %s", o.Rules)
	}
	return r, nil
}
