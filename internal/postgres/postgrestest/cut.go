package postgrestest

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Cutter is a way to a server on which connections are cut: after so many bytes, in both directions together, the one that carries the
// next byte. Safe for concurrent use.
type Cutter struct {
	mu   sync.Mutex
	left int // bytes up to the cut; 0: none comes
	cuts int
}

// Cut opens such a way to the database at an address, which ends with the test. It gives the address by that way.
func (s *Server) Cut(tb testing.TB, address string) (*Cutter, string) {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "parley-cut-") //nolint:usetesting // the path of a socket has 107 bytes at most
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := listener.Close(); err != nil {
			tb.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	c := &Cutter{}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go c.serve(client, s.Socket())
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	query := u.Query()
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	return c, u.String()
}

// After has a connection cut after n more bytes.
func (c *Cutter) After(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = n
}

// Cuts counts the connections that were cut.
func (c *Cutter) Cuts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts
}

func (c *Cutter) serve(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return // it is down: the client finds its connection closed
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{server, client}, {client, server}} {
		go func() {
			c.copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done // then both ends are closed
}

// copy passes bytes on until the end, or the cut.
func (c *Cutter) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		pass, cut := c.passed(n)
		if _, failed := to.Write(buffer[:pass]); err != nil || failed != nil || cut {
			return
		}
	}
}

// passed says how many of n bytes still pass, and whether the cut is after them.
func (c *Cutter) passed(n int) (pass int, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 || n < c.left {
		if c.left > 0 {
			c.left -= n
		}
		return n, false
	}
	pass, c.left = c.left, 0
	c.cuts++
	return pass, true
}
