package form

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

// fields are all inputs of a form.
func (f Form) fields() (out []Field) {
	out = []Field{f.From, f.To, f.Order, f.OrderBy, f.Size, f.Page}
	for _, l := range f.Lists {
		for _, c := range append(l.Cards, l.Blank) {
			out = append(out, c.fields()...)
		}
	}
	return out
}

func (c Card) fields() (out []Field) {
	if c.Refused != "" {
		return nil
	}
	out = []Field{c.Type}
	for _, p := range append(c.Predicates, c.Blanks...) {
		for _, f := range append([]Field{p.Name, p.Is, p.Value, p.Type}, p.Bounds...) {
			if f.Name != "" {
				out = append(out, f)
			}
		}
	}
	for _, clause := range c.Clauses {
		out = append(out, clause.fields()...)
	}
	if c.Blank != nil {
		out = append(out, c.Blank.fields()...)
	}
	return out
}

// sent is a form as a browser sends it when nobody has changed anything but what is given.
func sent(f Form, changes map[string]string) func(string) (string, bool) {
	all := map[string]string{}
	for _, field := range f.fields() {
		all[field.Name] = field.Value
	}
	maps.Copy(all, changes)
	return func(name string) (string, bool) {
		value, ok := all[name]
		return value, ok
	}
}

func apply(t *testing.T, body string, changes map[string]string) string {
	t.Helper()
	f := Of([]byte(body), nil)
	if f.Refused != "" {
		t.Fatalf("%s has no form: %s", body, f.Refused)
	}
	known := map[string]bool{}
	for _, field := range f.fields() {
		known[field.Name] = true
	}
	for name := range changes {
		if !known[name] {
			t.Fatalf("%s has no field %s", body, name)
		}
	}
	out, err := Apply([]byte(body), sent(f, changes))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// same says whether two texts are the same JSON, with members in the same order.
func same(t testing.TB, a, b string) bool {
	t.Helper()
	var x, y bytes.Buffer
	if json.Compact(&x, []byte(a)) != nil || json.Compact(&y, []byte(b)) != nil {
		return false
	}
	return x.String() == y.String()
}

func TestWhatIsWrittenInTheFormIsInTheBody(t *testing.T) {
	const body = `{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","odd":{"n":1.10,"a":"\u0041"},"segmentFilters":[
		{"type":"AND","x":1,"predicates":[{"dimension":"mediaType","value":"voice"},{"type":"metric","metric":"tSegmentDuration","range":{"gt":5,"lte":9e1}}],"clauses":[
			{"type":"or","predicates":[{"dimension":"purpose","value":"acd"},{"dimension":"purpose","operator":"EXISTS","value":null}]}]}],"aggregations":[{"dimension":"queueId"}]}`
	for name, c := range map[string]struct {
		changes map[string]string
		old     string
		now     string
	}{
		"nothing":             {nil, "", ""},
		"a day":               {map[string]string{"interval.from": "2026-10-30"}, `"2026-11-01T`, `"2026-10-30T`},
		"an instant":          {map[string]string{"interval.to": "2026-11-01T08:00Z"}, `/2026-11-02T00:00:00.000Z`, `/2026-11-01T08:00Z`},
		"a value":             {map[string]string{"segmentFilters[0].predicates[0].value": "chat"}, `"voice"`, `"chat"`},
		"a name":              {map[string]string{"segmentFilters[0].predicates[0].name": "direction"}, `"mediaType"`, `"direction"`},
		"a metric by a name":  {map[string]string{"segmentFilters[0].predicates[0].name": "tSegmentDuration"}, `"dimension":"mediaType"`, `"metric":"tSegmentDuration"`},
		"a dimension":         {map[string]string{"segmentFilters[0].predicates[1].name": "segmentEnd"}, `"type":"metric","metric":"tSegmentDuration"`, `"type":"dimension","dimension":"segmentEnd"`},
		"a property":          {map[string]string{"segmentFilters[0].predicates[0].name": "property:colour"}, `"dimension":"mediaType"`, `"property":"colour"`},
		"a bound":             {map[string]string{"segmentFilters[0].predicates[1].range.lte": "120"}, `9e1`, `120`},
		"a bound that is new": {map[string]string{"segmentFilters[0].predicates[1].range.gte": "x"}, `"lte":9e1`, `"lte":9e1,"gte":"x"`},
		"an operator":         {map[string]string{"segmentFilters[0].predicates[0].operator": HasNot}, `"value":"voice"`, `"operator":"notExists"`},
		"an operator again":   {map[string]string{"segmentFilters[0].clauses[0].predicates[1].operator": Is}, `"operator":"EXISTS","value":null`, `"operator":"matches","value":""`},
		"a range of a value":  {map[string]string{"segmentFilters[0].predicates[0].operator": Lies, "segmentFilters[0].predicates[0].value": "7"}, `"value":"voice"`, `"range":{"gte":7}`},
		"or":                  {map[string]string{"segmentFilters[0].type": "or"}, `"AND"`, `"or"`},
		"a row":               {map[string]string{"segmentFilters[0].predicates[2].name": "queueId", "segmentFilters[0].predicates[2].value": "q"}, `9e1}}]`, `9e1}},{"dimension":"queueId","value":"q"}]`},
		"a row in a clause":   {map[string]string{"segmentFilters[0].clauses[0].predicates[2].name": "queueId"}, `"value":null}]`, `"value":null},{"dimension":"queueId"}]`},
		"a clause": {
			map[string]string{"segmentFilters[0].clauses[1].predicates[0].name": "queueId", "segmentFilters[0].clauses[1].predicates[1].value": "q"},
			`"value":null}]}]`, `"value":null}]},{"type":"or","predicates":[{"dimension":"queueId"},{"value":"q"}]}]`,
		},
		"another segment": {map[string]string{"segmentFilters[1].predicates[0].name": "ani", "segmentFilters[1].predicates[0].value": "1"}, `"value":null}]}]}]`, `"value":null}]}]},{"type":"and","predicates":[{"dimension":"ani","value":"1"}]}]`},
		"another list":    {map[string]string{"surveyFilters[0].predicates[0].name": "surveyStatus", "surveyFilters[0].type": "or"}, `"dimension":"queueId"}]`, `"dimension":"queueId"}],"surveyFilters":[{"type":"or","predicates":[{"dimension":"surveyStatus"}]}]`},
		"a page":          {map[string]string{"paging.pageSize": "50"}, `"dimension":"queueId"}]`, `"dimension":"queueId"}],"paging":{"pageSize":50}`},
		"an order":        {map[string]string{"order": "desc"}, `"dimension":"queueId"}]`, `"dimension":"queueId"}],"order":"desc"`},
	} {
		if c.old != "" && strings.Count(strings.NewReplacer("\n", "", "\t", "").Replace(body), c.old) != 1 {
			t.Fatalf("%s: %s is not once in the body", name, c.old)
		}
		want := strings.Replace(strings.NewReplacer("\n", "", "\t", "").Replace(body), c.old, c.now, 1)
		if got := apply(t, body, c.changes); !same(t, got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

// A browser sends UTF-8; of what is none the body has what it can have.
func TestWhatIsNoText(t *testing.T) {
	got := apply(t, `{"segmentFilters":[{"predicates":[{"dimension":"purpose","value":"a"}]}]}`, map[string]string{"segmentFilters[0].predicates[0].value": "b\xff"})
	if !strings.Contains(got, "\"b\uFFFD\"") {
		t.Error(got)
	}
}

// Where a filter of one part had no type, another part makes one.
func TestATypeThatIsNeeded(t *testing.T) {
	got := apply(t, `{"segmentFilters":[{"predicates":[{"dimension":"purpose","value":"acd"}]}]}`, map[string]string{"segmentFilters[0].predicates[1].name": "queueId"})
	if want := `{"segmentFilters":[{"predicates":[{"dimension":"purpose","value":"acd"},{"dimension":"queueId"}],"type":"and"}]}`; !same(t, got, want) {
		t.Error(got)
	}
	if f := Of([]byte(`{"segmentFilters":[{"predicates":[{},{}]}]}`), nil); f.Lists[1].Cards[0].Type.Value != "" {
		t.Error("a type that is missing is shown as one that is there")
	}
}

func TestTakingAway(t *testing.T) {
	const body = `{"a":1,"segmentFilters":[{"type":"or","predicates":[{"dimension":"x"},{"dimension":"y"}],"clauses":[{"predicates":[{"dimension":"z"}]}]},"odd"]}`
	for path, want := range map[string]string{
		"segmentFilters[0].predicates[0]":            `{"a":1,"segmentFilters":[{"type":"or","predicates":[{"dimension":"y"}],"clauses":[{"predicates":[{"dimension":"z"}]}]},"odd"]}`,
		"segmentFilters[0].clauses[0].predicates[0]": `{"a":1,"segmentFilters":[{"type":"or","predicates":[{"dimension":"x"},{"dimension":"y"}]},"odd"]}`,
		"segmentFilters[0]":                          `{"a":1,"segmentFilters":["odd"]}`,
		"segmentFilters[1]":                          `{"a":1,"segmentFilters":[{"type":"or","predicates":[{"dimension":"x"},{"dimension":"y"}],"clauses":[{"predicates":[{"dimension":"z"}]}]}]}`,
	} {
		got, err := Without([]byte(body), path)
		if err != nil || !same(t, string(got), want) {
			t.Errorf("%s: %s %v", path, got, err)
		}
	}
	one, err := Without([]byte(`{"segmentFilters":[{"predicates":[{}],"clauses":[{"predicates":[{"dimension":"z"}]}]}]}`), "segmentFilters[0].predicates[0]")
	if want := `{"segmentFilters":[{"clauses":[{"predicates":[{"dimension":"z"}]}]}]}`; err != nil || !same(t, string(one), want) {
		t.Errorf("with one part left: %s %v", one, err)
	}
	last, err := Without([]byte(`{"a":1,"segmentFilters":[{"clauses":[{"predicates":[{}]}]}]}`), "segmentFilters[0].clauses[0].predicates[0]")
	if err != nil || !same(t, string(last), `{"a":1}`) {
		t.Errorf("the last row: %s %v", last, err)
	}
	for _, path := range []string{"", "a", "a[0]", "segmentFilters[2]", "segmentFilters[-1]", "segmentFilters[x]", "segmentFilters[0].predicates[9]", "nothing[0]"} {
		if got, err := Without([]byte(body), path); err == nil {
			t.Errorf("%q: %s", path, got)
		}
	}
}

func TestChips(t *testing.T) {
	const body = `{"interval":"a/b","paging":{"pageNumber":7}}`
	got, err := With([]byte(body), query.OfSegment, "queueId", `"><script>`)
	want := `{"interval":"a/b","paging":{"pageNumber":1},"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"\"><script>"}]}]}`
	if err != nil || !same(t, string(got), want) {
		t.Errorf("%s %v", got, err)
	}
	again, err := With(got, query.OfSegment, "queueId", `"><script>`)
	if err != nil || string(again) != string(got) {
		t.Errorf("again: %s %v", again, err)
	}
	if got, err = Between([]byte(body), "2026-11-01", "2026-11-02"); err != nil || !strings.Contains(string(got), `"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z"`) || strings.Contains(string(got), "7") {
		t.Errorf("%s %v", got, err)
	}
	if got, err = Turned([]byte(`{}`), 3); err != nil || !same(t, string(got), `{"paging":{"pageNumber":3}}`) {
		t.Errorf("%s %v", got, err)
	}
	if got, err = Set([]byte(body), map[string]string{"paging": "", "limit": "3"}); err != nil || !same(t, string(got), `{"interval":"a/b","limit":3}`) {
		t.Errorf("%s %v", got, err)
	}
}

// What the form cannot express stays text, and the reason is told.
func TestWhatHasNoForm(t *testing.T) {
	for body, why := range map[string]string{
		"": "no body", "{": "no JSON", `{"a":1,"a":2}`: "no JSON", "{} {}": "no JSON", "\ufeff{}": "no JSON", "[]": "no JSON object", "7": "no JSON object", `{"interval":1}`: "interval is no text", `{"order":[]}`: "order is no text", "{\"a\":\"\xff\"}": "no JSON",
		`{"paging":[]}`: "paging is no object", `{"paging":{"pageSize":{}}}`: "pageSize is no number", `{"segmentFilters":{}}`: "segmentFilters is no list",
	} {
		f := Of([]byte(body), nil)
		if !strings.Contains(f.Refused, why) || len(f.Lists) > 0 {
			t.Errorf("%s: %q", body, f.Refused)
		}
		if got, err := Apply([]byte(body), func(string) (string, bool) { return "x", true }); err == nil {
			t.Errorf("%s: became %s", body, got)
		}
	}
	for filter, why := range map[string]string{
		"7": "no object", `{"type":1}`: "type is no text", `{"predicates":{}}`: "predicates are no list", `{"clauses":1}`: "clauses are no list", `{"clauses":[{"clauses":[]}]}`: "no clauses of its own", `{"predicates":[1]}`: "predicate is no object",
		`{"predicates":[{"dimension":1}]}`: "dimension of a predicate", `{"predicates":[{"dimension":"a","metric":"b"}]}`: "two things", `{"predicates":[{"value":[]}]}`: "list or an object", `{"predicates":[{"range":1}]}`: "range of a predicate is no object",
		`{"predicates":[{"range":{"gt":[]}}]}`: "bound of a range", `{"predicates":[{"value":1,"range":{}}]}`: "a value and a range", `{"clauses":[7]}`: "no object",
	} {
		body := `{"segmentFilters":[` + filter + `,{"predicates":[{"dimension":"purpose","value":"acd"}]}]}`
		f := Of([]byte(body), nil)
		if c := f.Lists[1].Cards; f.Refused != "" || !strings.Contains(c[0].Refused, why) || !same(t, c[0].Text, filter) || c[1].Refused != "" {
			t.Errorf("%s: %+v", filter, f)
		}
		if got := apply(t, body, map[string]string{"segmentFilters[1].predicates[0].value": "agent"}); !same(t, got, strings.Replace(body, "acd", "agent", 1)) {
			t.Errorf("%s: became %s", filter, got)
		}
	}
}

// Every remark is shown once: at the field that it is about, at the card, or above the form.
func TestRemarksAreAtTheirFields(t *testing.T) {
	const body = `{"order":"up","nonsense":[1],"paging":{"pageSize":0},"segmentFilters":[{"predicates":[{"dimension":"mediatype","operator":"contains"},{"dimension":"purpose"},{"metric":"tSegmentDuration","range":{"gte":"x"}},{"dimension":"purpose","value":"a","odd":1}]},{}]}`
	found := query.LintDetail([]byte(body), query.PlatformLimits())
	f := Of([]byte(body), found)
	c := f.Lists[1].Cards
	for name, remarks := range map[string][]string{
		"order": f.Order.Remarks, "pageSize": f.Size.Remarks, "interval": f.To.Remarks, "the body": f.Remarks, "the type": c[0].Type.Remarks, "a name": c[0].Predicates[0].Name.Remarks, "an operator": c[0].Predicates[0].Is.Remarks,
		"a value": c[0].Predicates[1].Value.Remarks, "a bound": c[0].Predicates[2].Bounds[0].Remarks, "a row": c[0].Predicates[3].Remarks, "an empty card": c[1].Remarks,
	} {
		if len(remarks) != 1 {
			t.Errorf("%s has the remarks %q", name, remarks)
		}
	}
	n := len(f.Remarks)
	for _, field := range f.fields() {
		n += len(field.Remarks)
	}
	for _, card := range c {
		n += len(card.Remarks)
		for _, p := range card.Predicates {
			n += len(p.Remarks)
		}
	}
	if n != len(found) {
		t.Errorf("%d of %d remarks are shown", n, len(found))
	}
}

func TestWords(t *testing.T) {
	const body = `{"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"q"},{"dimension":"wrapUpCode","operator":"notExists"},{"metric":"tSegmentDuration","range":{"gte":5,"lt":9}}],
		"clauses":[{"type":"or","predicates":[{"dimension":"purpose","value":"acd"},{"dimension":"purpose","operator":"exists"}]}]}]}`
	c := Of([]byte(body), nil).Lists[1].Cards[0]
	got := c.Words(func(_, value string) string { return map[string]string{"q": "Sales"}[value] })
	if want := "queueId is Sales, and there is no wrapUpCode, and tSegmentDuration is at least 5 and less than 9, and (purpose is acd, or there is a purpose)"; got != want {
		t.Error(got)
	}
}

// bodies are those of the language's own tests, and of the samples where they are at hand.
func bodies(t testing.TB) (out []string) {
	t.Helper()
	text, err := os.ReadFile("../../query/testdata/bodies.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n== ")[1:] {
		_, body, _ := strings.Cut(section, "\n")
		out = append(out, body)
	}
	samples, err := filepath.Glob("../../../../shared/samples/queries/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

// A form that nobody changed leaves the body as it is, and one that somebody did shows what they wrote.
func TestBodiesGoThroughTheForm(t *testing.T) {
	unraced.Test(t)
	withForm := 0
	for _, body := range bodies(t) {
		if checkBody(t, []byte(body)) {
			withForm++
		}
	}
	if withForm < 20 {
		t.Errorf("only %d bodies have a form", withForm)
	}
}

// most is how many fields of a form are tried one by one; of larger forms every n-th is.
const most = 40

func checkBody(t testing.TB, body []byte) bool {
	t.Helper()
	f := Of(body, query.Lint(body, query.EndpointQuery))
	if f.Refused != "" {
		return false
	}
	out, err := Apply(body, sent(f, nil))
	if err != nil || !same(t, string(out), string(body)) {
		t.Fatalf("%s\nbecame\n%s %v", body, out, err)
	}
	fields := f.fields()
	for i := 0; i < len(fields); i += 1 + len(fields)/most {
		checkField(t, body, fields[i])
	}
	for _, l := range f.Lists {
		for _, c := range l.Cards {
			if _, err := Without(body, c.Path); err != nil {
				t.Fatalf("%s: without %s: %v", body, c.Path, err)
			}
		}
	}
	return true
}

// checkField writes something into one field: it is in the form of the body that comes of it, and nothing else has changed.
func checkField(t testing.TB, body []byte, field Field) {
	t.Helper()
	const written = `x"<&`
	f := Of(body, nil)
	changed, err := Apply(body, sent(f, map[string]string{field.Name: written}))
	if err != nil {
		t.Fatal(err)
	}
	after := Of(changed, nil)
	if after.Refused != "" {
		t.Fatalf("%s\nhas no form any more with %s: %s", body, field.Name, changed)
	}
	before := map[string]string{}
	for _, g := range f.fields() {
		before[g.Name] = g.Value
	}
	structural := strings.HasSuffix(field.Name, ".operator") || strings.HasSuffix(field.Name, ".type") || before[field.Name] == "" || strings.HasSuffix(field.Name, ".name")
	seen := blank(f, field.Name)
	for _, g := range after.fields() {
		seen = seen || g.Value == written // a row behind a blank one moves up
		if want, known := before[g.Name]; g.Name != field.Name && known && !structural && g.Value != want {
			t.Fatalf("%s\nwith %s changed shows %q in %s, and not %q", body, field.Name, g.Value, g.Name, want)
		}
	}
	if !seen {
		t.Fatalf("%s\ndoes not show what was written in %s, of %s", body, field.Name, changed)
	}
}

// blank says whether a field is one of those in which an operator or a type alone makes nothing.
func blank(f Form, name string) bool {
	if !strings.HasSuffix(name, ".operator") && !strings.HasSuffix(name, ".type") {
		return false
	}
	for _, l := range f.Lists {
		for _, c := range l.Cards {
			if c.has(name) {
				return false
			}
		}
	}
	return true
}

func (c Card) has(name string) bool {
	if c.Type.Name == name && c.Refused == "" {
		return true
	}
	for _, p := range c.Predicates {
		if p.Is.Name == name {
			return true
		}
	}
	for _, clause := range c.Clauses {
		if clause.has(name) {
			return true
		}
	}
	return false
}

func FuzzBodiesGoThroughTheForm(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add(body)
	}
	f.Add(`{"interval":"/","segmentFilters":[{"predicates":[{"property":"\u0000\n","value":null}],"clauses":[{}]},1]}`)
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) < 4_000 {
			checkBody(t, []byte(body))
		}
	})
}

func TestEveryKindHasWords(t *testing.T) {
	for _, kind := range query.Kinds() {
		if l := (List{Kind: kind}); l.Item(0) == "" || l.Item(0) == l.Item(1) || l.Item(1) != l.Item(2) {
			t.Errorf("%s: %q, %q", kind, l.Item(0), l.Item(1))
		}
	}
	if !reflect.DeepEqual(kinds(), []string{"conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters"}) {
		t.Error(kinds())
	}
}

func TestBodiesAreLaidOut(t *testing.T) {
	const body = `{"e":{},"l":[ ],"short":{"a":1,"b":[2,"x"]},"f":[{"type":"and"}],"n":1.50,"k":"\u0041","long":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbbbbbb","cccc"],"fits":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbbbbbb","ccc"]}`
	const want = `{
  "e": {},
  "l": [],
  "short": { "a": 1, "b": [2, "x"] },
  "f": [
    { "type": "and" }
  ],
  "n": 1.50,
  "k": "\u0041",
  "long": [
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "cccc"
  ],
  "fits": ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "ccc"]
}
`
	if got := string(Pretty([]byte(body))); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := string(Pretty([]byte(want))); got != want {
		t.Errorf("again\n%s", got)
	}
	if got := string(Pretty([]byte(`{}`))); got != "{}\n" {
		t.Errorf("nothing is %q", got)
	}
	if got := string(Pretty([]byte(`{"a":1}`))); got != "{\n  \"a\": 1\n}\n" {
		t.Errorf("a short one is %q", got)
	}
	for _, broken := range []string{"", "{", "{} x"} {
		if string(Pretty([]byte(broken))) != broken || string(Compact([]byte(broken))) != broken {
			t.Errorf("%q has changed", broken)
		}
	}
	if got := string(Compact([]byte(want))); got != strings.Replace(body, "[ ]", "[]", 1) {
		t.Errorf("compact: %s", got)
	}
}

// A member that is first goes like any other.
func TestTheFirstMemberGoes(t *testing.T) {
	if got := apply(t, `{"order":"asc","paging":{"pageSize":5}}`, map[string]string{"order": "", "paging.pageSize": ""}); got != "{}\n" {
		t.Error(got)
	}
}

func TestWhatAskedOtherwiseGoes(t *testing.T) {
	const body = `{"segmentFilters":[{"predicates":[{"property":"colour","propertyType":"string","operator":"matches","value":"7"}]}]}`
	for field, want := range map[string][2]string{
		"name":         {"purpose", `{"dimension":"purpose","operator":"matches","value":"7"}`},
		"operator":     {Lies, `{"property":"colour","propertyType":"string","range":{"gte":7}}`},
		"propertyType": {"integer", `{"property":"colour","propertyType":"integer","operator":"matches","value":"7"}`},
		"value":        {"", `{"property":"colour","propertyType":"string","operator":"matches"}`},
	} {
		got := apply(t, body, map[string]string{"segmentFilters[0].predicates[0]." + field: want[0]})
		if want := `{"segmentFilters":[{"predicates":[` + want[1] + `]}]}`; !same(t, got, want) {
			t.Errorf("%s: %s", field, got)
		}
	}
	still := apply(t, body, map[string]string{"segmentFilters[0].predicates[0].name": PropertyPrefix + "size"})
	if !strings.Contains(still, `"propertyType": "string"`) {
		t.Errorf("another property has lost its type: %s", still)
	}
}

// A remark is at its own card, also where another one's path begins alike.
func TestRemarksAreAtTheirCards(t *testing.T) {
	body := `{"segmentFilters":[7` + strings.Repeat(`,{"predicates":[{}]}`, 11) + `]}`
	found := []query.Finding{{Path: "segmentFilters[1].predicates[0]", Message: "first"}, {Path: "segmentFilters[10].odd", Message: "tenth"}, {Path: "segmentFilters[0]", Message: "refused"}, {Path: "odd", Message: "above"}}
	f := Of([]byte(body), found)
	c := f.Lists[1].Cards
	for name, got := range map[string][]string{"first": c[1].Predicates[0].Remarks, "tenth": c[10].Remarks, "refused": c[0].Remarks, "above": f.Remarks} {
		if len(got) != 1 || got[0] != name {
			t.Errorf("%s is not where it belongs: %q", name, got)
		}
	}
}

func TestWordsOfRanges(t *testing.T) {
	for bounds, want := range map[string]string{`{"gt":5}`: "more than 5", `{"gte":1,"lte":2}`: "at least 1 and at most 2", `{}`: "within bounds that are not given yet"} {
		c := Of([]byte(`{"segmentFilters":[{"predicates":[{"metric":"m","range":`+bounds+`}]}]}`), nil).Lists[1].Cards[0]
		if got := c.Words(func(string, string) string { return "" }); got != "m is "+want {
			t.Errorf("%s: %s", bounds, got)
		}
	}
	c := Of([]byte(`{"segmentFilters":[{"predicates":[{"operator":"contains","property":"p","value":"v"},{}],"type":"or"}]}`), nil).Lists[1].Cards[0]
	if got := c.Words(func(string, string) string { return "" }); got != "p contains v, or (nothing yet) is …" {
		t.Error(got)
	}
}

// Blanks are no way to fill the memory: neither by depth nor by width.
func TestWhatIsLaidOutIsBounded(t *testing.T) {
	zeros := "[0" + strings.Repeat(",0", 100_000) + "]"
	for _, depth := range []int{1, deepest - 1, deepest + 1, 3000} {
		body := `{"a":` + strings.Repeat("[", depth) + zeros + strings.Repeat("]", depth) + "}"
		if n := len(Pretty([]byte(body))); n > larger*len(body)+3*free {
			t.Errorf("%d lists within each other: %d bytes of %d", depth, n, len(body))
		}
		set, err := Set([]byte(body), map[string]string{"b": "1"})
		if err != nil || len(set) > larger*len(body)+3*free || string(Compact(set)) != strings.TrimSuffix(body, "}")+`,"b":1}` {
			t.Errorf("%d lists within each other: %d bytes, %v", depth, len(set), err)
		}
	}
	deep := `{"a":` + strings.Repeat("[", deepest+5) + `"a text that does not fit on the line that is left to it, because it is so very long"` + strings.Repeat("]", deepest+5) + "}"
	if got := string(Pretty([]byte(deep))); !strings.Contains(got, `[[[[["a text`) || strings.Contains(got, `[[[[[[`) {
		t.Errorf("what is deep is not on one line: %s", got)
	}
	came := "{\"a\":\n" + strings.Repeat("[", deepest-1) + zeros + strings.Repeat("]", deepest-1) + "}"
	if string(Pretty([]byte(came))) != came {
		t.Error("what would be much larger is not as it came")
	}
}

// What is too much for a form stays text, in which pages can be turned.
func TestWhatIsTooMuchForAForm(t *testing.T) {
	list := func(element string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}
	of := func(filters string) string { return `{"segmentFilters":` + filters + "}" }
	row := `{"dimension":"queueId","value":"q"}`
	for name, c := range map[string]struct{ body, want string }{
		"filters":           {of(list("{}", mostBoxes)), ""},
		"rows":              {of(`[{"type":"or","predicates":` + list(row, mostRows) + "}]"), ""},
		"a filter too much": {of(list("{}", mostBoxes+1)), "101 filters and clauses; a form shows 100"},
		"a clause too much": {of(`[{"clauses":` + list("{}", mostBoxes) + "}]"), "101 filters and clauses"},
		"a row too much":    {of(`[{"type":"or","predicates":` + list(row, mostRows) + `,"clauses":[{"predicates":[` + row + "]}]}]"), "1001 predicates; a form shows 1000"},
		"no filters":        {of(list("7", mostBoxes+1)), "101 filters"},
	} {
		got := Of([]byte(c.body), nil).Refused
		_, err := Apply([]byte(c.body), func(string) (string, bool) { return "", false })
		if got != "" != (c.want != "") || !strings.Contains(got, c.want) || (err != nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if turned, err := Turned([]byte(c.body), 7); err != nil || !strings.Contains(string(turned), `"pageNumber": 7`) {
			t.Errorf("%s: it has no next page: %v", name, err)
		}
	}
}

// Rows are those of cards and of their clauses, and can be changed where they stand.
func TestRows(t *testing.T) {
	f := Of([]byte(`{"conversationFilters":[{"predicates":[{"metric":"tHandle"}]}],"segmentFilters":[{"predicates":[{"dimension":"ani"}],"clauses":[{"predicates":[{"dimension":"queueId"},{"property":"p"}]}]}]}`), nil)
	var got []string
	for kind, p := range Rows(&f) {
		got = append(got, string(kind)+" "+p.Asks+" "+p.Name.Value)
		p.Value.Offers = []Offer{{Text: "x", Value: "y"}}
	}
	if want := "conversationFilters metric tHandle|segmentFilters dimension ani|segmentFilters dimension queueId|segmentFilters property property:p"; strings.Join(got, "|") != want {
		t.Errorf("got %v", got)
	}
	n := 0
	for _, p := range Rows(&f) {
		if n++; len(p.Value.Offers) != 1 || n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("stopped after %d rows", n)
	}
}

// One field is changed, and nothing else.
func TestPut(t *testing.T) {
	got, err := Put([]byte(`{"odd":1,"segmentFilters":[{"predicates":[{"dimension":"queueId","value":"Sales"}]}]}`), "segmentFilters[0].predicates[0].value", "a b")
	if want := `{"odd":1,"segmentFilters":[{"predicates":[{"dimension":"queueId","value":"a b"}]}]}`; err != nil || string(Compact(got)) != want {
		t.Errorf("%s, %v", got, err)
	}
}
