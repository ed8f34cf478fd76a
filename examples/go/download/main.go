// Command download keeps conversations of Genesys Cloud in files: one a day, with one record a line.
//
//	download [-out DIR] [-again N] [DAY ...]
//
// Without days it downloads yesterday (UTC), and with -again 7 the seven days before it too: conversations change after
// their day, by late wrap-ups, evaluations and surveys. What changed since a day was downloaded last is printed.
//
// It needs GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, and GENESYS_ENVIRONMENT, or -base-url for a sandbox.
//
// It shows what an integration has to live with, and uses the standard library alone: copy what you need. client.go asks,
// and asks again; job.go has a job answered and reads its pages; day.go makes a file of them. The tests have each of these
// things happen on a sandbox.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit codes. A scheduler has to tell "tomorrow" from "broken".
const (
	codeFailed = 1
	codeUsage  = 2
	codeNotYet = 3 // the platform does not have all of a day yet: run again later
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, world{
		args: os.Args[1:], getenv: os.Getenv, now: time.Now, sleep: sleep, out: os.Stdout, log: os.Stderr,
	})
	stop()
	os.Exit(code)
}

// world is what the program depends on. A test has its own: a clock that agrees with the sandbox's, and no waiting.
type world struct {
	args     []string
	getenv   func(string) string
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	out, log io.Writer
}

func run(ctx context.Context, w world) int {
	logger := log.New(w.log, "download: ", 0)
	flags := flag.NewFlagSet("download", flag.ContinueOnError)
	flags.SetOutput(w.log)
	out := flags.String("out", ".", "folder for the files")
	again := flags.Int("again", 0, "read so many days before them again, and print what changed")
	baseURL := flags.String("base-url", "", "where the API is, if it is not Genesys Cloud: http://127.0.0.1:8080 for a sandbox")
	pageSize := flags.Int("page-size", 1000, "records a page")
	if err := flags.Parse(w.args); err != nil {
		return codeUsage
	}
	days, err := days(flags.Args(), *again, w.now())
	if err != nil {
		logger.Print(err)
		return codeUsage
	}
	api, login, err := addresses(*baseURL, w.getenv("GENESYS_ENVIRONMENT"))
	if err != nil {
		logger.Print(err)
		return codeUsage
	}
	k := keeper{
		platform: &client{
			api: api, login: login, id: w.getenv("GENESYS_CLIENT_ID"), secret: w.getenv("GENESYS_CLIENT_SECRET"),
			// The whole exchange is limited, the body too: one that drips can last for ever.
			http: &http.Client{Timeout: 10 * time.Minute}, sleep: w.sleep, log: logger,
		},
		folder: *out, pageSize: *pageSize, out: w.out, log: logger,
	}
	return k.all(ctx, days)
}

// addresses are where the API is and where to log in: on the platform two hosts of a region, on a sandbox one.
func addresses(baseURL, region string) (api, login string, err error) {
	switch {
	case baseURL != "":
		baseURL = strings.TrimSuffix(baseURL, "/")
		return baseURL, baseURL, nil
	case region != "":
		return "https://api." + region, "https://login." + region, nil
	}
	return "", "", errors.New("set GENESYS_ENVIRONMENT, such as mypurecloud.com, or give -base-url")
}

// days are the midnights at which the wanted days begin, the first one first.
func days(args []string, again int, now time.Time) ([]time.Time, error) {
	if len(args) == 0 {
		args = []string{now.UTC().AddDate(0, 0, -1).Format(time.DateOnly)}
	}
	var days []time.Time
	for _, arg := range args {
		day, err := time.Parse(time.DateOnly, arg)
		if err != nil {
			return nil, fmt.Errorf("%q is not a day such as 2026-11-07", arg)
		}
		days = append(days, day)
	}
	var before []time.Time
	for n := again; n > 0; n-- {
		before = append(before, days[0].AddDate(0, 0, -n))
	}
	return append(before, days...), nil
}

// all brings each day into its file. A day that is not there yet does not hold up the others.
func (k *keeper) all(ctx context.Context, days []time.Time) int {
	code := 0
	for _, day := range days {
		err := k.day(ctx, day)
		switch {
		case errors.Is(err, errNotYet):
			code = codeNotYet
			k.log.Printf("%s: %v", day.Format(time.DateOnly), err)
		case err != nil:
			k.log.Printf("%s: %v", day.Format(time.DateOnly), err)
			return codeFailed
		}
	}
	return code
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
