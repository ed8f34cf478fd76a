// Package store is the seam below everything that parley keeps in whole files: data files of the lake, staged pages, runs of
// the index of ids, results of jobs. A store holds objects. An object has a location, is put whole or not at all, is never
// changed in place, and is read in ranges. Folder is the store in a local folder; whoever writes files uses a store and
// not the operating system, so that an object store can take its place. Package storetest is the suite that every store
// passes.
//
// Failures are of the kinds of package fault: NotFound, Conflict when an object is there that must not be, Full, Forbidden,
// Invalid for a location that no store takes. The cause is in the chain.
package store

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store holds objects. Safe for concurrent use, by several processes too.
type Store interface {
	// Prepare makes ready for objects under a location: whoever needs a folder there finds it, and it lasts. Objects can be
	// created without it.
	Prepare(ctx context.Context, under Location) error

	// Create begins an object. Nobody sees it before it is published. When ctx ends, writing fails.
	Create(ctx context.Context, at Location, how How) (Writer, error)

	// Sync makes the names last through a power cut that were published directly under a location.
	Sync(ctx context.Context, under Location) error

	// Open opens an object to be read, as it is now, whatever becomes of its location afterwards.
	Open(ctx context.Context, at Location) (Object, error)

	// Stat says what is known of an object. None is fault.NotFound.
	Stat(ctx context.Context, at Location) (Info, error)

	// List yields the objects under a location, at any depth, in no order. One that is put or removed meanwhile is yielded
	// or not; every other is, once. Where there is nothing it yields nothing. It holds few of them in memory.
	List(ctx context.Context, under Location) iter.Seq2[Info, error]

	// Folders yields the locations directly under a location that objects lie under, in no order. A folder that holds
	// nothing may be among them.
	Folders(ctx context.Context, under Location) iter.Seq2[Location, error]

	// Remove removes an object. One that is open can be read on. None is fault.NotFound.
	Remove(ctx context.Context, at Location) error

	// Clear removes all that lies under a location, leftovers too. The store as a whole cannot be cleared.
	Clear(ctx context.Context, under Location) error

	// Sweep removes what writers left directly under a location that were neither published nor closed: those of processes that were
	// killed. Those still at work lose what they write, so that of must hold for the locations alone of which the caller
	// knows that nobody creates them now.
	Sweep(ctx context.Context, under Location, of func(Location) bool) error
}

// Uploading is a store that keeps what writers have begun and neither published nor closed, and can be asked for it.
type Uploading interface {
	Store

	// Uploads yields what was begun under a location, at any depth, and when.
	Uploads(ctx context.Context, under Location) iter.Seq2[Info, error]

	// GiveUp gives up those for which of holds, as Sweep does.
	GiveUp(ctx context.Context, under Location, of func(Info) bool) error
}

// How says what becomes of an object that is at the location already.
type How int

const (
	// New refuses to take the place of an object: of two writers at once one is published, and the other is
	// fault.Conflict.
	New How = iota
	// Replace takes the place of an object that is there. Readers see the old or the new one, each whole. Where the
	// store knows who may read an object, this stays as it was.
	Replace
)

// Writer writes an object. Its steps are Write, any number of times, and Commit; between them may come Finish and Publish,
// which Commit does otherwise. A step that failed is not to be repeated. Not for concurrent use.
type Writer interface {
	io.Writer

	// Finish ends the content and makes it last. There is no object yet.
	Finish() error

	// Publish makes it an object. Its name lasts after Sync, or with Commit.
	Publish() error

	// Commit makes it an object that lasts, through a power cut too. When it fails, a New object is not there; of one that
	// was to be replaced the old or the new is.
	Commit() error

	// Close gives up what was not published: nothing is left of it. After Publish, Commit or Close it does nothing, so that it
	// can be deferred.
	Close() error
}

// Object is an object that is open. Safe for concurrent use.
type Object interface {
	io.ReaderAt
	io.Closer

	// Size is its length in bytes.
	Size() int64
}

// Info is what is known of an object without opening it.
type Info struct {
	At    Location
	Bytes int64
	Put   time.Time // when, by the clock of the store
}

// Reader reads an object from its beginning.
func Reader(o Object) *io.SectionReader { return io.NewSectionReader(o, 0, o.Size()) }
