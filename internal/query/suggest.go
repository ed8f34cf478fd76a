package query

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// meant maps names that people and other tools write to what the platform calls it.
var meant = map[string]string{
	"datefrom": "interval", "dateto": "interval", "start": "interval", "end": "interval", "startdate": "interval", "enddate": "interval", "starttime": "interval", "endtime": "interval", "from": "interval", "to": "interval",
	"pagesize": "paging", "size": "paging", "pagenumber": "paging", "page": "paging", "limit": "paging", "cursor": "paging",
	"sort": "order", "sortorder": "order", "sortby": "orderBy",
	"filter": "segmentFilters", "filters": "segmentFilters", "segmentdetailfilters": "segmentFilters", "predicates": "segmentFilters", "conversationfilter": "conversationFilters", "segmentfilter": "segmentFilters",
	"segmentfilters": "filter", "conversationfilters": "filter", "tz": "timeZone", "bucket": "granularity",
	"groupby": "aggregations", "group": "aggregations", "metrics": "aggregations",
	"queuename": "queueId", "queue": "queueId", "campaignid": "outboundCampaignId", "campaign": "outboundCampaignId", "agentid": "userId", "agent": "userId", "user": "userId",
	"wrapupcodeid": "wrapUpCode", "wrapup": "wrapUpCode", "wrapupname": "wrapUpCode", "division": "divisionId", "divisionids": "divisionId", "skillid": "requestedRoutingSkillId", "skill": "requestedRoutingSkillId",
	"language": "requestedLanguageId", "languageid": "requestedLanguageId", "media": "mediaType", "channel": "mediaType", "callerid": "ani", "phonenumber": "ani", "flow": "flowId", "emailaddress": "addressFrom",
	"id": "conversationId", "eq": "matches", "equals": "matches",
	"phone": "voice", "telephone": "voice", "call": "voice", "calls": "voice", "mail": "email", "sms": "message", "messaging": "message", "webchat": "chat",
	"in": "inbound", "incoming": "inbound", "out": "outbound", "outgoing": "outbound", "caller": "customer",
}

// plain strips what people vary in names: case, underscores, dashes.
func plain(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// others are members of the requests of other tools that the platform has nothing like, and what to do without them.
var others = map[string]string{
	"select": "leave it out: the answer has whole records", "fields": "leave it out: the answer has whole records", "columns": "leave it out: the answer has whole records",
	"view": "leave it out",
}

// instead ends a message about a member that a request does not have.
func instead(name string, members []string) string {
	if advice := others[plain(name)]; advice != "" {
		return " The platform has nothing like it; " + advice
	}
	return didYouMean(name, members)
}

// didYouMean ends a message with the name that was probably meant, if there is one among the allowed.
func didYouMean(name string, allowed []string) string {
	if s := suggest(name, allowed); s != "" {
		return " Did you mean " + s + "?"
	}
	return ""
}

// Suggest gives the allowed name or value that was probably meant; none if none is near.
func Suggest(name string, allowed []string) string { return suggest(name, allowed) }

// Nearest gives up to n of the allowed names that a name may have been meant for, the nearest first: those that differ in a third of
// its letters at most, and those that begin or end with it.
func Nearest(name string, allowed []string, n int) []string {
	type near struct {
		name     string
		distance int
	}
	want := plain(fault.Clip(name))
	var found []near
	for _, a := range allowed {
		has := plain(a)
		d := edits(want, has)
		if within := want != "" && (strings.HasPrefix(has, want) || strings.HasSuffix(has, want)); within || d <= len(want)/3 {
			found = append(found, near{a, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, f := range found[:min(n, len(found))] {
		names = append(names, f.name)
	}
	return names
}

// suggest gives the allowed name that was probably meant: the same but for case and underscores, a known other name,
// or the nearest by letters.
func suggest(name string, allowed []string) string {
	want := plain(fault.Clip(name))
	best, distance := "", len(want)/3+1
	for _, a := range allowed {
		if plain(a) == want {
			return a
		}
	}
	for _, a := range allowed {
		if meant[want] == a {
			return a
		}
	}
	for _, a := range allowed {
		if d := edits(want, plain(a)); d < distance {
			best, distance = a, d
		}
	}
	return best
}

// misplaced says where a name belongs that is none of a kind's own, or which was probably meant.
func misplaced(kind Kind, name string, metric bool) string {
	for _, k := range Kinds() {
		for _, m := range []bool{metric, !metric} {
			if _, ok := find(k, name, m); !ok {
				continue
			}
			what := "dimension"
			if m {
				what = "metric"
			}
			return fmt.Sprintf("%s is a %s of %s", name, what, k)
		}
	}
	if s := suggest(name, names(kind, metric)); s != "" {
		return "Did you mean " + s + "?"
	}
	for _, k := range Kinds() {
		if s := suggest(name, names(k, metric)); s != "" {
			return fmt.Sprintf("Did you mean %s, which belongs in %s?", s, k)
		}
	}
	return ""
}

// edits is the number of letters to insert, delete or change to get from a to b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
