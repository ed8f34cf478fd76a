package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/parley-hq/parley/client"
)

var (
	ctx  = context.Background()
	from = time.Date(2026, 11, 7, 0, 0, 0, 0, time.UTC)
	day  = client.Query{From: from, To: from.AddDate(0, 0, 1)}
)

// connect makes a client of the sandbox of these examples; of the platform one is made with Environment in place of BaseURL.
func connect() *client.Client {
	c, err := client.New(client.Config{
		BaseURL: live.url, ClientID: live.id, ClientSecret: live.secret,
		PollFirst: time.Millisecond, PageSize: 20,
	})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// Everything that happened on a day, complete.
func ExampleClient_Records() {
	c := connect()
	a, err := c.Availability(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if a.Until.Before(day.To) {
		log.Fatal("the day is not complete yet")
	}
	conversations, byMedium := 0, map[string]int{}
	for record, err := range c.Records(ctx, day) {
		if err != nil {
			log.Fatal(err)
		}
		conversations++
		for _, p := range record.Decode().Participants {
			for _, s := range p.Sessions {
				if p.Purpose == "agent" {
					byMedium[s.MediaType]++
				}
			}
		}
	}
	fmt.Println(conversations, byMedium["voice"] > 0)
	// Output: 50 true
}

// A download that goes on where it was, in a later process too.
func ExampleClient_Resume() {
	c := connect()
	job, err := c.Submit(ctx, day)
	if err != nil {
		log.Fatal(err)
	}
	at := client.Position{Job: job}
	seen := 0
	for record, err := range c.Resume(ctx, at) {
		if err != nil || seen == 30 { // the power fails
			break
		}
		seen++
		at = record.At // kept with the record, at best in one transaction
	}
	text, err := at.MarshalText()
	if err != nil {
		log.Fatal(err)
	}

	var kept client.Position
	if err := kept.UnmarshalText(text); err != nil {
		log.Fatal(err)
	}
	for _, err := range c.Resume(ctx, kept) {
		if errors.Is(err, client.ErrExpired) {
			log.Fatal("too late: submit another job")
		}
		if err != nil {
			log.Fatal(err)
		}
		seen++
	}
	fmt.Println(seen)
	// Output: 50
}

// What is going on now, of one queue at least an hour long.
func ExampleClient_Find() {
	c := connect()
	q := client.Query{From: from, To: from.AddDate(0, 0, 1), Filters: []byte(`{"segmentFilters": [{"type": "and", "predicates": [
		{"dimension": "mediaType", "value": "voice"}, {"dimension": "purpose", "value": "agent"}]}]}`)}
	n := 0
	for record, err := range c.Find(ctx, q) {
		if err != nil {
			log.Fatal(err)
		}
		if record.End.IsZero() || record.End.Sub(record.Start) > 0 {
			n++
		}
	}
	count, err := c.Count(ctx, q)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n > 0, int64(n) == count.Total)
	// Output: true true
}

// How many conversations came into queues in each hour of a day.
func ExampleClient_Aggregates() {
	c := connect()
	a, err := c.Aggregates(ctx, []byte(`{"interval": "2026-11-07T00:00:00Z/2026-11-08T00:00:00Z", "granularity": "PT1H", "metrics": ["nOffered"]}`))
	if err != nil {
		log.Fatal(err)
	}
	offered := int64(0)
	for _, hour := range a.Groups[0].Data {
		offered += *hour.Metrics["nOffered"].Count
	}
	fmt.Println(offered > 0, len(a.Groups[0].Data) > 5)
	// Output: true true
}

// What kind an error is of, and what the platform said.
func ExampleServerError() {
	c := connect()
	_, err := c.Conversation(ctx, "00000000-0000-4000-8000-000000000000")
	fmt.Println(errors.Is(err, client.ErrNotFound))
	if e, ok := errors.AsType[*client.ServerError](err); ok {
		fmt.Println(e.Status, e.Code)
	}
	// Output:
	// true
	// 404 not.found
}
