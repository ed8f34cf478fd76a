package question

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
	"github.com/parley-hq/parley/test/unraced"
)

type fixture struct {
	*Store

	db  *state.DB
	now time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	x := &fixture{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	if x.db, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.db.Close() })
	if x.Store, err = Open(t.Context(), x.db, func() time.Time { return x.now }); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *fixture) put(t *testing.T, organization, body string) string {
	t.Helper()
	return x.putBy(t, organization, "me", body)
}

func (x *fixture) putBy(t *testing.T, organization, client, body string) string {
	t.Helper()
	x.now = x.now.Add(time.Millisecond)
	name, err := x.Put(t.Context(), Question{Organization: organization, Client: client, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func (x *fixture) has(t *testing.T, organization, name string) bool {
	t.Helper()
	_, err := x.Get(t.Context(), organization, name)
	if err != nil && !errors.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestAQuestionIsFoundByItsName(t *testing.T) {
	x := newFixture(t)
	for _, masked := range []bool{false, true} {
		name, err := x.Put(t.Context(), Question{Organization: "acme", Body: []byte("planted"), Masked: masked})
		if err != nil {
			t.Fatal(err)
		}
		q, err := x.Get(t.Context(), "acme", name)
		if err != nil || string(q.Body) != "planted" || q.Masked != masked || q.Organization != "acme" {
			t.Errorf("%+v %v", q, err)
		}
		if x.has(t, "other", name) {
			t.Error("another organization finds it")
		}
	}
	if a, b := x.put(t, "acme", "same"), x.put(t, "acme", "same"); a == b || strings.Contains(a, "same") {
		t.Errorf("names tell what is asked: %s, %s", a, b)
	}
	if x.has(t, "acme", "none") {
		t.Error("what was never stored is there")
	}
}

// Whoever reads the database learns neither names nor bodies.
func TestTheDatabaseTellsNothing(t *testing.T) {
	x := newFixture(t)
	name := x.put(t, "acme", "planted")
	var hash, box []byte
	if err := x.db.Row(t.Context(), `SELECT hash, box FROM page_questions`).Scan(&hash, &box); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(box, []byte("planted")) || bytes.Contains(hash, []byte(name)) || bytes.Contains(box, []byte(name)) {
		t.Error("the database has it in clear")
	}
}

// Whoever stores one after the other drives out their own.
func TestAClientHasAShare(t *testing.T) {
	x := newFixture(t)
	others, elsewhere := x.putBy(t, "acme", "other", "x"), x.putBy(t, "other", "me", "x")
	first := x.put(t, "acme", "first")
	for i := range Share - 1 {
		x.put(t, "acme", strconv.Itoa(i))
	}
	if !x.has(t, "acme", first) {
		t.Error("the first of a share is gone")
	}
	last := x.put(t, "acme", "last")
	if x.has(t, "acme", first) || !x.has(t, "acme", last) || !x.has(t, "acme", others) || !x.has(t, "other", elsewhere) {
		t.Error("not the client's own oldest went")
	}
}

// Where all have too many together, the oldest of whoever has most goes.
func TestQuestionsAreBounded(t *testing.T) {
	unraced.Test(t)
	x := newFixture(t)
	others, rare := x.putBy(t, "other", "me", "x"), x.putBy(t, "acme", "rare", "x")
	var firsts []string
	for client := range Most / Share {
		firsts = append(firsts, x.putBy(t, "acme", strconv.Itoa(client), "first"))
	}
	for i := range Most - 1 - len(firsts) {
		x.putBy(t, "acme", strconv.Itoa(i%(Most/Share)), "x")
	}
	if !x.has(t, "acme", firsts[0]) {
		t.Error("the first of as many as there may be is gone")
	}
	last := x.putBy(t, "acme", "new", "last")
	if x.has(t, "acme", firsts[0]) || !x.has(t, "acme", rare) || !x.has(t, "acme", last) || !x.has(t, "other", others) {
		t.Error("not the oldest of whoever has most went")
	}
}

func TestQuestionsAreKeptForAWhile(t *testing.T) {
	x := newFixture(t)
	last := x.put(t, "acme", "last")
	x.now = x.now.Add(Good - time.Millisecond)
	if !x.has(t, "acme", last) {
		t.Error("it goes too early")
	}
	x.now = x.now.Add(time.Millisecond)
	if x.has(t, "acme", last) {
		t.Error("it is kept for too long")
	}
	x.put(t, "third", "x")
	var n int
	if err := x.db.Row(t.Context(), `SELECT count(*) FROM page_questions`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d are left, %v", n, err)
	}
	if _, err := x.Put(t.Context(), Question{Organization: "acme", Body: make([]byte, Length+1)}); !errors.Is(err, fault.TooLarge) {
		t.Errorf("one that is too long: %v", err)
	}
}

func TestManyStoreAtOnce(t *testing.T) {
	x := newFixture(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			body := strconv.Itoa(i)
			name, err := x.Put(t.Context(), Question{Organization: "acme", Body: []byte(body)})
			if err != nil {
				t.Error(err)
				return
			}
			if q, err := x.Get(t.Context(), "acme", name); err != nil || string(q.Body) != body {
				t.Errorf("%s: %s %v", body, q.Body, err)
			}
		})
	}
	all.Wait()
}

// While the control database fails, a question is stored or refused, and what is stored is never said to be gone.
func TestADatabaseThatFails(t *testing.T) {
	x := newFixture(t)
	broken := statetest.Break(t, x.db)
	var s *Store
	broken.Each(t, func() (err error) {
		s, err = Open(t.Context(), broken.DB(), func() time.Time { return x.now })
		return err
	}, nil)
	var name string
	broken.Each(t, func() (err error) {
		name, err = s.Put(t.Context(), Question{Organization: "acme", Body: []byte("planted")})
		return err
	}, nil)
	var n int
	if err := x.db.Row(t.Context(), `SELECT count(*) FROM page_questions`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d are stored, %v", n, err)
	}
	broken.Each(t, func() error {
		q, err := s.Get(t.Context(), "acme", name)
		if errors.Is(err, fault.NotFound) || err == nil && string(q.Body) != "planted" {
			t.Errorf("%s: %v", q.Body, err)
		}
		return err
	}, nil)
}
