package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/state"
)

// clock is a time that tests move.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time          { return begin.Add(time.Duration(c.passed.Load())) }
func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// open opens a store on a file, with a connection of its own, as another process would.
func open(t *testing.T, path string, now func() time.Time) *Store {
	t.Helper()
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := Open(t.Context(), db, now)
	if err != nil {
		t.Fatal(err)
	}
	s.cost = bcrypt.MinCost
	return s
}

func newStore(t *testing.T) (*Store, *clock) {
	t.Helper()
	c := &clock{}
	return open(t, filepath.Join(t.TempDir(), "control.db"), c.now), c
}

func add(t *testing.T, s *Store, c Client) (Client, string) {
	t.Helper()
	c, secret, err := s.Add(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return c, secret
}

func login(t *testing.T, s *Store, id ClientID, secret string) string {
	t.Helper()
	tok, err := s.Login(t.Context(), id, secret)
	if err != nil {
		t.Fatal(err)
	}
	return tok.Text
}

// refused demands that a login fails.
func refused(t *testing.T, s *Store, id ClientID, secret string, kind error, message string) {
	t.Helper()
	tok, err := s.Login(t.Context(), id, secret)
	if !errors.Is(err, kind) || !strings.HasPrefix(err.Error(), message) || tok.Text != "" {
		t.Errorf("login of %s: got %v, want %q", id, err, message)
	}
	if err != nil && secret != "" && strings.Contains(fmt.Sprintf("%+v", err), secret) {
		t.Errorf("the secret is in the error %v", err)
	}
}

// rejected demands that a token is worth nothing.
func rejected(t *testing.T, s *Store, token, code string) {
	t.Helper()
	c, err := s.Authenticate(t.Context(), token)
	if !errors.Is(err, fault.Unauthorized) || fault.Code(err) != code || c.ID != "" {
		t.Errorf("authenticate: got %v and %s, want %s", c, fault.Code(err), code)
	}
	if err != nil && token != "" && strings.Contains(fmt.Sprintf("%+v", err), token) {
		t.Errorf("the token is in the error %v", err)
	}
}

func accepted(t *testing.T, s *Store, token string) Client {
	t.Helper()
	c, err := s.Authenticate(t.Context(), token)
	if err != nil {
		t.Errorf("authenticate: %v", err)
	}
	return c
}

func same(a, b Client) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

func TestClientsAreKept(t *testing.T) {
	s, clock := newStore(t)
	one, _ := add(t, s, Client{Name: "one", Organization: "b"})
	clock.advance(time.Hour)
	two, _ := add(t, s, Client{
		ID: "two", Name: "zwei", Organization: "a", UserID: "user-1",
		Permissions: []Permission{ViewOwnDetails, "routing:queue:view"}, TokenLifetime: 300 * time.Second,
	})
	if u, err := uuid.Parse(string(one.ID)); err != nil || u.Version() != 4 || len(one.ID) != 36 {
		t.Errorf("id %q: %v", one.ID, err)
	}
	if !one.Has(ViewDetails) || one.TokenLifetime != 24*time.Hour || !one.Created.Equal(begin) || !one.Rotated.Equal(begin) {
		t.Errorf("defaults: %+v", one)
	}
	for organization, want := range map[string][]Client{"": {two, one}, "a": {two}, "b": {one}, "c": nil} {
		got, err := s.List(t.Context(), organization)
		if err != nil || !slices.EqualFunc(got, want, same) {
			t.Errorf("list of %q: got %+v, want %+v, %v", organization, got, want, err)
		}
	}
	if got, err := s.Get(t.Context(), "two"); err != nil || !same(got, two) {
		t.Errorf("got %+v, want %+v, %v", got, two, err)
	}
	if _, _, err := s.Add(t.Context(), two); !errors.Is(err, fault.Conflict) {
		t.Errorf("added twice: %v", err)
	}
	for _, id := range []ClientID{"a:b", "a b", "é", ClientID(strings.Repeat("x", 129))} {
		c := good()
		c.ID = id
		if _, _, err := s.Add(t.Context(), c); !errors.Is(err, fault.Invalid) {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if _, _, err := s.Add(t.Context(), Client{Name: "x"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("no organization: %v", err)
	}
}

func TestLoginAndTokens(t *testing.T) {
	s, clock := newStore(t)
	c, secret := add(t, s, Client{Name: "one", Organization: "default", TokenLifetime: 10 * time.Minute})
	tok, err := s.Login(t.Context(), c.ID, secret)
	if err != nil || len(tok.Text) < 26 || tok.Lifetime != 10*time.Minute || !same(tok.Client, c) {
		t.Fatalf("got %v for %v, %v", tok.Client, tok.Lifetime, err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", tok, tok, tok, tok); strings.Contains(text, tok.Text) {
		t.Errorf("the token is in %q", text)
	}
	clock.advance(5 * time.Minute)
	second := login(t, s, c.ID, secret)
	if second == tok.Text {
		t.Error("two tokens are the same")
	}
	for _, text := range []string{tok.Text, second} {
		if got := accepted(t, s, text); !same(got, c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
	rejected(t, s, "", "authentication.required")
	rejected(t, s, "x", "bad.credentials")
	rejected(t, s, strings.ToLower(second), "bad.credentials")

	clock.advance(5*time.Minute - time.Microsecond)
	accepted(t, s, tok.Text)
	clock.advance(time.Microsecond)
	rejected(t, s, tok.Text, "credentials.expired")
	accepted(t, s, second)

	refused(t, s, "nobody", secret, fault.Unauthorized, "client not found")
	refused(t, s, "", "", fault.Unauthorized, "client not found")
	for _, wrong := range []string{"", "x", secret[1:], secret + "x", strings.ToLower(secret), strings.Repeat("x", 73), strings.Repeat("x", 1<<20)} {
		refused(t, s, c.ID, wrong, fault.Unauthorized, "authentication failed")
	}
	other, _ := add(t, s, good())
	refused(t, s, other.ID, secret, fault.Unauthorized, "authentication failed")
}

func TestExpiredTokensArePurgedAnHourLater(t *testing.T) {
	s, clock := newStore(t)
	kept, secret := add(t, s, Client{Name: "one", Organization: "default", TokenLifetime: 10 * time.Minute})
	count := func() (n int) {
		if err := s.db.Row(t.Context(), `SELECT count(*) FROM access_tokens`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	begun := clock.now()
	old := login(t, s, kept.ID, secret) // at 0:00, looks for old tokens; expires at 0:10
	for _, step := range []struct {
		at   time.Duration
		code string
		kept int
	}{
		{59 * time.Minute, "credentials.expired", 2},
		{60 * time.Minute, "credentials.expired", 3}, // looks again, and it is not old enough
		{70 * time.Minute, "credentials.expired", 4}, // it is, but it is not time to look
		{119 * time.Minute, "credentials.expired", 5},
		{120 * time.Minute, "bad.credentials", 5}, // it goes
	} {
		clock.advance(begun.Add(step.at).Sub(clock.now()))
		login(t, s, kept.ID, secret)
		rejected(t, s, old, step.code)
		if n := count(); n != step.kept {
			t.Errorf("at %v: %d tokens are kept, want %d", step.at, n, step.kept)
		}
	}
	clock.advance(49 * time.Hour)
	login(t, s, kept.ID, secret)
	if n := count(); n != 1 {
		t.Errorf("%d tokens are kept, want 1", n)
	}
}

func TestTwoProcesses(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "control.db"), &clock{}
	a, b := open(t, path, clock.now), open(t, path, clock.now)
	c, secret := add(t, a, good())
	byA, byB := login(t, a, c.ID, secret), login(t, b, c.ID, secret)
	accepted(t, a, byB)
	accepted(t, b, byA)

	clock.advance(time.Hour / 2)
	rotated, err := a.Rotate(t.Context(), c.ID)
	if err != nil || rotated == secret {
		t.Fatal(err)
	}
	if len(a.checker.right) != 0 {
		t.Error("a secret that was rotated is remembered")
	}
	for _, s := range []*Store{b, a} { // b remembers the old secret
		refused(t, s, c.ID, secret, fault.Unauthorized, "authentication failed")
		rejected(t, s, byA, "bad.credentials")
		rejected(t, s, byB, "bad.credentials")
	}
	byA, byB = login(t, a, c.ID, rotated), login(t, b, c.ID, rotated)
	if got := accepted(t, b, byA); !got.Rotated.Equal(clock.now()) || !got.Created.Equal(begin) {
		t.Errorf("created %v, rotated %v", got.Created, got.Rotated)
	}

	if err := b.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if len(b.checker.right) != 0 {
		t.Error("a client that was removed here is remembered")
	}
	for _, s := range []*Store{a, b} {
		refused(t, s, c.ID, rotated, fault.Unauthorized, "client not found")
		rejected(t, s, byA, "bad.credentials")
		rejected(t, s, byB, "bad.credentials")
		if len(s.checker.right) != 0 {
			t.Error("a client that was removed is remembered")
		}
	}
	// One of the same id is another client.
	c.ID = "again"
	c, secret = add(t, a, c)
	byA = login(t, a, c.ID, secret)
	if err := b.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	_, second := add(t, b, c)
	rejected(t, a, byA, "bad.credentials")
	refused(t, a, c.ID, secret, fault.Unauthorized, "authentication failed")
	login(t, a, c.ID, second)
}

func TestTokensOutliveTheProcess(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "control.db"), &clock{}
	s := open(t, path, clock.now)
	c, secret := add(t, s, good())
	tok := login(t, s, c.ID, secret)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, clock.now)
	if got := accepted(t, s, tok); !same(got, c) {
		t.Errorf("got %+v, want %+v", got, c)
	}
}

func TestNotFound(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.Rotate(t.Context(), "x")
	for _, err := range []error{err, s.Remove(t.Context(), "x")} {
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	}
}

// race lets something happen between the check of a secret and the token that follows from it.
func race(t *testing.T, happens func(s *Store, id ClientID) error) {
	t.Helper()
	s, _ := newStore(t)
	c, secret := add(t, s, good())
	s.checker.compare = func(hash, secret []byte) error {
		if err := happens(s, c.ID); err != nil {
			t.Error(err)
		}
		return bcrypt.CompareHashAndPassword(hash, secret)
	}
	refused(t, s, c.ID, secret, fault.Unauthorized, "authentication failed")
	var n int
	if err := s.db.Row(t.Context(), `SELECT count(*) FROM access_tokens`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d tokens, %v", n, err)
	}
}

func TestRotatedOrRemovedWhileALoginIsUnderWay(t *testing.T) {
	race(t, func(s *Store, id ClientID) error { _, err := s.Rotate(context.Background(), id); return err })
	race(t, func(s *Store, id ClientID) error { return s.Remove(context.Background(), id) })
}

func TestNobodyIsLockedOutByStrangers(t *testing.T) {
	s, clock := newStore(t)
	c, secret := add(t, s, good())
	compared := 0
	s.checker.compare = func(hash, secret []byte) error {
		compared++
		return bcrypt.CompareHashAndPassword(hash, secret)
	}
	guess := strings.Repeat("A", len(secret))
	for range maxFailures {
		refused(t, s, c.ID, guess, fault.Unauthorized, "authentication failed")
	}
	refused(t, s, c.ID, guess, fault.Throttled, "Rate limit exceeded the maximum")
	refused(t, s, "nobody", guess, fault.Unauthorized, "client not found")
	if compared != 0 {
		t.Errorf("%d guesses reached bcrypt", compared)
	}
	for range 3 {
		login(t, s, c.ID, secret)
	}
	if compared != 1 {
		t.Errorf("bcrypt ran %d times for three logins in a row, want 1", compared)
	}
	clock.advance(limit.Window)
	refused(t, s, c.ID, guess, fault.Unauthorized, "authentication failed")
}

// forge makes a secret that bears the client's seal, as only a copy of the database allows.
func forge(t *testing.T, s *Store, id ClientID, random string) string {
	t.Helper()
	_, v, err := s.find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return random + v.seal(id, random)
}

func TestForgedSecretsAreThrottledByThemselves(t *testing.T) {
	s, clock := newStore(t)
	c, secret := add(t, s, good())
	compared := 0
	s.checker.compare = func(hash, secret []byte) error {
		compared++
		return bcrypt.CompareHashAndPassword(hash, secret)
	}
	forged := forge(t, s, c.ID, strings.Repeat("A", randomLength))
	for range maxFailures {
		refused(t, s, c.ID, forged, fault.Unauthorized, "authentication failed")
	}
	refused(t, s, c.ID, forged, fault.Throttled, "Rate limit exceeded the maximum")
	if compared != maxFailures {
		t.Errorf("bcrypt ran %d times, want %d", compared, maxFailures)
	}
	refused(t, s, c.ID, secret, fault.Throttled, "Rate limit exceeded the maximum") // not known to be right yet
	clock.advance(limit.Window)
	login(t, s, c.ID, secret)
	for range maxFailures {
		refused(t, s, c.ID, forged, fault.Unauthorized, "authentication failed")
	}
	refused(t, s, c.ID, forged, fault.Throttled, "Rate limit exceeded the maximum")
	login(t, s, c.ID, secret) // known to be right
}

func TestFewComparisonsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := InMemory(time.Now)
		var v [5]verifier
		var secret [5]string
		for i := range v {
			var err error
			if secret[i], v[i], err = newSecret(ClientID(fmt.Sprint(i)), bcrypt.MinCost); err != nil {
				t.Fatal(err)
			}
		}
		var running, most, ran atomic.Int64
		gate := make(chan struct{})
		s.checker.compare = func(hash, secret []byte) error {
			most.Store(max(most.Load(), running.Add(1)))
			ran.Add(1)
			<-gate
			running.Add(-1)
			return bcrypt.CompareHashAndPassword(hash, secret)
		}
		var group sync.WaitGroup
		check := func(ctx context.Context, i int, want error) {
			group.Go(func() {
				if err := s.check(ctx, ClientID(fmt.Sprint(i)), v[i], secret[i]); !errors.Is(err, want) {
					t.Errorf("client %d: got %v, want %v", i, err, want)
				}
			})
		}
		ctx, cancel := context.WithCancel(t.Context())
		check(t.Context(), 0, nil)
		check(t.Context(), 1, nil)
		synctest.Wait()
		for range 10 { // of these the first compares, and the others find that it was right
			check(t.Context(), 2, nil)
		}
		check(t.Context(), 3, nil)
		check(ctx, 4, context.Canceled)
		synctest.Wait()
		if running.Load() != 2 {
			t.Errorf("%d run at once", running.Load())
		}
		cancel()
		synctest.Wait()
		close(gate)
		group.Wait()
		// Two of the ten may have started side by side.
		if most.Load() != 2 || ran.Load() < 4 || ran.Load() > 5 {
			t.Errorf("at most %d at once, %d in all", most.Load(), ran.Load())
		}
	})
}

func TestFixedClients(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "control.db"), &clock{}
	s, other := open(t, path, clock.now), open(t, path, clock.now)
	c, secret := add(t, other, Client{ID: "me", Name: "in the database", Organization: "default"})
	tok := login(t, s, c.ID, secret)
	accepted(t, s, tok)

	mine := Client{ID: "me", Organization: "mine", Permissions: []Permission{ViewOwnDetails}, UserID: "u", TokenLifetime: 5 * time.Minute}
	if err := s.Fix(mine, "hush"); err != nil {
		t.Fatal(err)
	}
	rejected(t, s, tok, "bad.credentials") // the one of the database has other rights
	accepted(t, other, tok)
	refused(t, s, "me", secret, fault.Unauthorized, "authentication failed")
	refused(t, other, "me", "hush", fault.Unauthorized, "authentication failed")
	fixed := login(t, s, "me", "hush")
	if got := accepted(t, s, fixed); got.Organization != "mine" || got.Name != "me" || got.UserID != "u" || !got.Created.Equal(begin) || !got.Rotated.Equal(begin) {
		t.Errorf("got %+v", got)
	}
	rejected(t, other, fixed, "bad.credentials")
	if list, err := s.List(t.Context(), ""); err != nil || len(list) != 1 || list[0].Name != "in the database" {
		t.Errorf("list: %+v, %v", list, err)
	}
	clock.advance(5*time.Minute - 1)
	accepted(t, s, fixed)
	clock.advance(1)
	rejected(t, s, fixed, "credentials.expired")
	fixed = login(t, s, "me", "hush")
	if err := s.Fix(mine, "hush2"); err != nil {
		t.Fatal(err)
	}
	rejected(t, s, fixed, "bad.credentials")
	refused(t, s, "me", "hush", fault.Unauthorized, "authentication failed")
	for range maxFailures {
		_, _ = s.Login(t.Context(), "me", "guess")
	}
	refused(t, s, "me", "guess", fault.Throttled, "Rate limit exceeded the maximum")
	login(t, s, "me", "hush2")
}

// Processes with one key take each other's tokens of a client that both were given, with the same secret. Nothing else passes for one.
func TestFixedClientsOfSeveralProcesses(t *testing.T) {
	clock := &clock{}
	given := func(key, secret string, ids ...ClientID) *Store {
		s := InMemory(clock.now)
		s.Seal([]byte(key))
		for _, id := range ids {
			if err := s.Fix(Client{ID: id, Organization: "o"}, secret); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	one, two := given("key", "hush", "me"), given("key", "hush", "you", "me")
	tok := login(t, one, "me", "hush")
	if got := accepted(t, two, tok); got.ID != "me" {
		t.Errorf("got %+v", got)
	}
	if again := login(t, one, "me", "hush"); again == tok {
		t.Error("two tokens are one")
	}
	for name, s := range map[string]*Store{
		"another key": given("key2", "hush", "me"), "another secret": given("key", "hush2", "me"), "another client": given("key", "hush", "you"), "a key of its own": InMemory(clock.now),
	} {
		t.Run(name, func(t *testing.T) { rejected(t, s, tok, "bad.credentials") })
	}
	raw, err := base64.RawURLEncoding.DecodeString(tok)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		rejected(t, two, base64.RawURLEncoding.EncodeToString(forged), "bad.credentials")
	}
	rejected(t, two, tok[1:], "bad.credentials")
	rejected(t, two, tok+"A", "bad.credentials")
	clock.advance(24 * time.Hour)
	rejected(t, two, tok, "credentials.expired")
}

func TestFixedClientsAreValidated(t *testing.T) {
	s := InMemory(time.Now)
	for name, c := range map[string]struct {
		id                   ClientID
		secret, organization string
	}{
		"no id": {"", "x", "o"}, "a colon": {"a:b", "x", "o"}, "no secret": {"a", "", "o"}, "no organization": {"a", "x", ""},
	} {
		if err := s.Fix(Client{ID: c.id, Organization: c.organization}, c.secret); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := InMemory(time.Now)
		if err := s.Fix(Client{ID: "a", Organization: "o"}, "hush"); err != nil {
			t.Fatal(err)
		}
		tok := login(t, s, "a", "hush")
		refused(t, s, "b", "hush", fault.Unauthorized, "client not found")
		rejected(t, s, "x", "bad.credentials")
		time.Sleep(24 * time.Hour)
		rejected(t, s, tok, "credentials.expired")
		time.Sleep(time.Hour)
		login(t, s, "a", "hush")
		rejected(t, s, tok, "bad.credentials")
		_, _, err := s.Add(t.Context(), good())
		_, rotate := s.Rotate(t.Context(), "a")
		list, listed := s.List(t.Context(), "")
		if !errors.Is(err, fault.Invalid) || !errors.Is(rotate, fault.NotFound) || !errors.Is(s.Remove(t.Context(), "a"), fault.NotFound) || len(list) > 0 || listed != nil {
			t.Errorf("got %v, %v, %v, %v", err, rotate, list, listed)
		}
	})
}

// TestNoSecretIsOnDisk reads the bytes of the database while it is open, its log included.
func TestNoSecretIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "control.db"), time.Now)
	c, secret := add(t, s, good())
	hidden := []string{secret, secret[:randomLength], secret[randomLength:], login(t, s, c.ID, secret)}
	rotated, err := s.Rotate(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	tok := login(t, s, c.ID, rotated)
	if err := s.Fix(Client{ID: "fixed", Organization: "o"}, "a-secret-of-ones-own"); err != nil {
		t.Fatal(err)
	}
	own := sha256.Sum256([]byte("a-secret-of-ones-own"))
	hidden = append(hidden, rotated, rotated[:randomLength], tok, login(t, s, "fixed", "a-secret-of-ones-own"), "a-secret-of-ones-own", string(own[:]))
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	var all []byte
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	hash := sha256.Sum256([]byte(tok))
	if !bytes.Contains(all, hash[:]) || !bytes.Contains(all, []byte(c.ID)) {
		t.Error("the test looks in the wrong place: the hash of the token, or the client, is not there")
	}
	for i, text := range hidden {
		sum := sha256.Sum256([]byte(text))
		for _, form := range []string{text, hex.EncodeToString([]byte(text)), strings.ToLower(text)} {
			if bytes.Contains(all, []byte(form)) {
				t.Errorf("hidden text %d is in the database", i)
			}
		}
		if i < 3 && bytes.Contains(all, sum[:]) {
			t.Errorf("a fast hash of hidden text %d is in the database", i)
		}
	}
}

func TestSecrets(t *testing.T) {
	s, _ := newStore(t)
	if InMemory(time.Now).cost != 10 {
		t.Error("bcrypt's cost is not 10")
	}
	seen := map[string]bool{}
	for range 20 {
		secret, v, err := newSecret("c", s.cost)
		if err != nil || len(secret) != 39 || seen[secret] || bcrypt.CompareHashAndPassword([]byte(v.hash), []byte(secret)) != nil {
			t.Fatalf("a secret of %d characters, %v", len(secret), err)
		}
		seen[secret] = true
		if len(v.key) != sha256.Size || seen[string(v.key)] {
			t.Error("the key of a seal is none, or that of another secret")
		}
		seen[string(v.key)] = true
		if !v.sealed("c", secret) || v.sealed("d", secret) || v.sealed("c", secret[1:]) {
			t.Error("the seal is not that of the secret and the client")
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	stores := []*Store{open(t, path, time.Now), open(t, path, time.Now)}
	c, secret := add(t, stores[0], good())
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			s := stores[i%2]
			tok, err := s.Login(t.Context(), c.ID, secret)
			if err != nil {
				t.Error(err)
				return
			}
			for _, s := range stores {
				if got, err := s.Authenticate(t.Context(), tok.Text); err != nil || got.ID != c.ID {
					t.Errorf("got %v, %v", got, err)
				}
			}
			_, err = s.Login(t.Context(), c.ID, "wrong")
			if !errors.Is(err, fault.Unauthorized) {
				t.Errorf("got %v", err)
			}
		})
	}
	group.Wait()
}

func TestADatabaseThatIsGone(t *testing.T) {
	s, _ := newStore(t)
	c, secret := add(t, s, good())
	tok := login(t, s, c.ID, secret)
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Authenticate(t.Context(), tok)
	if err == nil || errors.Is(err, fault.Unauthorized) || errors.Is(err, state.ErrNoRow) {
		t.Errorf("authenticate: %v", err) // a client must not take it for the end of its token
	}
	if _, err = s.Login(t.Context(), c.ID, secret); err == nil || errors.Is(err, fault.Unauthorized) {
		t.Errorf("login: %v", err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	db, err := state.Open(b.Context(), filepath.Join(b.TempDir(), "control.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s, err := Open(b.Context(), db, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	c, secret, err := s.Add(b.Context(), good())
	if err != nil {
		b.Fatal(err)
	}
	tok, err := s.Login(b.Context(), c.ID, secret)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("authenticate", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Authenticate(b.Context(), tok.Text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("login", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Login(b.Context(), c.ID, secret); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("guess", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Login(b.Context(), c.ID, "guess"); err == nil {
				b.Fatal("it was right")
			}
		}
	})
}
