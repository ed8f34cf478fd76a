//go:build !crashpoints

package crashpoint

var watcher func(name string)

// Reach does nothing in a normal build, unless a test of this process watches.
func Reach(name string) {
	if watcher != nil {
		watcher(name)
	}
}

// Watch has every point told of. A test calls it before there is anything that could reach one.
func Watch(do func(name string)) { watcher = do }
