// Command paged writes a day's conversations into DAY.csv, a row for each, by the synchronous query: what has happened up to
// this moment, long before jobs have it.
//
//	paged [-out DIR] [DAY]
//
// Without a day it is today, UTC. Times but startTime and endTime are in milliseconds. A conversation that goes on has no endTime.
//
// It needs GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, and GENESYS_ENVIRONMENT, or -base-url for a sandbox. Exit code 3: the
// platform counts more conversations than it gives, run again later.
package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parley-hq/parley/client"
)

const (
	codeFailed     = 1
	codeUsage      = 2
	codeIncomplete = 3

	reach    = 100_000   // conversations that pages reach
	shortest = time.Hour // of the intervals into which a day is cut
)

func main() {
	baseURL := flag.String("base-url", "", "where the API is, if it is not Genesys Cloud: http://127.0.0.1:8080 for a sandbox")
	out := flag.String("out", ".", "folder of the file")
	flag.Parse()
	day, err := time.Parse(time.DateOnly, cmp.Or(flag.Arg(0), time.Now().UTC().Format(time.DateOnly)))
	if err != nil || flag.NArg() > 1 {
		fmt.Fprintln(os.Stderr, "paged: give one day, such as 2026-11-07")
		os.Exit(codeUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, *baseURL, *out, day)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "paged:", err)
	if errors.Is(err, client.ErrIncomplete) {
		os.Exit(codeIncomplete)
	}
	os.Exit(codeFailed)
}

func run(ctx context.Context, baseURL, folder string, day time.Time) error {
	config := client.Config{
		BaseURL: baseURL, ClientID: os.Getenv("GENESYS_CLIENT_ID"), ClientSecret: os.Getenv("GENESYS_CLIENT_SECRET"),
	}
	if baseURL == "" {
		config.Environment = os.Getenv("GENESYS_ENVIRONMENT")
	}
	c, err := client.New(config)
	if err != nil {
		return err
	}
	found := map[string][]string{} // rows, by id: in two halves of a day a conversation can come twice
	if err := find(ctx, c, day, day.AddDate(0, 0, 1), found); err != nil {
		return err
	}
	// Pages shift while they are read. The order of the file does not depend on it.
	rows := slices.SortedFunc(maps.Values(found), func(a, b []string) int {
		return cmp.Or(strings.Compare(a[7], b[7]), strings.Compare(a[0], b[0]))
	})
	if err := write(filepath.Join(folder, day.Format(time.DateOnly)+".csv"), rows); err != nil {
		return err
	}
	fmt.Printf("%s: %d conversations\n", day.Format(time.DateOnly), len(rows))
	return nil
}

// find adds the rows of an interval. Pages reach 100,000 conversations: an interval with more is halved. Find reads pages
// again until it has as many conversations as are counted.
func find(ctx context.Context, c *client.Client, from, to time.Time, found map[string][]string) error {
	q := client.Query{From: from, To: to}
	n, err := c.Count(ctx, q)
	if err != nil {
		return err
	}
	if half := to.Sub(from) / 2; n.Total > reach && half >= shortest {
		if err := find(ctx, c, from, from.Add(half), found); err != nil {
			return err
		}
		return find(ctx, c, from.Add(half), to, found)
	}
	for record, err := range c.Find(ctx, q) {
		if err != nil {
			return err
		}
		found[record.ID] = row(record.Decode())
	}
	return nil
}

var columns = []string{"conversationId", "mediaType", "wrapUpCode", "totalHandleTime", "talkTime", "holdTime", "holdCount", "startTime", "endTime"}

// row computes the columns. Several media, or codes, stand in one field, each once, in the order of the record. tTalk and tHeld
// are emitted at each end of talking and of holding, so that they can be added while a conversation goes on, and tHandle when
// an agent is done with it.
func row(c *client.Conversation) []string {
	var media, codes []string
	var handled, talked, held, holds int64
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			media = append(media, s.MediaType)
			for _, g := range s.Segments {
				codes = append(codes, g.WrapUpCode)
			}
			for _, m := range s.Metrics {
				switch m.Name {
				case "tHandle":
					handled += m.Value
				case "tTalk":
					talked += m.Value
				case "tHeld":
					held += m.Value
					holds++
				}
			}
		}
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return []string{
		string(c.ConversationID), once(media), once(codes), number(handled), number(talked), number(held), number(holds), c.ConversationStart, c.ConversationEnd,
	}
}

func once(words []string) string {
	var out []string
	for _, w := range words {
		if w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// write makes the file whole or not at all.
func write(name string, rows [][]string) error {
	f, err := os.Create(name + ".part")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := errors.Join(csv.NewWriter(f).WriteAll(append([][]string{columns}, rows...)), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}
