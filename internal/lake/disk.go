package lake

import (
	"errors"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

var errUnexpected = errors.New("unexpected failure")

// diskFault is the kind of a failure to write: a full disk is one, whatever library saw it. Some of them keep only
// the text of the cause.
func diskFault(err error) error {
	if errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error()) || errors.Is(state.Fault(err), fault.Full) {
		return fault.Full
	}
	return errUnexpected
}
