package tables

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/iceberg-go/table"
)

// The position of a column is its Iceberg field id, by which readers find it in every file that was ever written. The golden
// file holds the schema of each table as the catalog has it: lines may be added at the end of a table, and none may change.
func TestSchemasStay(t *testing.T) {
	var got bytes.Buffer
	for _, name := range All() {
		layout := layoutOf(name)
		schema, err := table.ArrowSchemaToIceberg(layout.schema, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s\n", name)
		for i, f := range schema.Fields() {
			if c := layout.columns[i]; c.Name != f.Name || c.Required != f.Required {
				t.Errorf("%s: column %d is described as %+v, and is %s", name, i, c, f)
			}
			fmt.Fprintf(&got, "  %s\n", f)
		}
	}
	if want := golden(t, "schemas.golden", got.Bytes()); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the schemas have changed; got\n%s\nwant\n%s", &got, want)
	}
}

// golden gives what a golden file says, after it was written anew from what there is if the tests were asked to.
func golden(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return want
}
