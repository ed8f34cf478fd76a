package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

var key = []byte("a key of sixteen")

func rules(t testing.TB, text string) *Rules {
	t.Helper()
	r, err := Parse([]byte(text), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecordsAreRedacted(t *testing.T) {
	for name, c := range map[string]struct{ rules, in, out string }{
		"nothing is met": {`{rules: [{names: all, do: mask}]}`, `{ "a" : 1.50 , "b":[ ] }`, `{ "a" : 1.50 , "b":[ ] }`},
		"a mask keeps the end": {`{rules: [{addresses: all, do: mask, keep: 3}]}`,
			`{"participants":[{"sessions":[{"ani":"tel:+4930-1234", "x":1}]}]}`, `{"participants":[{"sessions":[{"ani":"***:+****-*234", "x":1}]}]}`},
		"lists, numbers and null":  {`{rules: [{addresses: all, do: mask}]}`, `{"callbackNumbers":["+1",23,null,{"k":"v"}],"ani":null}`, `{"callbackNumbers":["+*","**",null,{"k":"*"}],"ani":null}`},
		"dropped at the beginning": {`{rules: [{members: [a], do: drop}]}`, `{ "a":1 , "b":2}`, `{ "b":2}`},
		"in the middle":            {`{rules: [{members: [a], do: drop}]}`, `{"b":1 , "a":{"c":[1]}, "d":2 }`, `{"b":1, "d":2 }`},
		"at the end":               {`{rules: [{members: [a], do: drop}]}`, `{"b":1, "a" : 2 }`, `{"b":1 }`},
		"all":                      {`{rules: [{members: [a, b], do: drop}]}`, `{ "a":1, "b":2, "a":3 }`, `{  }`},
		"several in a row":         {`{rules: [{members: [a, b], do: drop}]}`, `{"a":1,"b":2,"c":3,"a":4,"b":5,"d":6}`, `{"c":3,"d":6}`},
		"attributes by pattern": {`{rules: [{attributes: "cust*", do: drop}, {attributes: "*", do: mask}]}`,
			`{"participants":[{"attributes":{"Customer/Id":"1","n\u0061me":"Ann"},"customer":"x"}]}`, `{"participants":[{"attributes":{"n\u0061me":"***"},"customer":"x"}]}`},
		"an attribute named as an address": {`{rules: [{addresses: all, do: drop}]}`, `{"attributes":{"ani":"1"},"ani":"2"}`, `{"attributes":{"ani":"1"}}`},
		"a name in escapes":                {`{rules: [{members: [abc], do: mask}]}`, `{"\u0061bc":"x\ud83d\ude00y\""}`, "{\"\\u0061bc\":\"*\U0001F600*\\\"\"}"},
		"what nobody knows": {`{rules: [{unknown: all, do: mask}, {members: [b], do: drop}]}`,
			`{"a":"x","purpose":"agent","participants":[{"c":{"purpose":["y",1]},"sessions":["z",{"ani":"1"}],"attributes":"w"},{"attributes":{"k":"v"}}],"b":1}`,
			`{"a":"*","purpose":"agent","participants":[{"c":{"#1":["*","*"]},"sessions":["*",{"ani":"1"}],"attributes":"*"},{"attributes":{"k":"v"}}]}`},
		"all that is below what nobody knows": {`{rules: [{unknown: all, do: mask, keep: 2}]}`,
			`{"x":{"Ann":true,"Bob":[false,null,{"Ann":1.5}]},"acwSkipped":true,"participants":true}`, `{"x":{"#1":"*","#2":["*",null,{"#1":"*.5"}]},"acwSkipped":true,"participants":"*"}`},
		"what nobody knows below what a rule meets": {`{rules: [{members: [journeyContext], do: mask}, {unknown: all, do: mask}]}`,
			`{"journeyContext":{"segmentId":"s","queueId":{"Ann":"x"}}}`, `{"journeyContext":{"#1":"*","queueId":{"#1":"*"}}}`},
		"names in escapes below what nobody knows": {`{rules: [{unknown: all, do: hash}]}`, `{"x":{"A\u006en":null}}`, `{"x":{"#1":null}}`},
		"what looks personal": {`{rules: [{members: [subject], do: mask}, {personal: all, do: mask, keep: 2}]}`,
			`{"subject":"s","queueId":"x 1234567","errorCode":"SIP:ann","provider":"+49 1 2","wrapUpCode":"a@b.de","codecs":["1234567"],"flowVersion":"123456","nConnected":1234567,"attributes":{"123456":"v","a":"b"},"651234":{"ann@b":"tel:1"}}`,
			`{"subject":"*","queueId":"* *****67","errorCode":"***:*nn","provider":"+** * 2","wrapUpCode":"*@*.de","codecs":["*****67"],"flowVersion":"123456","nConnected":1234567,"attributes":{"#1":"v","a":"b"},"#10":{"#1":"***:1"}}`},
		"numbers where texts belong": {`{rules: [{personal: all, do: mask, keep: 2}]}`,
			`{"participants":[{"userId":49151123456,"sessions":[{"activeSkillIds":[49151123456,12],"metrics":[{"name":"tTalk","value":49151123456}],"segments":[{"wrapUpCode":123456}]}]}]}`,
			`{"participants":[{"userId":"*********56","sessions":[{"activeSkillIds":["*********56",12],"metrics":[{"name":"tTalk","value":49151123456}],"segments":[{"wrapUpCode":123456}]}]}]}`},
		"ids and instants are not personal": {`{rules: [{personal: all, do: mask}]}`,
			`{"a":"12345678-1234-1234-1234-123456789012","b":"2026-07-14T10:00:00.123456789Z","c":"5f9a1a4e8c1e4c2c12345678","d":"2026-07-14T10:00:00.000+02:00","e":"a-123456"}`,
			`{"a":"12345678-1234-1234-1234-123456789012","b":"2026-07-14T10:00:00.123456789Z","c":"5f9a1a4e8c1e4c2c12345678","d":"2026-07-14T10:00:00.000+02:00","e":"a-123456"}`},
		"what is no UTF-8": {`{rules: [{members: [abc], do: mask}]}`, "{\"abc\":\"x\xff\",\"b\":\"\xff\"}", "{\"abc\":\"*\ufffd\",\"b\":\"\xff\"}"},
	} {
		got, err := rules(t, c.rules).Record([]byte(c.in))
		if err != nil || string(got) != c.out {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, c.out)
		}
	}
}

// No script has letters that stay, and a short text is not its own end.
func TestWhatAMaskLeaves(t *testing.T) {
	r := rules(t, `{rules: [{names: all, do: mask, keep: 2}, {attributes: "*", do: mask}]}`)
	for text, want := range map[string]string{
		`"participantName":"Bo"`: `"participantName":"*o"`, "\"participantName\":\"\u738b\u4f1f\"": "\"participantName\":\"*\u4f1f\"", `"participantName":"Anna-Li"`: `"participantName":"****-Li"`,
		`"attributes":{"a":"①②③ अनीता","b":true,"c":{"d":[false,7]},"e":null}`: `"attributes":{"a":"*** *****","b":"*","c":{"d":["*","*"]},"e":null}`,
	} {
		got, err := r.Record([]byte(`{"participants":[{` + text + `}]}`))
		if err != nil || string(got) != `{"participants":[{`+want+`}]}` {
			t.Errorf("%s became %s, %v", text, got, err)
		}
	}
}

func TestAHashIsTheSameEverywhere(t *testing.T) {
	r := rules(t, `{rules: [{attributes: customer, do: hash}, {members: [externalTag], do: hash}]}`)
	out, err := r.Record([]byte(`{"externalTag":"4711","attributes":{"customer":"4711"},"b":"4711"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ExternalTag string            `json:"externalTag"`
		Attributes  map[string]string `json:"attributes"`
		B           string            `json:"b"`
	}
	if err := json.Unmarshal(out, &got); err != nil || got.ExternalTag != got.Attributes["customer"] || !strings.HasPrefix(got.ExternalTag, "hmac:") || got.B != "4711" {
		t.Errorf("got %s, %v", out, err)
	}
	if again, err := r.Record([]byte(`{"externalTag":"4711","attributes":{"customer":"4711"},"b":"4711"}`)); err != nil || !bytes.Equal(again, out) {
		t.Errorf("again: %s, %v", again, err)
	}
	other, err := Parse([]byte(`{rules: [{attributes: customer, do: hash}]}`), []byte("another key of 16"))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := other.Record([]byte(`{"attributes":{"customer":"4711"}}`)); err != nil || bytes.Contains(out, o[len(`{"attributes":{"customer":"`):len(o)-3]) {
		t.Errorf("with another key: %s, %v", o, err)
	}
}

func TestWhatIsNoRecordIsNotKept(t *testing.T) {
	r := rules(t, `{rules: [{names: all, do: drop}]}`)
	for _, text := range []string{``, `[]`, `"x"`, `{`, `{"a":`, `{"a":1,}`, `{"participantName":"x"`, `{"a":[1,}`, `{"a":1} "secret"`, `{}}`} {
		if out, err := r.Record([]byte(text)); !errors.Is(err, fault.Invalid) || out != nil {
			t.Errorf("%q: %q, %v", text, out, err)
		}
	}
	var none *Rules
	if out, err := none.Record([]byte(`[`)); err != nil || string(out) != `[` {
		t.Errorf("without rules: %s, %v", out, err)
	}
}

// A hash is longer than a digit: what grows beyond a record's size on the way is told, and not made in memory.
func TestARecordThatGrowsTooLarge(t *testing.T) {
	r := rules(t, `{rules: [{members: [list], do: hash}, {members: [name], do: drop}]}`)
	list := strings.Repeat(`1,`, 2<<20)
	for _, text := range []string{`{"list":[` + list + `1]}`, `{"name":"x","list":[1],"rest":"` + strings.Repeat("x", conversation.MaxRecordBytes-20) + `"}`} {
		if out, err := r.Record([]byte(text)); !errors.Is(err, fault.TooLarge) || out != nil {
			t.Errorf("%d bytes: %v", len(out), err)
		}
	}
}

func TestRulesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		``:                      "the rules are empty",
		`rules: 3`:              "cannot be read",
		`{rulez: []}`:           "unknown field",
		`{rules: [{do: hash}]}`: "rule 1: give one of",
		`{rules: [{names: all, do: drop}, {names: all, addresses: all, do: drop}]}`: "rule 2: give one of",
		`{rules: [{names: some, do: drop}]}`:                                        "take the word all",
		`{rules: [{unknown: some, do: drop}]}`:                                      "take the word all",
		`{rules: [{personal: some, do: mask}]}`:                                     "take the word all",
		`{rules: [{personal: all, do: drop}]}`:                                      "personal goes with hash or mask",
		`{rules: [{names: all, do: burn}]}`:                                         `not "burn"`,
		`{rules: [{names: all, do: drop, keep: 2}]}`:                                "keep goes with mask",
		`{rules: [{attributes: "[", do: drop}]}`:                                    "is no pattern",
		`{rules: [{members: [conversationId], do: drop}]}`:                          "without conversationId",
	} {
		if _, err := Parse([]byte(text), key); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if _, err := Parse([]byte(`{rules: [{names: all, do: hash}]}`), []byte("short")); err == nil || !strings.Contains(err.Error(), "PARLEY_REDACT_KEY") {
		t.Errorf("a short key: %v", err)
	}
	if _, err := Parse([]byte(`{rules: [{names: all, do: mask}]}`), nil); err != nil {
		t.Errorf("without a key: %v", err)
	}
}

func TestALakeRemembersItsRules(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a, b := rules(t, `{rules: [{names: all, do: drop}]}`), rules(t, `{rules: [{names: all, do: mask}]}`)
	may := func(r *Rules, has, other bool) error { return May(t.Context(), db, r, has, other) }
	if err := errors.Join(may(nil, false, false), may(nil, true, false), may(a, false, false), may(a, true, true)); err != nil {
		t.Errorf("a lake that knows nothing: %v", err)
	}
	if err := may(a, true, false); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "are not redacted") {
		t.Errorf("a lake of records as they came: %v", err)
	}
	if err := Remember(t.Context(), db, a); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(may(a, true, false), may(b, true, true), may(nil, true, true)); err != nil {
		t.Errorf("the same rules: %v", err)
	}
	for r, want := range map[*Rules]string{b: "by other rules", nil: "are redacted"} {
		if err := may(r, false, false); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), want) {
			t.Errorf("other rules: %v", err)
		}
	}
	if err := Remember(t.Context(), db, b); err != nil {
		t.Fatal(err)
	}
	if known, err := Known(t.Context(), db); err != nil || known != b.Fingerprint() || known == a.Fingerprint() {
		t.Errorf("remembers %s, %v", known, err)
	}
}

// Whatever comes in, what comes out is JSON as it was, without what is redacted, and redacted again it stays the same.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"participantName":"secret","a":[{"attributes":{"secretive":"x","b":1}},{"ani":["secret"]}],"c":{}}`))
	f.Add([]byte(`{"ani":1,"ani":2 , "x":null}`))
	f.Add([]byte(`{"x":2e999}`))
	r := rules(f, `{rules: [{names: all, do: drop}, {attributes: "s*", do: drop}, {addresses: all, do: mask}, {unknown: all, do: mask}, {personal: all, do: mask}]}`)
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := r.Record(in)
		if err != nil {
			return
		}
		var before, after map[string]json.RawMessage
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("%s is no JSON and was taken: %v", in, err)
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%s became %s: %v", in, out, err)
		}
		if _, left := after["participantName"]; left {
			t.Errorf("%s became %s", in, out)
		}
		if again, err := r.Record(out); err != nil || !bytes.Equal(again, out) {
			t.Errorf("%s became %s, %v", out, again, err)
		}
	})
}
