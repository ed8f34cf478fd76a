package platformtest

import (
	"fmt"
	"net/http"
)

func (f *Fake) organization(w http.ResponseWriter, _ *http.Request, _ int) {
	f.mu.Lock()
	o := f.cfg.Organization
	f.mu.Unlock()
	if o.ID == "" {
		notFound(w)
		return
	}
	_, _ = fmt.Fprintf(w, `{"id":%q,"name":%q,"selfUri":"/api/v2/organizations/me"}`, o.ID, o.Name)
}
