package hostile_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/hostile"
)

// The first job covers the first day and has three pages; the second covers the other two days and has five.
const pagesOfFirstDay = 3

// Outcomes that many scenarios share.
var (
	whole     = outcome{exit: 0, days: days, records: days * perDay}
	firstDay  = outcome{exit: 8, days: 1, records: perDay}           // what came later was refused as damaged
	gaveUp    = outcome{exit: 6, days: 1, records: perDay}           // the platform failed after the first day
	nothing   = outcome{exit: 8}                                     // damaged from the beginning
	unreached = outcome{exit: 6}                                     // no platform
	locked    = outcome{exit: 4}                                     // no way in
	aside     = outcome{exit: 3, days: days, records: days * perDay} // something was set aside: rejected says how much
)

func (o outcome) rejecting(n int) outcome {
	o.rejected = n
	return o
}

// scenarios is every way in which a platform means harm, as the test runs it.
func scenarios() []scenario {
	return slices.Concat(pages(), bombs(), slow(), cursors(), order(), oddRecords(), availability(), refusals(), login(), jobs(), connections())
}

func results(from, to int, do platformtest.Misdeed) []platformtest.Rule {
	return []platformtest.Rule{{Route: platformtest.Results, First: from, Last: to, Do: do}}
}

// later is every page after those of the first day.
func later(do platformtest.Misdeed) []platformtest.Rule {
	return results(pagesOfFirstDay+1, platformtest.Always, do)
}

func always(route platformtest.Route, do platformtest.Misdeed) []platformtest.Rule {
	return []platformtest.Rule{{Route: route, First: 1, Last: platformtest.Always, Do: do}}
}

// edit changes pages from first to last before they are sent.
func edit(first, last int, change func(*platformtest.Page)) []platformtest.Rule {
	return []platformtest.Rule{{Route: platformtest.Results, First: first, Last: last, Edit: change}}
}

const errorObject = `{"message":"internal error","code":"internal.server.error","status":500,"contextId":"c","details":[],"errors":[]}`

// pages are answers that are no page of results: tried again, then refused.
func pages() (out []scenario) {
	kinds := []struct {
		name string
		do   platformtest.Misdeed
	}{
		{"200 with an error object", platformtest.Say(errorObject)},
		{"200 with an empty object", platformtest.Say("{}")},
		{"200 with a state", platformtest.Say(`{"state":"PENDING"}`)},
		{"202 with a state", hostile.Answer(202, "application/json", `{"state":"PENDING"}`)},
		{"202 with a page", hostile.WithStatus(202)},
		{"206 with half a page", hostile.WithStatus(206)},
		{"204 without a body", hostile.Answer(204, "application/json", "")},
		{"203 of a proxy", hostile.WithStatus(203)},
		{"a page as text/html", func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
			w.Header().Set("Content-Type", "text/html")
			usual(w, r)
		}},
		{"a login page", hostile.Answer(200, "text/html", "<html>please log in</html>")},
		{"an empty body", platformtest.Say("")},
		{"an array", platformtest.Say("[]")},
		{"conversations that is an object", platformtest.Say(`{"conversations":{},"dataAvailabilityDate":"2025-03-13T00:00:00.000Z"}`)},
		{"a cursor that is a number", hostile.Alter(hostile.Append(`"cursor":7`))},
		{"cursor twice, the last one null", hostile.Alter(hostile.Append(`"cursor":null`))},
		{"conversations twice", hostile.Alter(hostile.Append(`"conversations":[]`))},
		{"a page twice", hostile.Alter(func(body string) string { return body + body })},
		{"half a page", hostile.Alter(hostile.Shorten)},
		{"damaged gzip", hostile.BreakGzip},
		{"a page date that is no date", hostile.Alter(func(body string) string {
			return strings.Replace(body, `"dataAvailabilityDate":"2`, `"dataAvailabilityDate":"x2`, 1)
		})},
	}
	once := scenario{name: "each of what is no page, once", want: whole, alter: func(c *platformtest.Config) { c.PageSize = 1 }}
	for i, k := range kinds {
		out = append(out, scenario{name: "pages after the first day: " + k.name, rules: later(k.do), want: firstDay})
		once.rules = append(once.rules, results(2*i+1, 0, k.do)...)
	}
	return append(out, once)
}

// bombs are small answers that grow without end when they are unpacked.
func bombs() []scenario {
	const mib = 1 << 14 // 16 GiB: more than any machine has to spare
	bomb := func(begin, filler string) platformtest.Misdeed { return hostile.Bomb(begin, filler, mib) }
	// doubling is what the program takes with a buffer that doubles until the limit of a page is passed, if nothing of it is
	// collected on the way: a busy machine collects late.
	const doubling = maxPeak + 4*wire.DefaultPage>>20
	small := string(platformtest.Record("endless", first.Start(), time.Minute, "again and again")) + ","
	return []scenario{
		{name: "gzip of white space without end", rules: later(bomb(`{"conversations":[`, " ")), want: firstDay, says: "1 MiB"},
		{name: "gzip of one string without end", rules: later(bomb(`{"conversations":[{"conversationId":"`, "x")), want: firstDay, says: "--max-page-mib", peak: doubling},
		{name: "gzip of a string in an ignored member", rules: later(bomb(`{"conversations":[],"ignored":"`, "x")), want: firstDay, says: "1 MiB"},
		{name: "gzip of a name without end", rules: later(bomb(`{"`, "x")), want: firstDay, says: "1 MiB"},
		{name: "gzip of a cursor without end", rules: later(bomb(`{"conversations":[],"cursor":"`, "x")), want: firstDay, says: "1 MiB"},
		{name: "gzip of a number without end", rules: later(bomb(`{"conversations":[],"ignored":1`, "0")), want: firstDay, says: "1 MiB"},
		{name: "gzip of nesting without end", rules: later(bomb(`{"conversations":[`, "[")), want: firstDay},
		{name: "gzip of records without end", rules: later(bomb(`{"conversations":[`, small)), want: firstDay, says: "--max-page-mib", peak: 350},
		{name: "gzip of members without end", rules: later(bomb(`{"a":0`, `,"b":0`)), want: firstDay, says: "--max-page-mib"},
		{name: "a token without end", rules: always(platformtest.Token, bomb(`{"access_token":"`, "x")), want: unreached},
		{name: "an availability without end", rules: always(platformtest.Availability, bomb(`{"dataAvailabilityDate":"`, "x")), want: nothing},
		{name: "a jobId without end", rules: always(platformtest.Submit, bomb(`{"jobId":"`, "x")), want: nothing},
		{name: "a status without end", rules: always(platformtest.Status, bomb(`{"state":"`, "x")), want: nothing},
		{name: "an error text without end", rules: later(func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
			w.WriteHeader(http.StatusServiceUnavailable)
			hostile.Bomb(`{"message":"`, "x", mib)(w, r, usual)
		}), want: gaveUp},
		{name: "a header without end", rules: later(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
			w.Header().Set("X-Filler", strings.Repeat("x", 20<<20))
		}), want: gaveUp},
	}
}

// slow are answers that never come to their end.
func slow() []scenario {
	return []scenario{
		{name: "a page, one byte a tenth of a second", rules: later(hostile.Drip(100 * time.Millisecond)), want: gaveUp, flags: patience()},
		{name: "a page that stops in its middle", rules: later(platformtest.Stall), want: gaveUp, flags: patience()},
		{name: "no answer at all", rules: later(platformtest.Ignore), want: gaveUp, flags: patience()},
		{name: "one page slow, the others not", rules: results(2, 0, platformtest.Stall), want: whole, flags: patience()},
	}
}

// patience makes the deadlines of a page so short that a test can wait for them.
func patience() []string { return []string{"--patience", "2s", "--retries", "1"} }

// cursors that lead nowhere.
func cursors() []scenario {
	var fresh atomic.Int64
	return []scenario{
		{name: "a cursor that comes again, once", rules: edit(2, 2, func(p *platformtest.Page) { p.Cursor = "again" }), want: whole},
		{name: "a cursor that leads to itself", rules: later(platformtest.Say(page("again", nil))), want: firstDay},
		{name: "fresh cursors without end, nothing else", rules: later(hostile.Tell(func() string {
			return page(fmt.Sprintf("fresh-%d", fresh.Add(1)), nil)
		})), want: firstDay},
		{name: "fresh cursors without end, the same records", rules: later(hostile.Tell(func() string {
			return page(fmt.Sprintf("fresh-%d", fresh.Add(1)), records(first, days)[perDay:2*perDay])
		})), want: firstDay},
		{name: "a cursor that is refused, once", rules: results(2, 0, platformtest.Refuse(400, "bad.request", "The cursor is not valid.")), want: whole},
		{name: "a cursor that has expired, once", rules: results(5, 0, platformtest.Refuse(404, "not.found", "gone")), want: whole},
	}
}

// page is a page of results as the platform writes it.
func page(cursor string, records [][]byte) string {
	var list []string
	for _, r := range records {
		list = append(list, string(r))
	}
	return fmt.Sprintf(`{"conversations":[%s],"cursor":%q,"dataAvailabilityDate":%q}`, strings.Join(list, ","), cursor, conversation.FormatTime((first + days).Start()))
}

// order is what the platform promises of pages, and breaks.
func order() []scenario {
	other := string(platformtest.Record("of-another-day", (first + 9).Start(), time.Minute, ""))
	earlier := string(platformtest.Record("conversation-00", first.Start(), 10*time.Minute, "as it was"))
	return []scenario{
		{name: "records of a page out of order", rules: edit(1, platformtest.Always, func(p *platformtest.Page) { slices.Reverse(p.Conversations) }), want: whole},
		{name: "records twice in a page", rules: edit(1, platformtest.Always, func(p *platformtest.Page) {
			p.Conversations = append(p.Conversations, p.Conversations...)
		}), want: whole},
		{name: "an older version before the record", rules: edit(1, 1, func(p *platformtest.Page) {
			p.Conversations = append([]string{earlier}, p.Conversations...)
		}), want: whole},
		{name: "records of days that nobody asked for", rules: edit(1, platformtest.Always, func(p *platformtest.Page) {
			p.Conversations = append(p.Conversations, other)
		}), want: whole},
		{name: "startOfDayIntervalMatching is not known", alter: func(c *platformtest.Config) { c.IgnoreStartDay = true }, want: whole},
		{name: "every page shorter than asked for", alter: func(c *platformtest.Config) { c.PageSize = 1 }, want: whole},
	}
}

// oddRecords are values that are no records, or hardly.
func oddRecords() []scenario {
	add := func(values ...string) []platformtest.Rule {
		return edit(2, 2, func(p *platformtest.Page) { p.Conversations = append(p.Conversations, values...) })
	}
	at := func(id, more string) string {
		return fmt.Sprintf(`{"conversationId":%s,"conversationStart":%q%s}`, id, conversation.FormatTime(first.Start().Add(9*time.Hour)), more)
	}
	return []scenario{
		{
			name:  "values that are no records",
			rules: add("null", "7", `"text"`, "[]", "{}", `{"conversationId":"x"}`, at(`""`, ""), at("7", ""), at(`"`+strings.Repeat("i", 300)+`"`, ""), `{"conversationId":"x","conversationStart":"soon"}`),
			want:  aside.rejecting(10), says: "parley lake rejected",
		},
		{
			name: "ids that are lone surrogates", rules: add(at(`"\ud800"`, ""), at(`"\ud801"`, "")),
			want: aside.rejecting(2), says: "parley lake rejected",
		},
		{
			name: "a record that is no UTF-8", rules: add(at("\"\xff\"", "")), want: aside.rejecting(1), says: "parley lake rejected",
		},
		{
			name: "fields that do not fit", rules: nil, want: outcome{exit: 3, days: days, records: 31},
			alter: func(c *platformtest.Config) {
				c.Records = append(c.Records, []byte(at(`"unfit"`, `,"evaluations":[{"evaluationId":"e","oTotalScore":72.5}]`)))
			},
		},
		{
			name: "a record of 65 MiB", rules: add(at(`"long"`, `,"externalTag":"`+strings.Repeat("long ", 65<<20/5)+`"`)),
			want: aside.rejecting(1), says: "parley lake rejected", peak: 600,
		},
		{
			name: "members twice in a record", rules: add(at(`"twice"`, `,"conversationId":"twice"`)), want: outcome{exit: 0, days: days, records: 31},
			after: &outcome{exit: 0, days: days, records: 31},
		},
	}
}

// availability is what the platform says of how far its data goes.
func availability() []scenario {
	today := conversation.DayOf(time.Now())
	say := func(date string) platformtest.Misdeed {
		return platformtest.Say(`{"dataAvailabilityDate":` + date + `}`)
	}
	return []scenario{
		{
			name: "an availability of the year 9999",
			alter: func(c *platformtest.Config) {
				c.Records, c.Available = records(today-1, 3), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
			},
			flags: []string{"--from", (today - 1).String(), "--to", (today + 2).String()},
			want:  outcome{exit: 3, days: 1, records: perDay}, says: "clock",
			after: &outcome{exit: 3, days: 1, records: perDay},
		},
		{name: "an availability in the middle of the days", alter: func(c *platformtest.Config) { c.Available = (first + 1).Start().Add(23 * time.Hour) },
			want: outcome{exit: 3, days: 1, records: perDay}, after: &outcome{exit: 3, days: 1, records: perDay}},
		{name: "an availability that moves back", rules: edit(4, platformtest.Always, func(p *platformtest.Page) { p.Available = first.Start() }), want: gaveUp, says: "moved back"},
		{name: "an availability that is no date", rules: always(platformtest.Availability, say(`"soon"`)), want: nothing},
		{name: "an availability that is null", rules: always(platformtest.Availability, say("null")), want: nothing},
		{name: "an availability without a date", rules: always(platformtest.Availability, platformtest.Say("{}")), want: nothing},
		{
			name: "a day without a conversation", want: outcome{exit: 0, days: days, records: 2 * perDay},
			alter: func(c *platformtest.Config) { c.Records = slices.Concat(c.Records[:perDay], c.Records[2*perDay:]) },
		},
		{
			name: "jobs that find nothing of what there is", rules: edit(1, platformtest.Always, func(p *platformtest.Page) { p.Conversations, p.Cursor = nil, "" }),
			want: outcome{exit: 3},
		},
		{
			name: "jobs that find nothing of the second day", want: outcome{exit: 3, days: 2, records: 2 * perDay},
			rules: edit(1, platformtest.Always, func(p *platformtest.Page) {
				p.Conversations = slices.DeleteFunc(p.Conversations, func(r string) bool { return strings.Contains(r, `"conversation-1`) })
			}),
		},
	}
}

// refusals come with a status of their own.
func refusals() []scenario {
	refuse := platformtest.Refuse
	return []scenario{
		{name: "429 on a submission and on a page, Retry-After 0", rules: twice(platformtest.Throttle("Retry-After", 0)), want: whole},
		{name: "429 with an HTTP date, once", rules: results(2, 0, hostile.RetryAt(429, 2*time.Second)), want: whole},
		{name: "503 with an HTTP date that is past", rules: results(2, 0, hostile.RetryAt(503, -time.Hour)), want: whole},
		{name: "429 for two days", rules: later(platformtest.Throttle("Retry-After", 200_000)), want: gaveUp},
		{name: "429 without end", rules: later(refuse(429, "too.many.requests", "Rate limit exceeded the maximum.")), want: gaveUp},
		{name: "500 without end", rules: later(refuse(500, "internal.server.error", "")), want: gaveUp},
		{name: "502, 503, 504 and 408 once each", want: whole, rules: slices.Concat(
			results(1, 0, refuse(502, "", "")), results(3, 0, refuse(503, "service.unavailable", "")),
			results(5, 0, refuse(504, "request.timeout", "")), results(7, 0, refuse(408, "client.timeout", "")))},
		{name: "501", rules: later(refuse(501, "not.implemented", "")), want: gaveUp},
		{name: "403 on a page", rules: later(refuse(403, "missing.permissions", "missing: analytics:conversationDetail:view")), want: outcome{exit: 4, days: 1, records: perDay}},
		{name: "403 on a submission", rules: always(platformtest.Submit, refuse(403, "missing.permissions", "missing")), want: locked},
		{name: "control characters and the caller's own token in an error", rules: later(hostile.Echo(503)), want: gaveUp},
		{name: "control characters in a refused login", rules: always(platformtest.Token, hostile.Echo(400)), want: locked},
		{name: "an error text of a megabyte", rules: later(refuse(503, strings.Repeat("c", 10_000), strings.Repeat("long ", 200_000))), want: gaveUp},
		{name: "control characters in a state", rules: always(platformtest.Status, platformtest.Say(`{"state":"FAILED","errorMessage":"\u001b[2J\u0007gone"}`)), want: unreached},
	}
}

// twice does something at the first submission and at the first page.
func twice(do platformtest.Misdeed) (out []platformtest.Rule) {
	for _, route := range []platformtest.Route{platformtest.Submit, platformtest.Results} {
		out = append(out, platformtest.Rule{Route: route, First: 1, Do: do})
	}
	return out
}

// login is all about tokens.
func login() []scenario {
	token := func(value string) platformtest.Misdeed {
		return platformtest.Say(`{"access_token":` + value + `,"token_type":"bearer"}`)
	}
	return []scenario{
		{name: "tokens that are good for three calls", alter: func(c *platformtest.Config) { c.TokenCalls = 3 }, want: whole},
		{name: "401 once, in the middle", rules: results(2, 0, platformtest.Refuse(401, "bad.credentials", "Invalid login credentials.")), want: whole},
		{name: "401 without end, in the middle", rules: later(platformtest.Refuse(401, "bad.credentials", "Invalid login credentials.")), want: outcome{exit: 4, days: 1, records: perDay}},
		{name: "an empty answer to the login", rules: always(platformtest.Token, platformtest.Say("")), want: unreached},
		{name: "a token with a newline", rules: always(platformtest.Token, token(`"to\nken"`)), want: nothing, says: "token"},
		{name: "an empty token", rules: always(platformtest.Token, token(`""`)), want: unreached, says: "token"},
		{name: "a token that is a number", rules: always(platformtest.Token, token("7")), want: unreached, says: "token"},
		{name: "a token of a megabyte", rules: always(platformtest.Token, token(`"`+strings.Repeat("t", 1<<20)+`"`)), want: unreached},
		{name: "a login that is refused", rules: always(platformtest.Token, hostile.Answer(400, "application/json",
			`{"error":"invalid_client","description":"client not found","error_description":"client not found"}`)), want: locked, says: "client secret"},
	}
}

// jobs that do not do what they should.
func jobs() []scenario {
	states := func(odd ...platform.State) func(*platformtest.Config) {
		return func(c *platformtest.Config) {
			c.States = func(s platformtest.Submission) []platform.State {
				if s.N == 2 {
					return odd
				}
				return []platform.State{platform.Queued, platform.Pending, platform.Fulfilled}
			}
		}
	}
	status := func(body string) []platformtest.Rule { return always(platformtest.Status, platformtest.Say(body)) }
	lost := platformtest.Refuse(404, "not.found", "The requested resource was not found.")
	return []scenario{
		{name: "a job that is lost", rules: []platformtest.Rule{{Route: platformtest.Status, First: 2, Do: lost}}, want: whole},
		{name: "a job that expires", alter: states(platform.Pending, platform.Expired), want: whole},
		{name: "a job that is cancelled", alter: states(platform.Pending, platform.Cancelled), want: whole},
		{name: "a job that fails", alter: states(platform.Pending, platform.Failed), want: whole},
		{name: "a job in a state that nobody knows", alter: states(platform.Pending, "EXPLODED"), want: whole},
		{name: "a job that is stuck", alter: states(platform.Pending), flags: []string{"--job-wait", "1s"}, want: whole},
		{
			name: "every job is stuck", alter: func(c *platformtest.Config) {
				c.States = func(platformtest.Submission) []platform.State { return []platform.State{platform.Queued} }
			},
			flags: []string{"--job-wait", "200ms"}, want: unreached, says: "is not done after 200ms", after: &unreached,
		},
		{name: "every job fails", rules: always(platformtest.Status, platformtest.Say(`{"state":"FAILED","errorMessage":"the volume is too large"}`)), want: unreached},
		{name: "a status without a state", rules: status("{}"), want: nothing},
		{name: "a status that is a page", rules: status(page("c", nil)), want: nothing},
		{name: "a submission without a jobId", rules: always(platformtest.Submit, platformtest.Say("{}")), want: nothing},
		{name: "a jobId that leaves its folder", rules: []platformtest.Rule{{Route: platformtest.Submit, First: 1, Do: platformtest.Say(`{"jobId":"../../../oauth/token"}`)}}, want: whole},
		{name: "every submission is refused", rules: always(platformtest.Submit, platformtest.Refuse(400, "bad.request", "no")), want: unreached},
		{name: "results gone while the job is fulfilled", rules: later(lost), want: gaveUp},
		{name: "deleting is refused", rules: always(platformtest.Delete, platformtest.Refuse(500, "internal.server.error", "")), want: whole},
	}
}

// connections that break, or lead elsewhere.
func connections() []scenario {
	return []scenario{
		{name: "a connection cut before the answer, once", rules: results(2, 0, platformtest.HangUp), want: whole},
		{name: "a connection cut in a page, once", rules: results(2, 0, platformtest.Cut), want: whole},
		{name: "connections cut in every page", rules: later(platformtest.Cut), want: gaveUp},
		{name: "connections cut before every answer", rules: always(platformtest.Availability, platformtest.HangUp), want: unreached},
		{name: "a certificate that is not trusted", tls: true, want: unreached, says: "SSL_CERT_FILE", after: &outcome{exit: 6}},
		{name: "a page that redirects", rules: later(hostile.Redirect("http://127.0.0.1:1/")), want: gaveUp},
		{
			name: "another organization at the same address", want: whole,
			alter: func(c *platformtest.Config) { c.Organization = platform.Organization{ID: "id-of-acme", Name: "Acme"} },
			rules: always(platformtest.Organization, platformtest.Say(`{"id":"id-of-other","name":"Other"}`)),
			after: &outcome{exit: 2, days: days, records: days * perDay}, thenSays: "Other",
		},
		{name: "a login that redirects", rules: always(platformtest.Token, hostile.Redirect("http://127.0.0.1:1/")), want: unreached},
	}
}
