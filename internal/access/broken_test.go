package access

import (
	"errors"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state/statetest"
)

// Whatever fails in the control database while a client is added, given another secret or removed, nothing of it is
// done, and the next try does it as if it were the first. No login is refused for it as if the secret were wrong.
func TestEachStepIsTakenAsAWhole(t *testing.T) {
	healthy, clock := newStore(t)
	broken := statetest.Break(t, healthy.db)
	var s *Store
	broken.Each(t, func() (err error) {
		s, err = Open(t.Context(), broken.DB(), clock.now)
		return err
	}, nil)
	s.cost = bcrypt.MinCost
	var c Client
	var secret string
	broken.Each(t, func() (err error) {
		c, secret, err = s.Add(t.Context(), good())
		return err
	}, nil)
	if list, err := s.List(t.Context(), ""); err != nil || len(list) != 1 || !same(list[0], c) {
		t.Fatalf("added once: got %+v, %v", list, err)
	}
	var tok Token
	unauthorized := func(err error) error {
		if errors.Is(err, fault.Unauthorized) {
			t.Errorf("got %v", err)
		}
		return err
	}
	broken.Each(t, func() (err error) {
		tok, err = s.Login(t.Context(), c.ID, secret)
		return unauthorized(err)
	}, nil)
	for name, read := range map[string]func() error{
		"authenticate": func() error { _, err := s.Authenticate(t.Context(), tok.Text); return unauthorized(err) },
		"get":          func() error { _, err := s.Get(t.Context(), c.ID); return err },
		"list":         func() error { _, err := s.List(t.Context(), ""); return err },
	} {
		t.Run(name, func(t *testing.T) { broken.Each(t, read, nil) })
	}
	broken.Each(t, func() (err error) { // one that looks for old tokens too
		clock.advance(rememberExpired)
		tok, err = s.Login(t.Context(), c.ID, secret)
		return unauthorized(err)
	}, nil)
	second := secret
	broken.Each(t, func() (err error) {
		second, err = s.Rotate(t.Context(), c.ID)
		return err
	}, func() {
		login(t, healthy, c.ID, secret)
	})
	rejected(t, healthy, tok.Text, "bad.credentials")
	tok.Text = login(t, healthy, c.ID, second)
	broken.Each(t, func() error { return s.Remove(t.Context(), c.ID) }, func() { accepted(t, healthy, tok.Text) })
	rejected(t, healthy, tok.Text, "bad.credentials")
}
