//go:build !linux

package folder

// renameNew renames to a name that must be free.
func renameNew(from, to string) error { return link(from, to) }
