package edit

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestMergeLeavesTheRestAsItIsWritten(t *testing.T) {
	for _, c := range []struct{ object, patch, want string }{
		{`{"a":1.50,"b":"x","a\u0062":1e3}`, `{"b":"y"}`, `{"a":1.50,"b":"y","ab":1e3}`},
		{`{"a":{"x":1,"y":2}}`, `{"a":{"y":null,"z":[3]}}`, `{"a":{"x":1,"z":[3]}}`},
		{`{"a":7}`, `{"a":{"b":{"c":null,"d":1}}}`, `{"a":{"b":{"d":1}}}`},
		{`{}`, `{"gone":null}`, `{}`},
		{`{"a":[1,2]}`, `{"a":[3]}`, `{"a":[3]}`},
	} {
		got, err := Merge(jsontext.Value(c.object), jsontext.Value(c.patch))
		if err != nil || string(got) != c.want {
			t.Errorf("%s with %s: got %s, %v, want %s", c.object, c.patch, got, err, c.want)
		}
	}
}

func TestMergeTakesObjectsOnly(t *testing.T) {
	for _, bad := range [][2]string{{`[]`, `{}`}, {`{}`, `"x"`}, {`{"a":`, `{}`}, {`{}`, `{"a":{"b":}}`}} {
		if got, err := Merge(jsontext.Value(bad[0]), jsontext.Value(bad[1])); err == nil {
			t.Errorf("%s with %s: got %s", bad[0], bad[1], got)
		}
	}
}

func TestElementChangesTheOneThatIsMeant(t *testing.T) {
	const record = `{"id":"c","participants":[{"participantId":"p","n":1},{"n":2,"participantId":"q"},{"participantId":"q"}],"z":0}`
	add := func(v jsontext.Value) (jsontext.Value, error) {
		return Merge(v, jsontext.Value(`{"attributes":{"k":"v"}}`))
	}
	got, there, err := Element(jsontext.Value(record), "participants", "participantId", "q", add)
	want := `{"id":"c","participants":[{"participantId":"p","n":1},{"n":2,"participantId":"q","attributes":{"k":"v"}},{"participantId":"q"}],"z":0}`
	if err != nil || !there || string(got) != want {
		t.Errorf("got %s, %v, %v", got, there, err)
	}
	for _, array := range []string{"participants", "others"} {
		if got, there, err := Element(jsontext.Value(record), array, "participantId", "none", add); there || err != nil || string(got) != record {
			t.Errorf("got %s, %v, %v", got, there, err)
		}
	}
}

func TestEachElementIsChanged(t *testing.T) {
	mark := func(v jsontext.Value) (jsontext.Value, error) {
		if v.Kind() != '{' {
			return v, nil
		}
		return Merge(v, jsontext.Value(`{"k":1}`))
	}
	for object, want := range map[string]string{
		`{"a":1.50,"list":[{"x":1},7,{}],"b":[{}]}`: `{"a":1.50,"list":[{"x":1,"k":1},7,{"k":1}],"b":[{}]}`,
		`{"list":[]}`:      `{"list":[]}`,
		`{"list":{"a":1}}`: `{"list":{"a":1}}`,
		`{}`:               `{}`,
	} {
		if got, err := Each(jsontext.Value(object), "list", mark); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v", object, got, err)
		}
	}
	for _, bad := range []string{`[]`, `{"list":[{]}`, `{"list":[{"x":1}`} {
		if got, err := Each(jsontext.Value(bad), "list", mark); err == nil {
			t.Errorf("%s: got %s", bad, got)
		}
	}
}

func TestElementsThatAreNoObjectsAreLeft(t *testing.T) {
	grow := func(v jsontext.Value) (jsontext.Value, error) { return Merge(v, jsontext.Value(`{"k":1}`)) }
	for _, bad := range []string{`["participants"]`, `{"participants":{"participantId":"p"}}`, `{"participants":[["participantId","p"]]}`, `{"participants":[{"participantId":"p"}`} {
		if got, there, err := Element(jsontext.Value(bad), "participants", "participantId", "p", grow); there && err == nil {
			t.Errorf("%s: got %s", bad, got)
		}
	}
}

func TestPutReachesWhereThePointerSays(t *testing.T) {
	const record = `{"a":1.50,"list":[{"x/y":1},{}],"n":null}`
	for _, c := range []struct {
		at   jsontext.Pointer
		want string
	}{
		{"/new", `{"a":1.50,"list":[{"x/y":1},{}],"n":null,"new":7}`},
		{"/list/0/x~1y", `{"a":1.50,"list":[{"x/y":7},{}],"n":null}`},
		{"/list/1/z", `{"a":1.50,"list":[{"x/y":1},{"z":7}],"n":null}`},
		{"/list/2/z", record}, {"/list/x", record}, {"/a/b", record}, {"/none/b", record},
	} {
		if got, err := Put(jsontext.Value(record), c.at, jsontext.Value("7")); err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.at, got, err, c.want)
		}
	}
}
