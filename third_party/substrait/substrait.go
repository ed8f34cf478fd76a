// Package substrait stands in for the module of the Substrait specification, whose files substrait-go reads and parses
// whenever a program starts that imports iceberg-go: 110 ms and 50 MiB, for expressions over tables that Parley never
// evaluates. Here the specification has no functions. See docs/decisions/0044-no-substrait.md.
package substrait

import "embed"

//go:embed extensions
var extensions embed.FS

// GetSubstraitExtensionsFS gives the folder "extensions", in which substrait-go looks for functions and types.
func GetSubstraitExtensionsFS() embed.FS { return extensions }
