package server

import (
	"errors"
	"net"
)

// Listens says whether a server that has run listens still.
func (s *Server) Listens() bool { return !errors.Is(s.socket.Close(), net.ErrClosed) }
