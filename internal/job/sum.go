package job

import (
	"bytes"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// sum is the checksum that is kept beside what is known of a job. Its state is not in it: no flipped bit makes one state
// of another. Nor is what only counts or orders jobs.
func (e entry) sum() []byte {
	said := []any{
		e.id, e.owner.Organization, e.owner.Client, e.owner.User, e.body, e.status.ErrorMessage,
		millis(e.status.SubmissionDate), millis(e.status.CompletionDate), millis(e.status.ExpirationDate), millis(e.available),
		e.size.Records, e.size.Bytes, conversation.DaysText(e.missing), e.cause.kind, e.cause.text,
	}
	if e.kind != Details { // as the sums of jobs of before there were kinds
		said = append(said, e.kind, intervalsText(e.lost))
	}
	if e.attempt > 0 && !e.status.CompletionDate.IsZero() { // likewise; it names the results, and only then stays as it is
		said = append(said, "attempt", e.attempt)
	}
	if e.kind == Figures { // likewise
		said = append(said, e.page)
	}
	return state.Sum(said...)
}

// sound fails with fault.Corrupt when an entry is not what was written. Entries of before there were sums have none.
func (e entry) sound(sum []byte) error {
	if slices.Contains(wire.JobStates(), e.status.State) && (sum == nil || bytes.Equal(sum, e.sum())) {
		return nil
	}
	return fault.New(fault.Corrupt, "the entry of job %s in the control database is damaged; parley jobs cancel removes the job", e.id)
}
