package api

import (
	"net/http"
	"slices"

	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// userExpansions are what the platform can add to a user. What the directory does not know is left out, as the platform
// does with what it cannot find in time.
var userExpansions = []string{
	"routingStatus", "presence", "integrationPresence", "conversationSummary", "outOfOffice", "geolocation", "station", "authorization",
	"lasttokenissued", "authorization.unusedRoles", "team", "workPlanBidRanks", "externalContactsSettings", "groups", "customAttributes",
	"profileSkills", "certifications", "locations", "skills", "languages", "languagePreference", "employerInfo", "biography", "dateLastLogin",
	"dateWelcomeSent",
}

// queueExpansions are what the platform can add to a queue.
var queueExpansions = []string{"identityresolution"}

// entities makes answers out of what a directory lists.
type entities struct {
	directory *directory.Directory
	expand    []string
}

// listUsers answers GET /api/v2/users: those who are active, unless others are asked for.
func listUsers(x *exchange, d *directory.Directory, p parameters) error {
	state, err := p.one("state", "active", "active", "inactive", "deleted", "any")
	if err != nil {
		return err
	}
	expand, err := p.expands(userExpansions)
	if err != nil {
		return err
	}
	users := d.Users
	if state != "any" {
		users = d.In(directory.State(state))
	}
	if jabber := p.list("jabberId"); len(jabber) > 0 { // nobody here has one
		if len(p.list("id")) > 0 {
			return fault.Field("jabberId", "jabberId cannot be used with id")
		}
		users = nil
	}
	return listed(x, p, list{
		what: "users", most: maxLongListSize, ids: maxUserIDs, manyIDs: "max.user.ids", orders: ascending, others: []string{"state", "expand", "jabberId"},
	}, users, entities{d, expand}.user)
}

// ascending and asc are the two ways to name an order.
var (
	ascending = [2]string{"ascending", "descending"}
	asc       = [2]string{"asc", "desc"}
)

// oneUser answers GET /api/v2/users/{userId}. One who was deleted is found when deleted ones are asked for.
func oneUser(x *exchange, d *directory.Directory, p parameters) error {
	state, err := p.one("state", "active", "active", "deleted")
	if err != nil {
		return err
	}
	expand, err := p.expands(userExpansions)
	if err != nil {
		return err
	}
	user, ok := directory.Find(d.Users, x.params["userId"])
	if !ok || (user.State == directory.Deleted) != (state == "deleted") {
		return &fault.Error{Kind: fault.NotFound, Code: "general.resource.not.found", Field: "userId", Message: "Unable to find a user with that userId"}
	}
	return x.send(http.StatusOK, entities{d, expand}.user(user))
}

func (e entities) user(u directory.User) wire.User {
	out := wire.User{
		ID: u.ID, Name: u.Name, Division: e.division(u.Division), Department: u.Department, Email: u.Email, State: string(u.State), Title: u.Title,
		Username: u.Email, Version: 1, AcdAutoAnswer: u.AutoAnswer, SelfURI: "/api/v2/users/" + u.ID,
	}
	if u.Email != "" {
		out.PrimaryContactInfo = []wire.Contact{{Address: u.Email, MediaType: "EMAIL", Type: "PRIMARY"}}
	}
	if u.Extension != "" {
		out.Addresses = []wire.Contact{{Display: u.Extension, MediaType: "PHONE", Type: "WORK", Extension: u.Extension}}
	}
	if slices.Contains(e.expand, "team") && u.Team.ID != "" {
		out.Team = &wire.Reference{ID: u.Team.ID, Name: u.Team.Name, SelfURI: "/api/v2/teams/" + u.Team.ID}
	}
	if slices.Contains(e.expand, "skills") {
		out.Skills = skillsOf(e.directory.Skills, u.Skills, func(s *wire.UserSkill) { s.SkillURI = "/api/v2/routing/skills/" + s.ID })
	}
	if slices.Contains(e.expand, "languages") {
		out.Languages = skillsOf(e.directory.Languages, u.Languages, func(s *wire.UserSkill) { s.LanguageURI = "/api/v2/routing/languages/" + s.ID })
	}
	return out
}

// skillsOf are the skills of an id each, in this order. Everybody has them in full.
func skillsOf[T directory.Listed](from []T, ids []string, address func(*wire.UserSkill)) []wire.UserSkill {
	out := []wire.UserSkill{}
	for _, id := range ids {
		if found, ok := directory.Find(from, id); ok {
			s := wire.UserSkill{ID: id, Name: directory.Name(found), Proficiency: 5, State: "active"}
			address(&s)
			out = append(out, s)
		}
	}
	return out
}

// division refers to a division; nil if there is none of the id.
func (e entities) division(id string) *wire.Reference {
	d, ok := directory.Find(e.directory.Divisions, id)
	if !ok {
		return nil
	}
	return &wire.Reference{ID: d.ID, Name: d.Name, SelfURI: "/api/v2/authorization/divisions/" + d.ID}
}

// listQueues answers GET /api/v2/routing/queues.
func listQueues(x *exchange, d *directory.Directory, p parameters) error {
	if _, err := p.expands(queueExpansions); err != nil {
		return err
	}
	peer, err := p.one("hasPeer", "false", "true", "false")
	if err != nil {
		return err
	}
	queues := d.Queues
	if peer == "true" || len(p.list("peerId")) > 0 || p.Get("cannedResponseLibraryId") != "" { // no queue here has any
		queues = nil
	}
	return listed(x, p, list{
		what: "queues", most: maxListSize, ids: maxListIDs, name: directory.Exactly, divisions: true, orders: asc,
		others: []string{"hasPeer", "peerId", "cannedResponseLibraryId", "expand"},
	}, queues, entities{directory: d}.queue)
}

// listAllQueues answers GET /api/v2/routing/queues/divisionviews/all: the same for those who need names only.
func listAllQueues(x *exchange, d *directory.Directory, p parameters) error {
	return listed(x, p, list{what: "queues", most: maxLongListSize, orders: asc}, d.Queues, entities{directory: d}.queue)
}

// oneQueue answers GET /api/v2/routing/queues/{queueId}.
func oneQueue(x *exchange, d *directory.Directory, p parameters) error {
	if _, err := p.expands(queueExpansions); err != nil {
		return err
	}
	return found(x, "queueId", d.Queues, entities{directory: d}.queue)
}

// found answers with the one whose id is in the path.
func found[T directory.Listed, A any](x *exchange, param string, all []T, answer func(T) A) error {
	v, ok := directory.Find(all, x.params[param])
	if !ok {
		return &fault.Error{Kind: fault.NotFound, Field: param, Message: standard["not.found"]}
	}
	return x.send(http.StatusOK, answer(v))
}

func (e entities) queue(q directory.Queue) wire.Queue {
	out := wire.Queue{
		ID: q.ID, Name: q.Name, Division: e.division(q.Division), MemberCount: q.Members, UserMemberCount: q.Members, JoinedMemberCount: q.Members,
		MediaSettings: make(map[string]wire.QueueMedium, len(q.Media)), ScoringMethod: "TimestampAndPriority", SkillEvaluationMethod: "ALL",
		AcwSettings: wire.AcwSettings{WrapupPrompt: "MANDATORY_TIMEOUT", TimeoutMs: q.AfterCall.Milliseconds()}, AutoAnswerOnly: q.AutoAnswer,
		SelfURI: "/api/v2/routing/queues/" + q.ID,
	}
	for _, m := range q.Media {
		out.MediaSettings[m.Name] = wire.QueueMedium{
			EnableAutoAnswer: q.AutoAnswer, AlertingTimeoutSeconds: int(m.Alert.Seconds()),
			ServiceLevel: wire.ServiceLevel{Percentage: m.Share, DurationMs: m.Within.Milliseconds()},
		}
	}
	if q.Bullseye > 0 {
		out.Bullseye, out.SkillEvaluationMethod = &wire.Bullseye{Rings: make([]struct{}, q.Bullseye)}, "BEST"
	}
	if f := q.Flow; f.ID != "" {
		out.QueueFlow = &wire.Reference{ID: f.ID, Name: f.Name, SelfURI: "/api/v2/flows/" + f.ID}
	}
	return out
}

// listCodes answers GET /api/v2/routing/wrapupcodes. The platform looks at sortBy only beside a name.
func listCodes(x *exchange, d *directory.Directory, p parameters) error {
	return listed(x, p, list{
		what: "wrap-up codes", most: maxListSize, ids: maxListIDs, name: directory.Exactly, divisions: true, orders: ascending, byID: p.Get("name") != "",
	}, d.Codes, entities{directory: d}.code)
}

// oneCode answers GET /api/v2/routing/wrapupcodes/{codeId}.
func oneCode(x *exchange, d *directory.Directory, _ parameters) error {
	return found(x, "codeId", d.Codes, entities{directory: d}.code)
}

func (e entities) code(c directory.Code) wire.WrapupCode {
	return wire.WrapupCode{ID: c.ID, Name: c.Name, Division: e.division(c.Division), SelfURI: "/api/v2/routing/wrapupcodes/" + c.ID}
}

// listSkills answers GET /api/v2/routing/skills.
func listSkills(x *exchange, d *directory.Directory, p parameters) error {
	return listed(x, p, list{what: "skills", most: maxListSize, ids: maxListIDs, name: directory.Beginning}, d.Skills, func(s directory.Skill) wire.Skill {
		return wire.Skill{ID: s.ID, Name: s.Name, State: "active", SelfURI: "/api/v2/routing/skills/" + s.ID}
	})
}

// listLanguages answers GET /api/v2/routing/languages. How it compares names is not documented: as skills, we say.
func listLanguages(x *exchange, d *directory.Directory, p parameters) error {
	of := list{what: "languages", most: maxListSize, ids: maxListIDs, name: directory.Beginning, orders: ascending}
	return listed(x, p, of, d.Languages, func(l directory.Language) wire.Skill {
		return wire.Skill{ID: l.ID, Name: l.Name, State: "active", SelfURI: "/api/v2/routing/languages/" + l.ID}
	})
}

// listDivisions answers GET /api/v2/authorization/divisions.
func listDivisions(x *exchange, d *directory.Directory, p parameters) error {
	counts, err := p.one("objectCount", "false", "true", "false")
	if err != nil {
		return err
	}
	of := list{what: "divisions", most: maxListSize, ids: maxListIDs, name: directory.Containing, byID: true, others: []string{"objectCount"}}
	return listed(x, p, of, d.Divisions, func(v directory.Division) wire.Division {
		out := wire.Division{
			ID: v.ID, Name: v.Name, Description: v.Description, HomeDivision: v.Home, SelfURI: "/api/v2/authorization/divisions/" + v.ID,
		}
		if counts == "true" {
			out.ObjectCounts = map[string]int{"QUEUE": within(d.Queues, v.ID), "USER": within(d.In(directory.Active, directory.Inactive), v.ID)}
		}
		return out
	})
}

// within counts those that belong to a division.
func within[T directory.Listed](list []T, division string) int {
	return directory.Select(list, directory.Selection{Divisions: []string{division}, Size: 1, Number: 1}).Total
}
