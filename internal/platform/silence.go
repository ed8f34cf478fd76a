package platform

import (
	"context"
	"fmt"
	"io"
	"time"
)

// maxSilence is how long the platform may say nothing, before its answer and in the middle of it. A proxy on the way
// may keep a connection open for ever when the server behind it is gone.
const maxSilence = 2 * time.Minute

var errSilent = fmt.Errorf("nothing came for %v", maxSilence)

// answer is the body of an answer. The request is given up when the next piece of it does not come in time.
type answer struct {
	io.ReadCloser

	silence *time.Timer // gives up the request
	done    context.CancelFunc
}

func (a *answer) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	if !a.silence.Reset(maxSilence) {
		return n, errSilent
	}
	return n, err
}

func (a *answer) Close() error {
	a.silence.Stop()
	a.done()
	return a.ReadCloser.Close()
}
