// Package role names the roles that a process can have, each a set of services with what they need, and starts and stops
// them.
//
// A service is opened after those that it needs, runs beside the others, and is closed before those that it needs. All
// that run are asked to stop at once, and each finishes what it has in flight. Nothing is opened, nothing listens and
// nothing runs before a role is run.
package role

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
)

// names are the services of each role.
//
//	serve    the platform's API over lakes, whose control database and engine are the caller's
//	passing  the same over any views, as a sandbox: its clients, tokens and jobs end with it
//	folder   the same as serve without clients: its owner asks it in this process
//	answer   jobs of a folder, answered in place of its server
//	ask      a lake, as it is at one moment, that its owner asks in this process
//	explain  how a lake answers
//	find     a conversation in a lake
//	export   records out of a lake, as it is at one moment
//	sql      SQL over a lake, as it is at one moment
//	extract  an extraction into a lake
//	import   records of files, into a lake
//	generate simulated records, into a lake
//	maintain the upkeep of a lake
var names = map[string][]string{
	"serve":    {"rates", "clients", "jobs", "runner", "gaps", "notices", "surface", "pages", "http"},
	"passing":  {"folder", "clients", "jobs", "runner", "gaps", "notices", "surface", "pages", "http"},
	"folder":   {"jobs", "surface"},
	"answer":   {"runner"},
	"ask":      {"lake", "snapshot", "engine", "surface"},
	"explain":  {"lake", "snapshot", "engine"},
	"find":     {"lake", "snapshot", "engine"},
	"export":   {"lake", "snapshot", "engine"},
	"sql":      {"lake", "snapshot"},
	"extract":  {"lake"},
	"import":   {"lake"},
	"generate": {"lake"},
	"maintain": {"lake"},
}

// Service is a part of a role. Each of its functions may be nil.
type Service struct {
	Needs []string                    // services of the same role that must be open; those that it does not have are the caller's
	Open  func(context.Context) error // makes it ready, and starts nothing
	Run   func(context.Context) error // until the context ends, when it returns nil, or it fails
	Close func() error                // gives back what open took, after run has returned
}

// Services are services by name: those of a role, or those to choose from.
type Services map[string]Service

// Of takes the services of a role from those that there are.
func Of(role string, from Services) Services {
	r := Services{}
	for _, s := range names[role] {
		r[s] = from[s]
	}
	return r
}

// inOrder names the services, each after those that it needs.
func (r Services) inOrder() (order []string, err error) {
	var visit func(name string, above []string) error
	visit = func(name string, above []string) error {
		if slices.Contains(above, name) {
			return fmt.Errorf("the service %s needs itself, by %v", name, above)
		}
		if _, ours := r[name]; !ours || slices.Contains(order, name) {
			return nil
		}
		for _, need := range r[name].Needs {
			if err := visit(need, append(above, name)); err != nil {
				return err
			}
		}
		order = append(order, name)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if err := visit(name, nil); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// During does something while all services run, and ends them when it has returned. When ctx ends, or a service fails,
// the context that it was given ends. It returns when the last service is closed, with the first error of what ran and
// all errors of closing.
func (r Services) During(ctx context.Context, do func(context.Context) error) (err error) {
	order, err := r.inOrder()
	if err != nil {
		return err
	}
	opened := 0
	defer func() {
		for _, name := range slices.Backward(order[:opened]) {
			if c := r[name].Close; c != nil {
				err = errors.Join(err, c())
			}
		}
	}()
	for _, name := range order {
		if open := r[name].Open; open != nil {
			if err := open(context.WithoutCancel(ctx)); err != nil { // short, and best not left halfway
				return err
			}
		}
		opened++
	}
	group, ctx := errgroup.WithContext(ctx)
	running, stop := context.WithCancel(ctx)
	defer stop()
	for _, name := range order {
		if run := r[name].Run; run != nil {
			group.Go(func() error { return run(running) })
		}
	}
	group.Go(func() error {
		defer stop()
		return do(running)
	})
	return group.Wait()
}
