package web

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/web/words"
)

// Sheet is what rows are written to as a file.
type Sheet interface {
	Row(values []any) error
	Close() error
}

// columnsField is the parameter of addresses and forms that has the columns of the table.
const columnsField = "columns"

// usualColumns are those of a file, if nobody says: what the table has that nobody chose columns for.
var usualColumns = []string{"startTime", "duration", "mediaTypes", "direction", "queueIds", "userIds", "wrapUpCode"}

// Bounds of what is asked for: more columns than there are, and longer names. What goes beyond them is refused as names that are none.
const (
	mostColumns    = 250
	mostColumnName = 100
)

// columnsAsked are the names of columns that an address or a form has: each in a value of its own, or with commas between.
func (v *visit) columnsAsked() (out []string) {
	values := v.r.URL.Query()[columnsField]
	if v.r.PostForm != nil {
		values = append(values, v.r.PostForm[columnsField]...)
	}
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if len(out) == mostColumns {
				return out
			}
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(out, name) {
				out = append(out, name[:min(len(name), mostColumnName)])
			}
		}
	}
	return out
}

// withColumns is an address that keeps the columns.
func (v *visit) withColumns(address string) string {
	asked := v.columnsAsked()
	if len(asked) == 0 || address == "" {
		return address
	}
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	return address + joint + columnsField + "=" + url.QueryEscape(strings.Join(asked, ","))
}

// selected are the columns of a table.
func selected(names []string) (column.Selection, error) {
	s, err := column.Parse(columnsField, column.Conversation, names)
	if err != nil {
		return s, err
	}
	for _, c := range s.Columns {
		if unanswered(c.Column) {
			return s, fault.Field(columnsField, "%s is not in the answer to a query; parley export has it", fault.Clip(c.Name))
		}
	}
	return s, nil
}

// unanswered says whether a column is of what the answers to queries leave out: the attributes of participants, and what only a lake knows.
func unanswered(c column.Column) bool {
	return strings.HasPrefix(c.Name, "attributes.") || slices.Contains([]string{"attributes", "attributeCount", "recordBytes", "recordHash", "runId", "extractedAt"}, c.Name)
}

// grid is a table of columns that somebody chose.
type grid struct {
	Heads []gridHead
	Rows  []gridRow
}

// gridHead is a column, for the head of the table and for choosing it.
type gridHead struct {
	Name, Unit, Doc string
	Number, Now     bool
}

// gridRow is a conversation.
type gridRow struct {
	ID, Start string
	Cells     []gridCell
}

// gridCell is a value, for people and for programs.
type gridCell struct {
	Text, Value string
	Number      bool
}

// chooser are all columns, those that are chosen marked.
func chooser(now []string) (out []gridHead) {
	for _, c := range column.All() {
		if c.Has(column.Conversation) && !unanswered(c) {
			out = append(out, gridHead{Name: c.Name, Unit: c.Unit, Doc: c.Doc, Now: slices.Contains(now, c.Name)})
		}
	}
	return out
}

// fillGrid makes the table of the columns that were chosen. Columns that there are not are told, and the usual table is shown.
func (v *visit) fillGrid(a *answer, items []column.Item) error {
	asked := v.columnsAsked()
	if len(asked) == 0 || len(items) == 0 {
		return nil
	}
	chosen, err := selected(asked)
	if err != nil {
		a.Wrong = messageOf(err)
		return nil
	}
	a.Grid, err = v.gridOf(chosen, items)
	return err
}

// gridOf is the table of the records of an answer, as this visitor may see them.
func (v *visit) gridOf(chosen column.Selection, items []column.Item) (*grid, error) {
	g := &grid{}
	for _, c := range chosen.Columns {
		g.Heads = append(g.Heads, gridHead{Name: c.Name, Unit: c.Unit, Doc: c.Doc, Number: isNumber(c.Column)})
	}
	book, err := v.named(chosen, items)
	if err != nil {
		return nil, err
	}
	for i := range items {
		r := gridRow{ID: string(items[i].ID), Start: items[i].Start.UTC().Format("2006-01-02 15:04:05")}
		for n, value := range chosen.Row(&items[i]) {
			c := chosen.Columns[n].Column
			kind, may := v.kindIn(c)
			r.Cells = append(r.Cells, gridCellOf(c, value, func(id string) string {
				if !may {
					return id
				}
				return cmp.Or(book.Label(kind, id), id)
			}))
		}
		g.Rows = append(g.Rows, r)
	}
	return g, nil
}

func isNumber(c column.Column) bool {
	return c.Type == column.Number || c.Type == column.Decimal
}

// idsIn are the columns that have ids, and what of.
var idsIn = map[string]names.Kind{
	"firstQueueId": names.Queue, "lastQueueId": names.Queue, "queueIds": names.Queue, "firstUserId": names.User, "lastUserId": names.User, "userIds": names.User,
	"wrapUpCode": names.WrapUpCode, "firstWrapUpCode": names.WrapUpCode, "wrapUpCodes": names.WrapUpCode,
}

// kindIn is what the values of a column are ids of, if this visitor may see names of such.
func (v *visit) kindIn(c column.Column) (names.Kind, bool) {
	kind, ok := idsIn[c.Name]
	return kind, ok && v.mayName(account.Noun(kind))
}

// named has what the ids of some columns are called.
func (v *visit) named(chosen column.Selection, items []column.Item) (*names.Book, error) {
	ids := map[names.Kind][]string{}
	for _, c := range chosen.Columns {
		if kind, ok := v.kindIn(c.Column); ok {
			for i := range items {
				ids[kind] = append(ids[kind], textsOf(c.Of(&items[i]))...)
			}
		}
	}
	return v.web.cfg.Data.Names(v.ctx(), v.who.Organization, ids)
}

func textsOf(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []string:
		return value
	}
	return nil
}

// gridCellOf writes a value for people. Called is what they call a text.
func gridCellOf(c column.Column, value any, called func(string) string) gridCell {
	switch value := value.(type) {
	case nil:
		return gridCell{}
	case time.Time:
		return gridCell{Text: value.UTC().Format("2006-01-02 15:04:05"), Value: conversation.FormatTime(value)}
	case int64:
		cell := gridCell{Text: words.Count(value), Value: strconv.FormatInt(value, 10), Number: true}
		if c.Unit == "ms" {
			cell.Text = lastedText(time.Duration(value) * time.Millisecond)
		}
		return cell
	case float64:
		return gridCell{Text: strconv.FormatFloat(value, 'f', -1, 64), Value: strconv.FormatFloat(value, 'f', -1, 64), Number: true}
	case bool:
		return gridCell{Text: map[bool]string{true: "yes", false: "no"}[value]}
	case string, []string:
		var all []string
		for _, text := range textsOf(value) {
			all = append(all, called(text))
		}
		return gridCell{Text: strings.Join(all, ", ")}
	}
	return gridCell{Text: fmt.Sprint(value)}
}

// columnsOfFile are those of the table, with the id in front.
func (v *visit) columnsOfFile() (column.Selection, error) {
	asked := v.columnsAsked()
	if len(asked) == 0 {
		asked = usualColumns
	}
	if !slices.Contains(asked, "conversationId") {
		asked = append([]string{"conversationId"}, asked...)
	}
	return selected(asked)
}

// exportCSV gives the columns of the table of the page as a file.
func (v *visit) exportCSV(body []byte) error {
	if err := v.who.Require(access.ViewPersonalData); err != nil {
		return err
	}
	chosen, err := v.columnsOfFile()
	if err != nil {
		return err
	}
	var f found
	if err := v.askQuestion(queryPath, body, &f); err != nil {
		return err
	}
	items, err := v.itemsOf(f.Conversations)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	sheet, err := v.web.cfg.CSV(&text, chosen.Columns)
	if err != nil {
		return err
	}
	for i := range items {
		if err := sheet.Row(chosen.Row(&items[i])); err != nil {
			return err
		}
	}
	if err := sheet.Close(); err != nil {
		return err
	}
	if err := v.attach("text/csv; charset=utf-8; header=present", "conversations.csv"); err != nil {
		return err
	}
	_, _ = v.out.Write(text.Bytes()) // whoever asked has left
	return nil
}

// attach says that what follows is a file.
func (v *visit) attach(kind, name string) error {
	if err := v.takes(); err != nil {
		return err
	}
	h := v.out.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	v.out.WriteHeader(http.StatusOK)
	return nil
}
