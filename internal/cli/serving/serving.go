// Package serving is what the commands that serve have in common: where they listen, whom they serve and how much of it.
package serving

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/server"
)

// Options are the flags.
type Options struct {
	server.Listen
	KeepDays     int
	MaxJobMB     int64
	MaxResultsMB int64
	LogFormat    string
	LogLevel     string
}

// Flags defines the flags; level is what is logged, and origins are those whose pages may ask, unless one says otherwise.
func (o *Options) Flags(f *pflag.FlagSet, level string, origins ...string) {
	f.StringVar(&o.Addr, "addr", "127.0.0.1:8080", "address to listen on; port 0 picks a free one")
	f.StringVar(&o.TLS.Cert, "tls-cert", "", "PEM file with the certificate and its chain: serve HTTPS")
	f.StringVar(&o.TLS.Key, "tls-key", "", "PEM file with its private key")
	f.StringVar(&o.Client.ID, "client-id", "", "id of an OAuth client")
	f.StringVar(&o.Client.Secret, "client-secret", "", "its secret")
	f.StringSliceVar(&o.Origins, "allow-origin", origins, "web origins whose pages may ask, as https://app.example.com; * for all")
	f.IntVar(&o.RateLimit, "rate-limit", 300, "requests a minute a client")
	f.IntVar(&o.Days.Unfiltered, "interval-days", 7, "longest interval of a synchronous query without filters, days")
	f.IntVar(&o.Days.Filtered, "filtered-interval-days", 31, "longest interval of one with filters, days")
	f.IntVar(&o.Jobs.Running, "jobs-running", 2, "jobs answered at once")
	f.IntVar(&o.Jobs.Open, "jobs-per-client", 50, "jobs of one client that may wait or run")
	f.IntVar(&o.Jobs.Queued, "jobs-queued", 1000, "jobs of all clients that may wait")
	f.IntVar(&o.Jobs.PerMinute, "jobs-per-minute", 60, "jobs that one client may submit a minute")
	f.Int64Var(&o.MaxJobMB, "job-megabytes", 1_000_000, "JSON that one job may find, MB")
	f.Int64Var(&o.MaxResultsMB, "results-megabytes", 0, "room on the disk for the results of one client, MB; 0 means half of what is free when the server starts")
	f.IntVar(&o.KeepDays, "keep-days", 7, "days that results of jobs are kept, up to the midnight after")
	f.DurationVar(&o.Grace, "grace", 10*time.Second, "how long answers in flight may take when the server stops")
	f.BoolVar(&o.Strict, "strict", false, "refuse row reports, which the platform does not have, as it would")
	f.StringVar(&o.LogFormat, "log-format", "text", "format of the log on standard error: text or json")
	f.StringVar(&o.LogLevel, "log-level", level, "what is logged: debug, info (a line for each request), warn or error")
}

// Resolve checks the flags and turns them into what a server is made of.
func (o *Options) Resolve(s *ui.Streams) (server.Listen, error) {
	l := o.Listen
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"rate-limit", int64(l.RateLimit)}, {"interval-days", int64(l.Days.Unfiltered)}, {"filtered-interval-days", int64(l.Days.Filtered)},
		{"jobs-running", int64(l.Jobs.Running)}, {"jobs-per-client", int64(l.Jobs.Open)}, {"jobs-queued", int64(l.Jobs.Queued)},
		{"jobs-per-minute", int64(l.Jobs.PerMinute)}, {"job-megabytes", o.MaxJobMB},
		{"keep-days", int64(o.KeepDays)}, {"grace", int64(l.Grace)},
	} {
		if f.value < 1 {
			return l, fault.Field("--"+f.name, "--%s must be positive", f.name)
		}
	}
	if o.MaxResultsMB < 0 {
		return l, fault.Field("--results-megabytes", "--results-megabytes cannot be negative; 0 means half of what is free")
	}
	if (l.TLS.Cert == "") != (l.TLS.Key == "") {
		return l, fault.Field("--tls-cert", "--tls-cert and --tls-key go together: give both, or neither for plain HTTP")
	}
	for _, origin := range l.Origins {
		if !isOrigin(origin) {
			return l, fault.Field("--allow-origin", "--allow-origin %s: write scheme, host and port alone, as https://app.example.com or http://localhost:3000, or * for all", origin)
		}
	}
	l.Jobs.Bytes, l.Jobs.Stored, l.Keep = o.MaxJobMB*1e6, o.MaxResultsMB*1e6, time.Duration(o.KeepDays)*24*time.Hour
	var err error
	l.Log, err = o.log(s)
	return l, err
}

// isOrigin says whether a text is an origin as browsers send it, or stands for all: one in another spelling would never
// be the same as theirs.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return text == "*" || err == nil && u.Host != "" && text == strings.ToLower(u.Scheme+"://"+u.Host)
}

func (o *Options) log(s *ui.Streams) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.LogLevel)); err != nil {
		return nil, fault.Field("--log-level", "--log-level %s: write debug, info, warn or error", o.LogLevel)
	}
	if s.Verbose {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	switch o.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(s.Err, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(s.Err, options)), nil
	}
	return nil, fault.Field("--log-format", "--log-format %s: write text or json", o.LogFormat)
}
