package ingest

import (
	"fmt"
	"testing"
)

// What is counted once is remembered up to a number; what lies beyond counts each time, and nothing is left out.
func TestSurveyRemembersSoMuch(t *testing.T) {
	const most = 3
	for distinct, want := range map[int]int64{1: 1, 3: 3, 4: 5, 6: 9} { // each comes twice
		s := newSurveyor(1, most)
		for range 2 {
			for i := range distinct {
				s.take(fmt.Appendf(nil, `{"conversationId":%d}`, i))
				s.take(fmt.Appendf(nil, `{"conversationId":"id-%d","conversationStart":"2026-11-01T00:00:00.000Z","mediaStatsMinConversationMos":"high"}`, i))
			}
		}
		got := s.sum()
		if got.Rejected != want || got.Unfit != want || got.Misfits["mediaStatsMinConversationMos"] != want || len(s.rejected) > most || len(s.unfit) > most {
			t.Errorf("%d values: %d rejected, %d unfit, %v, want %d; %d and %d remembered", distinct, got.Rejected, got.Unfit, got.Misfits, want, len(s.rejected), len(s.unfit))
		}
	}
	s := newSurveyor(1, most)
	s.take([]byte(`{"conversationId":"a","conversationStart":"2026-11-01T00:00:00.000Z","mediaStatsMinConversationMos":"high"}`))
	s.take([]byte(`{"conversationId":"a","conversationStart":"2026-11-01T00:00:00.000Z","mediaStatsMinConversationMos":4.2}`))
	if got := s.sum(); got.Unfit != 0 || len(got.Misfits) > 0 || got.Records != 2 {
		t.Errorf("mended by a later version: %+v", got)
	}
}
