package platform_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// counted counts the requests that are tried.
type counted struct {
	http.RoundTripper

	n int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n++
	return c.RoundTripper.RoundTrip(r)
}

// reach asks a server at a URL once, and says how often it was tried.
func reach(ctx context.Context, f *platformtest.Fake, url string) (int, error) {
	tries := &counted{RoundTripper: http.DefaultTransport.(*http.Transport).Clone()}
	cfg := f.ClientConfig()
	cfg.API, cfg.Login, cfg.Transport = url, url, tries
	_, _, err := platform.New(cfg).Coverage(ctx)
	return tries.n, err
}

// The advice to set SSL_CERT_FILE is taken here: it works only from the beginning of a process.
func TestACertificateOfOnesOwn(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	if url := os.Getenv("PARLEY_TEST_TRUSTED"); url != "" {
		if _, err := reach(t.Context(), f, url); err != nil {
			t.Error(err)
		}
		return
	}
	server := httptest.NewTLSServer(f)
	defer server.Close()
	server.Config.ErrorLog = quiet()
	n, err := reach(t.Context(), f, server.URL)
	if !errors.Is(err, fault.Unavailable) || n != 1 || !strings.Contains(err.Error(), "is not trusted") || !strings.Contains(err.Error(), "set SSL_CERT_FILE") {
		t.Errorf("after %d tries: %v", n, err)
	}
	file := filepath.Join(t.TempDir(), "server.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestACertificateOfOnesOwn$")
	again.Env = append(os.Environ(), "SSL_CERT_FILE="+file, "PARLEY_TEST_TRUSTED="+server.URL)
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("with SSL_CERT_FILE: %v\n%s", err, out)
	}
}

func TestACertificateForAnotherName(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	server := httptest.NewTLSServer(f)
	defer server.Close()
	server.Config.ErrorLog = quiet()
	trusting := server.Client().Transport.(*http.Transport).Clone()
	trusting.TLSClientConfig.ServerName = "elsewhere.test"
	tries := &counted{RoundTripper: trusting}
	cfg := f.ClientConfig()
	cfg.API, cfg.Login, cfg.Transport = server.URL, server.URL, tries
	_, _, err := platform.New(cfg).Coverage(t.Context())
	if !errors.Is(err, fault.Unavailable) || tries.n != 1 || !strings.Contains(err.Error(), "is not valid") || strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("after %d tries: %v", tries.n, err)
	}
}

func TestTheWrongScheme(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	plain, secure := httptest.NewServer(f), httptest.NewTLSServer(f)
	defer plain.Close()
	defer secure.Close()
	secure.Config.ErrorLog, plain.Config.ErrorLog = quiet(), quiet()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>"))
	}))
	defer proxy.Close()
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://127.0.0.1/oauth/token", http.StatusMovedPermanently)
	}))
	defer redirect.Close()
	alert := listen(t, "\x15\x03\x01\x00\x02\x02\x46")
	for name, c := range map[string]struct{ url, says string }{
		"http to a server of TLS":       {strings.Replace(secure.URL, "https", "http", 1), "speaks TLS: write https:// in --base-url"},
		"http to a proxy with TLS":      {proxy.URL, "speaks TLS: write https:// in --base-url"},
		"http that is redirected":       {redirect.URL, "speaks TLS: write https:// in --base-url"},
		"http to a bare server of TLS":  {"http://" + alert, "speaks TLS: write https:// in --base-url"},
		"https to a server without TLS": {strings.Replace(plain.URL, "http", "https", 1), "does not speak TLS; if that is right, write http:// in --base-url"},
	} {
		n, err := reach(t.Context(), f, c.url)
		if !errors.Is(err, fault.Invalid) || fault.ExitCode(err) != 2 || n != 1 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, after %d tries: %v", name, n, err)
		}
	}
	// An ordinary refusal over http is one.
	f.Behave(platformtest.Rule{Route: platformtest.Availability, First: 1, Last: platformtest.Always, Do: platformtest.Refuse(400, "bad.request", "no")})
	if _, err := reach(t.Context(), f, plain.URL); !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "TLS") {
		t.Errorf("a refusal: %v", err)
	}
}

// listen is a server that sends the same bytes to whoever connects, and echoes nothing; it gives the address.
func listen(t *testing.T, says string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 4096)
			n, _ := conn.Read(b)
			if says == "" {
				_, _ = conn.Write(b[:n])
			} else {
				_, _ = conn.Write([]byte(says))
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}
