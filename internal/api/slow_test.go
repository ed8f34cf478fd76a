package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are made by dial, so that time is the bubble's.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	server, client := net.Pipe()
	p.conns <- server
	return client
}

// served runs f against a server that listens, with a job that has results.
func served(t *testing.T, f func(x *fixture, path string, dial func() net.Conn)) {
	t.Helper()
	test(t, 5000, nil, func(x *fixture) {
		path := x.fulfilled()
		listener := &pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: x.handler, ReadHeaderTimeout: time.Second}
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(listener) }()
		f(x, path, listener.dial)
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// ask sends a request as it is written.
func ask(t *testing.T, conn net.Conn, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, format, args...); err != nil {
		t.Fatal(err)
	}
}

func TestAReaderThatTakesNothingIsGivenUp(t *testing.T) {
	served(t, func(x *fixture, path string, dial func() net.Conn) {
		conn := dial()
		defer conn.Close()
		ask(t, conn, "GET %s/results?pageSize=5000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, x.token)
		r := bufio.NewReader(conn)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("got %q, %v", line, err)
		}
		begun := time.Now()
		synctest.Wait()
		if strings.Contains(x.log.String(), "/results") {
			t.Fatal("the whole page is on its way already: it is too small for this test")
		}
		time.Sleep(patience + time.Second)
		synctest.Wait()
		if !strings.Contains(x.log.String(), `/results`) || time.Since(begun) > 2*patience {
			t.Error("the server is still holding the page")
		}
		rest, err := io.ReadAll(r)
		if err == nil && strings.HasSuffix(string(rest), "\r\n0\r\n\r\n") {
			t.Error("the page that was given up is ended as if it were whole")
		}
	})
}

func TestASlowReaderGetsItsPage(t *testing.T) {
	served(t, func(x *fixture, path string, dial func() net.Conn) {
		conn := dial()
		defer conn.Close()
		ask(t, conn, "GET %s/results?pageSize=5000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", path, x.token)
		var got strings.Builder
		buffer := make([]byte, piece)
		for {
			n, err := conn.Read(buffer)
			got.Write(buffer[:n])
			if err != nil {
				break
			}
			time.Sleep(10 * time.Second)
		}
		if !strings.HasSuffix(got.String(), "\r\n0\r\n\r\n") || !strings.Contains(got.String(), "dataAvailabilityDate") {
			t.Errorf("got %d bytes, not the whole page", got.Len())
		}
	})
}

func TestAConnectionCutInTheMiddleOfAPage(t *testing.T) {
	served(t, func(x *fixture, path string, dial func() net.Conn) {
		for range 20 {
			conn := dial()
			ask(t, conn, "GET %s/results?pageSize=5000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, x.token)
			if _, err := io.CopyN(io.Discard, conn, 1000); err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
		synctest.Wait()
		if n := strings.Count(x.log.String(), `/results"`); n != 20 {
			t.Errorf("pages given up: got %d, want 20", n)
		}
		if strings.Contains(x.log.String(), "request failed") {
			t.Error("a client that leaves is logged as a failure of ours")
		}
		x.ask(http.StatusOK, "GET", path+"/results?pageSize=5000", "")
	})
}

func TestABodyThatDoesNotArriveIsGivenUp(t *testing.T) {
	served(t, func(x *fixture, _ string, dial func() net.Conn) {
		conn := dial()
		defer conn.Close()
		ask(t, conn, "POST %s/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nAuthorization: Bearer %s\r\n\r\n{", details, x.token)
		time.Sleep(bodyPatience + time.Second)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(line, "400") {
			t.Errorf("got %q, %v, want an answer of 400", line, err)
		}
	})
}
