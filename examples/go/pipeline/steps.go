package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-hq/parley/client"
)

// pipeline is one day on its way. Its folder has the pages that were read, and the state behind the last of them.
type pipeline struct {
	client *client.Client
	query  client.Query
	size   int    // of a page
	folder string // renamed when all is there
	state
}

// state is what a later process has to know, written anew behind each page. Names with an underscore are passed over by those
// who read a folder of Parquet files.
type state struct {
	Job     string `json:"job"`
	Cursor  string `json:"cursor"` // of the next page
	Pages   int    `json:"pages"`
	Records int    `json:"records"`
	Twice   int    `json:"twice"` // dropped
	Done    bool   `json:"done"`
}

const stateFile = "_state.json"

// read reads the pages that are not there yet, one at a time.
func (p *pipeline) read(ctx context.Context) error {
	if err := p.begin(ctx); err != nil || p.Done {
		return err
	}
	job, err := p.client.Await(ctx, p.Job)
	if job.State == client.Failed || job.State == client.Cancelled {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	if err != nil {
		return err
	}
	seen, err := readIDs(ctx, p.folder, p.Pages)
	for err == nil && !p.Done {
		err = p.page(ctx, seen)
	}
	if err != nil {
		return err
	}
	if err := p.client.Delete(ctx, p.Job); err != nil { // it counts against the client's limit; the platform deletes it later
		fmt.Fprintln(os.Stderr, "pipeline:", err)
	}
	return nil
}

// begin finds the state of the run before, or submits a job.
func (p *pipeline) begin(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(p.folder, stateFile))
	if err == nil {
		return json.Unmarshal(text, &p.state)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	p.state = state{}
	if p.Job, err = p.client.Submit(ctx, p.query); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(p.folder, 0o700), p.save())
}

// page brings one page: first its file, and then the state. Killed between the two, the page is read again, into the same file.
func (p *pipeline) page(ctx context.Context, seen map[string]bool) error {
	page, err := p.client.Page(ctx, p.Job, p.Cursor, p.size)
	if err != nil {
		return err
	}
	if err := p.complete(page.Availability); err != nil { // the date can go back while a job is read
		return err
	}
	if page.Next != "" && page.Next == p.Cursor {
		return fmt.Errorf("%w: its page leads to itself", errLost)
	}
	rows, twice := fresh(page.Records, seen)
	if err := writeRows(pageFile(p.folder, p.Pages), rows); err != nil {
		return err
	}
	p.Pages++
	p.Records += len(rows)
	p.Twice += twice
	p.Cursor, p.Done = page.Next, page.Next == ""
	return p.save()
}

// complete says whether the platform has all of the day.
func (p *pipeline) complete(until time.Time) error {
	if until.Before(p.query.To) {
		return fmt.Errorf("%w: data is complete up to %s only", errNotYet, until.Format(time.RFC3339))
	}
	return nil
}

// save writes the state whole or not at all.
func (p *pipeline) save() error {
	text, err := json.Marshal(p.state)
	if err != nil {
		return err
	}
	return whole(filepath.Join(p.folder, stateFile), func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// whole makes a file that is there whole or not at all, after a loss of power too.
func whole(name string, fill func(*os.File) error) error {
	f, err := os.Create(name + ".part")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := errors.Join(fill(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}
