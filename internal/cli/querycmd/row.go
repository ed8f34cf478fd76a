package querycmd

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/names"
)

// look is how a row is shown: shortened for a person, in full for a program.
type look struct {
	full bool
	book *names.Book // of the lake; nil if there is none
}

// row is what a person wants to see of a conversation at first sight.
func (l look) row(c *conversation.Conversation) []string {
	s := conversation.Summarize(c)
	said := conversation.Names(c)
	from, to := conversation.Parties(c)
	start, _ := conversation.ParseTime(c.ConversationStart)
	return []string{
		start.Format("2006-01-02 15:04:05"), s.Direction, s.MediaType, l.address(from), l.address(to), l.named(names.Queue, s.QueueIDs, said), l.named(names.User, s.UserIDs, said),
		duration(c, start), conversation.Outcome(c, s.Abandoned), l.id(string(c.ConversationID)),
	}
}

// named writes a list of ids by their names: that of the record, or that of the lake, or the id, shortened. The first two and how
// many more.
func (l look) named(of names.Kind, ids []string, said map[string]string) string {
	const most = 2
	var out []string
	for _, id := range ids {
		out = append(out, cmp.Or(said[id], l.book.Label(of, id), l.id(id)))
	}
	if len(out) > most && !l.full {
		return strings.Join(out[:most], ", ") + fmt.Sprintf(" +%d", len(out)-most)
	}
	return strings.Join(out, ", ")
}

// id cuts a UUID to its first eight digits; other ids stay as they are.
func (l look) id(id string) string {
	if !l.full && len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return id
}

// address shortens an address for a cell: numbers without tel:, sip addresses without their parameters.
func (l look) address(s string) string {
	const most = 28
	s = strings.TrimPrefix(s, "tel:")
	if strings.HasPrefix(s, "sip:") {
		s, _, _ = strings.Cut(s, ";")
	}
	if r := []rune(s); len(r) > most && !l.full {
		return string(r[:most]) + "…"
	}
	return s
}

// duration is the whole time of a conversation, h:mm:ss; empty while it goes on.
func duration(c *conversation.Conversation, start time.Time) string {
	end, err := conversation.ParseTime(c.ConversationEnd)
	if err != nil || start.IsZero() {
		return ""
	}
	s := int64(end.Sub(start).Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
