package datafile

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Holder has objects of a store as files of this machine for a while.
type Holder interface {
	// Hold has sound copies of objects until release is called. It is fault.Full when there is no room for all of them.
	Hold(ctx context.Context, at []store.Location) (release func(), err error)
}

// Hold has files at their local paths until release is called. Those of a folder are there.
func Hold(ctx context.Context, files []File) (release func(), err error) {
	var from Holder
	var at []store.Location
	for _, f := range files {
		if h, is := f.Store.(Holder); is {
			from, at = h, append(at, f.At) // all files of a lake are in one store
		}
	}
	if from == nil {
		return func() {}, nil
	}
	release, err = from.Hold(ctx, at)
	return release, missing(err)
}

// missing says of a file that is not there what it means for a lake.
func missing(err error) error {
	if errors.Is(err, fault.NotFound) {
		return fault.Because(fault.Corrupt, err, "a data file of the lake is missing; see parley lake check")
	}
	return err
}
