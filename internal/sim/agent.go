package sim

// user adds a person who is called by, or calls, the peer; peer is nil for the one who begins, and for internal calls.
func (k *call) user(u *agent, direction string, peer *leg) *leg {
	return k.person("user", u, direction, peer)
}

// person adds a user of the centre, as agent of a queue or as themselves.
func (k *call) person(purpose string, u *agent, direction string, peer *leg) *leg {
	l := k.leg(purpose, direction)
	l.party.UserID, l.person = u.ID, u
	l.session.EdgeID, l.session.ProtocolCallID = u.edge, u.line
	if direction == "inbound" {
		l.session.SessionDnis = u.address
	}
	if peer != nil {
		l.session.PeerID = peer.session.SessionID
		l.session.Remote = peer.party.ParticipantName
	}
	return l
}

// talks adds interact and now and then hold segments after one another, length of time in all, and gives the end. The
// last one stays open.
func (l *leg) talks(length instant) instant {
	end := l.at + length
	for holds := l.holds(length); holds > 0; holds-- {
		part := (end - l.at) / instant(2*holds+1)
		l.stay("interact", l.at+l.call.between(part/2, part))
		l.stay("hold", l.at+l.call.between(part/2, part))
	}
	l.begin("interact", l.at)
	return end
}

// holds is how often an agent holds the caller: seldom, and not within a minute.
func (l *leg) holds(length instant) int {
	if length < minute {
		return 0
	}
	return pick(l.call.dice, []int{0, 0, 0, 0, 0, 0, 0, 1, 1, 2})
}

// finishes ends the talk, with which handling ends too, unless a wrap-up follows.
func (l *leg) finishes(at instant, how string) {
	l.completes(at, how)
	l.emit(at, "tHandle", l.spent.handle())
}

// completes ends the talk.
func (l *leg) completes(at instant, how string) {
	l.leave(at, how)
	l.report(at, opus)
	l.emit(at, "tTalkComplete", l.spent.talk)
	if l.spent.held > 0 {
		l.emit(at, "tHeldComplete", l.spent.held)
	}
}

// wrapsUp adds after-call work, which ends handling: with a code, with the platform's own when none was chosen in time,
// or, chance being out of a hundred, without.
func (l *leg) wrapsUp(without int) {
	k, how := l.call, l.last().DisconnectType
	l.begin("wrapup", l.at)
	switch {
	case k.percent(without):
	case k.percent(25):
		l.last().WrapUpCode = DefaultWrapUpCode
	default:
		l.last().WrapUpCode = pick(k.dice, k.centre.codes).ID
		if k.percent(20) {
			l.last().WrapUpNote = pick(k.dice, notes)
		}
	}
	l.leave(l.at+k.around(18*second, second, 20*minute), how)
	l.emit(l.at, "tHandle", l.spent.handle())
}

// wrapsUpLate adds a wrap-up of no length some time after the call, as people outside queues do.
func (l *leg) wrapsUpLate(at instant) {
	how := l.last().DisconnectType
	l.begin("wrapup", at)
	l.last().WrapUpCode = pick(l.call.dice, l.call.centre.codes).ID
	l.leave(at, how)
}
