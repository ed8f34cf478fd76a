package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const jobsADay = 3

// errNotYet is a day that the platform does not have all of.
var errNotYet = errors.New("not yet")

// keeper keeps days in a folder.
type keeper struct {
	platform *client
	folder   string
	pageSize int
	out      io.Writer
	log      *log.Logger
}

// sums are what tells two versions of a day apart: of each conversation, by its id, a sum of its record.
type sums map[string][sha256.Size]byte

// day brings a day into its file, and prints what changed since the last time.
func (k *keeper) day(ctx context.Context, day time.Time) error {
	// Ask before submitting: a job for a day that is not complete yet gives what there is, without a word.
	available, err := k.platform.available(ctx)
	if err != nil {
		return err
	}
	if err := complete(day, available); err != nil {
		return err
	}
	name := filepath.Join(k.folder, day.Format(time.DateOnly)+".ndjson")
	was, earlier, err := read(name)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		err := k.download(ctx, day, name, func(is sums) string { return report(day, was, is, earlier) })
		if !errors.Is(err, errLost) || n == jobsADay {
			return err
		}
		k.log.Printf("%v; submitting another one", err)
	}
}

func complete(day, available time.Time) error {
	if end := day.AddDate(0, 0, 1); available.Before(end) {
		return fmt.Errorf("%w: the platform's data is complete up to %v only", errNotYet, available)
	}
	return nil
}

// download has one job make the file, and prints what is to be said of it. A job that is lost half-way leaves nothing: the
// next one begins with an empty file, so that no record is written twice and all of them are of one moment.
func (k *keeper) download(ctx context.Context, day time.Time, name string, report func(sums) string) error {
	id, err := k.platform.submit(ctx, day)
	if err != nil {
		return err
	}
	defer k.platform.remove(ctx, id)
	if err := k.platform.await(ctx, id); err != nil {
		return err
	}
	return whole(name, func(w io.Writer) error {
		written := sums{}
		err := k.platform.pages(ctx, id, k.pageSize, func(p page) error {
			// The date can go back while the job runs.
			if err := complete(day, p.Available); err != nil {
				return err
			}
			return written.write(w, p.Conversations)
		})
		if err != nil {
			return err
		}
		// Before the file has its name: if the program ends in between, the next run says it again. Afterwards, nobody would.
		_, err = io.WriteString(k.out, report(written))
		return err
	})
}

// write writes records, one a line, but for those that came before: a page can come twice.
func (s sums) write(w io.Writer, records []json.RawMessage) error {
	for _, record := range records {
		var line bytes.Buffer
		if err := json.Compact(&line, record); err != nil { // so that no record has a line break in it
			return err
		}
		id, err := idOf(line.Bytes())
		if err != nil {
			return err
		}
		if _, twice := s[id]; twice {
			continue
		}
		s[id] = sha256.Sum256(line.Bytes())
		line.WriteByte('\n')
		if _, err := w.Write(line.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func idOf(record []byte) (string, error) {
	var head struct {
		ID string `json:"conversationId"`
	}
	if err := json.Unmarshal(record, &head); err != nil {
		return "", err
	}
	if head.ID == "" {
		return "", errors.New("a record without a conversationId")
	}
	return head.ID, nil
}

// whole makes a file that appears under its name with everything that fill writes, or not at all: whoever reads the folder
// never sees a part, and a file of the last run stays until then.
func whole(name string, fill func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".download-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // after the renaming there is nothing of this name
	defer file.Close()
	w := bufio.NewWriter(file)
	if err := errors.Join(fill(w), w.Flush()); err != nil {
		return err
	}
	// Without Sync a power cut may leave the name and lose the content.
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// read reads the file of an earlier run, if there is one.
func read(name string) (found sums, earlier bool, err error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	found = sums{}
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n') // a Scanner would refuse long lines
		if errors.Is(err, io.EOF) {
			return found, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		line = line[:len(line)-1]
		id, err := idOf(line)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		found[id] = sha256.Sum256(line)
	}
}

// report is what is said of a day: after the first run, with a line for each conversation that is not as it was.
func report(day time.Time, was, is sums, earlier bool) string {
	head := fmt.Sprintf("%s: %d conversations", day.Format(time.DateOnly), len(is))
	if !earlier {
		return head + "\n"
	}
	lines := changes(was, is)
	lines = slices.Insert(lines, 0, fmt.Sprintf("%s, %d not as in the last run", head, len(lines)))
	return strings.Join(lines, "\n  ") + "\n"
}

// changes are the conversations that are not as they were, a line for each.
func changes(was, is sums) (lines []string) {
	for id, sum := range is {
		if before, known := was[id]; !known {
			lines = append(lines, "added "+id)
		} else if before != sum {
			lines = append(lines, "changed "+id)
		}
	}
	for id := range was {
		if _, still := is[id]; !still {
			lines = append(lines, "gone "+id)
		}
	}
	slices.Sort(lines)
	return lines
}
