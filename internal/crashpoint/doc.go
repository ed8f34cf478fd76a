// Package crashpoint marks the instants at which a crash would be most harmful. In a binary built with the tag
// crashpoints a test can have the process killed at any of them; in a normal build they cost nothing.
package crashpoint
