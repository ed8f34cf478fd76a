package duck

import (
	"context"
	"database/sql"
	"sync"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake/datafile"
)

// nearby has the data files that statements name on this machine, where DuckDB can read them, from before a statement is run
// until the engine is closed. Of a lake in a folder they are there. Safe for concurrent use.
type nearby struct {
	mu     sync.Mutex
	named  []datafile.File // by statements that were written, and not held yet
	held   map[string]bool // by their paths
	leaves []func()
}

// dialect is DuckDB's, and remembers the files that are named.
func (n *nearby) dialect() dialect { return dialect{names: n.name} }

func (n *nearby) name(files []datafile.File) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range files {
		if f.Copy != "" && !n.held[f.Copy] {
			n.named = append(n.named, f)
		}
	}
}

// hold has all files that were named. Whoever comes while another fetches them waits.
func (n *nearby) hold(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.named) == 0 {
		return nil
	}
	leave, err := datafile.Hold(ctx, n.named)
	if err != nil {
		return err
	}
	if n.held == nil {
		n.held = map[string]bool{}
	}
	for _, f := range n.named {
		n.held[f.Copy] = true
	}
	n.named, n.leaves = nil, append(n.leaves, leave)
	return nil
}

// close lets go of all.
func (n *nearby) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, leave := range n.leaves {
		leave()
	}
	n.named, n.leaves, n.held = nil, nil, nil
}

// Ask implements answers.Source: it runs a statement with the files that it names at hand.
func (e *Engine) Ask(ctx context.Context, statement sqltext.Text) (*sql.Rows, error) {
	if err := e.near.hold(ctx); err != nil {
		return nil, err
	}
	return e.db.Ask(ctx, statement)
}

// Failed implements answers.Source.
func (e *Engine) Failed(ctx context.Context, err error) error { return e.db.Failed(ctx, err) }

func (e *Engine) lend(ctx context.Context, s sqltext.Search, use func(*hitSet) error) error {
	return e.db.hits.lend(ctx, s, e.near.hold, use)
}
