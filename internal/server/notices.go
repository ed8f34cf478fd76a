package server

import (
	"context"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/notification"
	"github.com/parley-hq/parley/internal/wire"
)

// Notices is what the clients of an organization are told of over channels, and the clock by which those expire.
type Notices interface {
	// Run tells of each nightly batch that ends well, with the dataAvailabilityDate, until ctx ends or it fails.
	Run(ctx context.Context) error
	// Wait returns when the clock shows an instant, and what happened by then was told of.
	Wait(ctx context.Context, until time.Time) error
}

// openChannels makes the channels of each organization. They end with the server: who had one makes another.
func (s *Server) openChannels(ctx context.Context) (err error) {
	s.channels, s.notices = map[string]*notification.Channels{}, map[string]Notices{}
	for name, open := range s.Notices {
		channels := notification.New(notification.Config{
			Now: s.Now, Log: s.Log, Wait: func(ctx context.Context, until time.Time) error { return s.notices[name].Wait(ctx, until) },
		})
		s.channels[name] = channels
		s.notices[name], err = open(ctx, func(available time.Time) {
			told, err := channels.Publish(wire.TopicAvailability, wire.Availability{DataAvailabilityDate: wire.Date(available)})
			s.Log.DebugContext(ctx, "a nightly batch has ended", "organization", name, "dataAvailabilityDate", available, "told", told, "err", err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tell tells of what happens until ctx ends. Where that fails, it is for the log: the server goes on without.
func (s *Server) tell(ctx context.Context) error {
	var all sync.WaitGroup
	for name, n := range s.notices {
		all.Go(func() {
			if err := n.Run(ctx); ctx.Err() == nil {
				s.Log.WarnContext(ctx, "nobody is told any more of nightly batches that have ended", "organization", name, "err", err)
			}
		})
	}
	all.Wait()
	return nil
}

// closeChannels ends all websockets, which net/http does not wait for.
func (s *Server) closeChannels(ctx context.Context) {
	for _, c := range s.channels {
		c.Close(ctx)
	}
}
