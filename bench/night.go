package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/control"
)

// nightDays is how many settled days a night reads again.
const nightDays = 60

// changedShare is how many records there are to each one that changed since they were read.
const changedShare = 1000

// nightGoal is how many times the processor time of the download alone such a night may cost.
const nightGoal = 1.2

// night measures what it costs to read days again of which the lake has everything: when nothing has changed, which is the
// download alone, and when one record in a thousand has, some of every day.
func (b *bench) night() (err error) {
	size := b.nightSize()
	s, stop, err := b.sandbox("--days", strconv.Itoa(size.days+1), "--per-day", strconv.Itoa(size.perDay), "--steady", "--seed", strconv.Itoa(seed))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	lake := filepath.Join(b.dir, "night")
	fresh, err := b.extractFrom(s, lake, size)
	if err != nil {
		return err
	}
	var alone, changed []ran
	for range b.rounds() {
		one, err := b.again(s, lake, size, 0)
		if err != nil {
			return err
		}
		n, err := b.rewrite(s, lake, size)
		if err != nil {
			return err
		}
		other, err := b.again(s, lake, size, n)
		if err != nil {
			return err
		}
		alone, changed = append(alone, one), append(changed, other)
	}
	b.tabulateNight(size, fresh.ran, middle(alone), middle(changed))
	return nil
}

func (b *bench) tabulateNight(size sized, fresh, alone, changed ran) {
	costs := changed.cpu.Seconds() / alone.cpu.Seconds()
	b.add(fmt.Sprintf("%d x %s conversations read again, one in %s changed", size.days, thousands(int64(size.perDay)), thousands(changedShare)),
		changed.String(), "nothing changed "+alone.String(), times(alone.wall.Seconds(), changed.wall.Seconds()))
	b.add("  its processor time", fmt.Sprintf("%.2f times the download alone", costs), fmt.Sprintf("goal %.1f times", nightGoal), times(nightGoal, costs))
	b.add("  against the extraction of all of it", changed.String(), fresh.String(), times(fresh.cpu.Seconds(), changed.cpu.Seconds()))
	b.add("  its peak memory", mebibytes(changed.peak), fmt.Sprintf("goal %d MiB; nothing changed %s", memoryGoal, mebibytes(alone.peak)), times(memoryGoal, changed.peak))
}

func (b *bench) nightSize() sized {
	switch {
	case b.quick:
		return sized{nightDays, 100}
	case b.huge:
		return sized{nightDays, 10_000}
	case b.large:
		return sized{nightDays, 5_000}
	}
	return sized{nightDays, 1_000}
}

// again has the days read again. Of as many records as were rewritten, or more, it must say that they were replaced: with its
// nightly batch a platform finishes some of the last day's too.
func (b *bench) again(s *served, lake string, size sized, rewritten int64) (r ran, err error) {
	days := (first + conversation.Day(extractDays-size.days)).String() + ".." + (first + extractDays - 1).String()
	text, r, err := finish(b.extractor(s, lake, "--again", days))
	if err != nil {
		return r, err
	}
	var sum struct {
		Replaced  int64 `json:"replaced"`
		Unchanged int64 `json:"unchanged"`
	}
	err = json.Unmarshal(text, &sum)
	err = same(sum.Replaced+sum.Unchanged, int64(size.days*size.perDay), err)
	if err == nil && (sum.Replaced < rewritten || sum.Replaced > 0 && rewritten == 0) {
		err = fmt.Errorf("%d records were replaced, and %d rewritten", sum.Replaced, rewritten)
	}
	return r, err
}

// rewrite changes one record in a thousand of each day, at least one, as the platform does, and waits for the nightly batch. Every
// other one gets an evaluation, so that not only the table of conversations changes.
func (b *bench) rewrite(s *served, lake string, size sized) (n int64, err error) {
	each := max(1, size.perDay/changedShare)
	cmd := exec.CommandContext(b.ctx, b.parley, "sql", "--lake", lake, fmt.Sprintf(
		`SELECT conversation_id FROM conversations QUALIFY row_number() OVER (PARTITION BY date_trunc('day', conversation_start) ORDER BY md5(conversation_id)) <= %d`, each))
	list, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("sql: %w", err)
	}
	for line := range strings.Lines(string(bytes.TrimSpace(list))) {
		r := sandbox.Rewriting{Conversation: conversation.ID(strings.TrimSpace(line))}
		if n++; n%2 == 0 {
			r.Patch = fmt.Appendf(nil, `{"evaluations":[{"evaluationId":"%s","oTotalScore":%d}]}`, r.Conversation, n)
		}
		body, err := json.Marshal(r)
		if err != nil {
			return n, err
		}
		if err := s.post(b.ctx, control.Prefix+"rewrite", "application/json", string(body), nil); err != nil {
			return n, fmt.Errorf("rewrite: %w", err)
		}
	}
	_, _, err = finish(exec.CommandContext(b.ctx, b.parley, "sandbox", "clock", "--base-url", s.url, "--until-batch"))
	return n, same(n, int64(size.days*each), err)
}
