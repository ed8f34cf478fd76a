package web

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// wantsJSON says whether the same is asked for as JSON.
func (v *visit) wantsJSON() bool { return strings.HasPrefix(v.r.URL.Path, "/parley/v1/") }

func (v *visit) sendJSON(status int, what any) {
	text, err := json.Marshal(what)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{}`)
	}
	v.sendText(status, text)
}

// sendText sends JSON that is written already.
func (v *visit) sendText(status int, text []byte) {
	v.send(status, "application/json", text)
}

// base is the address by which the visitor reaches this server.
func (v *visit) base() string {
	if v.web.cfg.Secure {
		return "https://" + hostOf(v.r)
	}
	return "http://" + hostOf(v.r)
}

// where tells a command which data it is about.
func (v *visit) where() string {
	if v.web.cfg.Live {
		return " --base-url " + quoted(v.base())
	}
	return " --lake " + quoted(v.web.cfg.Data.Name(v.who.Organization))
}

// lakeAndPlatform is which lake a command is about that asks the platform too, and where that is. The platform itself has its logins elsewhere: it is
// told by the environment, as docs/extract.md says.
func lakeAndPlatform(lake, platform string) string {
	if text := " --lake " + quoted(lake); !strings.Contains(platform, "://") || strings.HasPrefix(platform, "https://api.") {
		return text
	}
	return " --lake " + quoted(lake) + " --base-url " + quoted(platform)
}

// commandOn is a command about one thing, with flags. After a flag a word may begin with a hyphen; by itself it would be taken for a flag,
// and must come last, behind two hyphens.
func commandOn(command, id, flags string) string {
	if strings.HasPrefix(id, "-") {
		return command + flags + " -- " + quoted(id)
	}
	return command + " " + quoted(id) + flags
}
