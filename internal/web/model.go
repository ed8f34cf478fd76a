package web

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/shelf"
	"github.com/parley-hq/parley/internal/web/drawing"
	"github.com/parley-hq/parley/internal/web/mask"
	"github.com/parley-hq/parley/internal/wire"
)

// modelKey tells models apart: no visitor is given one that was made for others, who may see more, or of another record.
type modelKey struct {
	organization string
	id           conversation.ID
	sum          [sha256.Size]byte
	masked       bool
	asOf         int64 // until when it goes on
	names        int64 // since when names have not been looked up again; 0 where there are none
}

// Models take 40 MiB, masked records 24 MiB: together they are the 64 MiB that pages may keep.
const (
	modelBytes = 40 << 20
	textBytes  = 24 << 20
)

// weight is the room that the model of a record is given. Models of large records were measured to take 0.7 to 1.4 times as much as
// their records: TestModelsAreCountedForWhatTheyTake.
func weight(record []byte) int64 { return int64(len(record)) * 3 / 2 }

// namesLast is how long names that were looked up are shown before they are looked up again.
const namesLast = 5 * time.Minute

// models are those that were used last, and the texts of records that were masked.
type models struct {
	made  *shelf.Shelf[modelKey, *drawing.Model]
	texts *shelf.Shelf[modelKey, conversation.Record]
}

func newModels() models {
	return models{shelf.New[modelKey, *drawing.Model](modelBytes), shelf.New[modelKey, conversation.Record](textBytes)}
}

// seen is the conversation of the address as its visitor may see it.
type seen struct {
	v   *visit
	raw conversation.Record
	key modelKey

	asOf time.Time // until when it goes on; zero if it does not, or nobody knows
}

// looked finds the conversation of the address. Whether somebody may see it is asked each time, whatever is kept.
func (v *visit) looked() (seen, error) {
	text, err := v.ask(http.MethodGet, "/api/v2/analytics/conversations/"+url.PathEscape(v.r.PathValue("id"))+"/details", nil)
	if err != nil {
		return seen{}, err
	}
	raw, err := wire.Record(text)
	return seen{v, raw, modelKey{organization: v.who.Organization, id: raw.ID, sum: raw.Sum(), masked: v.masked()}, v.web.asOf(raw)}, err
}

// masked says whether personal data is masked for the visitor.
func (v *visit) masked() bool { return !v.who.Has(access.ViewPersonalData) }

// fit is a record as the visitor may see it.
func (v *visit) fit(r conversation.Record) (conversation.Record, error) {
	if !v.masked() {
		return r, nil
	}
	return v.web.masks.Record(r)
}

// record is the record, masked if need be.
func (s seen) record() (conversation.Record, error) {
	if !s.key.masked {
		return s.raw, nil
	}
	return s.v.web.models.texts.Get(s.key, func() (conversation.Record, int64, error) {
		r, err := s.v.fit(s.raw)
		return r, int64(len(r.JSON)), err
	})
}

// model is the model of the record. Names may have changed since it was made, so one that is old is made again.
func (s seen) model() (*drawing.Model, error) {
	key := s.key
	key.asOf = s.asOf.Unix()
	key.names = s.v.web.cfg.Now().Truncate(namesLast).Unix()
	return s.v.web.models.made.Get(key, func() (*drawing.Model, int64, error) {
		m, err := s.make()
		return m, weight(s.raw.JSON), err
	})
}

func (s seen) make() (*drawing.Model, error) {
	r, err := s.record()
	if err != nil {
		return nil, err
	}
	c, _ := wire.Decode(r.JSON)
	if s.key.masked {
		if err := mask.NameThings(c, s.raw.JSON); err != nil {
			return nil, err
		}
	}
	book, err := s.names(c)
	if err != nil {
		return nil, err
	}
	return drawing.Of(c, func(of account.Noun, id string) string {
		if !s.v.mayName(of) {
			return ""
		}
		return book.Label(names.Kind(of), id)
	}, s.asOf), nil
}

// names looks up what the record names by id.
func (s seen) names(c *conversation.Conversation) (*names.Book, error) {
	ids := map[names.Kind][]string{}
	for of, named := range account.Named(c) {
		if s.v.mayName(of) {
			ids[names.Kind(of)] = named
		}
	}
	return s.v.web.cfg.Data.Names(s.v.ctx(), s.v.who.Organization, ids)
}

// mayName says whether names of something may be seen: those of people are personal data.
func (v *visit) mayName(of account.Noun) bool { return of != account.User || !v.masked() }
