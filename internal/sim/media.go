package sim

import "github.com/parley-hq/parley/internal/conversation"

// codec is what an endpoint speaks, and the quality that it reports when nothing goes wrong.
type codec struct {
	names       []string
	mos, factor float64
	once        bool // reported for the whole leg, when it ends; otherwise for what came since the last report
}

// The codecs of the platform's own endpoints and of the telephone network. Qualities are those of real records.
var (
	opus = codec{[]string{"audio/opus"}, 4.8824, 92.44, false}
	pcmu = codec{[]string{"audio/PCMU"}, 4.3941, 92.43, true}
)

// report adds what the leg's endpoint heard since its last report; it comes some ms after the event that ended it.
func (l *leg) report(at instant, c codec) {
	k, since := l.call, l.heard
	if c.once {
		since = l.begun
	} else {
		l.heard = at
	}
	stat := conversation.MediaEndpointStat{
		Codecs:          c.names,
		EventTime:       (at + k.Between(20, 90)).String(),
		MaxLatencyMs:    new(int64(k.Between(29, 31))),
		ReceivedPackets: new(max(1, int64(at-since)/20-int64(k.Below(4)))),
	}
	mos, factor := c.mos+float64(0.0008*k.Unit()), c.factor+float64(0.02*k.Unit()) // products are rounded first: no machine fuses them
	if k.Percent(15) {                                                             // a bad line
		mos, factor = mos*(1-float64(0.05*k.Unit())), factor*(1-float64(0.04*k.Unit()))
		stat.DiscardedPackets = new(int64(k.Between(1, 60)))
		stat.MaxLatencyMs = new(int64(k.Between(32, 120)))
	}
	stat.MinMos, stat.MinRFactor = &mos, new(float64(float32(factor)))
	l.session.MediaEndpointStats = append(l.session.MediaEndpointStats, stat)
}

// quality sets the conversation's media quality: the least that any endpoint reported, or none.
func quality(c *conversation.Conversation) {
	c.MediaStatsMinConversationMos, c.MediaStatsMinConversationRFactor = nil, nil
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, m := range s.MediaEndpointStats {
				c.MediaStatsMinConversationMos = least(c.MediaStatsMinConversationMos, m.MinMos)
				c.MediaStatsMinConversationRFactor = least(c.MediaStatsMinConversationRFactor, m.MinRFactor)
			}
		}
	}
}

// least is the smaller of two values, of which either may be absent.
func least(a, b *float64) *float64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}
