package state

import (
	"crypto/sha256"
	"fmt"
)

// Sum is a checksum of the values of a row, in their order, to be kept in a column beside them. Databases have none of
// their own: without it a bit that flipped on the disk is read as what was written.
func Sum(values ...any) []byte {
	sum := sha256.New()
	for _, v := range values {
		text, ok := v.([]byte)
		if !ok {
			text = fmt.Append(nil, v)
		}
		sum.Write(fmt.Appendf(nil, "%d:", len(text)))
		sum.Write(text)
	}
	return sum.Sum(nil)
}
