package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/wire"
)

// served is a server in a process of its own, and a client that has logged in to it.
type served struct {
	process

	http       *http.Client
	url, token string
}

// serve starts a server over a lake, which it leaves as it is: what the server keeps is in a folder of ours.
func (b *bench) serve(lakeDir string, flags ...string) (_ *served, stop func() error, err error) {
	flags = append([]string{"serve", "--lake", lakeDir, "--state", filepath.Join(b.dir, "server"), "--addr", "127.0.0.1:0", "--json", "--log-level", "warn"}, flags...)
	return start(exec.CommandContext(b.ctx, b.parley, flags...))
}

// start starts a server and waits until it is ready.
func start(cmd *exec.Cmd) (*served, func() error, error) {
	url, stop, err := begin(cmd)
	if err != nil {
		return nil, nil, err
	}
	return &served{process: process(cmd.Process.Pid), http: newHTTP(), url: url}, stop, nil
}

// newHTTP keeps a connection for each of many that ask at once.
func newHTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true, ReadBufferSize: 64 << 10}}
}

func (s *served) login(ctx context.Context, id, secret string) error {
	var answer wire.Token
	err := s.post(ctx, "/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id="+id+"&client_secret="+secret, &answer)
	s.token = answer.AccessToken
	return err
}

func (s *served) post(ctx context.Context, path, kind, body string, to any) error {
	return s.ask(ctx, http.MethodPost, path, kind, body, to)
}

// ask sends a request and reads a small answer.
func (s *served) ask(ctx context.Context, method, path, kind, body string, to any) (err error) {
	resp, err := s.send(ctx, method, path, http.Header{"Content-Type": {kind}}, body)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(text))
	case to == nil:
		return nil
	}
	return json.Unmarshal(text, to)
}

func (s *served) send(ctx context.Context, method, path string, header http.Header, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	return s.http.Do(req)
}

const jobsPath, queryPath = wire.PathJobs, wire.PathQuery

// run submits a job and asks until it is fulfilled.
func (s *served) run(ctx context.Context, body string) (id string, err error) {
	var job wire.Submitted
	if err := s.post(ctx, jobsPath, "application/json", body, &job); err != nil {
		return "", err
	}
	for {
		var status wire.JobStatus
		if err := s.ask(ctx, http.MethodGet, jobsPath+"/"+string(job.JobID), "", "", &status); err != nil {
			return "", err
		}
		if status.Done() {
			if status.State != wire.Fulfilled {
				return "", fmt.Errorf("job %s is %s: %s", job.JobID, status.State, status.ErrorMessage)
			}
			return string(job.JobID), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *served) remove(ctx context.Context, job string) error {
	return s.ask(ctx, http.MethodDelete, jobsPath+"/"+job, "", "", nil)
}

// jobSize is what a list of jobs says of one that is fulfilled.
type jobSize struct {
	ID                     string
	Records, Bytes, Stored int64
}

func (s *served) jobList(ctx context.Context) ([]wire.ListedJob, error) {
	var list wire.JobList
	err := s.ask(ctx, http.MethodGet, wire.PathList, "", "", &list)
	return list.Jobs, err
}

func (s *served) size(ctx context.Context, job string) (jobSize, error) {
	list, err := s.jobList(ctx)
	for _, j := range list {
		if string(j.ID) == job && j.Records != nil && j.Bytes != nil {
			return jobSize{job, *j.Records, *j.Bytes, j.StoredBytes}, err
		}
	}
	return jobSize{}, errors.Join(err, fmt.Errorf("job %s is not in the list with its size", job))
}

// metrics gives numbers that the server tells Prometheus.
func (s *served) metrics(ctx context.Context, names ...string) (_ map[string]float64, err error) {
	resp, err := s.send(ctx, http.MethodGet, "/metrics", http.Header{}, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	return gauges(text, names...), err
}

// unpacked gives the body of an answer as it was before it was compressed.
func unpacked(resp *http.Response) (io.Reader, func(), error) {
	switch coding := resp.Header.Get("Content-Encoding"); coding {
	case "", "identity":
		return resp.Body, func() {}, nil
	case "gzip":
		r, err := gzip.NewReader(resp.Body)
		return r, func() {}, err
	case "zstd":
		r, err := zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	default:
		return nil, nil, fmt.Errorf("the answer has the unknown coding %s", coding)
	}
}
