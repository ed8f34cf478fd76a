package lake

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Tag is a name that somebody has given to a snapshot of conversations: as long as it has one it does not expire, nor do
// the companions that it names. Tags are Iceberg's own, and other tools read by them.
type Tag struct {
	Name      string     `json:"name"`
	Snapshot  SnapshotID `json:"snapshot"`
	Committed time.Time  `json:"committed"`
}

var tagName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Tags lists the tags of the lake, by name.
func (l *Lake) Tags(ctx context.Context) ([]Tag, error) {
	head, err := l.load(ctx, tables.Conversations)
	if err != nil {
		return nil, err
	}
	return tagsOf(head), nil
}

func tagsOf(head *table.Table) []Tag {
	tags := []Tag{}
	for name, ref := range head.Metadata().Refs() {
		if s := head.SnapshotByID(ref.SnapshotID); name != table.MainBranch && s != nil {
			tags = append(tags, Tag{name, SnapshotID(ref.SnapshotID), time.UnixMilli(s.TimestampMs).UTC()})
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int { return cmp.Compare(a.Name, b.Name) })
	return tags
}

// Tag gives the newest snapshot a name. A name that is taken is fault.Conflict: what was to be kept by it would expire.
func (w *Writer) Tag(ctx context.Context, name string) (tag Tag, err error) {
	if !tagName.MatchString(name) || name == table.MainBranch {
		return tag, fault.New(fault.Invalid, "%q cannot be the name of a tag; take letters, digits, dots and dashes, at most 100, such as before-migration", name)
	}
	head, err := w.lake.load(ctx, tables.Conversations)
	if err != nil {
		return tag, err
	}
	at := head.CurrentSnapshot()
	if at == nil {
		return tag, fault.New(fault.NotFound, "the lake is empty; there is nothing to tag")
	}
	if slices.ContainsFunc(tagsOf(head), func(t Tag) bool { return t.Name == name }) {
		return tag, fault.New(fault.Conflict, "there is a tag %s already; take another name, or remove it first", name)
	}
	tag = Tag{name, SnapshotID(at.SnapshotID), time.UnixMilli(at.TimestampMs).UTC()}
	return tag, w.update(ctx, head, table.NewSetSnapshotRefUpdate(name, at.SnapshotID, table.TagRef, 0, 0, 0))
}

// Untag takes a name away. Its snapshot goes with the next expiry, when it is old enough.
func (w *Writer) Untag(ctx context.Context, name string) error {
	head, err := w.lake.load(ctx, tables.Conversations)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(tagsOf(head), func(t Tag) bool { return t.Name == name }) {
		return fault.New(fault.NotFound, "there is no tag %s; see parley lake tag --list", name)
	}
	return w.update(ctx, head, table.NewRemoveSnapshotRefUpdate(name))
}

// update commits a change of the metadata of conversations that makes no snapshot.
func (w *Writer) update(ctx context.Context, head *table.Table, updates ...table.Update) error {
	_, _, err := w.lake.catalog.CommitTable(ctx, identifier(tables.Conversations),
		[]table.Requirement{table.AssertTableUUID(head.Metadata().TableUUID())}, updates)
	if err != nil {
		return uncommitted(tables.Conversations, err)
	}
	return nil
}
