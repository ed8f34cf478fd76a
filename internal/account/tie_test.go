package account_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/account"
)

func TestWhoHasToDoWithWhom(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a queue hands on to who answers": {"customer interact 0-100/endpoint\nacd:Sales interact 1-9/transfer tAcd=8000@9 tAnswered=8000@9\nagent:al alert 7-9 interact 9-100/peer tAnswered=8000@9\nend 100",
			[]string{"Queue Sales hands on to Agent al at 9"}},
		"a flow hands on to a queue": {"customer interact 0-100/endpoint\nivr:Main ivr 0-5/transfer\nacd:Sales interact 5-90/peer\nend 100",
			[]string{"Flow Main hands on to Queue Sales at 5"}},
		"a flow after which nothing comes": {"customer interact 0-100/endpoint\nivr:Main ivr 0-5/transfer\nacd:Sales interact 50-90/peer\nend 100", nil},
		"an agent brings in a third party": {"customer interact 0-100/endpoint\nagent:al interact 1-100/peer\nexternal outbound interact 50-100/peer\nend 100",
			[]string{"Agent al brings in Third party 1 at 50"}},
		"an agent passes on": {"customer interact 0-100/endpoint\nagent:al interact 1-40/transfer nBlindTransferred=1@40\nagent:bo alert 40-45 interact 45-100/peer\nend 100",
			[]string{"Agent al hands on to Agent bo at 40"}},
	} {
		a := account.Of(read(c.text), account.Options{})
		var got []string
		for _, x := range a.Ties {
			got = append(got, fmt.Sprintf("%s %s %s at %d", a.Parties[x.From].Label, x.Kind, a.Parties[x.To].Label, x.At.Unix()-1_700_000_000))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Peers are told of once, and not where something else says more.
func TestPeers(t *testing.T) {
	c := read("customer interact 0-100/endpoint\nagent:al interact 1-100/peer\nagent:bo interact 50-100/peer\nend 100")
	for i, peer := range []int{1, 0, 0} {
		s := &c.Participants[i].Sessions[0]
		s.SessionID, s.PeerID = fmt.Sprint("s", i), fmt.Sprint("s", peer)
	}
	a := account.Of(c, account.Options{})
	var got []string
	for _, x := range a.Ties {
		got = append(got, fmt.Sprintf("%d %s %d", min(x.From, x.To), x.Kind, max(x.From, x.To)))
	}
	if want := []string{"0 talks to 1", "0 talks to 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
