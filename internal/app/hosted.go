package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// hosted is the lake of one of the organizations that are served. A lake that cannot be opened yet, or not reached, is opened when somebody
// asks for it: one organization's must not keep those of others from being served. Safe for concurrent use.
type hosted struct {
	name, dir string
	engines   *answering
	within    func(context.Context) context.Context // has it found as the process does, whoever asks

	opened  atomic.Pointer[openLake]
	opening sync.Mutex
	failed  atomic.Pointer[failure] // of the last try
	tried   time.Time
}

// failure is why a lake could not be opened, and what those are told of it who ask.
type failure struct{ why, told error }

// openLake is what an open lake is asked by.
type openLake struct {
	lake   *lake.Lake
	id     string
	views  engine.Views
	tables lakeTables
	lists  *shelf
}

// triesEvery is how long after a lake could not be opened it is tried again.
const triesEvery = 10 * time.Second

// get is the lake, which is opened unless it was tried a moment ago. A lake that cannot be opened is fault.Unavailable.
func (h *hosted) get(ctx context.Context) (*openLake, error) {
	if s := h.opened.Load(); s != nil {
		return s, nil
	}
	if failed := h.failed.Load(); failed != nil && !h.opening.TryLock() {
		return nil, failed.told // somebody is trying, which may take long
	} else if failed == nil {
		h.opening.Lock()
	}
	defer h.opening.Unlock()
	if s := h.opened.Load(); s != nil {
		return s, nil
	}
	if failed := h.failed.Load(); failed != nil && time.Since(h.tried) < triesEvery {
		return nil, failed.told
	}
	return h.open(ctx)
}

func (h *hosted) open(ctx context.Context) (*openLake, error) {
	s, err := h.show(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err() // which says nothing of the lake
	case err != nil:
		away := fault.Because(fault.Unavailable, fmt.Errorf("the lake of %s: %w", h.name, err), "The data of this organization cannot be opened now")
		h.failed.Store(&failure{err, away})
		h.tried = time.Now()
		return nil, away
	}
	h.opened.Store(s)
	return s, nil
}

func (h *hosted) show(ctx context.Context) (*openLake, error) {
	ctx = h.within(ctx)
	l, err := openConversations(ctx, h.dir)
	if err != nil {
		return nil, err
	}
	id, err := l.ID(ctx)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &openLake{l, id, h.engines.views(l), newTables(l), &shelf{lake: l}}, nil
}

// why says why the lake could not be opened, when it was tried last; nil when it is open.
func (h *hosted) why() error {
	failed := h.failed.Load()
	if h.opened.Load() != nil || failed == nil {
		return nil
	}
	return failed.why
}

func (h *hosted) close() error {
	if s := h.opened.Load(); s != nil {
		return errors.Join(s.tables.Close(), s.lake.Close())
	}
	return nil
}

// Live implements engine.Views.
func (h *hosted) Live(ctx context.Context) (engine.Engine, error) {
	s, err := h.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.views.Live(ctx)
}

// Settled implements engine.Views.
func (h *hosted) Settled(ctx context.Context) (engine.Engine, error) {
	s, err := h.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.views.Settled(ctx)
}

// Available implements engine.Views.
func (h *hosted) Available(ctx context.Context) (time.Time, error) {
	s, err := h.get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return s.views.Available(ctx)
}

// At implements api.Tables.
func (h *hosted) At(ctx context.Context, name string) (api.TablesAt, error) {
	s, err := h.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.tables.At(ctx, name)
}

// directory is what the lake knows of the organization now; see directory.Source.
func (h *hosted) directory(ctx context.Context) (*directory.Directory, error) {
	s, err := h.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.lists.directory(ctx)
}

func (h *hosted) organization(ctx context.Context) (api.Organization, error) {
	s, err := h.get(ctx)
	if err != nil {
		return api.Organization{}, err
	}
	return api.Organization{ID: s.id, Name: h.name}, nil
}
