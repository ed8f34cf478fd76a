package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// What jobs ask of the million. The filter of the first matches about one conversation in a hundred, all over the month.
const (
	millionInterval = `"interval":"` + millionFrom + `T00:00:00Z/` + millionTo + `T00:00:00Z"`
	fewMatch        = `{` + millionInterval + `,"segmentFilters":[{"type":"and","predicates":[` +
		`{"dimension":"purpose","value":"agent"},{"metric":"tSegmentDuration","range":{"gt":1000000}}]}]}`
	allMatch = `{` + millionInterval + `}`
)

// jobs measures asynchronous queries of a million conversations, over HTTP: how long they take, what DuckDB takes to copy
// the same records, and how fast their pages come.
func (b *bench) jobs() (err error) {
	if b.million == "" {
		return nil
	}
	if err := b.makeMillion(); err != nil {
		return err
	}
	s, stop, err := b.serve(b.million, "--rate-limit", "1000000", "--jobs-per-minute", "100000", "--client-id", client, "--client-secret", client)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := s.login(b.ctx, client, client); err != nil {
		return err
	}
	if err := b.jobOfFew(s); err != nil {
		return fmt.Errorf("a job that finds few: %w", err)
	}
	job, err := b.jobOfAll(s)
	if err != nil {
		return fmt.Errorf("a job that finds all: %w", err)
	}
	return b.paging(s, job)
}

// watched does something and adds the most memory that the server held meanwhile to the table.
func (b *bench) watched(s *served, do func() error) error {
	if err := s.forgetPeak(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	peak, err := s.memory("VmHWM")
	b.add("  the server's peak memory", mebibytes(peak), "goal 1024 MiB", times(1024, peak))
	return err
}

func mebibytes(n float64) string { return fmt.Sprintf("%.0f MiB", n) }

// jobOfFew measures from the submission until the job is fulfilled.
func (b *bench) jobOfFew(s *served) error {
	return b.watched(s, func() error {
		var took []spent
		var found jobSize
		for range 5 {
			id := ""
			one, err := s.spends(func() (err error) { id, err = s.run(b.ctx, fewMatch); return err })
			if err != nil {
				return err
			}
			took = append(took, one)
			if found, err = s.size(b.ctx, id); err != nil {
				return err
			}
			if err := s.remove(b.ctx, id); err != nil {
				return err
			}
		}
		half := middle(took)
		b.add(fmt.Sprintf("a job that finds %s (%d MB), of a million", thousands(found.Records), found.Bytes/1e6), half.String(), "goal 3 s", times(3, half.wall.Seconds()))
		return nil
	})
}

// jobOfAll measures a job that finds everything against DuckDB's COPY of the same records, in turn, and leaves the last
// job to be paged.
func (b *bench) jobOfAll(s *served) (job jobSize, err error) {
	var ours []spent
	theirs := map[bool][]copied{}
	err = b.watched(s, func() error {
		for range b.rounds() {
			if job.ID != "" {
				if err := s.remove(b.ctx, job.ID); err != nil {
					return err
				}
			}
			one, err := s.spends(func() (err error) { job.ID, err = s.run(b.ctx, allMatch); return err })
			if err != nil {
				return err
			}
			ours = append(ours, one)
			for _, ordered := range []bool{true, false} {
				c, err := b.copyRecords(ordered)
				if err != nil {
					return fmt.Errorf("copy: %w", err)
				}
				theirs[ordered] = append(theirs[ordered], c)
			}
		}
		job, err = s.size(b.ctx, job.ID)
		half := middle(ours)
		b.add(fmt.Sprintf("a job that finds all of a million (%d MB), stored in %d MB", job.Bytes/1e6, job.Stored/1e6), half.String(), "", "")
		for _, ordered := range []bool{true, false} {
			b.addCopy(half, theirs[ordered], ordered)
		}
		return err
	})
	return job, err
}

func (b *bench) addCopy(ours spent, theirs []copied, ordered bool) {
	name := map[bool]string{true: "COPY in order", false: "COPY in any order"}[ordered]
	half := middle(theirs)
	b.add("  against DuckDB's "+name+", on the clock", seconds(ours.wall),
		fmt.Sprintf("%.1f s, peak %s", half.wall.Seconds(), mebibytes(half.peak)), times(half.wall.Seconds(), ours.wall.Seconds()))
	b.add("  the same in CPU time", seconds(ours.cpu), fmt.Sprintf("%.1f s, file %d MB", half.cpu.Seconds(), half.size/1e6),
		times(half.cpu.Seconds(), ours.cpu.Seconds()))
}

// copied is what a COPY took.
type copied struct {
	ran

	size int64
}

// copyRecords has DuckDB write the records to one file, in a process of its own.
func (b *bench) copyRecords(ordered bool) (c copied, err error) {
	paths, err := b.filesOf(tables.Conversations)
	if err != nil {
		return c, err
	}
	order, to := "", filepath.Join(b.dir, "records.parquet")
	if ordered {
		order = " ORDER BY conversation_start, conversation_id"
	}
	statement := "COPY (SELECT record FROM read_parquet([" + paths + "], hive_partitioning = false)" + order + ") TO '" + to +
		"' (FORMAT parquet, COMPRESSION zstd)"
	took, err := b.inDuckDB(statement)
	if err != nil {
		return c, err
	}
	info, err := os.Stat(to)
	if err != nil {
		return c, err
	}
	return copied{took, info.Size()}, os.Remove(to)
}

// filesOf lists the files of a table of the million, as SQL.
func (b *bench) filesOf(table tables.Table) (list string, err error) {
	l, err := lake.Open(b.ctx, b.million)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	snapshot, err := l.Snapshot(b.ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	var paths []string
	for _, f := range snapshot.Files(table) {
		paths = append(paths, "'"+strings.ReplaceAll(f.Path, "'", "''")+"'")
	}
	return strings.Join(paths, ", "), nil
}
