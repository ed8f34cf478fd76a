package web

import (
	"regexp"
	"strings"
	"testing"
)

// However long somebody writes an address, the links of its page are short: they say what was understood, and there are thousands.
func TestAddressesAreNotCopied(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.record = sizes["60 days"]()
	zeros, at := strings.Repeat("0", 50_000), "/ui/conversation/"+id
	usual := len(b.get(at + "?lane=1&more=1&open=1&seg=1.0.1&scale=steps&from=2026-07-14T10:00:00.000Z&to=2026-07-14T10:01:00.000Z"))
	for _, query := range []string{
		"lane=" + zeros + "1", "more=" + zeros + "1", "open=" + zeros + "1", "open=" + strings.Repeat("1,", 20_000) + "1", "seg=" + zeros, "seg=" + zeros + "1.0.1",
		"seg=-1.0.1", "from=2026-07-14&to=2026-07-15", "scale=folded",
	} {
		for _, tab := range []string{"", "&tab=record", "&tab=attributes"} {
			if text := b.get(at + "?" + query + tab); len(text) > 2*usual || strings.Contains(text, zeros[:20]) {
				t.Errorf("%.20s…: a page of %d bytes, usually %d", query+tab, len(text), usual)
			}
		}
	}
}

// What is too long, or too much, is told with its field.
func TestAddressesThatAreTooLong(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for query, want := range map[string]string{
		"find=" + strings.Repeat("x", 201):                            "find has at most 200 bytes",
		"path=" + strings.Repeat("/x", 2049):                          "path has at most 4096 bytes",
		"open=1,2,3,4,5,6,7,8,9,10,11,12,13":                          "open has at most 12 folds",
		"from=2026-07-14T10:00:00.0001Z&to=2026-07-14T10:00:00.0002Z": "to must lie after from",
	} {
		for _, at := range []string{"/ui/conversation/" + id, "/parley/v1/conversations/" + id + "/record"} {
			if status, text, _ := b.ask("GET", at+"?"+query, ""); status != 400 || !strings.Contains(text, want) {
				t.Errorf("%.20s: %d %s", query, status, text)
			}
		}
	}
}

// The way to a branch that lies deep is short: a page that named each step of it would grow with its square.
func TestTheWayToADeepBranch(t *testing.T) {
	b := newBrowser(t, "parley:personalData:view")
	b.signIn()
	const deep = 2000
	b.data.record = strings.TrimSuffix(planted, "}") + "," + strings.Repeat(`"x":{`, deep) + `"end":1` + strings.Repeat("}", deep) + "}"
	text := b.get("/ui/conversation/" + id + "?tab=record&path=" + strings.Repeat("/x", deep))
	way := regexp.MustCompile(`<p class="path mono">.*?</p>`).FindString(text)
	if n := strings.Count(way, "<a "); n != 20 || !strings.Contains(way, "…") || !strings.Contains(way, `aria-current="true">x</a></p>`) || !strings.Contains(way, ">record</a>") {
		t.Errorf("%d steps, %d bytes", n, len(way))
	}
	if len(text) > 200_000 {
		t.Errorf("a page of %d bytes", len(text))
	}
}

// Members whose names are too long for an address are told, and lead nowhere.
func TestMembersWithLongNames(t *testing.T) {
	b := newBrowser(t, "parley:personalData:view")
	b.signIn()
	long := strings.Repeat("n", 5_000)
	b.data.record = strings.TrimSuffix(planted, "}") + `,"` + long + `":{"` + long + `":"looked for"}}`
	at := "/ui/conversation/" + id + "?tab=record"
	text := b.get(at)
	if strings.Contains(text, long) || !strings.Contains(text, `<span class="mono dim">`+long[:300]+`</span> <code>{ 1 }</code>`) {
		t.Error("a long name is told whole, or leads somewhere, or is not told")
	}
	if text := b.get(at + "&find=looked+for"); !strings.Contains(text, "1 place") || strings.Contains(text, long) {
		t.Error("what is below a long name is not found")
	}
}
