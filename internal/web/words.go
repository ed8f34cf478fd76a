package web

import "github.com/parley-hq/parley/internal/web/words"

func count(n int64) string     { return words.Count(n) }
func size(n int) string        { return words.Size(n) }
func percent(x float64) string { return words.Percent(x) }
