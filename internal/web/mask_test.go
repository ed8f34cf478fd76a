package web

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
)

// shown are the members of a record whose texts everybody may see: ids, words of the platform, what an organization configures, and
// times. One that is added to the record is masked until somebody has thought about it.
var shown = strings.Fields(`
	activeSkillIds agentAssistantId agentGroupId agentGroupType assigneeId assignerId associatedConversationId bargedParticipantId calibrationId callbackScheduledTime
	coachedParticipantId cobrowseRole codecs conferenceStart consultationConversationIds contextId conversationEnd conversationId conversationInitiator conversationStart
	deliveryStatus deliveryStatusChangeDate destinationConversationId destinationSessionId detectedSpeechEnd detectedSpeechStart direction disconnectType dispositionAnalyzer
	dispositionName divisionIds edgeId emitDate endingLanguage engagementSource entryType errorCode evaluationId evaluationStatus evaluatorId eventTime exitReason
	extendedDeliveryStatus externalContactId externalOrganizationId flaggedReason flowId flowInType flowName flowOutType flowOutcome flowOutcomeEndTimestamp flowOutcomeId
	flowOutcomeStartTimestamp flowOutcomeValue flowType flowVersion formId formName groupId inactivityTimeout journeyActionId journeyActionMapId journeyCustomerIdType
	journeyCustomerSessionIdType knowledgeBaseIds mediaType messageType monitoredParticipantId name originatingDirection outboundCampaignId outboundContactId
	outboundContactListId participantId peerId proposedAgentId provider purpose queueId recognitionFailureReason removedSkillIds requestedLanguageId requestedRoutingSkillIds
	requestedRoutingUserIds requestedRoutings routingRule routingRuleType scoredAgentId screenMonitoredUserId scriptId segmentEnd segmentStart segmentType selectedAgentId
	sessionId skillExpressionId sourceConversationId sourceSessionId startingLanguage surveyCompletedDate surveyFormContextId surveyFormId surveyFormName surveyId surveyStatus
	surveyType teamId transferType usedRouting userId wrapUpCode`)

// when are members that have a time, which a record is drawn by.
var when = regexp.MustCompile(`(Start|End|Date|Time|Timestamp)$`)

// plant fills every text of a value with a secret that tells the member that it is in.
func plant(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		text := "Planted" + name
		switch {
		case name == "conversationId":
			text = id
		case strings.HasSuffix(name, "End"):
			text = "2026-07-14T10:05:00.000Z"
		case when.MatchString(name):
			text = "2026-07-14T10:00:00.000Z"
		case name == "purpose":
			text = "agent"
		case name == "segmentType":
			text = "interact"
		}
		v.SetString(text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		plant(v.Index(0), name)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": "Planted" + name}))
	case reflect.Struct:
		for i := range v.NumField() {
			member, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			plant(v.Field(i), member)
		}
	default: // has no text
	}
}

// unknown puts members that nobody knows into every object of a record, and texts into lists that have objects.
func unknown(value any) any {
	switch v := value.(type) {
	case map[string]any:
		_, isAttributes := v["key"]
		for name, member := range v {
			v[name] = unknown(member)
		}
		if !isAttributes {
			v["strange"] = map[string]any{"purpose": "PlantedUnknown", "list": []any{"PlantedUnknown", map[string]any{"userId": "PlantedUnknown"}}}
			v["stranger"], v["numbers"] = "PlantedUnknown", []any{471147114711}
			v["names"], v["4711471147"] = map[string]any{"PlantedBelow": map[string]any{"PlantedBelow": true}}, "x"
		}
	case []any:
		for i := range v {
			v[i] = unknown(v[i])
		}
		if _, objects := v[0].(map[string]any); objects {
			return append(v, "PlantedUnknown")
		}
	}
	return value
}

// plantedEverywhere is a record with a secret in every text.
func plantedEverywhere(t *testing.T) string {
	t.Helper()
	var c conversation.Conversation
	plant(reflect.ValueOf(&c).Elem(), "")
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var record any
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}
	if text, err = json.Marshal(unknown(record)); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// branches are the addresses of all branches and values of a record.
func (b *browser) branches(path string) (out []string) {
	b.t.Helper()
	q := url.Values{"path": {path}}.Encode()
	out = []string{"/parley/v1/conversations/" + id + "/record?" + q, "/ui/conversation/" + id + "?tab=record&" + q}
	var branch struct {
		Members []struct {
			Path string `json:"path"`
		} `json:"members"`
	}
	if err := json.Unmarshal([]byte(b.get(out[0])), &branch); err != nil {
		b.t.Fatal(err)
	}
	for _, m := range branch.Members {
		out = append(out, b.branches(m.Path)...)
	}
	return out
}

// secret is a text that was planted, with its member. Ids that are cut to tell conversations apart have one letter of theirs.
var secret = regexp.MustCompile(`Planted(\w\w+)|4711471`)

// No byte of any answer has a text of the record that a visitor may not see, wherever it stands.
func TestNoSecretIsSent(t *testing.T) {
	for _, permissions := range [][]access.Permission{nil, {access.ViewPersonalData}} {
		b := newBrowser(t, permissions...)
		b.data.record = plantedEverywhere(t)
		b.data.changes = plantedChanges()
		b.signIn()
		at, leaked := "/ui/conversation/"+id, map[string]bool{}
		pages := append(b.branches(""), at, at+"?seg=0.0.0", at+"?scale=steps&seg=0.0.0", at+"?tab=attributes", at+"?tab=compare", at+"?tab=record&find=planted")
		for _, of := range []string{"account", "timeline", "compare", "record", "record?find=Planted", "record?find=4711"} {
			pages = append(pages, "/parley/v1/conversations/"+id+"/"+of)
		}
		for _, path := range pages {
			for _, found := range secret.FindAllStringSubmatch(b.get(path), -1) {
				if name := found[1]; !slices.Contains(shown, name) {
					leaked[name] = true
				}
			}
		}
		if permissions == nil && len(leaked) > 0 {
			t.Errorf("masked: %v", leaked)
		}
		if permissions != nil && (!leaked["ani"] || !leaked["Unknown"] || !leaked["value"] || !leaked["participantName"] || !leaked["Change"]) {
			t.Errorf("unmasked, %v alone are shown", leaked)
		}
	}
}

// plantedChanges are differences between versions, with secrets in paths and values.
func plantedChanges() []Change {
	at := time.Date(2026, 7, 15, 2, 0, 0, 0, time.UTC)
	return []Change{
		{at, "/participants/[participantId=x]/participantName", `"PlantedChange"`, ""},
		{at, "/participants/[participantId=x]/attributes/key", "", `"PlantedChange"`},
		{at, "/participants/[purpose=agent,userId=,participantName=PlantedChange, Planted]Change]/sessions/[sessionId=s]/ani", `"PlantedChange"`, `"PlantedChange"`},
		{at, "/participants/[participantId=x]/sessions/[sessionId=s]", "", `{"ani":"PlantedChange","strange":"PlantedChange"}`},
		{at, "/strange/purpose", "1", `"PlantedChange"`},
		{at, "/strange/PlantedChange/[purpose=PlantedChange]/userId", "true", `{"PlantedChange":"PlantedChange"}`},
		{at, "/participants/[userId=4711471]/4711471", "", `"PlantedChange"`},
		{at, "/participants/[participantId=x]/attributes/4711471/PlantedChange", "", `{"PlantedChange":"4711471"}`},
		{at, "/participants/[participantId=x]/userId", "", `"sip:4711471"`},
		{at, "", `{"strange":"PlantedChange"}`, `{"participants":[{"participantName":"PlantedChange"}]}`},
	}
}

// The number that was dialled stands in the flow that it leads to, and numbers stand where words should.
func TestNumbersAreMaskedWhereverTheyStand(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.record = strings.NewReplacer(`"queueId":"queue-1"`, `"queueId":"4715551234"`, `"error.odd"`, `"error +47 15551234"`, `"segmentType":"wrapup"`, `"segmentType":"sip:15551234"`,
		`"wrapUpCode":"code"`, `"wrapUpCode":"ann@example.org"`, `"card":`, `"15551234":`, `"sessionId":"s2",`, `"sessionId":"s2","flow":{"entryType":"dnis","entryReason":"1555"},`).Replace(planted)
	at := "/ui/conversation/" + id
	for _, path := range []string{at, at + "?tab=attributes", at + "?seg=2.0.0", at + "?seg=2.0.1", "/parley/v1/conversations/" + id + "/account", "/parley/v1/conversations/" + id + "/record", "/parley/v1/conversations/" + id + "/timeline"} {
		if text := b.get(path); strings.Contains(text, "1555") || strings.Contains(text, "ann@example") {
			t.Errorf("%s has a number", path)
		}
	}
}
