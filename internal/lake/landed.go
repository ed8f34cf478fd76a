package lake

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// propOutcome is the outcome of a commit, in the summary of its snapshot: it is there exactly when the commit is.
const propOutcome = "parley.outcome"

func (o Outcome) text() string {
	text, err := json.Marshal(o) //nolint:musttag // the names of its fields, as they are
	if err != nil {
		panic(err) // numbers only
	}
	return string(text)
}

// Landed looks a commit up by its id. Whoever was interrupted in the middle of one learns in this way whether it is in
// and what it did. A commit that changed no table is not found, nor is one whose snapshot has expired.
func (l *Lake) Landed(ctx context.Context, commit string) (out Outcome, found bool, err error) {
	tbl, err := l.load(ctx, tables.Conversations)
	if err != nil {
		return out, false, err
	}
	for _, s := range slices.Backward(tbl.Metadata().Snapshots()) {
		if s.Summary == nil || s.Summary.Properties[propCommit] != commit {
			continue
		}
		if err := json.Unmarshal([]byte(s.Summary.Properties[propOutcome]), &out); err != nil { //nolint:musttag // as above
			return out, false, fault.Because(fault.Corrupt, err, "snapshot %d of conversations does not say what its commit did", s.SnapshotID)
		}
		return out, true, nil
	}
	return out, false, nil
}
