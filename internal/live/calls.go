package live

// CallConversation is schema CallConversation.
type CallConversation struct {
	ID                string            `json:"id"`
	Participants      []CallParticipant `json:"participants"`
	OtherMediaURIs    []string          `json:"otherMediaUris"`
	InactivityTimeout string            `json:"inactivityTimeout,omitempty"`
	Divisions         []Membership      `json:"divisions,omitempty"`
	RecordingState    string            `json:"recordingState"`
	SelfURI           string            `json:"selfUri"`
}

// CallParticipant is schema CallMediaParticipant: a participant and one of its calls.
type CallParticipant struct {
	ID                      string            `json:"id"`
	Name                    string            `json:"name,omitempty"`
	Address                 string            `json:"address,omitempty"`
	StartTime               string            `json:"startTime,omitempty"`
	StartAlertingTime       string            `json:"startAlertingTime,omitempty"`
	ConnectedTime           string            `json:"connectedTime,omitempty"`
	EndTime                 string            `json:"endTime,omitempty"`
	StartHoldTime           string            `json:"startHoldTime,omitempty"`
	Purpose                 string            `json:"purpose,omitempty"`
	State                   string            `json:"state"`
	Direction               string            `json:"direction,omitempty"`
	DisconnectType          string            `json:"disconnectType,omitempty"`
	Held                    bool              `json:"held"`
	WrapupRequired          bool              `json:"wrapupRequired"`
	User                    *Reference        `json:"user,omitempty"`
	Queue                   *Reference        `json:"queue,omitempty"`
	Team                    *Reference        `json:"team,omitempty"`
	Attributes              map[string]string `json:"attributes"`
	ErrorInfo               *ErrorInfo        `json:"errorInfo,omitempty"`
	Script                  *Reference        `json:"script,omitempty"`
	Provider                string            `json:"provider,omitempty"`
	ExternalContact         *Reference        `json:"externalContact,omitempty"`
	ExternalOrganization    *Reference        `json:"externalOrganization,omitempty"`
	Wrapup                  *Wrapup           `json:"wrapup,omitempty"`
	Peer                    string            `json:"peer,omitempty"`
	FlaggedReason           string            `json:"flaggedReason,omitempty"`
	ConversationRoutingData *RoutingData      `json:"conversationRoutingData,omitempty"`
	StartAcwTime            string            `json:"startAcwTime,omitempty"`
	EndAcwTime              string            `json:"endAcwTime,omitempty"`
	Muted                   bool              `json:"muted"`
	Recording               bool              `json:"recording"`
	RecordingState          string            `json:"recordingState"`
	Ani                     string            `json:"ani,omitempty"`
	Dnis                    string            `json:"dnis,omitempty"`
	MonitoredParticipantID  string            `json:"monitoredParticipantId,omitempty"`
	CoachedParticipantID    string            `json:"coachedParticipantId,omitempty"`
	BargedParticipantID     string            `json:"bargedParticipantId,omitempty"`
}

// Calls is a conversation as one of calls: each call of each participant on its own. There is none without a call.
func (c Conversation) Calls() (_ CallConversation, there bool) {
	out := CallConversation{
		ID: c.ID, OtherMediaURIs: []string{}, InactivityTimeout: c.InactivityTimeout, Divisions: c.Divisions, RecordingState: "none",
		SelfURI: "/api/v2/conversations/calls/" + c.ID,
	}
	if c.RecordingState == "ACTIVE" {
		out.RecordingState = "active"
	}
	others := map[string]bool{}
	for i := range c.Participants {
		p := &c.Participants[i]
		for j := range p.Calls {
			out.Participants = append(out.Participants, p.with(&p.Calls[j]))
		}
		others["callbacks"] = others["callbacks"] || len(p.Callbacks) > 0
		others["chats"] = others["chats"] || len(p.Chats) > 0
		others["emails"] = others["emails"] || len(p.Emails) > 0
		others["messages"] = others["messages"] || len(p.Messages) > 0
	}
	for _, medium := range []string{"callbacks", "chats", "emails", "messages"} {
		if others[medium] {
			out.OtherMediaURIs = append(out.OtherMediaURIs, "/api/v2/conversations/"+medium+"/"+c.ID)
		}
	}
	return out, len(out.Participants) > 0
}

// with is a participant with a call of its own.
func (p *Participant) with(c *Communication) CallParticipant {
	return CallParticipant{
		ID: p.ID, Name: p.Name, Address: p.Address, StartTime: p.StartTime, StartAlertingTime: c.StartAlertingTime, ConnectedTime: c.ConnectedTime,
		EndTime: c.DisconnectedTime, StartHoldTime: c.StartHoldTime, Purpose: p.Purpose, State: c.State, Direction: c.Direction,
		DisconnectType: c.DisconnectType, Held: is(c.Held), WrapupRequired: p.WrapupRequired, User: at(p.UserID, p.Name, "/api/v2/users/"),
		Queue: at(p.QueueID, p.QueueName, "/api/v2/routing/queues/"), Team: at(p.TeamID, "", "/api/v2/teams/"), Attributes: p.Attributes,
		ErrorInfo: c.ErrorInfo, Script: at(c.ScriptID, "", "/api/v2/scripts/"), Provider: c.Provider,
		ExternalContact:      at(p.ExternalContactID, "", "/api/v2/externalcontacts/contacts/"),
		ExternalOrganization: at(p.ExternalOrganizationID, "", "/api/v2/externalcontacts/organizations/"),
		Wrapup:               c.Wrapup, Peer: c.PeerID, FlaggedReason: p.FlaggedReason, ConversationRoutingData: p.ConversationRoutingData,
		StartAcwTime: p.StartAcwTime, EndAcwTime: p.EndAcwTime, Muted: is(c.Muted), Recording: is(c.Recording), RecordingState: c.RecordingState,
		Ani: p.Ani, Dnis: p.Dnis, MonitoredParticipantID: p.MonitoredParticipantID, CoachedParticipantID: p.CoachedParticipantID,
		BargedParticipantID: p.BargedParticipantID,
	}
}

func is(flag *bool) bool { return flag != nil && *flag }

// at refers to something that has an address; nil if it has no id.
func at(id, name, path string) *Reference {
	if id == "" {
		return nil
	}
	return &Reference{ID: id, Name: name, SelfURI: path + id}
}
