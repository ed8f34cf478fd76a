package platform_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// A server that writes back what we sent must not make us print our credentials.
func TestEchoedSecretsAreNotPrinted(t *testing.T) {
	const secret = "s3cret/+ of=the client"
	basic := base64.StdEncoding.EncodeToString([]byte(platformtest.ClientID + ":" + secret))
	var logged bytes.Buffer
	f := platformtest.New(t, platformtest.Config{})
	cfg := f.ClientConfig()
	cfg.ClientSecret, cfg.Log, cfg.Retry.Attempts = secret, slog.New(slog.NewTextHandler(&logged, nil)), 2
	const token = "the-token-of-this-client"
	say := func(text string) string { return strings.ReplaceAll(fmt.Sprintf("%q", text), `\x`, `\u00`) }
	everything := "Authorization: Bearer " + token + ", Basic " + basic + ", secret=" + secret + "&" + url.QueryEscape(secret)
	login := platformtest.Rule{Route: platformtest.Token, First: 1, Do: platformtest.Answer(200, jsonType, `{"access_token":"`+token+`"}`)}
	answer := func(route platformtest.Route, status int, header, body string) platformtest.Rule {
		return platformtest.Rule{Route: route, First: 1, Last: platformtest.Always, Do: func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
			w.Header().Set("ININ-Correlation-Id", header)
			platformtest.Answer(status, jsonType, body)(w, r, usual)
		}}
	}
	for name, rule := range map[string]platformtest.Rule{
		"message":             answer(platformtest.Status, 500, "", `{"message":`+say(everything)+`,"code":"x"}`),
		"code and id":         answer(platformtest.Status, 400, everything, `{"message":"x","code":`+say(everything)+`}`),
		"context":             answer(platformtest.Status, 400, "", `{"message":"x","contextId":`+say(everything)+`}`),
		"kind":                {Route: platformtest.Status, First: 1, Last: platformtest.Always, Do: platformtest.Answer(200, token+secret, "{}")},
		"failure of a job":    answer(platformtest.Status, 200, "", `{"state":"FAILED `+token+`","errorMessage":`+say(everything)+`}`),
		"login":               answer(platformtest.Token, 400, everything, `{"error":`+say(everything)+`,"description":`+say(everything)+`}`),
		"login with a status": answer(platformtest.Token, 500, everything, everything),
	} {
		logged.Reset()
		f.Behave(login, rule)
		if rule.Route == platformtest.Token {
			f.Behave(rule)
		}
		s, err := platform.New(cfg).Status(t.Context(), "job-1")
		text := fmt.Sprintf("%+v %v %s", s, err, &logged)
		for _, hidden := range []string{token, secret, basic, url.QueryEscape(secret)} {
			if hidden == token && rule.Route == platformtest.Token {
				continue // the client never had it
			}
			if strings.Contains(text, hidden) {
				t.Errorf("%s: printed %q in %s", name, hidden, text)
			}
		}
		if err == nil && !strings.Contains(text, "(secret)") {
			t.Errorf("%s: got %s", name, text)
		}
	}

	// A server that sends back the bytes of the request makes an error of net/http.
	host := listen(t, "")
	cfg.API, cfg.Login, cfg.Transport = "http://"+host, "http://"+host, nil
	_, _, err := platform.New(cfg).Coverage(t.Context())
	if err == nil || strings.Contains(err.Error(), basic) || strings.Contains(err.Error(), secret) {
		t.Errorf("an echo: %v", err)
	}
}

// A part of what we sent is hidden too: a server that cuts what it writes back may cut it anywhere.
func TestPartsOfEchoedSecretsAreNotPrinted(t *testing.T) {
	const token = "0123456789abcdefghijklmnopqrstuvwxyz"
	f := platformtest.New(t, platformtest.Config{})
	login := platformtest.Rule{Route: platformtest.Token, First: 1, Do: platformtest.Answer(200, jsonType, `{"access_token":"`+token+`"}`)}
	for from := range len(token) {
		for to := from + 1; to <= len(token); to += 3 {
			part := token[from:to]
			f.Behave(login, platformtest.Rule{Route: platformtest.Status, First: 1, Last: platformtest.Always,
				Do: platformtest.Answer(400, jsonType, `{"message":"Bearer <`+part+`> is no good","code":"x"}`)})
			_, err := f.Client().Status(t.Context(), "job-1")
			want := "Bearer <" + part + "> is no good"
			if len(part) >= 8 {
				want = "Bearer <(secret)> is no good"
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", part, err, want)
			}
		}
	}
}

// What answers in another protocol is there, and has answered: that is no failure to reach it.
func TestAnswersThatAreNotHTTP(t *testing.T) {
	for name, says := range map[string]string{
		"another protocol":  "SSH-2.0-OpenSSH_9.9\r\n",
		"a head that is no": "HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n",
		"a status":          "HTTP/1.1 OK\r\n\r\n",
		"a version":         "HTTP/x 200 OK\r\n\r\n",
	} {
		host := listen(t, says)
		f := platformtest.New(t, platformtest.Config{})
		cfg := f.ClientConfig()
		cfg.API, cfg.Login, cfg.Transport, cfg.Retry.Attempts = "http://"+host, "http://"+host, nil, 1
		_, _, err := platform.New(cfg).Coverage(t.Context())
		if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), host+" answers with what is not HTTP: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a platform writes cannot steer a terminal, or fill it.
func TestTextsOfThePlatformAreHarmless(t *testing.T) {
	f := fulfilled(t)
	f.Behave(platformtest.Rule{Route: platformtest.Status, First: 1, Last: platformtest.Always,
		Do: platformtest.Answer(400, jsonType, `{"message":"a\u001b[2Jb\r\nc\u202ed\u0007 \u009be \ud800 é 😀","code":"\u001bcode","contextId":"`+strings.Repeat("i", 500)+`"}`)})
	_, err := f.Client().Status(t.Context(), "job-1")
	want := `ask for job job-1: the platform answers 400: a\u001b[2Jb c\u202ed\u0007 \u009be ` + "\ufffd" + ` é 😀 (\u001bcode), correlation id ` + strings.Repeat("i", 100) + "…"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	f.Behave(platformtest.Rule{Route: platformtest.Status, First: 1, Do: platformtest.Answer(200, jsonType, `{"state":"FAILED","errorMessage":"`+strings.Repeat("é", 600)+`\u001b"}`)})
	if s, err := f.Client().Status(t.Context(), "job-1"); err != nil || s.ErrorMessage != strings.Repeat("é", 500)+"…" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestTokensThatCannotBeSent(t *testing.T) {
	for _, token := range []string{`a\nb`, `a b`, `\u0000`, `é`, `a\u007f`, `a\r\nX-Other: b`} {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Token, First: 1, Last: platformtest.Always, Do: platformtest.Say(`{"access_token":"` + token + `"}`)}}})
		_, _, err := f.Client().Coverage(t.Context())
		if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), "access token that cannot be sent") || f.Calls(platformtest.Availability) != 0 {
			t.Errorf("%s: %v", token, err)
		}
	}
	f := platformtest.New(t, platformtest.Config{})
	for name, c := range map[string]struct{ id, secret, says string }{
		"secret": {platformtest.ClientID, platformtest.ClientSecret + "\n", "GENESYS_CLIENT_SECRET has a line break"},
		"id":     {platformtest.ClientID + "\r", platformtest.ClientSecret, "GENESYS_CLIENT_ID has a line break"},
		"colon":  {"a:b", platformtest.ClientSecret, "GENESYS_CLIENT_ID has a colon"},
	} {
		cfg := f.ClientConfig()
		cfg.ClientID, cfg.ClientSecret = c.id, platform.Secret(c.secret)
		_, _, err := platform.New(cfg).Coverage(t.Context())
		if !errors.Is(err, fault.Unauthorized) || !strings.Contains(err.Error(), c.says) || f.Calls(platformtest.Token) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A body whose gzip is damaged is told as that, and not as a connection that broke.
func TestDamagedGzip(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	var whole bytes.Buffer
	z := gzip.NewWriter(&whole)
	_, _ = z.Write([]byte(`{"dataAvailabilityDate":"2026-11-08T00:00:00.000Z"}`))
	_ = z.Close()
	var body []byte
	coding := "gzip"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/availability") {
			f.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	cfg := f.ClientConfig()
	cfg.API, cfg.Login, cfg.Transport = server.URL, server.URL, nil
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		coding string
		exit   int
		says   string
	}{
		"none":             {func(b []byte) []byte { return b }, "gzip", 0, ""},
		"a wrong head":     {func(b []byte) []byte { b[0]++; return b }, "gzip", 8, "the answer's gzip is damaged"},
		"a wrong block":    {func(b []byte) []byte { b[10] = 7; return b }, "gzip", 8, "the answer's gzip is damaged"},
		"a wrong sum":      {func(b []byte) []byte { b[len(b)-5]++; return b }, "gzip", 8, "the answer's gzip is damaged"},
		"a wrong length":   {func(b []byte) []byte { b[len(b)-1]++; return b }, "gzip", 8, "the answer's gzip is damaged"},
		"no end":           {func(b []byte) []byte { return b[:len(b)-9] }, "gzip", 6, "the answer was cut"},
		"another coding":   {func(b []byte) []byte { return b }, "br", 8, "in the coding br, for which it was not asked"},
		"no coding at all": {func([]byte) []byte { return []byte(`{"dataAvailabilityDate":"2026-11-08"}`) }, "identity", 0, ""},
	} {
		body, coding = c.change(bytes.Clone(whole.Bytes())), c.coding
		_, _, err := platform.New(cfg).Coverage(t.Context())
		if fault.ExitCode(err) != c.exit || c.says != "" && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where no header says how long to wait, the platform's message may.
func TestAWaitInWords(t *testing.T) {
	for message, want := range map[string]string{
		"Rate limit exceeded the maximum [300] requests within [60] seconds. Retry the request in [7] seconds": "8s",
		"Rate limit exceeded the maximum. Retry the request in 3 seconds":                                      "4s",
		"Rate limit exceeded the maximum [300] requests within [60] seconds.":                                  "",
	} {
		var logged bytes.Buffer
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Availability, First: 1, Do: platformtest.Refuse(429, "too.many.requests", message)}}})
		cfg := f.ClientConfig()
		cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
		synctest.Test(t, func(t *testing.T) {
			if _, _, err := platform.New(cfg).Coverage(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if got := strings.Contains(logged.String(), "wait="+want+" "); got != (want != "") {
			t.Errorf("%s: logged %s", message, &logged)
		}
	}
}
