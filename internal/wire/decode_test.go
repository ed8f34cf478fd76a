package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	v2 "github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
)

// Each value that does not fit is left out and counted by its path; everything else of the record is read.
func TestDecodeLeavesOutWhatDoesNotFit(t *testing.T) {
	const sessions = "participants[].sessions[]"
	for _, c := range []struct{ name, text, left, misfits string }{
		{"all fits", `{"externalTag":"x","divisionIds":["a"]}`, `{"externalTag":"x","divisionIds":["a"]}`, ""},
		{"a fraction for an integer", `{"evaluations":[{"oTotalScore":72.5,"formId":"f"}]}`, `{"evaluations":[{"formId":"f"}]}`, "evaluations[].oTotalScore:1"},
		{"whole in another form", `{"evaluations":[{"oTotalScore":72.0,"oTotalCriticalScore":7.2e1}]}`, `{"evaluations":[{"oTotalCriticalScore":72,"oTotalScore":72}]}`, ""},
		{"text for a number", `{"evaluations":[{"oTotalScore":"72"}]}`, `{"evaluations":[{}]}`, "evaluations[].oTotalScore:1"},
		{"number for a text", `{"externalTag":5,"originatingDirection":"inbound"}`, `{"originatingDirection":"inbound"}`, "externalTag:1"},
		{"truth for a text", `{"externalTag":true}`, `{}`, "externalTag:1"},
		{"text for a truth", `{"selfServed":"true"}`, `{}`, "selfServed:1"},
		{"false is a truth", `{"selfServed":false,"externalTag":1}`, `{"selfServed":false}`, "externalTag:1"},
		{"object for a text", `{"externalTag":{"a":1}}`, `{}`, "externalTag:1"},
		{"object for a list", `{"participants":{"sessions":[]},"externalTag":"x"}`, `{"externalTag":"x"}`, "participants:1"},
		{"list for an object", `{"participants":[{"sessions":[{"flow":[1]}]}]}`, `{"participants":[{"sessions":[{}]}]}`, sessions + ".flow:1"},
		{"text for a list of texts", `{"divisionIds":"a"}`, `{}`, "divisionIds:1"},
		{"elements", `{"divisionIds":["a",null,5,"b"]}`, `{"divisionIds":["a","b"]}`, "divisionIds[]:2"},
		{"null in the middle, all else fits", `{"divisionIds":["a", null,"b"]}`, `{"divisionIds":["a","b"]}`, "divisionIds[]:1"},
		{"null in a list of objects", `{"participants":[null,{"purpose":"agent"}, null]}`, `{"participants":[{"purpose":"agent"}]}`, "participants[]:2"},
		{"null in a list of numbers", `{"participants":[{"sessions":[{"segments":[{"sipResponseCodes":[null,200]}]}]}]}`,
			`{"participants":[{"sessions":[{"segments":[{"sipResponseCodes":[200]}]}]}]}`, sessions + ".segments[].sipResponseCodes[]:1"},
		{"null for a member", `{"participants":null,"externalTag":null,"selfServed":null}`, `{}`, ""},
		{"number beyond 64 bits", `{"evaluations":[{"oTotalScore":9223372036854775808,"oTotalCriticalScore":-9223372036854775808}]}`,
			`{"evaluations":[{"oTotalCriticalScore":-9223372036854775808}]}`, "evaluations[].oTotalScore:1"},
		{"number beyond everything", `{"mediaStatsMinConversationMos":1e400,"evaluations":[{"oTotalScore":1e400}]}`, `{"evaluations":[{}]}`,
			"evaluations[].oTotalScore:1 mediaStatsMinConversationMos:1"},
		{"huge number in an unknown member", `{"unheardOf":1e400,"externalTag":"x"}`, `{"externalTag":"x"}`, ""},
		{"a time that is none", `{"conferenceStart":"soon","inactivityTimeout":"2026-11-01T00:00:00Z"}`, `{"inactivityTimeout":"2026-11-01T00:00:00Z"}`, "conferenceStart:1"},
		{"an empty time", `{"conferenceStart":""}`, `{}`, ""},
		{"attributes", `{"participants":[{"attributes":{"Ann's":5,"kept":"x","none":null}}]}`, `{"participants":[{"attributes":{"kept":"x","none":""}}]}`, "participants[].attributes.*:1"},
		{"metric without its value", `{"participants":[{"sessions":[{"metrics":[{"name":"tTalk","value":1.5},{"name":"tAcw","value":3}]}]}]}`,
			`{"participants":[{"sessions":[{"metrics":[{"name":"tAcw","value":3}]}]}]}`, sessions + ".metrics[].value:1"},
		{"metric without its name", `{"participants":[{"sessions":[{"metrics":[{"value":1},{"name":"","value":1},{"name":7,"value":1},{"name":"tAcw"}]}]}]}`,
			`{"participants":[{"sessions":[{"metrics":[{"name":"tAcw","value":0}]}]}]}`, sessions + ".metrics[].name:3"},
		{"metric with a value twice, the later one fits", `{"participants":[{"sessions":[{"metrics":[{"name":"tAcw","value":"x","value":3}]}]}]}`,
			`{"participants":[{"sessions":[{"metrics":[{"name":"tAcw","value":3}]}]}]}`, sessions + ".metrics[].value:1"},
		{"metric with a value twice, the earlier one fits", `{"participants":[{"sessions":[{"metrics":[{"name":"tAcw","value":3,"value":"x"}]}]}]}`,
			`{"participants":[{"sessions":[{}]}]}`, sessions + ".metrics[].value:1"},
		{"many at one path", `{"participants":[{"userId":1},{"userId":2},{"userId":"u","purpose":3}]}`, `{"participants":[{},{},{"userId":"u"}]}`,
			"participants[].purpose:1 participants[].userId:2"},
		{"twice, the later one does not fit", `{"externalTag":"x","externalTag":5}`, `{}`, "externalTag:1"},
		{"twice, the earlier one does not fit", `{"externalTag":5,"externalTag":"x"}`, `{"externalTag":"x"}`, "externalTag:1"},
		{"twice, null last", `{"selfServed":true,"selfServed":null,"divisionIds":["a"],"divisionIds":null,"externalTag":1}`, `{}`, "externalTag:1"},
		{"a list twice", `{"divisionIds":["a"],"divisionIds":["b"],"externalTag":1}`, `{"divisionIds":["b"]}`, "externalTag:1"},
		{"an object twice", `{"participants":[{"sessions":[{"flow":{"flowId":"a"},"flow":{"flowName":"b"}}]}],"externalTag":1}`,
			`{"participants":[{"sessions":[{"flow":{"flowId":"a","flowName":"b"}}]}]}`, "externalTag:1"},
		{"a value in attributes twice", `{"participants":[{"attributes":{"k":"v","k":1}}]}`, `{"participants":[{}]}`, "participants[].attributes.*:1"},
		{"no object", `[1]`, `{}`, "the whole record:1"},
		{"no JSON", `{"externalTag":"x","participants":[`, `{}`, "the whole record:1"},
	} {
		got, misfits := Decode([]byte(c.text))
		if left := encoded(t, got); left != canonical(t, []byte(c.left)) {
			t.Errorf("%s: left %s\n want %s", c.name, left, c.left)
		}
		var counts []string
		for _, path := range slices.Sorted(maps.Keys(misfits)) {
			counts = append(counts, fmt.Sprintf("%s:%d", path, misfits[path]))
		}
		if got := strings.Join(counts, " "); got != c.misfits {
			t.Errorf("%s: misfits %q, want %q", c.name, got, c.misfits)
		}
		if (misfits == nil) != (c.misfits == "") {
			t.Errorf("%s: misfits %#v", c.name, misfits)
		}
	}
}

func encoded(t *testing.T, c *conversation.Conversation) string {
	t.Helper()
	raw, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return canonical(t, raw)
}

// Every member of the schema that is no time is left out when it is what nothing in the schema is, and every time when it
// is no time, under its own path and no other.
func TestDecodeNamesEveryMember(t *testing.T) {
	n := 0
	eachPath(reflect.TypeFor[conversation.Conversation](), "", func(path string, leaf reflect.Type) {
		n++
		junk := `[[]]`
		want := path
		if leaf.Kind() == reflect.Slice {
			junk = `[{"x":[[]]}]`
			want += "[]"
		}
		if leaf.Kind() == reflect.Map {
			junk = `{"x":[[]]}`
			want += ".*"
		}
		checkPath(t, path, junk, want)
		if leaf.Kind() == reflect.String && isTime(path) {
			checkPath(t, path, `"no time"`, path)
		}
	})
	if n < 200 {
		t.Errorf("%d members of the schema were tried", n)
	}
}

// isTime says whether the schema gives a member the form of a time.
func isTime(path string) bool {
	for _, end := range []string{"Start", "End", "Time", "Date", "Timestamp", "Timeout"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

func checkPath(t *testing.T, path, junk, want string) {
	t.Helper()
	raw := junk
	steps := strings.Split(path, ".")
	for i, step := range slices.Backward(steps) {
		name, list := strings.CutSuffix(step, "[]")
		if list && i < len(steps)-1 {
			raw = "[" + raw + "]"
		}
		raw = fmt.Sprintf("{%q:%s}", name, raw)
	}
	raw = strings.Replace(raw, `"metrics":[{`, `"metrics":[{"name":"n","value":1,`, 1)
	_, misfits := Decode([]byte(raw))
	if len(misfits) != 1 || misfits[want] != 1 {
		t.Errorf("%s: misfits %v, want one at %s", raw, misfits, want)
	}
}

// eachPath calls with the path of every member of the schema that holds no members itself.
func eachPath(typ reflect.Type, path string, do func(path string, leaf reflect.Type)) {
	switch {
	case typ.Kind() == reflect.Pointer:
		eachPath(typ.Elem(), path, do)
	case typ.Kind() == reflect.Struct:
		if path != "" {
			path += "."
		}
		for field := range typ.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			eachPath(field.Type, path+name, do)
		}
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct:
		eachPath(typ.Elem(), path+"[]", do)
	default:
		do(path, typ)
	}
}

func TestWholeNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "0e999999999999": "0", "72": "72", "72.0": "72", "72.000e0": "72", "7.2e1": "72", "7.2E+1": "72", "720e-1": "72", "0.072e3": "72", "-7200.00e-2": "-72",
		"9223372036854775807": "9223372036854775807", "9223372036854775807.0": "9223372036854775807", "-9223372036854775808.0": "-9223372036854775808",
		"922337203685477580.7e1": "9223372036854775807", "1e18": "1000000000000000000", "1000000000000000000000e-3": "1000000000000000000",
		"9223372036854775808": "no", "9223372036854775808.0": "no", "-9223372036854775809.0": "no", "1e19": "no", "1e400": "no", "1e999999999999999999999": "no", "1e-999999999999": "no",
		"72.5": "no", "7.25e1": "no", "0.1": "no", "1e-1": "no", "0.99999999999999999999999": "no", "9007199254740993.5": "no",
	} {
		n, ok := wholeNumber(text)
		if got := strconv.FormatInt(n, 10); ok && got != want || !ok && want != "no" {
			t.Errorf("%s: got %s, %v; want %s", text, got, ok, want)
		}
	}
}

func TestMisfitsAdd(t *testing.T) {
	var all Misfits
	all = all.Add(nil)
	if all != nil {
		t.Errorf("nothing and nothing is %#v", all)
	}
	one := Misfits{"a": 1, "b": 2}
	all = all.Add(one).Add(Misfits{"b": 1, "c": 3, "d": 9})
	if want := (Misfits{"a": 1, "b": 3, "c": 3, "d": 9}); !maps.Equal(all, want) || one["b"] != 2 {
		t.Errorf("got %v, want %v", all, want)
	}
	if got := strings.Join(all.Paths(), " "); got != "d b c a" {
		t.Errorf("paths %s", got)
	}
}

// Of what the strict decoder takes the tolerant one makes the same, whatever comes twice or is null; and what either
// takes never fails the other.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"externalTag":"x","externalTag":null,"divisionIds":["a"],"divisionIds":[]}`,
		`{"participants":[{"attributes":{"a":"\ud800","b":null}},{"sessions":[{"flow":{"flowId":"a"},"flow":{"outcomes":[{}]}}]}]}`,
		`{"evaluations":[{"oTotalScore":1e1,"deleted":true}],"mediaStatsMinConversationMos":4.25}`,
		`{"participants":[{"sessions":[{"metrics":[{"name":"n","value":9223372036854775807}]}]}]}`,
		`{"conversationId":"c","unknown":[{"a":-1.5e+3,"b":[true,false,null,"\\\"\u00e9"]}],"selfServed":false,"participants":[{"participantName":"a\\b\/\u00e9","attributes":{"k\n":"v\t"},` +
			`"sessions":[{"mediaCount":-7,"eligibleAgentCounts":[1,2],"bcc":["x","y"],"flow":{"outcomes":[{"flowOutcome":"o"}]},"mediaEndpointStats":[{"minMos":4.5}],"segments":[{"conference":true}]}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var strict conversation.Conversation
		err := v2.Unmarshal(raw, &strict, lenient)
		slow, misfits := decodeTolerantly(raw)
		if err == nil && !nullInList(raw) {
			if misfits != nil || !reflect.DeepEqual(normal(&strict), normal(slow)) {
				t.Errorf("%s: %v: the strict way gives %+v, the tolerant one %+v", raw, misfits, strict, slow)
			}
		}
		if quick, ok := decodeQuickly(raw, nil); ok && (misfits != nil || !reflect.DeepEqual(normal(slow), normal(quick))) {
			t.Errorf("%s: %v: the tolerant way gives %+v, the quick one %+v", raw, misfits, slow, quick)
		}
		c, misfits := Decode(raw)
		if !json.Valid(raw) {
			return
		}
		for path, n := range misfits {
			if n < 1 || strings.ContainsAny(path, "\"\\\n") {
				t.Errorf("%s: misfits %v", raw, misfits)
			}
		}
		// What is left fits.
		text, err := Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, misfits := Decode(text); misfits != nil || encoded(t, again) != canonical(t, text) {
			t.Errorf("%s: what is left of it does not fit: %v", raw, misfits)
		}
	})
}

// normal is a conversation whose empty lists and maps are nil: nobody tells them apart.
func normal(c *conversation.Conversation) *conversation.Conversation {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for _, field := range v.Fields() {
				walk(field)
			}
		case reflect.Slice, reflect.Map:
			if v.Len() == 0 {
				v.SetZero()
			}
			for i := 0; v.Kind() == reflect.Slice && i < v.Len(); i++ {
				walk(v.Index(i))
			}
		default:
		}
	}
	walk(reflect.ValueOf(c).Elem())
	return c
}

func TestMisfitsNameAtMostFivePlaces(t *testing.T) {
	m := Misfits{"a": 1, "b": 9, "c": 3, "d": 3, "e": 2}
	if got := m.String(); got != "b (9), c (3), d (3), e (2), a (1)" {
		t.Errorf("got %s", got)
	}
	m["f"], m["g"] = 1, 1
	if got := m.String(); got != "b (9), c (3), d (3), e (2), a (1), and 2 more places" {
		t.Errorf("got %s", got)
	}
}

// A value that does not fit leaves nothing of one that came before, wherever a number may stand.
func TestANumberTwiceOfWhichTheLaterDoesNotFit(t *testing.T) {
	type numbers struct {
		Plain   int64    `json:"plain,omitempty"`
		Pointed *int64   `json:"pointed,omitempty"`
		Float   float64  `json:"float,omitempty"`
		Listed  []int64  `json:"listed,omitempty"`
		Kept    *float64 `json:"kept,omitempty"`
	}
	var got numbers
	d := tolerant{dec: held([]byte(`{"plain":5,"pointed":5,"float":5,"listed":[5],"kept":1e400,"plain":1.5,"pointed":1.5,"float":1e400,"listed":[1.5],"kept":5}`)), found: make(Misfits)}
	if fits, err := d.value(reflect.ValueOf(&got).Elem(), ""); err != nil || !fits || got.Kept == nil || *got.Kept != 5 {
		t.Fatalf("got %+v, %v, %v", got, fits, err)
	}
	got.Kept = nil
	if want := (Misfits{"plain": 1, "pointed": 1, "float": 1, "listed[]": 1, "kept": 1}); !reflect.DeepEqual(got, numbers{}) || !maps.Equal(d.found, want) {
		t.Errorf("left %+v, found %v, want %v", got, d.found, want)
	}
}

// A member that is always there fits whatever its type, null and empty ones included; one that does not makes its object
// unfit.
func TestMembersThatAreAlwaysThere(t *testing.T) {
	type always struct {
		Map     map[string]string `json:"map"`
		List    []string          `json:"list"`
		Pointer *int64            `json:"pointer"`
		Object  struct{}          `json:"object"`
	}
	for text, want := range map[string]bool{
		`{"map":{"a":"b"},"list":["a"],"pointer":5,"object":{}}`: true, `{"map":{},"list":[],"pointer":null,"object":null}`: true, `{}`: true,
		`{"map":5}`: false, `{"list":5}`: false, `{"pointer":"5"}`: false, `{"object":[]}`: false, `{"map":5,"map":{}}`: true,
	} {
		d := tolerant{dec: held([]byte(text)), found: make(Misfits)}
		if fits, err := d.value(reflect.ValueOf(new(always)).Elem(), ""); err != nil || fits != want {
			t.Errorf("%s: fits %v, %v", text, fits, err)
		}
	}
}
