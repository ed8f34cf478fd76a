package job

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// numbers are the columns of a job's row that are no texts.
var numbers = strings.Fields(`submitted completed expires available records bytes`)

// flipped damages the row of a job, as one flipped bit does, and says whether there is a bit in it.
func flipped(t *testing.T, m *Manager, id ID, column string) bool {
	t.Helper()
	var text []byte
	var number int64
	var err error
	if slices.Contains(numbers, column) {
		if err = m.cfg.DB.Row(t.Context(), `SELECT `+column+` FROM jobs WHERE id = ?`, id).Scan(&number); err == nil {
			_, err = m.cfg.DB.Exec(t.Context(), `UPDATE jobs SET `+column+` = ? WHERE id = ?`, number^1<<27, id)
		}
		text = []byte("1")
	} else if err = m.cfg.DB.Row(t.Context(), `SELECT `+column+` FROM jobs WHERE id = ?`, id).Scan(&text); err == nil && len(text) > 0 {
		text[len(text)-1] ^= 1
		var value any = string(text)
		if column == "body" || column == "sum" {
			value = text
		}
		_, err = m.cfg.DB.Exec(t.Context(), `UPDATE jobs SET `+column+` = ? WHERE id = ?`, value, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(text) > 0
}

// columns of a job's row; those that only order jobs, or count what they take up, are not served.
var columns = strings.Fields(`id organisation client "user" state body error submitted completed expires available records bytes missing kind cause sum`)

// A flipped bit in the row of a job is told as damage by whatever reads the row. Served is what was there, or nothing.
func TestAFlippedBitInAJob(t *testing.T) {
	unraced.Test(t)
	ends := map[string]func(*testing.T, *Manager, ID){
		"queued":    func(*testing.T, *Manager, ID) {},
		"fulfilled": func(t *testing.T, m *Manager, _ ID) { run(t, m, take(t, m)) },
		"failed": func(t *testing.T, m *Manager, _ ID) {
			e := take(t, m)
			m.fail(t.Context(), e, fault.New(fault.Corrupt, "a file"))
		},
		"cancelled": func(t *testing.T, m *Manager, id ID) {
			if err := m.Delete(t.Context(), me, id); err != nil {
				t.Error(err)
			}
		},
		"given up": func(t *testing.T, m *Manager, _ ID) {
			take(t, m)
			if given, err := m.jobs.giveUp(t.Context(), 0, 1, "killed", m.cfg.Now(), m.cfg.Now().Add(time.Hour)); err != nil || len(given) != 1 {
				t.Errorf("given up: %v, %v", given, err)
			}
		},
	}
	for how, end := range ends {
		for _, column := range columns {
			m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
			who := Owner{Organization: me.Organization, Client: me.Client, User: "ann"}
			id, err := m.Submit(t.Context(), who, body(0))
			if err != nil {
				t.Fatal(err)
			}
			end(t, m, id)
			before, err := seen(t.Context(), m, who, id)
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			if !flipped(t, m, id, column) {
				continue
			}
			if after, err := seen(t.Context(), m, who, id); !errors.Is(err, fault.Corrupt) && (column != "id" || !errors.Is(err, fault.NotFound)) {
				t.Errorf("%s, %s: was %s, is %s, %v", how, column, before, after, err)
			}
			if e, ok, err := m.jobs.take(t.Context(), 0, m.turns()); ok && !errors.Is(err, fault.Corrupt) || !ok && err != nil {
				t.Errorf("%s, %s: the job is answered: %v", how, column, err)
			} else if ok {
				m.fail(t.Context(), e, err)
				if _, again, err := m.jobs.take(t.Context(), 0, m.turns()); again || err != nil {
					t.Errorf("%s, %s: the job stays in the way of others: %v", how, column, err)
				}
			}
			if err := m.recover(t.Context(), m.first()); err != nil {
				t.Errorf("%s, %s: the next process does not start: %v", how, column, err)
			}
			if slices.Contains([]string{"id", "organisation", `"user"`}, column) {
				continue // nobody knows whose it is
			}
			if err := m.Delete(t.Context(), who, id); err != nil {
				t.Errorf("%s, %s: the job cannot be removed: %v", how, column, err)
			}
			_, err = m.Status(t.Context(), who, id)
			wantKind(t, err, fault.NotFound)
		}
	}
}

// The attempt names the results of a job that is done: another one would be those of nobody.
func TestAFlippedBitInTheAttempt(t *testing.T) {
	m, id := fulfilled(t, someRecords(3), 0)
	if _, err := m.cfg.DB.Exec(t.Context(), `UPDATE jobs SET attempt = 3`); err != nil {
		t.Fatal(err)
	}
	_, err := m.Results(t.Context(), me, id, "", 10)
	wantKind(t, err, fault.Corrupt)
	if err := m.clear(t.Context()); err != nil || len(list(t, m)) != 1 {
		t.Errorf("the file is gone: %v", err)
	}
}

// seen is all that an owner is told of a job.
func seen(ctx context.Context, m *Manager, o Owner, id ID) (string, error) {
	status, err := m.Status(ctx, o, id)
	if err != nil {
		return "", err
	}
	listed, err := m.List(ctx, o)
	if err != nil || len(listed) != 1 || !reflect.DeepEqual(listed[0].Status, status) {
		return "", errors.Join(err, fmt.Errorf("listed: %+v", listed))
	}
	e, err := m.find(ctx, o, id)
	return fmt.Sprintf("%+v %s", e, listed[0].Client), err
}

// A job that an earlier version submitted has no sum, and is answered and shown as ever.
func TestAJobWithoutASum(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	id := submit(t, m, 0)
	if _, err := m.cfg.DB.Exec(t.Context(), `UPDATE jobs SET sum = NULL`); err != nil {
		t.Fatal(err)
	}
	wantState(t, m, id, Queued)
	run(t, m, take(t, m))
	wantState(t, m, id, Fulfilled)
}
