package conversation

import "time"

// Version is a record as it was received at one time. The newest version of a conversation replaces the older as a
// whole; there is no version number upstream.
type Version struct {
	Record

	Run string    // extraction or import that received it
	At  time.Time // when it was received
}
