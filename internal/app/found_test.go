package app

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

func TestFind(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "lake")
	begun := time.Now().Add(-time.Second)
	generated(t, dir, "2026-11-02")
	day, err := conversation.ParseDay("2026-11-01")
	if err != nil {
		t.Fatal(err)
	}
	var one conversation.Record
	q := query.Query{Interval: conversation.Interval{Start: day.Start(), End: day.End()}, Matching: query.StartOfDay, OrderBy: query.ByConversationStart}
	if err := Export(t.Context(), dir, func(ctx context.Context, x *Exporting) error {
		for r, err := range x.Records(ctx, q, 1, 3) {
			one = r
			return err
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	f, err := Find(t.Context(), dir, one.ID)
	if err != nil || string(f.Record) != string(one.JSON) || !strings.Contains(string(f.Record), string(one.ID)) {
		t.Fatalf("got %d bytes, %v", len(f.Record), err)
	}
	if f.Received.Before(begun) || f.Received.After(time.Now()) || f.Received.Location() != time.UTC {
		t.Errorf("received at %v", f.Received)
	}
	if text, at, err := Record(t.Context(), dir, one.ID); err != nil || string(text) != string(one.JSON) || at.IsZero() == one.End.IsZero() {
		t.Errorf("got %d bytes, received at %v, %v", len(text), at, err)
	}
	if !f.Read(day) || f.Read(day+1) {
		t.Errorf("read: %v, %v", f.Read(day), f.Read(day+1))
	}
	for _, id := range []conversation.ID{"nobody's", ""} {
		if f, err := Find(t.Context(), dir, id); err != nil || f.Record != nil || !f.Read(day) {
			t.Errorf("%q: %d bytes, %v", id, len(f.Record), err)
		}
		if text, _, err := Record(t.Context(), dir, id); err != nil || text != nil {
			t.Errorf("%q: %d bytes, %v", id, len(text), err)
		}
	}
}
