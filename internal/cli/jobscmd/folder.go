package jobscmd

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// folder is the folder of a server, which may be running beside us or not.
type folder struct {
	streams *ui.Streams
	service *app.Service
	jobs    *job.Manager
	owner   job.Owner
	hasLake bool
}

// clientName is who submits the jobs of a folder; OAuth clients have names of another form.
const clientName = "command line"

func (o *Options) openFolder(ctx context.Context, mayMake bool) (_ source, err error) {
	dir, err := app.StateDir(ctx, o.State, o.Lake)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && !mayMake {
		return nil, fault.New(fault.NotFound, "there is no folder %s, and so no job; parley jobs submit and parley serve make it", dir)
	}
	s := &folder{streams: o.Streams, owner: job.Owner{Organization: cmp.Or(o.Organization, app.DefaultOrganization), Client: clientName}}
	lakes := app.Lakes{}
	if s.hasLake = o.Lake != ""; s.hasLake {
		lakes[s.owner.Organization] = o.Lake
	}
	if s.service, err = app.OpenService(ctx, lakes, dir); err != nil {
		return nil, err
	}
	// What becomes of a job is in its status, and that of jobs of others is not for here.
	log := slog.New(slog.DiscardHandler)
	if o.Streams.Verbose {
		log = o.Streams.Log()
	}
	if s.jobs, err = s.service.Jobs(ctx, job.Limits{}, log); err != nil {
		return nil, errors.Join(err, s.service.Close())
	}
	return s, nil
}

func (s *folder) close() error { return s.service.Close() }

func (s *folder) submit(ctx context.Context, body []byte) (wire.JobID, error) {
	return s.jobs.Submit(ctx, s.owner, body)
}

func (s *folder) list(ctx context.Context) ([]wire.ListedJob, error) {
	jobs, err := s.jobs.List(ctx, s.owner)
	out := make([]wire.ListedJob, len(jobs))
	for i, j := range jobs {
		out[i] = j.Wire()
	}
	return out, err
}

func (s *folder) status(ctx context.Context, id wire.JobID) (_ wire.JobStatus, err error) {
	defer fault.Wrap(&err, "ask for job %s", id)
	status, err := s.jobs.Status(ctx, s.owner, id)
	return status.Wire(), err
}

// page reads the page that a server would send, by the same code that reads one from a platform.
func (s *folder) page(ctx context.Context, id wire.JobID, at platform.Cursor, size int, begin func() func([]byte) error) (p platform.Page, err error) {
	defer fault.Wrap(&err, "read a page of job %s", id)
	page, err := s.jobs.Results(ctx, s.owner, id, string(at), size)
	if err != nil {
		return p, err
	}
	defer page.Close()
	r, w := io.Pipe()
	var group errgroup.Group
	group.Go(func() error {
		err := page.Stream(w)
		return w.CloseWithError(err)
	})
	// Made by this process: as large as its records are, and none of it is held.
	head, err := wire.Limits{Page: math.MaxInt64}.ReadPage(r, wire.Results, begin())
	_ = r.CloseWithError(errRead) // which ends the other side, if it has not ended yet
	_ = group.Wait()              // what it met, the reader was told
	return platform.Page{Next: platform.Cursor(head.Cursor), Available: head.DataAvailabilityDate}, err
}

var errRead = errors.New("the page has been read")

func (s *folder) remove(ctx context.Context, id wire.JobID) (err error) {
	defer fault.Wrap(&err, "delete job %s", id)
	return s.jobs.Delete(ctx, s.owner, id)
}

// while answers jobs in this process, as long as no other does.
func (s *folder) while(ctx context.Context, do func(context.Context) error) error {
	if !s.hasLake {
		if runs, err := s.jobs.Runs(ctx); err != nil || !runs {
			s.streams.Notef("No process answers the jobs of this folder, and this one has no data: start parley serve, or give the lake by --lake.\n")
			return errors.Join(err, do(ctx))
		}
		return do(ctx)
	}
	return s.service.Answer(ctx, s.jobs, do)
}

func (*folder) poll() string { return "100ms..2s" }
