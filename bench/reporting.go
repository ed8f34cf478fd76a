package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/wire"
)

// rowsGoal is how many rows a second the pages of a row report should bring to one client.
const rowsGoal = 100_000

// reportBody asks for the columns of the document that has the dialect.
const reportBody = `{"start":"%sT00:00:00Z","end":"%sT00:00:00Z","select":["interaction.id","interaction.type","conversation.id","timestamp",
	"attributes.custom.*","metrics.queuetime.ms","metrics.handledtime.ms"]}`

// reporting measures an asynchronous row report: how long it takes to be complete, and how fast its pages come.
func (b *bench) reporting() error {
	perDay := 20_000
	if b.quick {
		perDay = 2_000
	}
	return b.fresh(func(dir string) (err error) {
		to := (first + 5).String()
		out, err := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", dir, "--from", first.String(), "--to", to, "--per-day", strconv.Itoa(perDay), "--steady").CombinedOutput()
		if err != nil {
			return fmt.Errorf("generate: %w: %s", err, out)
		}
		s, stop, err := b.serve(dir, "--client-id", "me", "--client-secret", "hush", "--rate-limit", "1000000", "--jobs-per-minute", "1000000")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		if err := s.login(b.ctx, "me", "hush"); err != nil {
			return err
		}
		return b.reportOf(s, fmt.Sprintf(reportBody, first, to))
	})
}

func (b *bench) reportOf(s *served, body string) error {
	begun := time.Now()
	report, err := s.report(b.ctx, body)
	if err != nil {
		return err
	}
	complete := time.Since(begun)
	b.add("a row report of "+thousands(*report.Count)+" interactions, until it is complete", seconds(complete)+", "+rate(*report.Count, complete), "", "")
	var size int64
	took, err := s.spends(func() (err error) {
		size, err = s.readReport(b.ctx, report.ResultsURI)
		return err
	})
	if err != nil {
		return err
	}
	b.add(fmt.Sprintf("  its pages of 10,000, %d MB sent", size/1e6), rate(*report.Count, took.wall), "goal 100,000 /s", times(float64(*report.Count)/took.wall.Seconds(), rowsGoal))
	return nil
}

// report submits a row report and asks until it is complete.
func (s *served) report(ctx context.Context, body string) (status wire.ReportStatus, err error) {
	var submitted wire.ReportSubmitted
	if err := s.post(ctx, queryPath, "application/json", body, &submitted); err != nil {
		return status, err
	}
	for {
		if err := s.ask(ctx, http.MethodGet, wire.PathReports+"/"+string(submitted.QueryID), "", "", &status); err != nil {
			return status, err
		}
		switch status.Status {
		case wire.ReportCompleted:
			return status, nil
		case wire.ReportPartial, wire.ReportFailed:
			return status, fmt.Errorf("the report is %s: %s", status.Status, status.Error)
		case wire.ReportPending, wire.ReportRunning:
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// readReport follows the pages of a report by their tokens. Only the end of each is looked at.
func (s *served) readReport(ctx context.Context, path string) (sent int64, err error) {
	for token := ""; ; {
		page := &tally{}
		values := url.Values{"pageSize": {strconv.Itoa(pageSize)}, "pageToken": {token}}
		_, err := s.take(ctx, path+"?"+values.Encode(), "identity", func(body io.Reader) error {
			_, err := io.Copy(page, body)
			return err
		})
		if err != nil {
			return sent, err
		}
		sent += page.bytes
		_, rest, ended := bytes.Cut(page.end, []byte(`],"nextPageToken":`))
		if !ended {
			return sent, errors.New("a page has no end")
		}
		if token = strings.Trim(string(rest), `"}`); token == "null" {
			return sent, nil
		}
	}
}
