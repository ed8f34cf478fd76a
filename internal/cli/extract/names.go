package extract

import (
	"cmp"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

// named reads the flag about names. Rows of reports have names, and counting brings nothing.
func (o *Options) named() (n app.Naming, err error) {
	if o.Names == "never" || o.Rows != "" || o.Recount {
		return n, nil
	}
	usual := "0s"
	if o.Follow {
		usual = "24h"
	}
	if n.Age, err = time.ParseDuration(cmp.Or(o.Names, usual)); err != nil || n.Age < 0 {
		return n, fault.Field("--names", "--names %s is no age; write 24h, 0s for every run, or never", fault.Clip(o.Names))
	}
	n.From, n.Wait = o.Telling.client, o.Wait
	if o.Follow {
		n.Wait = max(n.Wait, patient)
	}
	return n, nil
}

// namesLines say what became of the names.
func namesLines(o *names.Outcome) (lines [][2]string) {
	if o == nil {
		return nil
	}
	if read := o.Read(); read != "" {
		if n := o.Added + o.Changed + o.Gone; n > 0 {
			read += ", new or changed: " + ui.Count(int64(n))
		}
		lines = append(lines, [2]string{"names read", read})
	}
	if left := o.NotRead(); left != "" {
		lines = append(lines, [2]string{"names not read", left})
	}
	return lines
}
