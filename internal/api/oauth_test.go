package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var tokenText = regexp.MustCompile(`"access_token":"[A-Za-z0-9_-]{26,}"`)

func TestLogin(t *testing.T) {
	const form = "grant_type=client_credentials"
	var got strings.Builder
	test(t, 0, nil, func(x *fixture) {
		x.token = ""
		for _, c := range []struct{ name, auth, body, contentType string }{
			{"basic", "Basic Y2xpZW50LTE6c2VjcmV0LTE=", form, "application/x-www-form-urlencoded"},
			{"basic without content type", "basic Y2xpZW50LTE6c2VjcmV0LTE=", form, ""},
			{"form of a client with another lifetime", "", form + "&client_id=client-2&client_secret=secret-2&scope=all", "text/plain"},
			{"unknown client", "Basic eDp5", form, ""},
			{"wrong secret", "Basic Y2xpZW50LTE6c2VjcmV0LTI=", form, ""},
			{"broken basic", "Basic !", form, ""},
			{"unknown client in the form", "", form + "&client_id=x&client_secret=y", ""},
			{"wrong secret in the form", "", form + "&client_id=client-1&client_secret=", ""},
			{"no credentials", "", form, ""},
			{"other grant", "Basic Y2xpZW50LTE6c2VjcmV0LTE=", "grant_type=password", ""},
			{"no grant", "Basic Y2xpZW50LTE6c2VjcmV0LTE=", "", ""},
			{"no form", "Basic Y2xpZW50LTE6c2VjcmV0LTE=", "grant_type=%zz", ""},
		} {
			r := x.request("POST", "/oauth/token", c.body)
			chunked(r)
			r.Header.Set("Content-Type", c.contentType)
			if c.auth != "" {
				r.Header.Set("Authorization", c.auth)
			}
			text := shown(x.do(r))
			fmt.Fprintf(&got, "# %s\nPOST /oauth/token %s\n%s\n", c.name, c.body, tokenText.ReplaceAllString(text, `"access_token":"<token>"`))
		}
	})
	golden(t, "testdata/login.txt", got.String())
}

func TestTokensExpireOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // nothing runs jobs, which would look around twice a second for hours
		x := newFixture(t, 0, nil)
		x.token = x.login("client-2", "secret-2")
		first := x.token
		time.Sleep(4 * time.Minute)
		second := x.login("client-2", "secret-2")
		time.Sleep(time.Minute - 1)
		x.ask(http.StatusOK, "GET", details+"/jobs/availability", "")
		time.Sleep(time.Nanosecond)
		if got := x.ask(http.StatusUnauthorized, "GET", details+"/jobs/availability", ""); !strings.Contains(got, `"credentials.expired"`) {
			t.Errorf("expired token: got %s", got)
		}
		x.token = second
		x.ask(http.StatusOK, "GET", details+"/jobs/availability", "")

		time.Sleep(2 * time.Hour)
		x.token = first
		x.login("client-2", "secret-2") // is the moment at which old ones are forgotten
		if got := x.ask(http.StatusUnauthorized, "GET", details+"/jobs/availability", ""); !strings.Contains(got, `"bad.credentials"`) {
			t.Errorf("forgotten token: got %s", got)
		}
	})
}
