package platform

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/fault"
)

func TestHosts(t *testing.T) {
	for in, domain := range map[string]string{
		"mypurecloud.com": "mypurecloud.com", "euw2.pure.cloud": "euw2.pure.cloud", "MyPureCloud.IE\n": "mypurecloud.ie",
		"https://api.mypurecloud.de/": "mypurecloud.de", "login.mypurecloud.jp": "mypurecloud.jp",
	} {
		api, login, err := Hosts(in)
		if err != nil || api != "https://api."+domain || login != "https://login."+domain {
			t.Errorf("Hosts(%q) = %q, %q, %v", in, api, login, err)
		}
	}
	for _, in := range []string{"", "us-east-1", "http://mypurecloud.com", "mypurecloud.com:443", "mypurecloud.com/x", "a@b.c", "a b.c", "a.b?c", "a.b#c"} {
		if api, _, err := Hosts(in); !errors.Is(err, fault.Invalid) {
			t.Errorf("Hosts(%q) = %q, %v", in, api, err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "https://host/": "https://host", "https://gateway/genesys//": "https://gateway/genesys",
		"http://[::1]:8080": "http://[::1]:8080",
	} {
		if got, err := BaseURL(in); err != nil || got != want {
			t.Errorf("BaseURL(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "host", "host:80", "ftp://host", "http://", "http://:80", "http://h?", "http://h?q=1", "http://h#f", "http://me:secret@h", "http://h\n"} {
		if got, err := BaseURL(in); !errors.Is(err, fault.Invalid) {
			t.Errorf("BaseURL(%q) = %q, %v", in, got, err)
		}
	}
}

// The wait doubles from the first to the longest one, plus up to half of it by chance, however often it is tried.
func TestWaitBounds(t *testing.T) {
	c := New(Config{})
	base := 500 * time.Millisecond
	for attempt := 1; attempt <= 100; attempt++ {
		for range 50 {
			if got := c.wait(attempt, nil); got < base || got > base+base/2 {
				t.Fatalf("attempt %d waits %v, want %v and up to half as much again", attempt, got, base)
			}
		}
		base = min(2*base, time.Minute)
	}
}

// A breaker is open for its time, and up to half as long again.
func TestHowLongABreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shortest, longest time.Duration = time.Hour, 0
		for range 200 {
			var b breaker
			b.openFor(time.Second)
			d := time.Until(b.until)
			shortest, longest = min(shortest, d), max(longest, d)
		}
		if shortest < time.Second || longest > 1500*time.Millisecond || longest-shortest < 400*time.Millisecond {
			t.Errorf("from %v to %v", shortest, longest)
		}
	})
}

func TestWaitLengthAsked(t *testing.T) {
	c := New(Config{Retry: Retry{First: time.Millisecond}})
	for _, x := range []struct {
		status  int
		headers http.Header
		want    time.Duration
	}{
		{429, http.Header{"Retry-After": {"7"}, "Inin-Ratelimit-Reset": {"60"}}, 8 * time.Second},
		{429, http.Header{"Retry-After": {"Fri, 20 Nov 2026 07:28:00 GMT"}, "Date": {"Fri, 20 Nov 2026 07:27:20 GMT"}, "Inin-Ratelimit-Reset": {"60"}}, 41 * time.Second},
		{503, http.Header{"Retry-After": {"Friday, 20-Nov-26 07:28:00 GMT"}, "Date": {"Fri, 20 Nov 2026 07:27:59 GMT"}}, 2 * time.Second},
		{429, http.Header{"Retry-After": {"Fri, 20 Nov 2026 07:28:00 GMT"}, "Date": {"Fri, 20 Nov 2026 07:28:30 GMT"}, "Inin-Ratelimit-Reset": {"60"}}, time.Second},
		{429, http.Header{"Retry-After": {"Fri, 20 Nov 1970 07:28:00 GMT"}}, time.Second},
		{429, http.Header{"Retry-After": {"Fri, 32 Nov 2026 07:28:00 GMT"}, "Inin-Ratelimit-Reset": {"60"}}, 61 * time.Second},
		{503, http.Header{"Retry-After": {"1"}}, 2 * time.Second},
		{500, http.Header{"Retry-After": {"1"}}, 0},
		{429, http.Header{"Retry-After": {"-1"}}, 0},
		{429, http.Header{"Retry-After": {"soon"}}, 0},
		{429, http.Header{"Retry-After": {"9223372036"}}, 10 * time.Minute},
		{429, http.Header{"Retry-After": {"99999999999999"}}, 10 * time.Minute},
		{429, http.Header{}, 0},
	} {
		err := New(Config{}).failure(&http.Response{StatusCode: x.status, Header: x.headers, Body: http.NoBody})
		got := c.wait(1, err)
		if x.want == 0 && got > 2*time.Millisecond || x.want > 0 && got != x.want {
			t.Errorf("%d with %v waits %v, want %v", x.status, x.headers, got, x.want)
		}
	}
}

// A limit that ends in a week is no reason to wait ten minutes five times.
func TestWhatIsNotWorthWaitingFor(t *testing.T) {
	for after, want := range map[string]bool{"60": true, "86399": true, "86400": false, "638735": false} {
		err := New(Config{}).failure(&http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {after}}, Body: http.NoBody})
		if got := temporary(err); got != want {
			t.Errorf("Retry-After %s: tried again %v, want %v", after, got, want)
		}
	}
}

func TestTextsOfOthersAreClipped(t *testing.T) {
	c := New(Config{})
	for in, want := range map[string]string{
		strings.Repeat("x", 9): strings.Repeat("x", 9), strings.Repeat("x", 10): strings.Repeat("x", 10), strings.Repeat("x", 11): strings.Repeat("x", 10) + "…",
		"xxxxxxxxxéé": "xxxxxxxxx…", "\ta \t\n b\n": "a b", "\x00": `\u0000`, "\xff": "\ufffd",
	} {
		if got := c.clean(in, 10); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// The longest refusal has a list in it, and ends with what was probably meant.
func TestLongRefusalsKeepTheirEnd(t *testing.T) {
	body := `{"message":"Value [x] is not valid.\u001b ` + strings.Repeat("é, ", 1000) + `. Did you mean y?"}`
	err := New(Config{}).failure(&http.Response{StatusCode: 400, Body: io.NopCloser(strings.NewReader(body))})
	says := err.Error()
	if !strings.HasPrefix(says, `the platform answers 400: Value [x] is not valid.\u001b é, `) || !strings.HasSuffix(says, "é, . Did you mean y?") ||
		!strings.Contains(says, " … ") || len(says) > maxText+100 || !utf8.ValidString(says) {
		t.Errorf("%d bytes: %s", len(says), says)
	}
}

func TestWhatIsHidden(t *testing.T) {
	long, short := secretsOf(Config{ClientID: "id", ClientSecret: "abcd"}), secretsOf(Config{ClientID: "id", ClientSecret: "abc"})
	if got := long.hide("xabcdx abc"); got != "x(secret)x abc" {
		t.Errorf("got %s", got)
	}
	if got := short.hide("abc abcd"); got != "abc abcd" {
		t.Errorf("too short to be hidden: got %s", got)
	}
	for _, token := range []string{"first", "second", "third"} {
		long.use(token)
	}
	if got := long.hide("first, second, third, " + base64.StdEncoding.EncodeToString([]byte("id:abcd"))); got != "first, (secret), (secret), (secret)" {
		t.Errorf("got %s", got)
	}
}

func TestCharactersOfTokens(t *testing.T) {
	for r, want := range map[rune]bool{' ': true, '!': false, 'a': false, '~': false, 0x7f: true, 'é': true, '\n': true, 0: true} {
		if got := notInHeaders(r); got != want {
			t.Errorf("%q: %v", r, got)
		}
	}
}

// Whatever a proxy answers, the error is one line that can be read, and of one kind.
func FuzzFailure(f *testing.F) {
	f.Add(400, `{"message":"The request","code":"bad.request","contextId":"1-2","details":[]}`)
	f.Add(401, `{"error":"invalid_client","description":"authentication failed"}`)
	f.Add(502, "<html>\nBad Gateway</html>")
	f.Add(429, `{"message":"`+strings.Repeat("é\n", 400)+`","code":"a\nb"}`)
	f.Add(503, `{"message":7}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := New(Config{}).failure(&http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))})
		if text := err.Error(); strings.ContainsAny(text, "\n\r") || !utf8.ValidString(text) || len(text) > 1500 {
			t.Errorf("%q", text)
		}
		if errors.Unwrap(err) == nil {
			t.Error("the error has no kind")
		}
		_ = temporary(err)
	})
}
