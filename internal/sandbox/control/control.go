// Package control is how a sandbox is controlled over HTTP, under /_sandbox/: its clock, its nightly batch, its records, its
// state as a whole. What stands under /api/v2 does not know of it.
//
// Whoever can ask may do anything, so that only programs of this machine are answered, unless it is said otherwise, and no
// page in a browser that comes from elsewhere.
package control

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// Prefix is where the controls are.
const Prefix = "/_sandbox/"

// Config is what controls need.
type Config struct {
	World *sandbox.World
	// Anyone has everybody answered who reaches the server. Otherwise it is programs of this machine.
	Anyone bool
	Log    *slog.Logger
}

// Handler answers what stands under Prefix.
type Handler struct {
	Config

	mux     *http.ServeMux
	foreign *http.CrossOriginProtection
}

// New makes a handler.
func New(c Config) *Handler {
	h := &Handler{Config: c, mux: http.NewServeMux(), foreign: http.NewCrossOriginProtection()}
	h.clockRoutes()
	h.worldRoutes()
	h.stateRoutes()
	h.Handle("/", func(_ context.Context, r *http.Request) (any, error) {
		return nil, fault.New(fault.NotFound, "there is no %s %s; see docs/control.md", r.Method, r.URL.Path)
	})
	return h
}

// Handle adds a route: a pattern of http.ServeMux without Prefix, and what answers it with a value that is written as
// JSON, or nil for an empty answer.
func (h *Handler) Handle(pattern string, answer func(context.Context, *http.Request) (any, error)) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	full := strings.TrimSpace(method + " " + strings.TrimSuffix(Prefix, "/") + path)
	h.mux.HandleFunc(full, func(w http.ResponseWriter, r *http.Request) {
		value, err := answer(r.Context(), r)
		h.write(w, r, value, err)
	})
}

// Mount has a handler answer a path under Prefix, and all below it.
func (h *Handler) Mount(path string, with http.Handler) {
	h.mux.Handle(path, with)
	h.mux.Handle(path+"/", with)
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.admit(r); err != nil {
		h.write(w, r, nil, err)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// admit refuses whom the controls are not for.
func (h *Handler) admit(r *http.Request) error {
	if err := h.foreign.Check(r); err != nil {
		return fault.New(fault.Forbidden, "a page from elsewhere cannot control the sandbox")
	}
	if h.Anyone {
		return nil
	}
	// Somebody else's name for this machine may have been given to a browser, to have it ask us.
	if !loopback(r.RemoteAddr) || !loopback(r.Host) {
		return fault.New(fault.Forbidden, "the sandbox is controlled from its own machine, as http://127.0.0.1; start it with --control anyone to have others do it")
	}
	return nil
}

// loopback says whether a host, with or without a port, is this machine by its own name.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func (h *Handler) write(w http.ResponseWriter, r *http.Request, value any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err != nil {
		if !fault.Outward(err) && r.Context().Err() == nil {
			h.Log.ErrorContext(r.Context(), "a control failed", "path", r.URL.Path, "err", err)
		}
		rule.Refuse(w, err)
		return
	}
	if value == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, value); err == nil {
		_, _ = io.WriteString(w, "\n")
	}
}

// The largest bodies: that of one deed is as large as any request of the platform's, and a state holds many.
const (
	maxDeed  = 512_000
	maxState = 256 << 20
)

// read reads the body of a request, which is JSON and has no other members than those of value.
func read(r *http.Request, most int64, value any) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		return fault.New(fault.MediaType, "the body of a control is JSON: send Content-Type: application/json")
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return err
	}
	if int64(len(text)) > most {
		return fault.New(fault.TooLarge, "the body may have %d bytes", most)
	}
	if err := json.Unmarshal(text, value, json.RejectUnknownMembers(true)); err != nil {
		if f, ok := errors.AsType[*fault.Error](err); ok {
			return f
		}
		return unread(err)
	}
	return nil
}

// unread says what is wrong with a body, without the words of a library where we have some.
func unread(err error) error {
	semantic, is := errors.AsType[*json.SemanticError](err)
	if !is {
		return fault.New(fault.Invalid, "the body is not JSON: %s", fault.Clip(strings.TrimPrefix(err.Error(), "jsontext: ")))
	}
	at := strings.TrimPrefix(string(semantic.JSONPointer), "/")
	if errors.Is(err, json.ErrUnknownName) {
		return fault.Field(at, "there is no %q here; see docs/control.md", fault.Clip(at))
	}
	return fault.Field(at, "the value of %q is of another kind; see docs/control.md", fault.Clip(at))
}
