package web

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/web/form"
)

// What is remembered of counts, and for how long: turning pages and writing in a field ask for the same again and again, and every
// count is a request of the client's.
const (
	countsFor  = time.Minute
	mostCounts = 500
)

// countsKey is all that counts depend on. Who may not see personal data gets the same as others, since it cannot ask for any.
type countsKey struct {
	organization, user string
	confined           bool
	body               [sha256.Size]byte
}

// countsKept remembers counts for a while. Safe for concurrent use.
type countsKept struct {
	now func() time.Time
	mu  sync.Mutex
	all map[countsKey]keptCounts
}

type keptCounts struct {
	found found
	until time.Time
}

func newCountsKept(now func() time.Time) *countsKept {
	return &countsKept{now: now, all: map[countsKey]keptCounts{}}
}

func (k *countsKept) get(key countsKey) (found, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, ok := k.all[key]
	return kept.found, ok && k.now().Before(kept.until)
}

// put remembers counts. Those that are too old go, and of too many any.
func (k *countsKept) put(key countsKey, f found) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	for old, kept := range k.all {
		if !now.Before(kept.until) {
			delete(k.all, old)
		}
	}
	for old := range k.all {
		if len(k.all) < mostCounts {
			break
		}
		delete(k.all, old)
	}
	k.all[key] = keptCounts{f, now.Add(countsFor)}
}

// counts asks for counts alone, or knows them yet.
func (v *visit) counts(ctx context.Context, body []byte, aggregations string) (f found, err error) {
	body, err = form.Set(body, map[string]string{"aggregations": aggregations, "paging": `{"pageSize":1,"pageNumber":1}`, "order": "", "orderBy": ""})
	if err != nil {
		return f, err
	}
	if err := v.maySend(queryPath, body); err != nil {
		return f, err
	}
	user, confined := v.who.OnlyUser()
	key := countsKey{v.who.Organization, user, confined, sha256.Sum256(body)}
	if f, ok := v.web.counts.get(key); ok {
		return f, nil
	}
	text, err := v.web.askAs(ctx, v.who, http.MethodPost, queryPath, body)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f, lenient); err != nil {
		return f, err
	}
	f.Conversations = nil // a page has one at least
	v.web.counts.put(key, f)
	return f, nil
}
