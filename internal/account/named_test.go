package account_test

import (
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/account"
)

// No account asks for a name of which it was not said before that it may.
func TestNamesAreSaidBeforeTheyAreAskedFor(t *testing.T) {
	asked := map[account.Noun]int{}
	for _, c := range simulated(t, 5, 800) {
		said := account.Named(c)
		account.Of(c, account.Options{Names: func(of account.Noun, id string) string {
			if asked[of]++; !slices.Contains(said[of], id) {
				t.Errorf("%s: %s %s is asked for", c.ConversationID, of, id)
			}
			return ""
		}})
		for of, ids := range said {
			if slices.Sort(ids); len(slices.Compact(ids)) != len(said[of]) {
				t.Errorf("%s: a %s is said twice", c.ConversationID, of)
			}
		}
	}
	for _, of := range []account.Noun{account.User, account.Queue, account.WrapUpCode} {
		if asked[of] == 0 {
			t.Errorf("no %s is asked for", of)
		}
	}
}
