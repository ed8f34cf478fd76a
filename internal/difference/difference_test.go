package difference

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/test/unraced"
)

func TestOf(t *testing.T) {
	conversation := func(segments string) string {
		return `{"participants":[{"participantId":"p1","sessions":[{"sessionId":"s1","segments":[` + segments + `]}]}]}`
	}
	const (
		alert    = `{"segmentStart":"2026-11-01T10:00:00.000Z","segmentType":"alert"}`
		interact = `{"segmentStart":"2026-11-01T10:00:05.000Z","segmentType":"interact"}`
		ended    = `{"segmentEnd":"2026-11-01T10:01:00.000Z","segmentStart":"2026-11-01T10:00:05.000Z","segmentType":"interact"}`
		wrapup   = `{"segmentStart":"2026-11-01T10:00:03.000Z","segmentType":"wrapup"}`
		segments = "/participants/[participantId=p1]/sessions/[sessionId=s1]/segments"
	)
	for _, c := range []struct{ name, before, after, want string }{
		{"nothing", conversation(alert), conversation(alert), ""},
		{
			"an inserted segment is one difference", conversation(alert + "," + interact), conversation(alert + "," + wrapup + "," + interact),
			segments + "/[segmentStart=2026-11-01T10:00:03.000Z,segmentType=wrapup]:  > " + wrapup,
		},
		{"one in another place is none", conversation(alert + "," + interact), conversation(interact + "," + alert), ""},
		{
			"one that went, one that ended", conversation(alert + "," + interact), conversation(ended),
			segments + "/[segmentStart=2026-11-01T10:00:00.000Z,segmentType=alert]: " + alert + " > \n" +
				segments + `/[segmentStart=2026-11-01T10:00:05.000Z,segmentType=interact]/segmentEnd:  > "2026-11-01T10:01:00.000Z"`,
		},
		{
			"a time that is written otherwise", conversation(`{"segmentStart":"2026-11-01T10:00:00Z","segmentType":"alert"}`), conversation(alert),
			segments + `/[segmentStart=2026-11-01T10:00:00.000Z,segmentType=alert]/segmentStart: "2026-11-01T10:00:00Z" > "2026-11-01T10:00:00.000Z"`,
		},
		{
			"of several with one key the equal ones belong together",
			`{"metrics":[{"name":"n","value":1},{"name":"n","value":2},{"name":"n","value":3}]}`,
			`{"metrics":[{"name":"n","value":3},{"name":"n","value":4},{"name":"n","value":1}]}`,
			"/metrics/[name=n,#2]/value: 2 > 4",
		},
		{
			"objects without anything to find them by", `{"surveys":[{"a":1},{"a":2}]}`, `{"surveys":[{"a":2},{"a":1},{"a":3}]}`,
			`/surveys/[#3]:  > {"a":3}`,
		},
		{
			"attributes by name", `{"participants":[{"participantId":"p","attributes":{"a/b":"1","c":"2"}}]}`, `{"participants":[{"attributes":{"a/b":"3","d~":"2"},"participantId":"p"}]}`,
			"/participants/[participantId=p]/attributes/a~1b: \"1\" > \"3\"\n/participants/[participantId=p]/attributes/c: \"2\" > \n/participants/[participantId=p]/attributes/d~0:  > \"2\"",
		},
		{
			"what is found by its purpose, with signs in its name", `{"participants":[{"purpose":"agent","participantName":"a,b/c"}]}`, `{"participants":[{"purpose":"agent","participantName":"a,b/c","teamId":"t"}]}`,
			`/participants/[purpose=agent,participantName="a,b~1c"]/teamId:  > "t"`,
		},
		{"a set in another order", `{"divisionIds":["a","b"]}`, `{"divisionIds":["b","a"]}`, ""},
		{"a set with one more", `{"divisionIds":["a","b"]}`, `{"divisionIds":["b","a","a"]}`, `/divisionIds: ["a","b"] > ["b","a","a"]`},
		{"a sequence in another order", `{"sipResponseCodes":[180,200]}`, `{"sipResponseCodes":[200,180]}`, `/sipResponseCodes: [180,200] > [200,180]`},
		{"objects that nobody knows", `{"new":[{"id":1},{"id":2}]}`, `{"new":[{"id":2}]}`, `/new: [{"id":1},{"id":2}] > [{"id":2}]`},
		{"a list that holds something else", `{"segments":[{}]}`, `{"segments":[{},7]}`, `/segments: [{}] > [{},7]`},
		{"another type", `{"segments":[]}`, `{"segments":{}}`, `/segments: [] > {}`},
		{"null and nothing", `{"a":null}`, `{"b":null}`, "/a: null > \n/b:  > null"},
		{"a member twice", `{"a":1,"a":2}`, `{"a":2}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range Of([]byte(c.before), []byte(c.after)) {
				got = append(got, d.Path+": "+d.Before+" > "+d.After)
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), c.want)
			}
			holds(t, c.before, c.after)
		})
	}
}

// TestDifferencesLeadFromOneToTheOther edits records at random. The differences, made in the old one, give the new one.
func TestDifferencesLeadFromOneToTheOther(t *testing.T) {
	unraced.Test(t)
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("PARLEY_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	dice := rand.New(rand.NewPCG(seed, 0))
	found := 0
	for range 1000 {
		before := anyObject(dice, 0)
		after := edited(dice, before)
		found += len(Of([]byte(text(before)), []byte(text(after))))
		if !holds(t, text(before), text(after)) {
			t.Fatalf("PARLEY_SEED=%d", seed)
		}
	}
	if found < 1000 {
		t.Errorf("only %d differences were looked at", found)
	}
}

func FuzzOf(f *testing.F) {
	f.Add(`{"segments":[{"segmentStart":"1","segmentType":"a"},{}]}`, `{"segments":[{},{"segmentStart":"1","segmentType":"a","x":[1]}]}`)
	f.Add(`{"metrics":[{"name":"n","value":1},{"name":"n"}]}`, `{"metrics":[{"name":"n"}],"divisionIds":["a","a"]}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, text := range []string{before, after} {
			if v := jsontext.Value(text); !v.IsValid() || v.Kind() != '{' {
				t.Skip("no record")
			}
		}
		holds(t, compact(t, before), compact(t, after))
	})
}

func compact(t *testing.T, text string) string {
	t.Helper()
	v := jsontext.Value(text)
	if err := v.Compact(); err != nil {
		t.Skip("no record")
	}
	return string(v)
}

// TestWhatIsHostileCostsNoMoreThanItsSize: had each of these records taken the time of its square, the test would not end.
func TestWhatIsHostileCostsNoMoreThanItsSize(t *testing.T) {
	unraced.Test(t)
	const n = 100_000
	numbered := func(form string, from int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(form, from+i))
		}
		return strings.Join(out, ",")
	}
	long := strings.Repeat("k", 1<<20)
	for name, c := range map[string][2]string{
		"one key, other values":    {`{"metrics":[` + numbered(`{"name":"n","value":%d}`, 0) + `]}`, `{"metrics":[` + numbered(`{"name":"n","value":%d}`, n/2) + `]}`},
		"one text":                 {`{"metrics":[` + strings.Repeat(`{"name":"n"},`, n) + `{}]}`, `{"metrics":[` + strings.Repeat(`{"name":"n"},`, n-1) + `{}]}`},
		"attributes":               {`{"attributes":{` + numbered(`"a%d":"b"`, 0) + `}}`, `{"attributes":{` + numbered(`"a%d":"c"`, 0) + `}}`},
		"a long name with many":    {`{"` + long + `":{` + numbered(`"a%d":"b"`, 0) + `}}`, `{"` + long + `":{` + numbered(`"a%d":"c"`, 0) + `}}`},
		"a long key with many":     {`{"participants":[{"participantId":"` + long + `",` + numbered(`"a%d":"b"`, 0) + `}]}`, `{"participants":[{"participantId":"` + long + `",` + numbered(`"a%d":"c"`, 0) + `}]}`},
		"more than are told apart": {`{"metrics":[` + strings.Repeat(`{},`, most) + `{}]}`, `{"metrics":[` + strings.Repeat(`{},`, most+5) + `{}]}`},
		"nested":                   {strings.Repeat(`{"a":`, 9000) + `1` + strings.Repeat(`}`, 9000), strings.Repeat(`{"a":`, 9000) + `2` + strings.Repeat(`}`, 9000)},
	} {
		t.Run(name, func(t *testing.T) {
			size, all := len(c[0])+len(c[1]), 0
			for _, d := range Of([]byte(c[0]), []byte(c[1])) {
				all += len(d.Path) + len(d.Before) + len(d.After)
			}
			if all == 0 || all > 3*size+4<<20 {
				t.Errorf("the differences of %d bytes have %d", size, all)
			}
		})
	}
}

// holds says whether the differences, made in before, give after, up to the order of what has none.
func holds(t *testing.T, before, after string) bool {
	t.Helper()
	differences := Of([]byte(before), []byte(after))
	old := read(before)
	made := apply(old, "", differences)
	if got, want := canonical("", made), canonical("", read(after)); got != want {
		t.Errorf("%s\nto\n%s\ndiffers in\n%v\nwhich makes of it\n%s", before, after, differences, got)
		return false
	}
	if canonical("", old) == canonical("", read(after)) && len(differences) > 0 && !told(differences) {
		t.Errorf("%s and %s are the same, and differ in %v", before, after, differences)
		return false
	}
	return true
}

// told says whether what is told as one value may be the same written otherwise.
func told(differences []Difference) bool {
	return !slices.ContainsFunc(differences, func(d Difference) bool {
		return len(d.Before) == 0 || len(d.After) == 0 || read(d.Before) == nil
	})
}

// read reads JSON into maps, slices, and the text of everything else.
func read(text string) any {
	v := jsontext.Value(text)
	switch v.Kind() {
	case '{':
		out := map[string]any{}
		each(v, func(name string, v jsontext.Value) bool { out[name] = read(string(v)); return true })
		return out
	case '[':
		out := []any{}
		each(v, func(_ string, v jsontext.Value) bool { out = append(out, read(string(v))); return true })
		return out
	default:
		return text
	}
}

func text(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for name, m := range v {
			quoted, _ := jsontext.AppendQuote(nil, name)
			out = append(out, string(quoted)+":"+text(m))
		}
		slices.Sort(out)
		return "{" + strings.Join(out, ",") + "}"
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, text(e))
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	return v.(string)
}

// canonical is a value in one order where the order says nothing.
func canonical(name string, v any) string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for name, m := range v {
			out = append(out, strconv.Quote(name)+":"+canonical(name, m))
		}
		slices.Sort(out)
		return "{" + strings.Join(out, ",") + "}"
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, canonical("", e))
		}
		if _, known := identities[name]; known || sets[name] {
			slices.Sort(out)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	return v.(string)
}

// apply makes differences in a value that has the name of the last step. It goes by paths alone.
func apply(v any, name string, differences []Difference) any {
	below := map[string][]Difference{}
	for _, d := range differences {
		if d.Path == "" {
			return read(d.After)
		}
		first, rest, deeper := strings.Cut(d.Path[1:], "/")
		if deeper {
			rest = "/" + rest
		}
		below[first] = append(below[first], Difference{rest, d.Before, d.After})
	}
	gone := func(ds []Difference) bool { return len(ds) == 1 && ds[0].Path == "" && ds[0].After == "" }
	if members, ok := v.(map[string]any); ok {
		out := map[string]any{}
		for name, m := range members {
			ds := below[step(name)]
			delete(below, step(name))
			if !gone(ds) {
				out[name] = apply(m, name, ds)
			}
		}
		for first, ds := range below {
			out[strings.NewReplacer("~1", "/", "~0", "~").Replace(first)] = read(ds[0].After)
		}
		return out
	}
	elements, ok := v.([]any)
	if !ok || len(below) == 0 {
		return v
	}
	objects, _ := objectsOf(jsontext.Value(text(v)), identities[name])
	out := []any{}
	for i, o := range objects {
		ds := below[o.step()]
		delete(below, o.step())
		if !gone(ds) {
			out = append(out, apply(elements[i], "", ds))
		}
	}
	for _, ds := range below {
		out = append(out, read(ds[0].After))
	}
	return out
}

// anyObject makes an object such as records have, with few names and values, so that some are alike.
func anyObject(dice *rand.Rand, depth int) map[string]any {
	out := map[string]any{}
	for _, name := range []string{"participants", "segments", "metrics", "surveys", "divisionIds", "sipResponseCodes", "attributes", "new", "participantId", "segmentStart", "segmentType", "name", "a/b"} {
		if dice.IntN(3) > 0 || depth > 2 && strings.HasSuffix(name, "s") {
			continue
		}
		out[name] = member(dice, name, depth)
	}
	return out
}

func member(dice *rand.Rand, name string, depth int) any {
	plain := func() any { return []string{`"a"`, `"b"`, `"a,name=b"`, "1", "null"}[dice.IntN(5)] }
	list := func(one func() any) any {
		out := []any{}
		for range dice.IntN(4) {
			out = append(out, one())
		}
		return out
	}
	switch name {
	case "participants", "segments", "metrics", "surveys", "new":
		return list(func() any { return anyObject(dice, depth+1) })
	case "divisionIds", "sipResponseCodes":
		return list(plain)
	case "attributes":
		return anyObject(dice, depth+2)
	}
	return plain()
}

// edited is a value with something in it changed, added, removed or moved.
func edited(dice *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, m := range v {
			switch dice.IntN(6) {
			case 0:
			case 1:
				out[name] = member(dice, name, 2)
			default:
				out[name] = edited(dice, m)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			if dice.IntN(5) > 0 {
				out = append(out, edited(dice, e))
			}
			if dice.IntN(5) == 0 {
				out = append(out, e)
			}
		}
		if dice.IntN(2) == 0 {
			dice.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		}
		return out
	}
	return v
}

// BenchmarkOf compares a record of some 6 kB with one in which a segment was added and a metric changed.
func BenchmarkOf(b *testing.B) {
	var segments, metrics []string
	for i := range 20 {
		segments = append(segments, fmt.Sprintf(`{"conference":false,"segmentEnd":"2026-11-01T10:%02d:30.000Z","segmentStart":"2026-11-01T10:%02d:00.000Z","segmentType":"interact","queueId":"4723bef1-e652-47bf-bfb5-aaa11887d54d"}`, i, i))
		metrics = append(metrics, fmt.Sprintf(`{"emitDate":"2026-11-01T10:%02d:30.000Z","name":"tTalk","value":%d}`, i, i))
	}
	record := func() []byte {
		return []byte(`{"participants":[{"participantId":"p","sessions":[{"sessionId":"s","metrics":[` + strings.Join(metrics, ",") + `],"segments":[` + strings.Join(segments, ",") + `]}]}]}`)
	}
	before := record()
	segments = slices.Insert(segments, 3, `{"segmentStart":"2026-11-01T10:03:01.000Z","segmentType":"wrapup"}`)
	metrics[4] = strings.Replace(metrics[4], `:4}`, `:5}`, 1)
	after := record()
	b.SetBytes(int64(len(before) + len(after)))
	for b.Loop() {
		if n := len(Of(before, after)); n != 2 {
			b.Fatal(n)
		}
	}
}
