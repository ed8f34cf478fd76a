// Command live prints what two sources say of one conversation, side by side: the live object, which has states and
// attributes, and the record of analytics, which has segments and metrics.
//
//	live [-wait 10m] CONVERSATION | column -t -s "$(printf '\t')"
//
// Analytics comes to know a conversation some seconds after its beginning, and its end some time after that: the program
// asks again until analytics has caught up with the live object.
//
// It needs GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, and GENESYS_ENVIRONMENT, or -base-url for a sandbox. Exit code 3:
// analytics had not caught up when the wait was over; what it has is printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/parley-hq/parley/client"
)

// Exit codes. A scheduler has to tell "later" from "broken".
const (
	codeFailed = 1
	codeUsage  = 2
	codeNotYet = 3
)

var errNotYet = errors.New("analytics has not caught up yet: run again later")

func main() {
	baseURL := flag.String("base-url", "", "where the API is, if it is not Genesys Cloud: http://127.0.0.1:8080 for a sandbox")
	wait := flag.Duration("wait", 10*time.Minute, "how long analytics may take")
	poll := flag.Duration("poll", 10*time.Second, "first wait before it is asked again; each is twice as long, up to two minutes")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "live: give the id of one conversation")
		os.Exit(codeUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *baseURL, flag.Arg(0), *poll, *wait)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "live:", err)
	if errors.Is(err, errNotYet) {
		os.Exit(codeNotYet)
	}
	os.Exit(codeFailed)
}

func run(ctx context.Context, baseURL, id string, poll, wait time.Duration) error {
	config := client.Config{
		BaseURL:  baseURL, // as whom, and of which region, is said by the environment
		ClientID: os.Getenv("GENESYS_CLIENT_ID"), ClientSecret: os.Getenv("GENESYS_CLIENT_SECRET"),
	}
	if baseURL == "" {
		config.Environment = os.Getenv("GENESYS_ENVIRONMENT")
	}
	c, err := client.New(config)
	if err != nil {
		return err
	}
	live, err := liveObject(ctx, c, id)
	if err != nil {
		return err
	}
	record, late := caughtUp(ctx, c, id, live, poll, wait)
	if late != nil && !errors.Is(late, errNotYet) {
		return late
	}
	fmt.Println("FIELD\tLIVE\tANALYTICS\tREMARK")
	for _, r := range compare(live, record) {
		fmt.Printf("%s\t%s\t%s\t%s\n", r.field, or(r.live), or(r.analytics), r.remark())
	}
	return late
}

// caughtUp asks for the record until analytics has the conversation, and its end if the live object has one.
func caughtUp(ctx context.Context, c *client.Client, id string, live *conversation, poll, wait time.Duration) (*client.Conversation, error) {
	for waited := time.Duration(0); ; poll = min(2*poll, 2*time.Minute) {
		record, err := c.Conversation(ctx, id)
		switch {
		case err != nil && !errors.Is(err, client.ErrNotFound):
			return nil, err
		case err == nil && (live.End == "" || !record.End.IsZero()):
			return record.Decode(), nil
		case waited >= wait && err != nil:
			return &client.Conversation{}, fmt.Errorf("%w (%w)", errNotYet, err)
		case waited >= wait:
			return record.Decode(), errNotYet
		}
		select {
		case <-time.After(poll):
			waited += poll
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
