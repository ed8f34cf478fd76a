package access

import (
	"errors"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// A flipped bit in the row of a client, or of a token, is told as damage. Nobody gets the rights of another by it, or keeps
// a token for longer. A client that is damaged can be removed.
func TestAFlippedBit(t *testing.T) {
	unraced.Test(t)
	const client = `UPDATE access_clients SET `
	for name, c := range map[string]struct {
		damage  string
		ofToken bool
	}{
		"a name":              {client + `name = 'Oightly' WHERE id = 'acme-0'`, false},
		"an organization":     {client + `organisation = 'org-3' WHERE id = 'acme-0'`, false},
		"a user":              {client + `user_id = 'u-2' WHERE id = 'acme-0'`, false},
		"a permission":        {client + `permissions = 'analytics:agentConversationDetail:wiew' WHERE id = 'acme-0'`, false},
		"a lifetime":          {client + `lifetime = lifetime + 1048576 WHERE id = 'acme-0'`, false},
		"a date":              {client + `created = created + 1048576 WHERE id = 'acme-0'`, false},
		"a date of secrets":   {client + `rotated = rotated + 1048576 WHERE id = 'acme-0'`, false},
		"a secret":            {client + `secret_hash = secret_hash || 'x' WHERE id = 'acme-0'`, false},
		"a key":               {client + `seal_key = X'00' WHERE id = 'acme-0'`, false},
		"a sum":               {client + `sum = X'00' WHERE id = 'acme-0'`, false},
		"the end of a token":  {`UPDATE access_tokens SET expires = expires + 1125899906842624`, true},
		"the one it is given": {`UPDATE access_tokens SET client = 'acme-1'`, true},
		"the sum of a token":  {`UPDATE access_tokens SET sum = X'00'`, true},
	} {
		s, _ := newStore(t)
		_, secret := add(t, s, Client{ID: "acme-0", Name: "Nightly", Organization: "org-1", UserID: "u-1", Permissions: []Permission{ViewOwnDetails}})
		add(t, s, Client{ID: "acme-1", Name: "Other", Organization: "org-3"})
		token := login(t, s, "acme-0", secret)
		if n, err := s.db.Exec(t.Context(), c.damage); err != nil || n != 1 {
			t.Fatalf("%s: %d rows, %v", name, n, err)
		}
		wants := map[string]func() error{"authenticate": func() error { _, err := s.Authenticate(t.Context(), token); return err }}
		if !c.ofToken {
			wants["get"] = func() error { _, err := s.Get(t.Context(), "acme-0"); return err }
			wants["list"] = func() error { _, err := s.List(t.Context(), ""); return err }
			wants["login"] = func() error { _, err := s.Login(t.Context(), "acme-0", secret); return err }
			wants["rotate"] = func() error { _, err := s.Rotate(t.Context(), "acme-0"); return err }
		}
		for what, do := range wants {
			if err := do(); !errors.Is(err, fault.Corrupt) {
				t.Errorf("%s, %s: got %v", name, what, err)
			}
		}
		if err := s.Remove(t.Context(), "acme-0"); err != nil {
			t.Errorf("%s: remove: %v", name, err)
		}
	}
}

// What an earlier version has kept has no sums, and counts as before; a new secret brings one.
func TestRowsWithoutSums(t *testing.T) {
	s, _ := newStore(t)
	_, secret := add(t, s, Client{ID: "acme-0", Name: "Nightly", Organization: "org-1"})
	token := login(t, s, "acme-0", secret)
	for _, table := range []string{"access_clients", "access_tokens"} {
		if _, err := s.db.Exec(t.Context(), `UPDATE `+table+` SET sum = NULL`); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Authenticate(t.Context(), token); err != nil {
		t.Error(err)
	}
	login(t, s, "acme-0", secret)
	secret, err := s.Rotate(t.Context(), "acme-0")
	if err != nil {
		t.Fatal(err)
	}
	login(t, s, "acme-0", secret)
	var sums int
	if err := s.db.Row(t.Context(), `SELECT count(sum) FROM access_clients`).Scan(&sums); err != nil || sums != 1 {
		t.Errorf("%d sums, %v", sums, err)
	}
}
