package rule_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

func newSet() *rule.Set { return rule.New(rule.Config{Seed: 7, Routes: api.Routes()}) }

// add reads a rule and adds it.
func add(s *rule.Set, text string) (rule.Rule, error) {
	rules, err := rule.Decode([]byte(text))
	if err != nil {
		return rule.Rule{}, err
	}
	return s.Add(rules[0])
}

func mustAdd(t *testing.T, s *rule.Set, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := add(s, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// Each is refused with a message that names the field and says what to do.
func TestRulesThatMakeNoSense(t *testing.T) {
	for text, want := range map[string][2]string{ // the field, and a part of the message
		``:                                       {"", "they end too early"},
		`{`:                                      {"", "they end too early"},
		`x`:                                      {"", "no JSON"},
		`7`:                                      {"", "a JSON object"},
		`{"route":"any","route":"any"}`:          {"", "twice"},
		`{"rout":"any","close":"before"}`:        {"rout", "Did you mean route?"},
		`{"hocus":"pocus"}`:                      {"hocus", "there are name, route, client"},
		`{"route":"any","answer":{"satus":429}}`: {"answer.satus", "Did you mean status?"},
		`[{"route":"any","close":"before"},{"route":"any","cut":{"shar":1}}]`:                    {"[1].cut.shar", "Did you mean share?"},
		`{"route":"any","answer":{"status":"429"}}`:                                              {"answer.status", "is a text, and should be a whole number"},
		`{"route":"any","answer":7}`:                                                             {"answer", "is a number, and should be an object"},
		`{"route":"any","delay":5}`:                                                              {"delay", `should be a span of time such as "5s"`},
		`{"route":"any","delay":"5"}`:                                                            {"delay", `write it as "300ms"`},
		`{"route":"any","delay":"-5s"}`:                                                          {"delay", "negative"},
		`{"route":"any","delay":"4h"}`:                                                           {"delay", "longer than 3h"},
		`{"route":"any","firstByte":"-1s"}`:                                                      {"firstByte", "negative"},
		`{"route":"any","drip":{"every":"4h"}}`:                                                  {"drip.every", "longer"},
		`{"route":"any","drip":{}}`:                                                              {"drip.every", "missing"},
		`{"route":"any","drip":{"every":"1s","bytes":-1}}`:                                       {"drip.bytes", "negative"},
		`{"route":"any"}`:                                                                        {"", "the rule does nothing: give one of answer,"},
		`{"route":"any","close":"before","delay":"1s"}`:                                          {"close", "this one has delay and close"},
		`{"close":"before"}`:                                                                     {"route", "missing"},
		`{"route":"result","close":"before"}`:                                                    {"route", "Did you mean results?"},
		`{"route":"qqqqqq","close":"before"}`:                                                    {"route", "write one of token, submit"},
		`{"route":"GET","close":"before"}`:                                                       {"route", "there is no route GET"},
		`{"route":"/oauth/token","close":"before"}`:                                              {"route", "a method and a path"},
		`{"route":"get /oauth/token","close":"before"}`:                                          {"route", "a method and a path"},
		`{"route":"POST /oauth/token?x=y","close":"before"}`:                                     {"route", "without a query"},
		`{"route":"POST /oauth/tokens","close":"before"}`:                                        {"route", "Did you mean POST /oauth/token?"},
		`{"route":"GET /_sandbox/clock","close":"before"}`:                                       {"route", "no route"},
		`{"route":"any","close":"before","name":"a b"}`:                                          {"name", "letters"},
		`{"route":"any","close":"before","name":"` + strings.Repeat("x", 65) + `"}`:              {"name", "up to 64"},
		`{"route":"any","close":"before","name":".."}`:                                           {"name", "letters"},
		`{"route":"any","close":"before","nth":-1}`:                                              {"nth", "the first is 1"},
		`{"route":"any","close":"before","every":-1}`:                                            {"every", "negative"},
		`{"route":"any","close":"before","times":0}`:                                             {"times", "never fire"},
		`{"route":"any","close":"before","times":-3}`:                                            {"times", "never fire"},
		`{"route":"any","close":"before","probability":0}`:                                       {"probability", "never fire"},
		`{"route":"any","close":"before","probability":1.5}`:                                     {"probability", "outside 0 to 1"},
		`{"route":"any","close":"before","probability":-0.5}`:                                    {"probability", "outside 0 to 1"},
		`{"route":"any","close":"later"}`:                                                        {"close", "before, after"},
		`{"route":"any","close":"befor"}`:                                                        {"close", "Did you mean before?"},
		`{"route":"any","corrupt":"flop"}`:                                                       {"corrupt", "Did you mean flip?"},
		`{"route":"any","answer":{}}`:                                                            {"answer.status", "missing"},
		`{"route":"any","answer":{"status":99}}`:                                                 {"answer.status", "100 to 599"},
		`{"route":"any","answer":{"status":600}}`:                                                {"answer.status", "100 to 599"},
		`{"route":"any","answer":{"status":100}}`:                                                {"answer.status", "no end of an answer"},
		`{"route":"any","answer":{"status":400,"body":"x","code":"y"}}`:                          {"answer.body", "one or the other"},
		`{"route":"any","answer":{"status":429,"retryAfter":"-1s"}}`:                             {"answer.retryAfter", "negative"},
		`{"route":"any","answer":{"status":429,"retryAfter":"9000h"}}`:                           {"answer.retryAfter", "longer"},
		`{"route":"any","answer":{"status":429,"retryAfter":"1s","retryAfterDate":"1s"}}`:        {"answer.retryAfterDate", "one of them"},
		`{"route":"any","answer":{"status":200,"headers":{"a b":"c"}}}`:                          {"answer.headers", "a b"},
		`{"route":"any","answer":{"status":200,"headers":{"a":"c\nd"}}}`:                         {"answer.headers", "no header"},
		`{"route":"any","answer":{"status":200,"headers":{"content-length":"7"}}}`:               {"answer.headers", "belongs to the connection"},
		`{"route":"any","cut":{}}`:                                                               {"cut", "bytes, or share"},
		`{"route":"any","cut":{"bytes":1,"share":0.5}}`:                                          {"cut", "not both"},
		`{"route":"any","cut":{"bytes":-1}}`:                                                     {"cut.bytes", "negative"},
		`{"route":"any","cut":{"share":1}}`:                                                      {"cut.share", "would be all"},
		`{"route":"any","cut":{"share":-1}}`:                                                     {"cut.share", "no part"},
		`{"route":"token","expireToken":true}`:                                                   {"route", "no token"},
		`{"route":"status","job":{"fault":"failed"}}`:                                            {"route", "when it is submitted"},
		`{"route":"any","job":{"fault":"failed"}}`:                                               {"route", "when it is submitted"},
		`{"job":{"fault":"stuck"}}`:                                                              {"job.fault", "stuck"},
		`{"job":{"fault":"stuck-pendig"}}`:                                                       {"job.fault", "Did you mean stuck-pending?"},
		`{"job":{}}`:                                                                             {"job.fault", "write one of stuck-queued"},
		`{"job":{"fault":"expired","page":-1}}`:                                                  {"job.page", "the first is 1"},
		`{"job":{"fault":"expired","page":1000001}}`:                                             {"job.page", "no job has"},
		`{"job":{"fault":"failed","page":1}}`:                                                    {"job.page", "has no pages"},
		`{"job":{"fault":"cursor-refused","page":1}}`:                                            {"job.page", "no cursor"},
		`{"job":{"fault":"expired","message":"x"}}`:                                              {"job.message", "only a job that failed"},
		`{"job":{"fault":"failed","message":"` + strings.Repeat("x", 10_001) + `"}}`:             {"job.message", "10,000"},
		`{"job":{"fault":"page-twice","absent":true}}`:                                           {"job.absent", "empty-page"},
		`{"route":"any","close":"before","client":"` + strings.Repeat("x", 1<<20) + `","nth":1}`: {"", "more than"},
	} {
		_, err := add(newSet(), text)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Field != want[0] || !strings.Contains(f.Message, want[1]) || f.Field != "" && !strings.HasPrefix(f.Message, f.Field+":") {
			t.Errorf("%s\ngot  %v, of field %q\nwant %q, of %q", fault.Clip(text), err, fieldOf(f), want[1], want[0])
		}
	}
}

// A name means nothing where a server has none of its routes.
func TestRoutesThatThisServerDoesNotHave(t *testing.T) {
	_, err := add(rule.New(rule.Config{Routes: []string{"POST /oauth/token"}}), `{"route":"subscriptions","close":"before"}`)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != "route" || !strings.Contains(f.Message, "there is no route subscriptions") {
		t.Errorf("got %v", err)
	}
}

func fieldOf(f *fault.Error) string {
	if f == nil {
		return "no fault"
	}
	return f.Field
}

// A rule that others leave nothing to could never fire either.
func TestRulesThatOthersHide(t *testing.T) {
	const always = `{"name":"first","route":"any","close":"before"}`
	for _, c := range []struct {
		first, second string
		hidden        bool
	}{
		{always, `{"route":"results","delay":"1s"}`, true},
		{always, `{"route":"GET /api/v2/analytics/conversations/details/jobs/x","delay":"1s"}`, true},
		{always, `{"job":{"fault":"failed"}}`, true},
		{`{"name":"first","route":"any","delay":"1s"}`, `{"job":{"fault":"failed"}}`, false}, // the job is submitted all the same
		{`{"name":"first","route":"any","close":"before","times":9}`, `{"route":"results","delay":"1s"}`, false},
		{`{"name":"first","route":"any","close":"before","every":2}`, `{"route":"results","delay":"1s"}`, false},
		{`{"name":"first","route":"any","close":"before","nth":2}`, `{"route":"results","delay":"1s"}`, false},
		{`{"name":"first","route":"any","close":"before","probability":0.5}`, `{"route":"results","delay":"1s"}`, false},
		{`{"name":"first","route":"any","close":"before","client":"a"}`, `{"route":"results","delay":"1s"}`, false},
		{`{"name":"first","route":"any","close":"before","client":"a"}`, `{"route":"results","delay":"1s","client":"a"}`, true},
		{`{"name":"first","route":"results","close":"before"}`, `{"route":"any","delay":"1s"}`, false},
		{`{"name":"first","route":"results","close":"before"}`, `{"route":"results","delay":"1s"}`, true},
		{`{"name":"first","route":"GET /api/v2/analytics/conversations/details/jobs/x","close":"before"}`, `{"route":"status","delay":"1s"}`, false},
		{`{"name":"first","job":{"fault":"failed"}}`, `{"job":{"fault":"expired"}}`, true},
		{`{"name":"first","job":{"fault":"failed"}}`, `{"route":"submit","delay":"1s"}`, false},
		{`{"name":"first","route":"any","expireToken":true}`, `{"route":"results","delay":"1s"}`, false},
	} {
		s := newSet()
		mustAdd(t, s, c.first)
		_, err := add(s, c.second)
		if hidden := err != nil && strings.Contains(err.Error(), "first takes every such call"); hidden != c.hidden || err != nil && !hidden {
			t.Errorf("%s after %s: %v, want it hidden: %v", c.second, c.first, err, c.hidden)
		}
	}
}

// What is written is read again as it was.
func TestRulesAreWrittenAsTheyAreRead(t *testing.T) {
	const text = `[{"name":"a","route":"results","client":"me","nth":2,"every":3,"times":4,"probability":0.5,"answer":{"status":429,"body":{"a":[1]},"retryAfterDate":"-1m0s","headers":{"A":"b"}}},` +
		`{"route":"any","delay":"1.5s"},{"route":"any","drip":{"bytes":16,"every":"50ms"}},{"route":"any","cut":{"bytes":0}},{"route":"any","cut":{"share":0.5,"unnoticed":true}},` +
		`{"job":{"fault":"empty-page","page":3,"absent":true}},{"route":"any","expireToken":true},{"route":"any","corrupt":"gzip"},{"route":"token","close":"after"},{"route":"any","firstByte":"2m0s"}]`
	rules, err := rule.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(rules, json.Deterministic(true)); err != nil || string(got) != text {
		t.Errorf("got  %s, %v\nwant %s", got, err, text)
	}
	for _, r := range rules {
		if _, err := newSet().Add(r); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	s := newSet()
	for _, want := range []string{"fault-1", "mine", "fault-2"} {
		name := want
		if want != "mine" {
			name = ""
		}
		r, err := add(s, `{"name":"`+name+`","route":"any","delay":"1s","times":1}`)
		if err != nil || r.Name != want {
			t.Errorf("got %q, %v, want %q", r.Name, err, want)
		}
	}
	if _, err := add(s, `{"name":"mine","route":"any","delay":"1s"}`); !errors.Is(err, fault.Conflict) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := s.Remove("mne"); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "Did you mean mine?") {
		t.Errorf("a name that there is not: %v", err)
	}
	if err := errors.Join(s.Remove("mine"), s.Remove("fault-1")); err != nil || len(s.List()) != 1 || s.List()[0].Name != "fault-2" {
		t.Errorf("after two were removed: %+v, %v", s.List(), err)
	}
	for range 999 {
		mustAdd(t, s, `{"route":"any","delay":"1s","times":1}`)
	}
	if _, err := add(s, `{"route":"any","delay":"1s","times":1}`); !errors.Is(err, fault.Conflict) {
		t.Errorf("a rule too many: %v", err)
	}
	if err := s.Clear(); err != nil || len(s.List()) > 0 {
		t.Errorf("cleared: %v, %v", s.List(), err)
	}
}

// Whatever is read is refused as a fault that somebody can act on, or is a rule that stays the same when it is written
// and read again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"route":"results","nth":2,"times":3,"answer":{"status":429,"retryAfter":"5s","headers":{"A":"b"},"body":{"a":1}}}`,
		`[{"route":"any","cut":{"share":0.5}},{"job":{"fault":"expired","page":2}}]`, `{"route":"GET /api/v2/users/me","drip":{"every":"1s"}}`,
		`{"a":{"b":[{}]}}`, `[[[]]]`, `{"answer":{"headers":{"0":7}}}`,
		`{"route":"results","answer":{"status":200,"body":{ "a" : "\u0041" }}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := rule.Decode(text)
		if err != nil {
			if !errors.Is(err, fault.Invalid) && !errors.Is(err, fault.TooLarge) || err.Error() == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, r := range rules {
			kept, err := newSet().Add(r)
			if err != nil && !errors.Is(err, fault.Invalid) {
				t.Fatalf("%+v: %v", r, err)
			}
			if err != nil {
				continue
			}
			written, err := json.Marshal(kept)
			if err != nil {
				t.Fatalf("%+v: %v", kept, err)
			}
			again, err := rule.Decode(written)
			if err != nil || len(again) != 1 || !reflect.DeepEqual(again[0], kept) {
				t.Fatalf("%s: %+v is read as %+v, %v", text, kept, again, err)
			}
		}
	})
}
