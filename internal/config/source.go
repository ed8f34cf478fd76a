package config

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/settings"
)

// Source says where a secret is: in a variable of the environment, a file, or what a command prints.
type Source struct {
	Env     string   `yaml:"env"`
	File    string   `yaml:"file"`
	Command []string `yaml:"command"` // the program and its arguments; no shell
}

// UnmarshalYAML implements yaml.NodeUnmarshaler. A secret that stands in the file is refused, and not repeated.
func (s *Source) UnmarshalYAML(n ast.Node) error {
	at := n.GetToken().Position
	if _, isMapping := n.(ast.MapNode); !isMapping {
		return fault.New(fault.Invalid, "%d:%d: a secret does not stand in this file: say where it is, by env: VARIABLE, file: PATH or command: [PROGRAM, ARGUMENT]", at.Line, at.Column)
	}
	type fields Source // without this method
	var f fields
	if err := yaml.NodeToValue(n, &f, yaml.Strict()); err != nil {
		return fault.New(fault.Invalid, "%d:%d: say where the secret is by one of env: VARIABLE, file: PATH and command: [PROGRAM, ARGUMENT], and by nothing else", at.Line, at.Column)
	}
	*s = Source(f)
	return nil
}

func (s *Source) validate(name string) error {
	if s == nil {
		return fmt.Errorf("%s: say where it is, by env: VARIABLE, file: PATH or command: [PROGRAM, ARGUMENT]", name)
	}
	n := 0
	for _, given := range []bool{s.Env != "", s.File != "", len(s.Command) > 0} {
		if given {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("%s: say where it is by one of env, file and command", name)
	}
	return nil
}

// String names the place of the secret.
func (s *Source) String() string {
	switch {
	case s.Env != "":
		return "the variable " + s.Env
	case s.File != "":
		return "the file " + s.File
	}
	return "the command " + s.Command[0] // its arguments may say more than should be printed
}

// Bounds of what a source gives.
const (
	maxSecret   = 64 << 10
	commandTime = 30 * time.Second
)

// Get gets the secret, without the line end that files and commands have at theirs.
func (s *Source) Get(ctx context.Context, getenv func(string) string) (string, error) {
	text, err := s.read(ctx, getenv)
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(text), "\r\n")
	switch {
	case len(text) > maxSecret:
		return "", fault.New(fault.Unauthorized, "%s has more than %d bytes, which no secret has", s, maxSecret)
	case secret == "":
		return "", fault.New(fault.Unauthorized, "%s is empty or not set", s)
	}
	return secret, nil
}

func (s *Source) read(ctx context.Context, getenv func(string) string) ([]byte, error) {
	switch {
	case s.Env != "":
		return []byte(getenv(s.Env)), nil
	case s.File != "":
		text, err := settings.Read(s.File, maxSecret+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		return text, nil
	}
	ctx, done := context.WithTimeout(ctx, commandTime)
	defer done()
	cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
	out := &bounded{most: maxSecret + 1}
	cmd.Stdout = out                // what it prints as an error may hold a secret too, and goes nowhere
	cmd.WaitDelay = 2 * time.Second // what it started may keep the pipe open
	if err := cmd.Run(); err != nil {
		return nil, fault.New(fault.Unauthorized, "%s failed: %v", s, err)
	}
	return out.kept.Bytes(), nil
}

// bounded keeps the first bytes that are written to it. It embeds no buffer: that would be copied to by its ReadFrom, past
// the bound.
type bounded struct {
	kept bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	_, _ = b.kept.Write(p[:min(len(p), b.most-b.kept.Len())])
	return len(p), nil
}

// Shared says of a file that others than its owner may read it.
func (s *Source) Shared() bool {
	if s.File == "" {
		return false
	}
	info, err := os.Stat(s.File)
	return err == nil && info.Mode().Perm()&0o077 != 0
}
