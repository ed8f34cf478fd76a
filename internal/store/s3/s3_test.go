package s3_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/internal/store/storetest"
)

var server *s3test.Server

func TestMain(m *testing.M) {
	if os.Getenv("PARLEY_STORETEST_PLACE") != "" { // a process that a test kills uses the server of its parent
		os.Exit(m.Run())
	}
	s, err := s3test.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server = s
	code := m.Run()
	if s != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// at opens the store of a place: the URL of a server, with bucket and prefix as its path.
func at(place string) *s3.Bucket {
	u, err := url.Parse(place)
	if err != nil {
		panic(err)
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	b, err := s3.Open(context.Background(), s3.Config{
		Bucket: bucket, Prefix: prefix, Endpoint: "http://" + u.Host, Region: s3test.Region, PathStyle: true, Backoff: time.Millisecond,
	})
	if err != nil {
		panic(err)
	}
	return b
}

// newPlace makes an empty bucket.
func newPlace(t *testing.T) string {
	t.Helper()
	if server == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	return server.URL + "/" + server.Bucket(t) + "/a prefix/of keys"
}

func TestStore(t *testing.T) {
	if server == nil && os.Getenv("PARLEY_STORETEST_PLACE") == "" {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	storetest.Run(t, storetest.Implementation{
		New:  newPlace,
		Open: func(place string) store.Store { return at(place) },
		Left: func(place string) []string { return s3.Uploads(at(place)) },
		Held: 6 << 20,
	})
}

func put(t *testing.T, s store.Store, at store.Location, how store.How, content string) error {
	t.Helper()
	w, err := s.Create(t.Context(), at, how)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, content)
	if err == nil {
		err = w.Commit()
	}
	return errors.Join(err, w.Close())
}

func get(t *testing.T, s store.Store, at store.Location) string {
	t.Helper()
	o, err := s.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	content, err := io.ReadAll(store.Reader(o))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// What is of one part and what is of several; the larger has three.
var sizes = map[string]string{"small": "content", "large": strings.Repeat("0123456789abcdef", 11<<16)}

// An answer that is lost is not the end of an object: sent again, the request meets the object that it made.
func TestAnswersThatAreLost(t *testing.T) {
	for name, content := range sizes {
		t.Run(name, func(t *testing.T) {
			b := at(newPlace(t))
			var lost atomic.Int64
			server.Spoil(t, func(_ http.ResponseWriter, r *http.Request, next http.Handler) bool {
				if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Header.Get("If-None-Match") == "" || lost.Add(1) > 1 {
					return false
				}
				next.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler) // the connection is cut
			})
			if err := put(t, b, "object", store.New, content); err != nil {
				t.Errorf("got %v", err)
			}
			if lost.Load() < 2 {
				t.Error("no answer was lost")
			}
			if got := get(t, b, "object"); got != content {
				t.Errorf("there are %d bytes, want %d", len(got), len(content))
			}
			if err := put(t, b, "object", store.New, content); !errors.Is(err, fault.Conflict) {
				t.Errorf("another writer of the same content: %v", err)
			}
			if left := s3.Uploads(b); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// A burst of "slow down" is waited for, and ends in no error.
func TestSlowDown(t *testing.T) {
	b := at(newPlace(t))
	var asked atomic.Int64
	server.Spoil(t, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		if asked.Add(1)%5 == 0 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>`)
		return true
	})
	for name, content := range sizes {
		if err := put(t, b, store.Location(name), store.New, content); err != nil {
			t.Fatal(err)
		}
		if got := get(t, b, store.Location(name)); got != content {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}

// What a person can mend has its kind, and says what to do.
func TestKinds(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
		says   string
	}{
		"no bucket":    {404, "NoSuchBucket", fault.Invalid, "there is no bucket"},
		"no object":    {404, "NoSuchKey", fault.NotFound, ""},
		"region":       {400, "AuthorizationHeaderMalformed", fault.Invalid, "AWS_REGION"},
		"clock":        {403, "RequestTimeTooSkewed", fault.Forbidden, "clock"},
		"expired":      {400, "ExpiredToken", fault.Forbidden, "expired"},
		"denied":       {403, "AccessDenied", fault.Forbidden, "credentials"},
		"full":         {507, "InsufficientStorage", fault.Full, "full"},
		"no user":      {404, "XAdminUserNotFound", fault.Unavailable, "XAdminUserNotFound"},
		"slow for too": {503, "SlowDown", fault.Unavailable, "fails"},
	} {
		t.Run(name, func(t *testing.T) {
			b := at(newPlace(t))
			server.Spoil(t, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
				w.WriteHeader(c.status)
				_, _ = fmt.Fprintf(w, `<Error><Code>%s</Code><Message>no</Message><HostId>a host</HostId></Error>`, c.body)
				return true
			})
			_, err := b.Open(t.Context(), "object")
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("opened: %v", err)
			}
			plain(t, err)
			if errors.Is(c.want, fault.NotFound) {
				return
			}
			if err := put(t, b, "object", store.New, "content"); !errors.Is(err, c.want) {
				t.Errorf("put: %v", err)
			}
		})
	}
}

// plain demands that an error is one line without what the SDK has around an answer.
func plain(t *testing.T, err error) {
	t.Helper()
	for _, noise := range []string{"RequestID", "HostID", "a host", "operation error", "https response error", "\n"} {
		if strings.Contains(fmt.Sprint(err), noise) {
			t.Errorf("it tells of %q: %v", noise, err)
		}
	}
}

// The answer to a question for the head of an object has no body, and nobody may take it for a server that fails.
func TestHeadIsRefused(t *testing.T) {
	b := at(newPlace(t))
	server.Spoil(t, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusBadRequest)
		return true
	})
	_, err := b.Stat(t.Context(), "object")
	if !errors.Is(err, fault.Forbidden) || !strings.Contains(fmt.Sprint(err), "expired") {
		t.Errorf("got %v", err)
	}
	plain(t, err)
}

// Without credentials it is said how they are given, and not which place was looked at last.
func TestNoCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := at("http://127.0.0.1:1/bucket").Stat(t.Context(), "object")
	if !errors.Is(err, fault.Forbidden) || !strings.Contains(fmt.Sprint(err), "AWS_ACCESS_KEY_ID") {
		t.Errorf("got %v", err)
	}
	plain(t, err)
}

// An endpoint that is no URL is a wrong setting, not a server that is away.
func TestEndpointThatIsNoURL(t *testing.T) {
	for _, endpoint := range []string{"minio:9000", "minio", "ftp://minio", "http://"} {
		if _, err := s3.Open(t.Context(), s3.Config{Bucket: "bucket", Region: s3test.Region, Endpoint: endpoint}); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// A server that cannot be reached is not one that has nothing.
func TestUnreachable(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "any")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	b := at("http://127.0.0.1:1/bucket")
	_, err := b.Stat(t.Context(), "object")
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	plain(t, err)
	for _, err := range b.List(t.Context(), "") {
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("listed: %v", err)
		}
	}
}

// An object that is read is never mixed with the one that takes its place.
func TestReplacedWhileALargeOneIsRead(t *testing.T) {
	b := at(newPlace(t))
	if err := put(t, b, "object", store.New, sizes["large"]); err != nil {
		t.Fatal(err)
	}
	o, err := b.Open(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t, b, "object", store.Replace, strings.ToUpper(sizes["large"])); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	if _, err := o.ReadAt(buf, o.Size()-10); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %q, %v", buf, err)
	}
}

// Reading on takes few requests, however little is read at a time.
func TestRequestsOfReading(t *testing.T) {
	b := at(newPlace(t))
	if err := put(t, b, "object", store.New, sizes["large"]); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server.Spoil(t, func(http.ResponseWriter, *http.Request, http.Handler) bool { asked.Add(1); return false })
	o, err := b.Open(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for piece := make([]byte, 1000); ; {
		n, err := o.ReadAt(piece, int64(len(got)))
		got = append(got, piece[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if string(got) != sizes["large"] {
		t.Errorf("%d bytes", len(got))
	}
	if n := asked.Load(); n > 8 {
		t.Errorf("%d requests for 11 MiB", n)
	}
}

// Keys of other programs, such as those that mark folders, are not ours, and another prefix that begins alike is another store.
func TestKeysOfOthers(t *testing.T) {
	place := newPlace(t)
	b, beside, above := at(place), at(place+"2"), at(place[:strings.LastIndexByte(place, '/')])
	for s, name := range map[*s3.Bucket]store.Location{b: "ours", beside: "theirs"} {
		if err := put(t, s, name, store.New, "content"); err != nil {
			t.Fatal(err)
		}
	}
	list := func(b *s3.Bucket) (names []store.Location) {
		for info, err := range b.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, info.At)
		}
		slices.Sort(names)
		return names
	}
	if got := list(b); !slices.Equal(got, []store.Location{"ours"}) {
		t.Errorf("got %q", got)
	}
	if got := list(above); !slices.Equal(got, []store.Location{"of keys/ours", "of keys2/theirs"}) {
		t.Errorf("above: %q", got)
	}
}
