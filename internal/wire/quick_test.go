package wire_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	v2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// Records as the platform writes them are decoded the quick way, and to the same as the usual one decodes them to. So is
// whatever the quick way takes of records in which some byte is another.
func TestTheQuickWayAndTheUsualOne(t *testing.T) {
	unraced.Test(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	alike := func(raw []byte) bool {
		quick, ok := wire.DecodeQuickly(raw, nil)
		if !ok {
			return false
		}
		var usual conversation.Conversation
		err := v2.Unmarshal(raw, &usual, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if err != nil || !reflect.DeepEqual(quick, &usual) {
			t.Errorf("%s: %v: the usual way gives %+v, the quick one %+v", raw, err, usual, quick)
		}
		return true
	}
	const others = "\"\\{}[]:,0-.enat \x00\xc3"
	taken, tried := 0, 0
	for i, raw := range simulated(t) {
		if !alike(raw) {
			t.Errorf("not taken: %s", raw)
		}
		if i%10 > 0 {
			continue
		}
		for range 100 {
			changed := append([]byte(nil), raw...)
			changed[rnd.IntN(len(raw))] = others[rnd.IntN(len(others))]
			tried++
			if alike(changed) {
				taken++
			}
		}
	}
	if taken == 0 || taken == tried {
		t.Errorf("%d of %d changed records are taken", taken, tried)
	}
}
