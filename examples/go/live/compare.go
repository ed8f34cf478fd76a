package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/client"
)

// conversation is what is read of a live object.
type conversation struct {
	Start        string        `json:"startTime"`
	End          string        `json:"endTime"`
	Participants []participant `json:"participants"`
}

// participant is somebody in it, with what they use: one list for each medium.
type participant struct {
	ID      string `json:"id"`
	Purpose string `json:"purpose"`
	End     string `json:"endTime"`
	Wrapup  struct {
		Code string `json:"code"`
	} `json:"wrapup"`
	Attributes map[string]string `json:"attributes"`

	Calls     []communication `json:"calls"`
	Callbacks []communication `json:"callbacks"`
	Chats     []communication `json:"chats"`
	Emails    []communication `json:"emails"`
	Messages  []communication `json:"messages"`
}

type communication struct {
	State string `json:"state"`
}

// liveObject asks for it. The platform forgets it sixty days after the end: analytics is then all there is.
func liveObject(ctx context.Context, c *client.Client, id string) (*conversation, error) {
	text, err := c.LiveConversation(ctx, id)
	if errors.Is(err, client.ErrNotFound) {
		fmt.Fprintln(os.Stderr, "live: there is no live object, or none any more")
		return &conversation{}, nil
	}
	if err != nil {
		return nil, err
	}
	live := &conversation{}
	return live, json.Unmarshal(text, live)
}

// row is what the two say of one thing; what one does not say is empty.
type row struct{ field, live, analytics string }

func (r row) remark() string {
	switch {
	case r.live == r.analytics:
		return ""
	case r.analytics == "":
		return "live only"
	case r.live == "":
		return "analytics only"
	}
	return "differs"
}

func or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// compare puts the two beside each other. Participants are found again by their id, never by their place.
func compare(live *conversation, record *client.Conversation) []row {
	rows := []row{{"start", live.Start, record.ConversationStart}, {"end", live.End, record.ConversationEnd}}
	recorded := map[string]client.Participant{}
	for _, p := range record.Participants {
		recorded[p.ParticipantID] = p
	}
	for _, p := range live.Participants {
		rows = append(rows, p.beside(recorded[p.ID])...)
		delete(recorded, p.ID)
	}
	for _, p := range record.Participants {
		if _, left := recorded[p.ParticipantID]; left {
			rows = append(rows, participant{ID: p.ParticipantID, Purpose: p.Purpose}.beside(p)...)
		}
	}
	return rows
}

func (p participant) beside(record client.Participant) (rows []row) {
	state, wrapUp, metrics := recorded(record)
	for _, r := range []row{
		{"state", p.state(), state},
		{"wrap-up", p.Wrapup.Code, wrapUp},
		{"attributes", count(len(p.Attributes)), count(len(record.Attributes))}, // only the results of jobs have them, not the record by id
		{"metrics", "", count(metrics)},
	} {
		if r.live != "" || r.analytics != "" {
			rows = append(rows, row{fmt.Sprintf("%s %.8s %s", p.Purpose, p.ID, r.field), r.live, r.analytics})
		}
	}
	return rows
}

// state is "ended", or the states of what they use, as "connected".
func (p participant) state() string {
	if p.End != "" {
		return "ended"
	}
	var states []string
	for _, c := range append(append(append(append(p.Calls, p.Callbacks...), p.Chats...), p.Emails...), p.Messages...) {
		states = append(states, c.State)
	}
	return strings.Join(states, " ")
}

// recorded is the same of analytics: "ended", or the segments that go on, as "interact"; the last wrap-up; how many metrics.
func recorded(p client.Participant) (state, wrapUp string, metrics int) {
	var open []string
	for _, s := range p.Sessions {
		metrics += len(s.Metrics)
		for _, g := range s.Segments {
			if g.SegmentEnd == "" {
				open = append(open, g.SegmentType)
			}
			if g.WrapUpCode != "" {
				wrapUp = g.WrapUpCode
			}
		}
	}
	if len(p.Sessions) > 0 && len(open) == 0 {
		return "ended", wrapUp, metrics
	}
	return strings.Join(open, " "), wrapUp, metrics
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
