package extract

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// serveMetrics serves the metrics of a service until it is stopped, if it was asked to.
func (o *Options) serveMetrics(ctx context.Context, metrics http.Handler) (stop func(), err error) {
	if o.Listen == "" {
		return func() {}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fault.Field("--metrics-listen", "--metrics-listen %s: %v", o.Listen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() { // until stop
		defer close(ended)
		_ = server.Serve(l) // that it was closed, or that metrics end: no reason to end the extraction
	}()
	o.Streams.Notef("Metrics are at http://%s/metrics\n", l.Addr())
	return func() {
		_ = server.Close()
		<-ended
	}, nil
}
