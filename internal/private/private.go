// Package private makes the files and folders that personal data lies in. They are their owner's alone: 0600 and 0700, and
// less where the umask says so. What is there already keeps its mode.
//
// The owner shares them with a group by the set-group-ID bit, as folders are shared in Unix: what is made in a folder
// that has it gets the mode of that folder, whatever the umask, and folders inherit the bit.
package private

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ownersOnly is the mode of a folder that nobody shares.
const ownersOnly = 0o700

// modeIn is the mode of a folder that is made in dir, and whether the owner of dir has said so.
func modeIn(dir string) (_ fs.FileMode, shared bool) {
	info, err := os.Stat(dir)
	if err != nil || info.Mode()&fs.ModeSetgid == 0 {
		return ownersOnly, false
	}
	return info.Mode().Perm() | ownersOnly, true
}

// MkdirAll makes a folder, and those above it that are missing.
func MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	return mkdir(dir, parent)
}

// Mkdir makes one folder in one that is there. Another process may have made it just now.
func Mkdir(dir string) error { return mkdir(dir, filepath.Dir(dir)) }

func mkdir(dir, parent string) error {
	mode, shared := modeIn(parent)
	if err := os.Mkdir(dir, mode); err != nil {
		if info, there := os.Stat(dir); there == nil && info.IsDir() {
			return nil
		}
		return err
	}
	if !shared {
		return nil
	}
	return os.Chmod(dir, mode|fs.ModeSetgid)
}

// Open opens a file with the flags of os.OpenFile. A new one gets its mode by its folder.
func Open(path string, flags int) (*os.File, error) {
	mode, shared := modeIn(filepath.Dir(path))
	mode &= 0o666
	if shared && flags&os.O_CREATE != 0 {
		return create(path, flags, mode)
	}
	return os.OpenFile(path, flags, mode)
}

// create opens a file of a shared folder. Only one that it makes itself gets the mode: it first tries to make it.
func create(path string, flags int, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flags|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) && flags&os.O_EXCL == 0 {
		return os.OpenFile(path, flags, mode)
	}
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(mode); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// WriteFile writes a whole file.
func WriteFile(path string, content []byte) error {
	f, err := Open(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
