package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// exportGoal is how many times as long as DuckDB's COPY an export may take.
const exportGoal = 2.0

// exportedColumns are what is exported, twenty columns, and exportedSQL is what a person would write for the same ones. They are in the
// same order, and times look alike, so that both files can be compared byte for byte.
const (
	exportedColumns = "conversationId,mediaType,direction,startTime,endTime,duration,firstQueueId,lastQueueId,firstUserId,lastUserId,wrapUpCode,abandoned," +
		"participantCount,segmentCount,totalHandleTime,talkTime,holdTime,holdCount,acwTime,queueTime"
)

//go:embed exporting.sql
var exportedSQL string

// exporting measures an export of rows as CSV against DuckDB's own COPY of the same query, each in a process of its own, in turn.
// The files must be the same, but for the ends of lines.
func (b *bench) exporting() error {
	if b.million != "" {
		if err := b.makeMillion(); err != nil {
			return err
		}
		return b.exportOf(b.million, millionFrom, millionTo)
	}
	perDay := 10_000
	if b.quick {
		perDay = 1_000
	}
	return b.fresh(func(dir string) error {
		to := (first + 5).String()
		out, err := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", dir, "--from", first.String(), "--to", to, "--per-day", strconv.Itoa(perDay), "--steady").CombinedOutput()
		if err != nil {
			return fmt.Errorf("generate: %w: %s", err, out)
		}
		return b.exportOf(dir, first.String(), to)
	})
}

func (b *bench) exportOf(dir, from, to string) error {
	ours, theirs := filepath.Join(b.dir, "ours.csv"), filepath.Join(b.dir, "theirs.csv")
	defer func() { _ = errors.Join(os.Remove(ours), os.Remove(theirs)) }()
	statement, rows, err := exportStatement(b.ctx, dir, theirs)
	if err != nil {
		return err
	}
	var mine, hand []ran
	for range b.rounds() {
		_, one, err := finish(exec.CommandContext(b.ctx, b.parley, "export", "--lake", dir, "--from", from, "--to", to, "--select", exportedColumns, "-o", ours))
		if err != nil {
			return err
		}
		other, err := b.inDuckDB(statement)
		if err != nil {
			return err
		}
		if err := sameCSV(ours, theirs); err != nil {
			return err
		}
		mine, hand = append(mine, one), append(hand, other)
	}
	m, h := middle(mine), middle(hand)
	b.add(fmt.Sprintf("export 20 columns of %s conversations as CSV", thousands(rows)), seconds(m.wall)+", "+rate(rows, m.wall),
		fmt.Sprintf("DuckDB COPY %s; goal: in %.0fx its time", seconds(h.wall), exportGoal), times(exportGoal*h.wall.Seconds(), m.wall.Seconds()))
	b.add("  its processor time", seconds(m.cpu), "DuckDB COPY "+seconds(h.cpu), times(h.cpu.Seconds(), m.cpu.Seconds()))
	b.add("  its peak memory", mebibytes(m.peak), "DuckDB COPY "+mebibytes(h.peak), times(h.peak, m.peak))
	return nil
}

// exportStatement writes the statement over the files of a lake, and gives how many conversations it has.
func exportStatement(ctx context.Context, dir, to string) (statement string, rows int64, err error) {
	l, err := lake.Open(ctx, dir)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	s, err := l.Snapshot(ctx)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	of := func(t tables.Table) string {
		var paths []string
		for _, f := range s.Files(t) {
			paths = append(paths, "'"+f.Path+"'")
		}
		return "read_parquet([" + strings.Join(paths, ", ") + "], hive_partitioning = false)"
	}
	return fmt.Sprintf(exportedSQL, of(tables.Conversations), of(tables.Metrics), of(tables.Segments), to), s.Rows(tables.Conversations), nil
}

// sameCSV compares two files.
func sameCSV(ours, theirs string) error {
	a, err := os.ReadFile(ours)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(theirs)
	if err != nil {
		return err
	}
	x, y := strings.ReplaceAll(string(a), "\r\n", "\n"), string(b)
	if x == y {
		return nil
	}
	for line := range strings.Lines(x) {
		other, rest, _ := strings.Cut(y, "\n")
		if y = rest; strings.TrimSuffix(line, "\n") != other {
			return fmt.Errorf("the files differ:\n%s%s", line, other)
		}
	}
	return errors.New("one file has more lines")
}
