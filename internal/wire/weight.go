package wire

import (
	"bytes"
	"unsafe"

	"github.com/parley-hq/parley/internal/conversation"
)

// maxDecoded is what a record may take once it is decoded, in bytes, texts not counted: a session without a member is two
// bytes as JSON and a kilobyte and more in memory. A conversation of 2,000 participants and 100,000 metrics takes a tenth.
const maxDecoded = 128 << 20

// fewObjects is how many objects no record needs maxDecoded for.
const fewObjects = maxDecoded / int(unsafe.Sizeof(conversation.Session{}))

// weights are the bytes that an element of a list of this name takes. A text in any list takes weightOfText.
var weights = map[string]int{
	"participants":       int(unsafe.Sizeof(conversation.Participant{})),
	"sessions":           int(unsafe.Sizeof(conversation.Session{})),
	"segments":           int(unsafe.Sizeof(conversation.Segment{})),
	"metrics":            int(unsafe.Sizeof(conversation.Metric{})),
	"evaluations":        int(unsafe.Sizeof(conversation.Evaluation{})),
	"surveys":            int(unsafe.Sizeof(conversation.Survey{})),
	"resolutions":        int(unsafe.Sizeof(conversation.Resolution{})),
	"mediaEndpointStats": int(unsafe.Sizeof(conversation.MediaEndpointStat{})),
	"outcomes":           int(unsafe.Sizeof(conversation.FlowOutcome{})),
	"flow":               int(unsafe.Sizeof(conversation.Flow{})),
}

const weightOfText = int(unsafe.Sizeof(""))

// tooHeavy says whether a record would take more than maxDecoded.
func tooHeavy(raw []byte) bool {
	// Nearly every record has so few of all things that counting them is enough.
	if bytes.Count(raw, []byte("{")) <= fewObjects && bytes.Count(raw, []byte(","))*weightOfText <= maxDecoded {
		return false
	}
	w := weigher{dec: held(raw)}
	return w.value("") != nil
}

// weigher walks through a record and adds up what it takes.
type weigher struct {
	dec   decoder
	bytes int
}

// value walks through a value that is, or is an element of, the member of this name. An error is the end of the walk.
func (w *weigher) value(name string) error {
	switch w.dec.PeekKind() {
	case '{':
		w.bytes += max(weights[name], weightOfText)
		if w.bytes > maxDecoded {
			return errHeavy
		}
		return readMembers(w.dec, w.value)
	case '[':
		if err := expect(w.dec, '['); err != nil {
			return err
		}
		for w.dec.PeekKind() != ']' {
			if err := w.value(name); err != nil {
				return err
			}
		}
		return expect(w.dec, ']')
	default:
		if w.bytes += weightOfText; w.bytes > maxDecoded {
			return errHeavy
		}
		return w.dec.SkipValue()
	}
}

// errHeavy ends the walk.
var errHeavy = overLimit("the record takes too much once it is decoded")
