package sim

// scenario is one way in which a conversation can go, and how often it does, in thousandths.
type scenario struct {
	name  string
	share int
	play  func(*call)
}

// scenarios come as often as at the contact centre that was measured, by 161 records of 2024: most calls never leave
// the flow. The shares add up to 1,000.
var scenarios = []scenario{
	{"flow ends the call", 330, (*call).flowEnds},
	{"caller leaves the flow", 270, (*call).callerLeaves},
	{"flow to flow", 60, (*call).flowToFlow},
	{"flow to a number", 12, (*call).flowToNumber},
	{"flow to a group's voicemail", 35, (*call).flowToGroupVoicemail},
	{"flow to a user's voicemail", 10, (*call).flowToUserVoicemail},
	{"flow to a user", 28, (*call).flowToUser},
	{"answered by an agent", 76, (*call).answered},
	{"first agent does not respond", 28, (*call).notResponding},
	{"abandoned in queue", 18, (*call).abandoned},
	{"blind transfer", 30, (*call).transferred},
	{"internal", 55, (*call).internal},
	{"internal, nobody answers", 18, (*call).internalVoicemail},
	{"internal, given up", 6, (*call).internalGivenUp},
	{"outbound", 14, (*call).outbound},
	{"outbound for a queue", 10, (*call).outboundForQueue},
}

// play lets one scenario happen.
func (k *call) play() {
	at := k.below(1000)
	for _, s := range scenarios {
		if at -= s.share; at < 0 {
			s.play(k)
			return
		}
	}
}
