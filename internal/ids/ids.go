// Package ids is the format of a run: a file that says of some conversation ids in which day of a lake each lies. Few of
// many million are found by reading few pages of it.
//
// An entry is a key, which is eight bytes of a hash of the id, and a day. A run holds entries in order, each once, in
// pages of 4 KiB, each with a checksum; after them the first key of every page, the directory; and a footer. The
// directory is held in memory while a run is open: 2.4 MB for a hundred million entries. A run never changes. Several of
// them become one by Merge.
//
// Which runs there are, where they lie, and what they stand for is the lake's business.
package ids

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"

	"github.com/parley-hq/parley/internal/conversation"
)

// Entry says that a conversation whose id has this key lies in this day, or once did.
type Entry struct {
	Key uint64
	Day conversation.Day
}

// Compare orders entries by key and day, as a run has them.
func Compare(a, b Entry) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Day, b.Day)) }

const (
	pageSize   = 4096 // of a page of memory and of most disks: a look reads one
	entrySize  = 8 + 4
	perPage    = (pageSize - 4) / entrySize // 341 entries and a checksum fill a page to the byte
	footerSize = 8 + 8 + 4 + 4              // magic, entries, checksum of the directory, checksum of what precedes it
)

const magic = "parleyI1"

// Bytes is how long a run of so many entries is.
func Bytes(entries int64) int64 { return pagesOf(entries)*(pageSize+8) + footerSize }

func pagesOf(entries int64) int64 { return (entries + perPage - 1) / perPage }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumOf is the checksum of a page. Its number is in it: a page in the place of another is damage too.
func sumOf(number int64, content []byte) uint32 {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(number))
	return crc32.Update(crc32.Checksum(n[:], castagnoli), castagnoli, content)
}

func put(at []byte, e Entry) {
	binary.BigEndian.PutUint64(at, e.Key)
	binary.BigEndian.PutUint32(at[8:], uint32(e.Day))
}

func get(at []byte) Entry {
	return Entry{keyAt(at), conversation.Day(binary.BigEndian.Uint32(at[8:]))}
}

func keyAt(at []byte) uint64 { return binary.BigEndian.Uint64(at) }
