package wire

// Listing is a page of a list of what an organization consists of (schemas QueueEntityListing and its like). Its
// addresses are those of the server without its host.
type Listing[T any] struct {
	Entities    []T    `json:"entities"` // never absent
	PageSize    int    `json:"pageSize"`
	PageNumber  int    `json:"pageNumber"`
	Total       int    `json:"total"`
	FirstURI    string `json:"firstUri"`
	PreviousURI string `json:"previousUri,omitempty"` // absent on the first page
	NextURI     string `json:"nextUri,omitempty"`     // absent on the last page
	LastURI     string `json:"lastUri"`
	SelfURI     string `json:"selfUri"`
	PageCount   int    `json:"pageCount"`
}

// Reference names something that has an address of its own (schemas Division, DomainEntityRef and their like).
type Reference struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	SelfURI string `json:"selfUri,omitempty"`
}

// Division is what we know of schema AuthzDivision.
type Division struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Description  string         `json:"description"` // required by the schema
	HomeDivision bool           `json:"homeDivision"`
	ObjectCounts map[string]int `json:"objectCounts,omitempty"`
	SelfURI      string         `json:"selfUri"`
}

// Skill is what we know of schemas RoutingSkill and Language.
type Skill struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	State   string `json:"state"`
	SelfURI string `json:"selfUri,omitempty"`
}

// WrapupCode is what we know of schema WrapupCode.
type WrapupCode struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Division *Reference `json:"division,omitempty"`
	SelfURI  string     `json:"selfUri"`
}

// Queue is what we know of schema Queue.
type Queue struct {
	ID                    string                 `json:"id"`
	Name                  string                 `json:"name"`
	Division              *Reference             `json:"division,omitempty"`
	MemberCount           int                    `json:"memberCount"`
	UserMemberCount       int                    `json:"userMemberCount"`
	JoinedMemberCount     int                    `json:"joinedMemberCount"`
	MediaSettings         map[string]QueueMedium `json:"mediaSettings"` // by medium
	Bullseye              *Bullseye              `json:"bullseye,omitempty"`
	ScoringMethod         string                 `json:"scoringMethod"`
	AcwSettings           AcwSettings            `json:"acwSettings"`
	SkillEvaluationMethod string                 `json:"skillEvaluationMethod"`
	QueueFlow             *Reference             `json:"queueFlow,omitempty"`
	AutoAnswerOnly        bool                   `json:"autoAnswerOnly"`
	SelfURI               string                 `json:"selfUri"`
}

// QueueMedium is what we know of schema MediaSettings.
type QueueMedium struct {
	EnableAutoAnswer       bool         `json:"enableAutoAnswer"`
	AlertingTimeoutSeconds int          `json:"alertingTimeoutSeconds"`
	ServiceLevel           ServiceLevel `json:"serviceLevel"`
}

// ServiceLevel is schema ServiceLevel: the share, from 0 to 1, that is to be answered in time.
type ServiceLevel struct {
	Percentage float64 `json:"percentage"`
	DurationMs int64   `json:"durationMs"`
}

// AcwSettings is schema AcwSettings.
type AcwSettings struct {
	WrapupPrompt string `json:"wrapupPrompt"`
	TimeoutMs    int64  `json:"timeoutMs,omitzero"`
}

// Bullseye is schema Bullseye, of whose rings we know how many there are.
type Bullseye struct {
	Rings []struct{} `json:"rings"`
}

// User is what we know of schema User. Team, skills and languages are there if they
// are asked for.
type User struct {
	ID                 string      `json:"id"`
	Name               string      `json:"name"`
	Division           *Reference  `json:"division,omitempty"`
	Department         string      `json:"department,omitempty"`
	Email              string      `json:"email"`
	PrimaryContactInfo []Contact   `json:"primaryContactInfo,omitempty"`
	Addresses          []Contact   `json:"addresses,omitempty"`
	State              string      `json:"state"`
	Title              string      `json:"title,omitempty"`
	Username           string      `json:"username"`
	Version            int         `json:"version"` // required by the schema
	Team               *Reference  `json:"team,omitempty"`
	Skills             []UserSkill `json:"skills,omitzero"`
	Languages          []UserSkill `json:"languages,omitzero"`
	AcdAutoAnswer      bool        `json:"acdAutoAnswer"`
	SelfURI            string      `json:"selfUri"`
}

// Contact is what we know of schema Contact.
type Contact struct {
	Address   string `json:"address,omitempty"`
	Display   string `json:"display,omitempty"`
	MediaType string `json:"mediaType"`
	Type      string `json:"type"`
	Extension string `json:"extension,omitempty"`
}

// UserSkill is what we know of schemas UserRoutingSkill and UserRoutingLanguage.
type UserSkill struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Proficiency float64 `json:"proficiency"` // from 0 to 5
	State       string  `json:"state"`
	SkillURI    string  `json:"skillUri,omitempty"`
	LanguageURI string  `json:"languageUri,omitempty"`
}
