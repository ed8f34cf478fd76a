package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
)

// accepted are the mistakes that change nothing anybody can see, each with the reason. They are known by file, function
// and edit, not by number of line, so that they stay what they are while the file changes. Where a function has the same
// edit in several places, the text of the line tells which is meant: see place.
type accepted map[string]bool

func key(file, function, edit string) string { return file + "\t" + function + "\t" + edit }

func (a accepted) has(m mutation, text []byte) bool {
	edit := m.edit(text)
	return a[key(m.file, m.function, edit)] || a[key(m.file, m.function, edit+" in "+m.place(text))]
}

// place is the line that a mistake changes. A check of an error looks like any other, so the line before it, which may
// fail, comes with it.
func (m mutation) place(text []byte) string {
	from, to := m.lines(text)
	line := oneLine(string(text[from:to]))
	if line == "if err != nil {" && from > 0 {
		before := mutation{start: from - 1, end: from - 1}
		from, to = before.lines(text)
		line = oneLine(string(text[from:to])) + " " + line
	}
	return line
}

// readAccepted reads lines of four fields between tabs: file, function, edit, reason. Empty lines and those that begin
// with # say nothing.
func readAccepted(path string) (accepted, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return accepted{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	out := accepted{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 4 || fields[3] == "" {
			return nil, fmt.Errorf("%s:%d: want file, function, edit and reason between tabs", path, n)
		}
		out[key(fields[0], fields[1], fields[2])] = true
	}
	return out, lines.Err()
}
