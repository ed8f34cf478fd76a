package inside

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-hq/parley/internal/fault"
)

// ask sends a request to a handler.
func ask(t *testing.T, ctx context.Context, h http.HandlerFunc, body io.Reader) (*http.Response, error) { //nolint:revive // t comes first, as everywhere in tests
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://folder/a%2Fb?c=d", body)
	if err != nil {
		t.Fatal(err)
	}
	return (&http.Client{Transport: Transport{h}}).Do(req)
}

func TestARequestAndItsAnswer(t *testing.T) {
	for name, body := range map[string]io.Reader{"a body": strings.NewReader("asked"), "none": nil} {
		resp, err := ask(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if want := map[bool]string{true: "asked"}[body != nil]; string(text) != want || r.RequestURI != "/a%2Fb?c=d" || r.Method != "POST" {
				t.Errorf("%s: the handler is asked %s %s %q", name, r.Method, r.RequestURI, text)
			}
			w.Header().Set("A", "before")
			w.WriteHeader(http.StatusAccepted)
			w.Header().Set("A", "after")
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "answered")
		}, body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if string(text) != "answered" || err != nil || resp.StatusCode != http.StatusAccepted || resp.Header.Get("A") != "before" || resp.ContentLength != -1 {
			t.Errorf("%s: got %d %v %q, %v", name, resp.StatusCode, resp.Header, text, err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	resp, err := ask(t, t.Context(), func(http.ResponseWriter, *http.Request) {}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); len(text) > 0 || err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("a handler that writes nothing: %d %q, %v", resp.StatusCode, text, err)
	}
}

// The handler goes on when it is told that its first byte was read: an answer that is collected first never comes.
func TestAnAnswerStreams(t *testing.T) {
	read := make(chan struct{})
	resp, err := ask(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first")
		<-read
		_, _ = io.WriteString(w, "second")
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("got %q, %v", first, err)
	}
	close(read)
	if rest, err := io.ReadAll(resp.Body); string(rest) != "second" || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
}

func TestHeadersComeWhenTheyAreFlushed(t *testing.T) {
	come := make(chan struct{})
	resp, err := ask(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-come
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(come)
	resp.Body.Close()
}

// However much a handler writes, it is never ahead of who reads by more than what it writes at once.
func TestAnAnswerIsNotHeld(t *testing.T) {
	const piece, pieces = 64 << 10, 1024 // 64 MiB
	written := make(chan int, pieces)
	resp, err := ask(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		for range pieces {
			n, err := w.Write(make([]byte, piece))
			if err != nil {
				t.Error(err)
			}
			written <- n
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, sent, buffer := 0, 0, make([]byte, 1000)
	for {
		n, err := resp.Body.Read(buffer)
		got += n
		for len(written) > 0 {
			sent += <-written
		}
		if sent > got {
			t.Fatalf("%d bytes were taken from the handler when %d were read", sent, got)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got != piece*pieces {
		t.Errorf("got %d bytes, want %d", got, piece*pieces)
	}
}

// A handler that waits for nothing but its context ends with the request, before its answer and in the middle of it.
func TestCancellationEndsTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, begins := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			ended := false
			handler := func(w http.ResponseWriter, r *http.Request) {
				if begins {
					_, _ = io.WriteString(w, "begun")
				}
				<-r.Context().Done()
				ended = true
			}
			go func() {
				synctest.Wait() // until the handler waits
				cancel()
			}()
			resp, err := ask(t, ctx, handler, nil)
			if begins && err == nil {
				_, err = io.ReadAll(resp.Body)
				err = errors.Join(err, resp.Body.Close(), ctx.Err())
			}
			if !errors.Is(err, context.Canceled) || !ended {
				t.Errorf("begun: %v; got %v, and the handler has ended: %v", begins, err, ended)
			}
		}
	})
}

// A handler that looks at nothing but whether it can write is ended by an answer that nobody reads on.
func TestACancelledAnswerIsNotReadOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := ask(t, ctx, func(w http.ResponseWriter, _ *http.Request) {
		for err := error(nil); err == nil; {
			_, err = w.Write([]byte("more"))
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	if n, err := resp.Body.Read(make([]byte, 4)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d bytes, %v", n, err)
	}
}

// Who has read enough closes the answer. The handler has returned then, whatever it was doing.
func TestClosingEndsTheHandler(t *testing.T) {
	var ended error
	resp, err := ask(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		for ended == nil {
			_, ended = w.Write([]byte("more"))
		}
		<-r.Context().Done()
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || ended == nil {
		t.Errorf("closed: %v, and the handler was told %v", err, ended)
	}
}

// A request has failed when its handler has returned, and not while it clears up.
func TestAFailureComesWhenTheHandlerHasReturned(t *testing.T) {
	var ended error
	resp, err := ask(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		w.(failer).Fail(io.ErrUnexpectedEOF)
		w.WriteHeader(http.StatusNotFound)
		<-r.Context().Done()
		_, ended = io.WriteString(w, "to nobody")
	}, nil)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || ended == nil {
		t.Errorf("got %v, and the handler %v", err, ended)
	}
}

type failer interface{ Fail(err error) }

func TestAFailureArrivesAsItWas(t *testing.T) {
	cause := fault.Because(fault.Corrupt, io.ErrUnexpectedEOF, "a file is damaged")
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		read    string // before it fails
		want    error
		says    string
	}{
		"with an answer for outsiders": {func(w http.ResponseWriter, _ *http.Request) {
			w.(failer).Fail(cause)
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"internal"}`)
		}, "", cause, "a file is damaged: unexpected EOF"},
		"without an answer": {func(w http.ResponseWriter, _ *http.Request) { w.(failer).Fail(cause) }, "", cause, "a file is damaged: unexpected EOF"},
		"in the middle of one": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			w.(failer).Fail(cause)
			panic(http.ErrAbortHandler)
		}, "half", cause, "a file is damaged: unexpected EOF"},
		"in the middle, and not said": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, "half", errBroken, "the answer was broken off"},
		"a panic before the answer": {func(http.ResponseWriter, *http.Request) { panic("oh") }, "", nil, "panic: oh"},
		"a panic in the middle": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("oh")
		}, "half", nil, "panic: oh"},
	} {
		var text bytes.Buffer
		resp, err := ask(t, t.Context(), c.handler, nil)
		if err == nil {
			_, err = text.ReadFrom(resp.Body)
			resp.Body.Close()
		}
		failure, ok := errors.AsType[*Failure](err)
		if !ok || failure.Error() != c.says || c.want != nil && !errors.Is(err, c.want) || text.String() != c.read {
			t.Errorf("%s: read %q and got %v", name, text.String(), err)
		}
	}
}
