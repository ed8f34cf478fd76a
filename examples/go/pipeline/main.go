// Command pipeline brings a day's conversations by an asynchronous job into DAY.parquet, a folder with a Parquet file for each
// page, as pandas, DuckDB and Spark read it.
//
//	pipeline [-out DIR] [DAY]
//
// Without a day it is yesterday, UTC. Killed at any point, it goes on at the page where it was when it is run again.
//
// It needs GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, and GENESYS_ENVIRONMENT, or -base-url for a sandbox. Exit code 3: the
// platform does not have all of the day yet, run again later.
//
// steps.go has what is kept of a run, parquet.go what is written of a record.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/parley-hq/parley/client"
)

const (
	codeFailed = 1
	codeUsage  = 2
	codeNotYet = 3

	jobs      = 3    // of a run, when they are lost
	tolerance = 0.05 // between the records and what the synchronous query counts
)

var (
	errNotYet = errors.New("not yet")
	errLost   = errors.New("the job is lost") // it gives no more results, for whatever reason: a new one may
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pipeline: ")
	baseURL := flag.String("base-url", "", "where the API is, if it is not Genesys Cloud: http://127.0.0.1:8080 for a sandbox")
	out := flag.String("out", ".", "folder of the result")
	size := flag.Int("page-size", 1000, "records a page")
	poll := flag.Duration("poll", 10*time.Second, "first wait for the job; each is twice as long, up to twelve times the first, and a little more or less by chance")
	flag.Parse()
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	day, err := time.Parse(time.DateOnly, cmp.Or(flag.Arg(0), yesterday))
	if err != nil || flag.NArg() > 1 {
		log.Print("give one day, such as 2026-11-07")
		os.Exit(codeUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, *baseURL, *out, day, *size, *poll)
	stop()
	if err == nil {
		return
	}
	log.Print(err)
	if errors.Is(err, errNotYet) {
		os.Exit(codeNotYet)
	}
	os.Exit(codeFailed)
}

func run(ctx context.Context, baseURL, folder string, day time.Time, size int, poll time.Duration) error {
	config := client.Config{
		BaseURL: baseURL, ClientID: os.Getenv("GENESYS_CLIENT_ID"), ClientSecret: os.Getenv("GENESYS_CLIENT_SECRET"),
		PollFirst: poll, PollMost: 12 * poll, JobWithin: 2 * time.Hour,
	}
	if baseURL == "" {
		config.Environment = os.Getenv("GENESYS_ENVIRONMENT")
	}
	c, err := client.New(config)
	if err != nil {
		return err
	}
	name := filepath.Join(folder, day.Format(time.DateOnly))
	p := &pipeline{client: c, query: client.Query{From: day, To: day.AddDate(0, 0, 1)}, size: size, folder: name + ".partial"}
	if err := p.bring(ctx); err != nil {
		return err
	}
	if err := p.check(ctx); err != nil {
		return err
	}
	// Whoever reads the folder sees all of the day, or that of the run before.
	if err := errors.Join(os.RemoveAll(name+".parquet"), os.Rename(p.folder, name+".parquet")); err != nil {
		return err
	}
	fmt.Printf("%s: %d conversations, %d of them twice\n", day.Format(time.DateOnly), p.Records, p.Twice)
	return nil
}

// bring reads a job to its end, or another one if it is lost: a new job may have another order, so it begins with nothing.
func (p *pipeline) bring(ctx context.Context) error {
	a, err := p.client.Availability(ctx)
	if err != nil {
		return err
	}
	if err := p.complete(a.Until); err != nil {
		return err
	}
	for left := jobs - 1; ; left-- {
		err := p.read(ctx)
		if !errors.Is(err, errLost) && !errors.Is(err, client.ErrExpired) {
			return err
		}
		if failed := os.RemoveAll(p.folder); failed != nil || left == 0 {
			return errors.Join(err, failed)
		}
		log.Printf("%v; submitting another job", err)
	}
}

// check counts the day by the synchronous query, which goes another way through the platform. The counts of a moment differ by
// some, but not by much.
func (p *pipeline) check(ctx context.Context) error {
	n, err := p.client.Count(ctx, p.query)
	if err != nil {
		return err
	}
	if math.Abs(float64(n.Total)-float64(p.Records)) <= tolerance*float64(n.Total) {
		return nil
	}
	err = fmt.Errorf("%w: the job gave %d conversations, and the query counts %d", errNotYet, p.Records, n.Total)
	return errors.Join(err, os.RemoveAll(p.folder)) // the next run begins anew
}
