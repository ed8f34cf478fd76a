package export

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/export/parquetrows"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

var formats = []string{"ndjson", "json", "csv", "parquet"}

// plan is what the flags ask, found to fit together.
type plan struct {
	query     query.Query
	asked     string           // the query as text
	selection column.Selection // of rows; without columns: none
	table     tables.Table     // empty: none
	format    string
	split     export.Split
	pack      string // as FileOptions have it
}

func tableNames() (names []string) {
	for _, t := range tables.All() {
		names = append(names, string(t))
	}
	return names
}

func (o *Options) plan() (p plan, err error) {
	if o.SinceLast == "" && (o.From == "" || o.To == "") {
		return p, fault.Field("--from", "missing: --from and --to; without them only --since-last exports, all days")
	}
	if p.query, p.asked, err = o.query(); err != nil {
		return p, err
	}
	if err := o.what(&p); err != nil {
		return p, err
	}
	if err := o.how(&p); err != nil {
		return p, err
	}
	return p, o.fits(p)
}

// what reads which of the three things is exported.
func (o *Options) what(p *plan) error {
	per, err := o.per()
	if err != nil {
		return err
	}
	switch {
	case len(o.Select) > 0 && o.Table != "":
		return fault.Field("--table", "give --select or --table")
	case len(o.Select) > 0:
		p.selection, err = column.Parse("--select", per, o.Select)
		return err
	case per != column.Conversation:
		return fault.Field("--per", "--per is about rows; name their columns by --select")
	case o.Table != "" && !slices.Contains(tableNames(), o.Table):
		near := query.Suggest(o.Table, tableNames())
		return fault.Field("--table", "--table %s: there is no such table%s; there are %s", fault.Clip(o.Table), meant(near), strings.Join(tableNames(), ", "))
	}
	p.table = tables.Table(o.Table)
	return nil
}

func meant(near string) string {
	if near == "" {
		return ""
	}
	return ", did you mean " + near + "?"
}

// how reads the form of the files.
func (o *Options) how(p *plan) (err error) {
	if p.format = cmp.Or(o.Format, formatOf(o.Output)); !slices.Contains(formats, p.format) {
		return fault.Field("--format", "--format %s is not known; %s are", fault.Clip(p.format), strings.Join(formats, ", "))
	}
	if o.Times != string(export.ISO) && o.Times != string(export.Epoch) {
		return fault.Field("--times", "--times %s is not known; iso and epoch-ms are", fault.Clip(o.Times))
	}
	packs := map[string]string{"": "", "gzip": "gz", "zstd": "zst", "none": export.NotPacked}
	pack, known := packs[o.Compress]
	if !known {
		return fault.Field("--compress", "--compress %s is not known; gzip, zstd and none are", fault.Clip(o.Compress))
	}
	p.pack = pack
	p.split, err = readSplit(o.Split)
	return err
}

// formatOf is the format that the name of a file says; ndjson if it says none.
func formatOf(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	if format := strings.TrimPrefix(filepath.Ext(name), "."); slices.Contains(formats, format) {
		return format
	}
	return "ndjson"
}

var sizes = regexp.MustCompile(`^([0-9]+)(kB|KiB|MB|MiB|GB|GiB)$`)

func readSplit(text string) (s export.Split, err error) {
	if text == "" || text == "day" {
		return export.Split{Day: text == "day"}, nil
	}
	parts := sizes.FindStringSubmatch(text)
	if parts == nil {
		return s, fault.Field("--split", "--split %s is neither day nor a size such as 500MB or 2GiB", fault.Clip(text))
	}
	n, err := strconv.ParseInt(parts[1], 10, 32)
	unit := map[string]int64{"kB": 1e3, "KiB": 1 << 10, "MB": 1e6, "MiB": 1 << 20, "GB": 1e9, "GiB": 1 << 30}[parts[2]]
	if err != nil || n == 0 {
		return s, fault.Field("--split", "--split %s is no size that a file can have", fault.Clip(text))
	}
	return export.Split{Bytes: n * unit}, nil
}

// fits refuses flags that contradict one another.
func (o *Options) fits(p plan) error {
	whole := p.table == "" && len(p.selection.Columns) == 0
	parquet := p.format == "parquet"
	switch {
	case whole && (parquet || p.format == "csv"):
		return fault.Field("--format", "%s has columns: name them by --select, such as --select conversationId,startTime,mediaType (parley columns lists them), or a table by --table; "+
			"--table conversations has the whole records in its column record", p.format)
	case (o.Mark || o.Safe) && p.format != "csv":
		return fault.Field("--bom", "--bom and --safe are about CSV, and this is %s", p.format)
	case whole && o.Times != string(export.ISO):
		return fault.Field("--times", "--times is about rows and tables: whole records stay as the platform sent them")
	case parquet && (p.pack != "" && p.pack != export.NotPacked || strings.HasSuffix(o.Output, ".gz") || strings.HasSuffix(o.Output, ".zst")):
		return fault.Field("--compress", "a Parquet file is compressed inside (zstd), and cannot be read when it is compressed as a whole")
	case o.streamed() && !o.DryRun && (p.split != export.Split{}):
		return fault.Field("--split", "--split makes several files: name the first by -o")
	case o.streamed() && o.SinceLast != "" && !o.DryRun:
		return fault.Field("--since-last", "--since-last notes what was handed over once the files stand: name a file by -o")
	case o.streamed() && parquet && o.Streams.OutTerminal && o.Output == "":
		return fault.Field("--output", "a Parquet file is not for a terminal: name a file by -o")
	case o.Full && o.SinceLast == "":
		return fault.Field("--full", "--full is about --since-last; without that an export is always full")
	}
	return nil
}

// fingerprint tells what is exported, and how, from anything else. It is a hash: filters may be numbers and addresses of people.
func (p plan) fingerprint(o *Options) string {
	var names []string
	for _, c := range p.selection.Columns {
		names = append(names, c.Name)
	}
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %q", p.asked, p.selection.Per, names, p.table, p.format, o.Times)))
}

// sheet begins the content of a file.
func (p plan) sheet(o *Options, columns []column.Selected) func(io.Writer) (export.Sheet, error) {
	times := export.Times(o.Times)
	return func(w io.Writer) (export.Sheet, error) {
		switch {
		case columns == nil:
			return verbatim{export.NewObjects(w, nil, times, p.format == "json")}, nil
		case p.format == "csv":
			return export.NewCSV(w, columns, export.CSVOptions{Times: times, Mark: o.Mark, Safe: o.Safe})
		case p.format == "parquet":
			return parquetrows.New(w, columns, times == export.Epoch)
		}
		return export.NewObjects(w, columns, times, p.format == "json"), nil
	}
}

// verbatim writes whole records: a row is the start of one, and its text.
type verbatim struct{ *export.Objects }

func (v verbatim) Row(values []any) error { return v.Record(values[1].([]byte)) }

// content is what is written: rows that begin with the start of their conversation, which is not written, and the columns behind it;
// nil columns are those of whole records.
type content struct {
	columns []column.Selected
	rows    iter.Seq2[[]any, error]
	unit    string // of what a row is, for progress
}

func startOf(row []any) time.Time { return row[0].(time.Time) }

// content asks for it.
func (p plan) content(ctx context.Context, x app.Exported) (c content, err error) {
	switch {
	case p.table != "":
		columns, rows := x.Table(ctx, p.query, p.table)
		at := slices.IndexFunc(columns, func(c column.Selected) bool { return c.Name == "conversation_start" })
		return content{columns, led(rows, at), "rows"}, nil
	case len(p.selection.Columns) > 0:
		sel, err := p.spelledOut(ctx, x)
		if err != nil {
			return c, err
		}
		start, err := column.Parse("--select", sel.Per, []string{"startTime"})
		if err != nil {
			return c, err
		}
		asked := column.Selection{Per: sel.Per, Columns: append(start.Columns, sel.Columns...)}
		return content{sel.Columns, x.Rows(ctx, p.query, asked), "rows"}, nil
	}
	return content{rows: p.records(ctx, x), unit: "conversations"}, nil
}

func (p plan) records(ctx context.Context, x app.Exported) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		row := make([]any, 2)
		for r, err := range x.Records(ctx, p.query, 0, 0) {
			row[0], row[1] = r.Start, r.JSON
			if !yield(row, err) {
				return
			}
		}
	}
}

// led puts the value of one column before all of a row.
func led(rows iter.Seq2[[]any, error], at int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var row []any
		for values, err := range rows {
			if err == nil {
				row = append(append(row[:0], values[at]), values...)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// spelledOut is the selection with a column for each key, if attributes.* asks for them.
func (p plan) spelledOut(ctx context.Context, x app.Exported) (column.Selection, error) {
	if !p.selection.AsksKeys() {
		return p.selection, nil
	}
	keys, err := x.AttributeKeys(ctx, p.query, column.MaxSelected+1)
	if err != nil {
		return p.selection, err
	}
	return p.selection.WithKeys("--select", keys)
}
