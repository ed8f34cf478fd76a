package s3_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
)

// An answer that breaks off in the middle of an object is asked for again, when it is opened and when it is read on.
func TestAnswersThatBreakOff(t *testing.T) {
	b := at(newPlace(t))
	if err := put(t, b, "object", store.New, sizes["large"]); err != nil {
		t.Fatal(err)
	}
	var asked, broken atomic.Int64
	server.Spoil(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if r.Method != http.MethodGet || asked.Add(1)%2 == 0 {
			return false
		}
		broken.Add(1)
		next.ServeHTTP(&short{ResponseWriter: w, left: 1000}, r)
		return true
	})
	if got := get(t, b, "object"); got != sizes["large"] {
		t.Errorf("%d bytes", len(got))
	}
	if broken.Load() < 3 {
		t.Errorf("%d answers broke off", broken.Load())
	}
}

// short is an answer that breaks off after so many bytes.
type short struct {
	http.ResponseWriter

	left int
}

func (s *short) Write(p []byte) (int, error) {
	if s.left == 0 {
		panic(http.ErrAbortHandler)
	}
	n, err := s.ResponseWriter.Write(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}

// A server or proxy that sends something else than was asked for is found out, and what it sent is not taken for the object.
func TestAnswersOfSomethingElse(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w http.ResponseWriter, r *http.Request, next http.Handler)
		kind  error
	}{
		"ranges passed over": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = io.WriteString(w, sizes["large"])
		}, fault.Unavailable},
		"another range": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-9/%d", len(sizes["large"])))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, sizes["large"][:10])
		}, fault.Unavailable},
		"another version": {edited(func(h http.Header) { h.Set("ETag", `"other"`) }), fault.NotFound},
		"no place":        {edited(func(h http.Header) { h.Set("Content-Range", "bytes */*") }), fault.Unavailable},
		"another length":  {edited(func(h http.Header) { h.Set("Content-Range", strings.Replace(h.Get("Content-Range"), "/", "/9", 1)) }), fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			b := at(newPlace(t))
			if err := put(t, b, "object", store.New, sizes["large"]); err != nil {
				t.Fatal(err)
			}
			o, err := b.Open(t.Context(), "object")
			if err != nil {
				t.Fatal(err)
			}
			server.Spoil(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				c.spoil(w, r, next)
				return true
			})
			piece := make([]byte, 10)
			if _, err := o.ReadAt(piece, o.Size()-10); !errors.Is(err, c.kind) {
				t.Errorf("read %q, %v; want %v", piece, err, c.kind)
			}
		})
	}
}

// edited is the answer of the server with other headers.
func edited(how func(http.Header)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		said := httptest.NewRecorder()
		next.ServeHTTP(said, r)
		how(said.Header())
		maps.Copy(w.Header(), said.Header())
		w.WriteHeader(said.Code)
		_, _ = w.Write(said.Body.Bytes())
	}
}

// An object whose length nobody tells is not an empty one, and a length that cannot be is none.
func TestObjectsOfNoLength(t *testing.T) {
	b := at(newPlace(t))
	if err := put(t, b, "object", store.New, "content"); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(http.Header){
		"none": func(h http.Header) {
			h.Del("Content-Range")
			h.Del("Content-Length")
			h.Set("Transfer-Encoding", "chunked")
		},
		"negative":          func(h http.Header) { h.Set("Content-Range", "bytes 0-6/-7") },
		"from the middle":   func(h http.Header) { h.Set("Content-Range", "bytes 3-6/7") },
		"no version, large": func(h http.Header) { h.Del("ETag"); h.Set("Content-Range", "bytes 0-6/"+strconv.Itoa(1<<40)) },
	} {
		how := edited(spoil)
		server.Spoil(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) bool { how(w, r, next); return true })
		if o, err := b.Open(t.Context(), "object"); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// What is listed may be removed. A listing of more than was asked for removes nothing of others, and no upload of theirs.
func TestListingsOfOthers(t *testing.T) {
	place := newPlace(t)
	ours, others := at(place), at(place+"2")
	for _, b := range []*s3.Bucket{ours, others} {
		if err := put(t, b, "folder/object", store.New, "content"); err != nil {
			t.Fatal(err)
		}
	}
	w, err := others.Create(t.Context(), "folder/begun", store.New)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := io.WriteString(w, sizes["large"]); err != nil {
		t.Fatal(err)
	}
	listed := ""
	server.Spoil(t, func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		_, uploads := r.URL.Query()["uploads"]
		if _, objects := r.URL.Query()["list-type"]; !objects && !uploads {
			return false
		}
		if uploads {
			_, _ = fmt.Fprintf(rw, `<ListMultipartUploadsResult><Upload><Key>%s</Key><UploadId>one</UploadId></Upload></ListMultipartUploadsResult>`, listed)
			return true
		}
		_, _ = fmt.Fprintf(rw, `<ListBucketResult><Contents><Key>%s</Key></Contents></ListBucketResult>`, listed)
		return true
	})
	_, prefix, _ := strings.Cut(strings.TrimPrefix(place, "http://"), "/")
	_, prefix, _ = strings.Cut(prefix, "/")
	listed = prefix + "2/folder/object"
	if err := ours.Clear(t.Context(), "folder"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("cleared: %v", err)
	}
	if err := ours.Sweep(t.Context(), "folder", func(store.Location) bool { return true }); !errors.Is(err, fault.Unavailable) {
		t.Errorf("swept: %v", err)
	}
	server.Spoil(t, func(http.ResponseWriter, *http.Request, http.Handler) bool { return false })
	if got := get(t, others, "folder/object"); got != "content" {
		t.Errorf("got %q", got)
	}
}

// A server that takes a request and never answers, or stops in the middle of an answer, is one that cannot be reached.
func TestServerThatHangs(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "any")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	for _, sent := range []string{"", "the beginning"} {
		over := make(chan struct{})
		hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if sent != "" {
				w.Header().Set("Content-Length", "100")
				_, _ = io.WriteString(w, sent)
				_ = http.NewResponseController(w).Flush()
			}
			<-over
		}))
		b, err := s3.Open(t.Context(), s3.Config{
			Bucket: "bucket", Endpoint: hanging.URL, Region: s3test.Region, PathStyle: true, Backoff: time.Millisecond, Silence: 20 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Open(t.Context(), "object"); !errors.Is(err, fault.Unavailable) {
			t.Errorf("after %q: %v", sent, err)
		}
		close(over)
		hanging.Close()
	}
}
