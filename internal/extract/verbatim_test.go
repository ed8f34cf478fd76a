package extract

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// A platform may send its pages indented: what comes into the lake is the record without white space, and no other
// byte is changed. Times finer than the tables' microseconds are kept in the text.
func TestIndentedPages(t *testing.T) {
	fine := fmt.Sprintf(`{"conversationEnd":"%s.000000999Z","conversationId":"fine","conversationStart":"%[1]s.123456789Z","externalTag":"  two \" spaces \\","unknown":[1.50e+2,{},[]]}`,
		first.Start().Format("2006-01-02T15:04:05"))
	want := append([][]byte{[]byte(fine)}, spread(2, 7)...)
	r := newRig(t, 2, platformtest.Config{Records: slices.Clone(want), Rules: []platformtest.Rule{{
		Route: platformtest.Results, First: 1, Last: platformtest.Always,
		Edit: func(p *platformtest.Page) {
			for i, text := range p.Conversations {
				v := jsontext.Value(text)
				if err := v.Indent(jsontext.WithIndentPrefix("\t"), jsontext.WithIndent("  ")); err != nil {
					t.Error(err)
				}
				p.Conversations[i] = "\r\n\t" + string(v) + " \n"
			}
		},
	}}})
	if s := r.mustRun(); s.Days != 2 || s.Received != 8 || s.Rejected != 0 {
		t.Errorf("got %+v", s)
	}
	r.wantRecords(want)
	// The same again, compact, is no other version.
	r.fake.Behave()
	r.cfg.First, r.cfg.End = first-1, first+2
	if s := r.mustRun(); s.Replaced+s.Conflicts != 0 {
		t.Errorf("again: %+v", s)
	}
	r.wantRecords(want)
}

// What is not a page of results must not end a day: nothing is committed, and once the platform has mended itself the
// same command goes on.
func TestAnswersThatAreNoPages(t *testing.T) {
	unraced.Test(t)
	const json = "application/json"
	for name, misdeed := range map[string]platformtest.Misdeed{
		"an error":          platformtest.Answer(200, json, `{"message":"it failed","code":"internal.server.error","status":500}`),
		"an empty object":   platformtest.Answer(200, json, `{}`),
		"a status":          platformtest.Answer(202, json, `{"state":"PENDING"}`),
		"accepted":          platformtest.Answer(202, json, `{"conversations":[],"dataAvailabilityDate":"2026-12-01"}`),
		"a part":            platformtest.Answer(206, json, `{"conversations":[],"dataAvailabilityDate":"2026-12-01"}`),
		"no content":        platformtest.Answer(204, "", ""),
		"a page of HTML":    platformtest.Answer(200, "text/html", `{"conversations":[],"dataAvailabilityDate":"2026-12-01"}`),
		"two cursors":       platformtest.Answer(200, json, `{"conversations":[],"cursor":"next","cursor":null}`),
		"two lists":         platformtest.Answer(200, json, `{"conversations":[1],"conversations":[]}`),
		"a date that is no": platformtest.Answer(200, json, `{"conversations":[],"dataAvailabilityDate":"soon"}`),
	} {
		pages := []int{2} // the second of the first day
		if name == "an empty object" {
			pages = []int{1, 2, 3, 4}
		}
		for _, page := range pages {
			before := (page - 1) / 2 // days that have all their pages
			want := spread(2, 8)
			r := newRig(t, 2, platformtest.Config{Records: want, Rules: []platformtest.Rule{{
				Route: platformtest.Results, First: page, Last: platformtest.Always, Do: misdeed,
			}}})
			_, err := r.run(t.Context())
			whole, daysErr := r.lake.Days(t.Context(), first, first+2)
			if fault.ExitCode(err) != 8 || daysErr != nil || len(whole) != before || len(r.records()) != 4*before {
				t.Errorf("%s as page %d: %v; days %v, %v; %d records", name, page, err, whole, daysErr, len(r.records()))
			}
			r.fake.Behave()
			if s := r.mustRun(); s.Days != 2 {
				t.Errorf("%s as page %d, then again: %+v", name, page, s)
			}
			r.wantRecords(want)
		}
	}
}
