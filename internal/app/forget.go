package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/engine/trino/written"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/export/handed"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/store"
)

// Forget is an erasure on request.
type Forget struct {
	Request erasure.Request
	DryRun  bool
	Tags    bool          // remove tags too, whose snapshots hold what is to be erased
	Wait    time.Duration // for somebody who writes
	Now     func() time.Time
}

// Forgotten is what an erasure did, or would do. It names no person: a conversation by a salted hash of its id.
type Forgotten struct {
	At            time.Time `json:"at"`
	By            string    `json:"by"` // conversation, attribute or address
	Conversations int       `json:"conversations"`
	Unknown       int       `json:"unknown,omitzero"`    // of those, that are neither in the lake nor on its way there
	Hashes        []string  `json:"hashes"`              // of their ids
	Days          []string  `json:"days"`                // written again
	Tags          []string  `json:"tags"`                // removed
	Staged        int64     `json:"staged_removed"`      // records on their way into the lake
	Rejected      int64     `json:"rejected_removed"`    // values that were set aside
	Jobs          int64     `json:"jobs_removed"`        // of the lake's servers, with their results
	Cluster       int       `json:"cluster_tables_left"` // that a Trino cluster wrote for jobs of servers that are gone. Their files are removed
	Snapshots     int       `json:"snapshots_removed"`
	Pinned        int       `json:"snapshots_being_read"` // that stay until it is run again
	Files         int       `json:"files_removed"`
	DryRun        bool      `json:"dry_run"`
	Report        string    `json:"report,omitempty"` // file in the lake's folder
}

// reports is where the reports of erasures are kept.
const reports store.Location = "erasures"

// Run erases what is meant from the lake in dir. Killed anywhere, it is run again with the same request and ends it.
func (f Forget) Run(ctx context.Context, dir string) (out Forgotten, err error) {
	if err := f.Request.Validate(); err != nil {
		return out, err
	}
	l, err := at.Open(ctx, dir)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if f.DryRun {
		_, out, err := f.find(ctx, l)
		return out, err
	}
	// What is staged belongs to who extracts or imports: nobody is to read it while files of it change.
	for _, work := range [][2]string{{"extract", "extracting"}, {"import", "importing"}} {
		turn, held := l.Turn(ctx, work[0], "%s is "+work[1]+" into the lake; wait until it is done, for as long as --wait says", f.Wait)
		if held != nil {
			return out, held
		}
		defer func() { err = errors.Join(turn.Lost(ctx, err), turn.Close()) }()
		l = turn.Lake()
	}
	w, err := l.WriterWithin(ctx, f.Wait)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	meant, out, err := f.find(ctx, l)
	if err != nil {
		return out, err
	}
	if len(meant.Tags) > 0 && !f.Tags {
		return out, fault.New(fault.Conflict, "snapshots with these tags hold what is to be erased: %v; say --tags to remove the tags too, and the snapshots with them", out.Tags)
	}
	if err := f.erase(ctx, l, w, meant, &out); err != nil {
		return out, err
	}
	return out, f.report(ctx, l, &out)
}

// find finds what is meant, in the lake and on its way there.
func (f Forget) find(ctx context.Context, l *lake.Lake) (lake.Meant, Forgotten, error) {
	out := Forgotten{At: f.Now().UTC(), By: f.by(), Days: []string{}, Tags: []string{}, Hashes: []string{}, DryRun: f.DryRun}
	unknown := map[conversation.ID]bool{}
	meant, err := l.Meant(ctx, f.Request)
	if err != nil {
		return meant, out, err
	}
	for id, day := range meant.IDs {
		if day == 0 {
			unknown[id] = true
		}
	}
	if !f.DryRun { // a dry run may be one of who may only read, and what is staged comes into the lake or goes
		staged, err := stage.Meant(ctx, l.Control(), l.Store(), f.Request)
		if err != nil {
			return meant, out, err
		}
		maps.DeleteFunc(unknown, func(id conversation.ID, _ bool) bool { _, some := staged[id]; return some })
		maps.Copy(staged, meant.IDs)
		meant.IDs = staged
	}
	for _, day := range meant.Days {
		out.Days = append(out.Days, day.String())
	}
	for _, tag := range meant.Tags {
		out.Tags = append(out.Tags, tag.Name)
	}
	out.Conversations, out.Unknown, out.Snapshots = len(meant.IDs), len(unknown), meant.Old
	return meant, out, nil
}

func (f Forget) by() string {
	switch {
	case f.Request.Conversation != "":
		return "conversation"
	case f.Request.Key != "":
		return "attribute"
	}
	return "address"
}

// erase does it. The list comes first: from then on no conversation on it comes in. What is not in the tables comes before
// the tables are written, because a conversation that is found by its content is found there again after a crash.
func (f Forget) erase(ctx context.Context, l *lake.Lake, w *lake.Writer, meant lake.Meant, out *Forgotten) error {
	if err := erasure.Add(ctx, l.Control(), meant.IDs); err != nil {
		return err
	}
	if err := handed.Forget(ctx, l.Control(), meant.IDs); err != nil { // whoever was handed them is to hear of it
		return err
	}
	crashpoint.Reach("forget.listed")
	list, err := erasure.Load(ctx, l.Control())
	if err != nil {
		return err
	}
	for id := range meant.IDs {
		hash := list.HashOf(id)
		out.Hashes = append(out.Hashes, hex.EncodeToString(hash[:]))
	}
	slices.Sort(out.Hashes)
	if out.Staged, err = stage.Forget(ctx, l.Control(), l.Store(), list); err != nil {
		return err
	}
	texts := f.Request.Secrets()
	for id := range meant.IDs {
		texts = append(texts, string(id))
	}
	if out.Rejected, err = stage.ForgetRejected(ctx, l.Control(), f.Request, texts); err != nil {
		return err
	}
	if _, err := ledger.In(l.Control()).Forget(ctx, list.Has); err != nil {
		return err
	}
	crashpoint.Reach("forget.staged")
	done, err := w.Forget(ctx, lake.ForgetOptions{Run: uuid.Must(uuid.NewV7()).String(), At: f.Now(), Days: meant.Days, Tags: meant.Tags})
	out.Snapshots, out.Pinned, out.Files = done.Snapshots, done.Pinned, done.Files
	if err != nil {
		return err
	}
	crashpoint.Reach("forget.jobs")
	if out.Jobs, err = forgetJobs(ctx, l); err != nil {
		return err
	}
	// A table that is used belongs to a question that has its snapshot open: an old one is among those pinned.
	if out.Cluster, err = written.Erase(ctx, l.Annex()); err != nil {
		return err
	}
	crashpoint.Reach("forget.scrub")
	return l.Control().Scrub(ctx)
}

// report writes down what was done.
func (f Forget) report(ctx context.Context, l *lake.Lake, out *Forgotten) (err error) {
	at := reports.Join(out.At.Format("20060102T150405.000Z") + ".json")
	out.Report = strings.TrimSuffix(l.String(), "/") + "/" + string(at) // of a folder, or of a URL, which is no path
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	if err := l.Store().Prepare(ctx, reports); err != nil {
		return err
	}
	w, err := l.Store().Create(ctx, at, store.Replace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := w.Write(append(text, '\n')); err != nil {
		return err
	}
	return w.Commit()
}
