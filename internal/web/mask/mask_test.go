package mask

import (
	"cmp"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/wire"
)

// What is no secret stays readable in a difference.
func TestDifferencesStayReadable(t *testing.T) {
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, after, wantPath, want string }{
		{"/participants/[participantId=x]/sessions/[sessionId=s]/segments/[segmentStart=2026-07-14T10:00:00.000Z,segmentType=wrapup]/wrapUpCode", `"code"`, "", `"code"`},
		{"/participants/[participantId=x]/sessions/[#2]/ani", `"tel:+4912"`, "", `"***:+**12"`},
		{"/participants/[purpose=agent,userId=u,participantName=Ann]/userId", `"v"`, "/participants/[…]/userId", `"v"`},
		{"/conversationEnd", `"2026-07-14T10:00:00.000Z"`, "", `"2026-07-14T10:00:00.000Z"`},
		{"/participants/[participantId=x]/attributes/a~1b", `"v"`, "", `"*"`},
		{"/participants/[participantId=x]/attributes/123456", `"v"`, "/participants/[participantId=x]/attributes/…", `"*"`},
		{"/strange/Ann/[purpose=Ann]/userId", `{"Ann":true}`, "/strange/…/…/…", `{"#1":"*"}`},
		{"/strange", `{"Ann":true}`, "", `{"#1":"*"}`},
		{"/participants/[userId=+4915112345678]/wrapUpCode", `"49151123456"`, "/participants/[…]/wrapUpCode", `"*********56"`},
		{"/[purpose=agent]", `{"queueId":"queue"}`, "", `{"#1":"*****"}`},
		{"/[#1]", `"text"`, "", `"****"`},
		{"/participants/[#1]/[#2]", `"text"`, "", `"****"`},
		{"/participants/[userId=2a15eea6-a458-4a9a-8000-000000000001]/userId", `"2a15eea6-a458-4a9a-8000-000000000001"`, "", `"2a15eea6-a458-4a9a-8000-000000000001"`},
	} {
		before, after := "", c.after
		if path, err := m.Change(c.path, &before, &after); err != nil || before != "" || after != c.want || path != cmp.Or(c.wantPath, c.path) {
			t.Errorf("%s: got %s, %s, %v", c.path, path, after, err)
		}
	}
}

// Who has the purpose of a queue, and is none, is not named.
func TestPeopleAreNotNamedAsThings(t *testing.T) {
	const thing = `"purpose":"acd","participantName":"Support"`
	const planted = `{"conversationId":"c","participants":[{"participantId":"p1","purpose":"customer"},
		{"participantId":"p2",` + thing + `,"sessions":[{"sessionId":"s2","mediaType":"voice","segments":[{"segmentType":"interact","queueId":"queue-1","segmentStart":"2026-07-14T10:00:05.000Z"}]}]}]}`
	for changed, named := range map[string]bool{
		`"purpose":"acd","participantName":"Shown Name"`:                   true,
		`"purpose":"acd","participantName":"+47 1555 1234"`:                false,
		`"purpose":"acd","userId":"user-2","participantName":"Shown Name"`: false,
		`"purpose":"agent","participantName":"Shown Name"`:                 false,
	} {
		record := strings.Replace(planted, thing, changed, 1)
		for text, named := range map[string]bool{
			record: named, strings.Replace(record, `"queueId":"queue-1",`, "", 1): false,
			strings.Replace(strings.Replace(record, `"queueId":"queue-1",`, "", 1), `"sessionId":"s2",`, `"sessionId":"s2","flow":{"flowId":"f"},`, 1): named,
		} {
			c, _ := wire.Decode([]byte(text))
			c.Participants[1].ParticipantName = "masked"
			if err := NameThings(c, []byte(text)); err != nil || (c.Participants[1].ParticipantName != "masked") != named {
				t.Errorf("%s: %s, %v", changed, c.Participants[1].ParticipantName, err)
			}
		}
	}
}
