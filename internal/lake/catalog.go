package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
)

// catalogTables are those of a catalog in a database as every engine knows them: the JDBC catalog of Iceberg in its version V1. A lake in
// a Postgres shares them with the others there.
const catalogTables = `
	CREATE TABLE IF NOT EXISTS iceberg_tables (
		catalog_name               {text} NOT NULL,
		table_namespace            {text} NOT NULL,
		table_name                 {text} NOT NULL,
		iceberg_type               {text},
		metadata_location          {text},
		previous_metadata_location {text},
		PRIMARY KEY (catalog_name, table_namespace, table_name)
	);
	CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
		catalog_name   {text} NOT NULL,
		namespace      {text} NOT NULL,
		property_key   {text} NOT NULL,
		property_value {text},
		PRIMARY KEY (catalog_name, namespace, property_key)
	)`

// icebergCatalog makes, loads and commits tables in the control database. The library has a catalog of its own (v0.7.0), which
// percent-encodes every location that it makes up, while most engines take a location literally; which does not mark every lost
// race as table.ErrCommitFailed, so that the library's own retry never starts; and which knows no fence.
type icebergCatalog struct{ lake *Lake }

// catalogName is what the rows of our catalog bear.
const catalogName = "parley"

// catalogNamespace is the namespace that the tables of a lake have in the catalog. Those of a Postgres, which are in one catalog, go by
// the names of their schemas.
func catalogNamespace(db *state.DB) string {
	if schema, shared := db.Shared(); shared {
		return schema
	}
	return namespace
}

// makeCatalog makes the tables of the catalog that are not there.
func (l *Lake) makeCatalog(ctx context.Context) error {
	there, err := l.db.Has(ctx, "iceberg_tables")
	if there || err != nil {
		return err
	}
	return l.db.Common(ctx, catalogTables)
}

// createNamespace enters the namespace of the lake, for engines that list them.
func (c icebergCatalog) createNamespace(ctx context.Context) error {
	_, err := c.lake.db.Exec(ctx, `INSERT INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true') ON CONFLICT DO NOTHING`, catalogName, catalogNamespace(c.lake.db))
	return err
}

// LoadTable loads a table that commits through this catalog.
func (c icebergCatalog) LoadTable(ctx context.Context, id table.Identifier) (*table.Table, error) {
	return c.lake.load(ctx, tables.Table(id[len(id)-1]))
}

// CommitTable changes a table if the requirements hold, all or nothing. A lost race, however it shows, is
// table.ErrCommitFailed.
func (c icebergCatalog) CommitTable(ctx context.Context, id table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	now, err := c.LoadTable(ctx, id)
	if err != nil {
		return nil, "", err
	}
	for _, r := range reqs {
		if err := r.Validate(now.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	from := now.MetadataLocation()
	if updates, err = c.lake.spelled(ctx, now.Location(), updates); err != nil {
		return nil, "", err
	}
	meta, err := table.UpdateTableMetadata(now.Metadata(), updates, from)
	if err != nil || meta.Equals(now.Metadata()) {
		return meta, from, err
	}
	to, err := following(from)
	if err != nil {
		return nil, "", err
	}
	if err := c.lake.writeMetadata(ctx, to, meta); err != nil {
		return nil, "", err
	}
	changed, err := c.lake.db.Exec(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
		to, from, catalogName, catalogNamespace(c.lake.db), id[len(id)-1], from)
	if err == nil && changed == 0 {
		err = fmt.Errorf("%w: the metadata of %s is no longer %s", table.ErrCommitFailed, id[len(id)-1], path.Base(from))
	}
	return meta, to, err
}

// createTable makes an empty table, partitioned by the day of conversation_start where it has one, in the folder at location,
// unless there is one already.
func (c icebergCatalog) createTable(ctx context.Context, t tables.Table, location string) error {
	if _, err := c.lake.location(ctx, t); !errors.Is(err, state.ErrNoRow) {
		return err
	}
	schema, err := table.ArrowSchemaToIceberg(tables.Schema(t), false, nil)
	if err != nil {
		return err
	}
	spec := *iceberg.UnpartitionedSpec
	if start, ok := schema.FindFieldByName("conversation_start"); ok {
		spec = iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{start.ID}, FieldID: 1000, Name: "day", Transform: iceberg.DayTransform{}})
	}
	meta, err := table.NewMetadata(schema, &spec, table.UnsortedSortOrder, location, iceberg.Properties{
		"format-version":                             "2",
		"write.parquet.compression-codec":            "zstd",
		"commit.retry.num-retries":                   "10",
		"commit.retry.min-wait-ms":                   "20",
		"commit.retry.max-wait-ms":                   "2000",
		"write.metadata.delete-after-commit.enabled": "true",
		"write.metadata.previous-versions-max":       "20",
		propFormat:                                   strconv.Itoa(Format),
	})
	if err != nil {
		return err
	}
	at := metadataNamed(location+"/metadata", 0)
	if err := c.lake.writeMetadata(ctx, at, meta); err != nil {
		return err
	}
	_, err = c.lake.db.Exec(ctx, `INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type)
		VALUES (?, ?, ?, ?, 'TABLE')`, catalogName, catalogNamespace(c.lake.db), string(t), at)
	return err
}

// writeMetadata writes the metadata of a table.
func (l *Lake) writeMetadata(ctx context.Context, at string, meta table.Metadata) error {
	text, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	return l.inWhole(ctx).WriteFile(at, append(text, '\n'))
}

// metadataNamed is a new location of metadata in a folder, with the number that engines order them by.
func metadataNamed(folder string, version int) string {
	return fmt.Sprintf("%s/%05d-%s.metadata.json", folder, version, uuid.NewString())
}

// following is a location for the metadata that follow those at another.
func following(location string) (string, error) {
	slash := strings.LastIndex(location, "/")
	number, _, _ := strings.Cut(location[slash+1:], "-")
	version, err := strconv.Atoi(number)
	if err != nil {
		return "", fault.New(fault.Corrupt, "the metadata of a table are in %s, which has no number", location[slash+1:])
	}
	return metadataNamed(location[:slash], version+1), nil
}

// spelled gives updates with the locations of new snapshots as the location of the table is spelled: the list of manifests
// and, in it, the manifests. Where the library's spelling is the same, nothing is read or written.
func (l *Lake) spelled(ctx context.Context, location string, updates []table.Update) ([]table.Update, error) {
	if strings.Contains(location, "%") {
		return updates, nil // an old table: it goes on as it is
	}
	out := make([]table.Update, len(updates))
	for i, u := range updates {
		out[i] = u
		if u.Action() != table.UpdateAddSnapshot {
			continue
		}
		s, err := addedBy(u)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(s.ManifestList, "%") {
			continue
		}
		if s.ManifestList, err = l.respellList(ctx, s.ManifestList); err != nil {
			return nil, err
		}
		out[i] = table.NewAddSnapshotUpdate(s)
	}
	return out, nil
}

// addedBy is the snapshot that an update adds. The library shows it as JSON only.
func addedBy(u table.Update) (*table.Snapshot, error) {
	var update struct {
		Snapshot *table.Snapshot `json:"snapshot"`
	}
	text, err := json.Marshal(u)
	if err == nil {
		err = json.Unmarshal(text, &update)
	}
	if err == nil && update.Snapshot == nil {
		err = errors.New("an update adds no snapshot")
	}
	return update.Snapshot, err
}

// respellList names the manifests of a list as they are spelled today, and gives the list's own location in that spelling.
// Nobody has read the list yet.
func (l *Lake) respellList(ctx context.Context, location string) (string, error) {
	fs := l.inWhole(ctx)
	content, err := fs.ReadFile(location)
	if err != nil {
		return "", err
	}
	changed, err := changeAvro(content, func(entry map[string]any) error {
		manifest, err := member(entry, "manifest_path")
		if err == nil {
			entry["manifest_path"], err = respelled(manifest)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	to, err := respelled(location)
	if err != nil {
		return "", err
	}
	return to, fs.WriteFile(to, changed)
}

func respelled(location string) (string, error) {
	at, err := filePath(location)
	return locationOfFile(at), err
}

// locationOfFile is the location of a file by its name: of one in a folder its path, of others a URL.
func locationOfFile(name string) string {
	if isURL(name) {
		return name
	}
	return fileURL(name)
}

// fileURL is the location of a file: its path as it is, because most engines take a location literally. Where that would
// not be the path for those who read it as a URI, as the library does, it is percent-encoded: a path with %, ?, # or \.
func fileURL(path string) string {
	plain := "file://" + path
	if u, err := url.Parse(plain); err == nil && u.Path == path && u.RawQuery == "" && u.Fragment == "" && !strings.Contains(path, `\`) {
		return plain
	}
	return encodedURL(path)
}

// encodedURL is the location of a file as lakes have it that were made before locations were plain.
func encodedURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// bucketScheme begins the locations of files in a bucket. They are names as they stand.
const bucketScheme = "s3://"

// filePath is the name of the file at a location: its path, however it is spelled, or the URL of what is in a bucket.
func filePath(location string) (string, error) {
	if strings.HasPrefix(location, bucketScheme) {
		return location, nil
	}
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "file" {
		return "", fault.New(fault.Corrupt, "a data file lies at %s, which is neither a local file nor in a bucket", location)
	}
	return u.Path, nil
}
