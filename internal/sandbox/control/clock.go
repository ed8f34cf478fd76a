package control

import (
	"context"
	"net/http"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
)

// Clock is what the platform's clock shows, and what follows from it.
type Clock struct {
	Now       string  `json:"now"`
	Speed     float64 `json:"speed"` // times as fast as the machine's; 0 stands still
	Available string  `json:"dataAvailabilityDate"`
	NextBatch string  `json:"nextBatch,omitempty"` // when the next nightly batch ends; none while batches are halted
	Deeds     int64   `json:"deeds"`               // how often something was done to the sandbox since its process began
}

// ClockChange is what is done to it, all at once.
type ClockChange struct {
	Set     string       `json:"set,omitempty"`     // to this instant
	Advance sandbox.Span `json:"advance,omitempty"` // by so much, as 1h30m
	Until   string       `json:"until,omitempty"`   // "batch": to the end of the next nightly batch
	Speed   *float64     `json:"speed,omitempty"`
}

func (h *Handler) clockRoutes() {
	h.Handle("GET /clock", func(ctx context.Context, _ *http.Request) (any, error) { return h.clock(ctx) })
	h.Handle("POST /clock", func(ctx context.Context, r *http.Request) (any, error) {
		var c ClockChange
		if err := read(r, maxDeed, &c); err != nil {
			return nil, err
		}
		if err := h.moveClock(ctx, c); err != nil {
			return nil, err
		}
		return h.clock(ctx)
	})
}

func (h *Handler) clock(ctx context.Context) (c Clock, err error) {
	available, err := h.World.Available(ctx)
	if err != nil {
		return c, err
	}
	c = Clock{Now: conversation.FormatTime(h.World.Clock()), Speed: h.World.ClockSetting().Speed, Available: conversation.FormatTime(available), Deeds: h.World.Deeds()}
	next, known, err := h.World.NextBatch(ctx)
	if known {
		c.NextBatch = conversation.FormatTime(next)
	}
	return c, err
}

func (h *Handler) moveClock(ctx context.Context, c ClockChange) (err error) {
	change := clock.Change{Advance: time.Duration(c.Advance), Speed: c.Speed}
	switch {
	case c.Until != "" && (c.Set != "" || c.Advance != 0):
		return fault.Field("until", "the clock can be set or advanced, or go on until something, not both at once")
	case c.Set != "":
		if change.Set, err = conversation.ParseTime(c.Set); err != nil {
			return fault.Field("set", "set: %v", err)
		}
	case c.Until == "batch":
		return h.World.PassBatch(ctx, c.Speed)
	case c.Until != "":
		return fault.Field("until", `until can be "batch", not %q`, fault.Clip(c.Until))
	}
	if change == (clock.Change{}) {
		return fault.New(fault.Invalid, "there is nothing to do: give set, advance, until or speed")
	}
	return h.World.MoveClock(ctx, change)
}
