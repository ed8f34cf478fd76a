package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/test/hostile"
)

// soakTime is how long --soak lasts: ten minutes, or as long as --soak=2m says; 0 is not at all.
type soakTime time.Duration

const standardSoak = 10 * time.Minute

func (s *soakTime) String() string   { return time.Duration(*s).String() }
func (s *soakTime) IsBoolFlag() bool { return true }

// Set reads the flag: "true" is what comes when there is no value.
func (s *soakTime) Set(text string) error {
	if text == "true" {
		*s = soakTime(standardSoak)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		return errors.New("must be a time such as 10m, a second at least")
	}
	*s = soakTime(d)
	return nil
}

const (
	soakPerDay  = 200
	soakServed  = 4  // days that are in the lake when the clients begin, and of which they ask
	harmOneIn   = 4  // requests of an extraction
	soakClients = 20 // of the server
)

// soakFirst lies so far back that all days are over by the clock of this machine.
var soakFirst = conversation.DayOf(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))

// soakSpeed is less than an extraction of one more day takes: so many days there must be for the time.
const soakSpeed = 2 * time.Second

// soak extracts day after day from a platform that misbehaves by chance, into a lake that is served to many clients at
// the same time. No answer may be a failure, the server's memory must not grow, and in the end the lake must be sound and
// hold what the platform has.
func (b *bench) soak() (err error) {
	lasts := time.Duration(b.soaks)
	b.load.seconds, b.load.clients = int(lasts.Seconds()), soakClients
	days := soakServed + int(lasts/soakSpeed) + 1
	now := soakFirst.Start().AddDate(0, 0, days).Add(12 * time.Hour)
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	platform, stop, err := begin(exec.CommandContext(ctx, b.parley, "sandbox", "--json", "--addr", "127.0.0.1:0", "--days", strconv.Itoa(days+1),
		"--per-day", strconv.Itoa(soakPerDay), "--steady", "--seed", strconv.Itoa(seed), "--now", now.Format(time.RFC3339), "--rate-limit", "1000000",
		"--client-id", client, "--client-secret", client))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	lake := filepath.Join(b.dir, "lake")
	if code, text := b.extractUpTo(platform, lake, soakFirst+soakServed); code != 0 {
		return fmt.Errorf("the first days: exit %d\n%s", code, text)
	}
	harm, address, closeHarm, err := b.harm(platform)
	if err != nil {
		return err
	}
	defer closeHarm()
	upTo, err := b.soakBoth(lake, func(ctx context.Context) (conversation.Day, error) {
		return b.extractOn(ctx, address, lake, soakFirst+soakServed, soakFirst+conversation.Day(days))
	})
	if err != nil {
		return err
	}
	b.add("days extracted meanwhile", strconv.Itoa(int(upTo-soakFirst)-soakServed), fmt.Sprintf("%d answers were harmful", harm.Harm()), "")
	return b.soaked(platform, lake, upTo)
}

// harm puts a server before the platform that answers some requests itself.
func (b *bench) harm(platform string) (*hostile.Chance, string, func(), error) {
	to, err := url.Parse(platform)
	if err != nil {
		return nil, "", nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // clients hang up when an answer is cut
	harm := &hostile.Chance{Platform: proxy, OneIn: harmOneIn, Rand: rand.New(rand.NewPCG(seed, seed))}
	server := httptest.NewUnstartedServer(http.Handler(harm))
	server.Config.ErrorLog = proxy.ErrorLog
	server.Start()
	return harm, server.URL, server.Close, nil
}

// soakBoth serves the lake to clients and extracts into it, until the time is over.
func (b *bench) soakBoth(lake string, extract func(context.Context) (conversation.Day, error)) (upTo conversation.Day, err error) {
	credentials, err := b.loadClients()
	if err != nil {
		return 0, err
	}
	s, stop, err := b.serve(lake, "--rate-limit", strconv.Itoa(loadLimits.Requests),
		"--jobs-per-minute", strconv.Itoa(loadLimits.PerMinute), "--jobs-per-client", strconv.Itoa(loadLimits.Open))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	callers, err := b.loadLogins(s, credentials, soakFirst, soakServed)
	if err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(b.ctx)
	end := time.Now().Add(time.Duration(b.load.seconds) * time.Second)
	group.Go(func() (err error) {
		ctx, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		upTo, err = extract(ctx)
		return err
	})
	group.Go(func() error { return b.putUnderLoad(s, callers) })
	return upTo, group.Wait()
}

// extractOn extracts one more day after the other until the time is over, each again until it is whole. A run may fail as
// one does whose platform fails or sends what is damaged, and in no other way.
func (b *bench) extractOn(ctx context.Context, platform, lake string, from, end conversation.Day) (conversation.Day, error) {
	for day := from; day < end; {
		if ctx.Err() != nil {
			return day, nil //nolint:nilerr // its time is over
		}
		switch code, text := b.extractUpTo(platform, lake, day+1); code {
		case 0:
			day++
		case 6, 8:
		default:
			return day, fmt.Errorf("extract up to %v: exit %d\n%s", day+1, code, text)
		}
	}
	return end, nil
}

func (b *bench) extractUpTo(platform, lake string, end conversation.Day) (code int, text string) {
	return b.command("extract", "--base-url", platform, "--from", soakFirst.String(), "--to", end.String(), "--lake", lake,
		"--poll", "5ms..50ms", "--retries", "3", "--retry-wait", "5ms", "--page-size", "50")
}

// command runs a command to its end.
func (b *bench) command(args ...string) (code int, text string) {
	cmd := exec.CommandContext(b.ctx, b.parley, args...)
	cmd.Env = append(os.Environ(), "GENESYS_CLIENT_ID="+client, "GENESYS_CLIENT_SECRET="+client)
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return -1, err.Error()
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// soaked holds the lake to what the platform has, after one more run without harm, and has every row of it checked.
func (b *bench) soaked(platform, lake string, upTo conversation.Day) error {
	if code, text := b.extractUpTo(platform, lake, upTo); code != 0 {
		return fmt.Errorf("the platform is well again, and yet: exit %d\n%s", code, text)
	}
	if code, text := b.command("lake", "check", "--lake", lake); code != 0 {
		return fmt.Errorf("the lake is damaged: exit %d\n%s", code, text)
	}
	fresh := filepath.Join(b.dir, "fresh")
	if code, text := b.extractUpTo(platform, fresh, upTo); code != 0 {
		return fmt.Errorf("an undisturbed extraction: exit %d\n%s", code, text)
	}
	got, n, err := b.exported(lake, upTo)
	if err != nil {
		return err
	}
	want, all, err := b.exported(fresh, upTo)
	if err != nil {
		return err
	}
	b.add("records in the lake", thousands(int64(n)), "the platform has "+thousands(int64(all)), "")
	if got != want || n != int(upTo-soakFirst)*soakPerDay {
		return fmt.Errorf("the lake has %d records and the platform %d, or they differ", n, all)
	}
	return nil
}

// exported sums up the records of a lake, in the order of an export, which is that of their start.
func (b *bench) exported(lake string, upTo conversation.Day) (sum [sha256.Size]byte, records int, err error) {
	file := filepath.Join(b.dir, "export.ndjson")
	code, text := b.command("export", "--lake", lake, "--from", soakFirst.String(), "--to", upTo.String(), "-o", file)
	if code != 0 {
		return sum, 0, fmt.Errorf("export: exit %d\n%s", code, text)
	}
	all, err := os.ReadFile(file)
	if err != nil {
		return sum, 0, err
	}
	return sha256.Sum256(all), bytes.Count(all, []byte("\n")), os.Remove(file)
}
