package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/twmb/avro/ocf"

	"github.com/parley-hq/parley/internal/fault"
)

// changeAvro gives a file of Avro records with each record changed and everything else as it was: schema, metadata and
// order. iceberg-go can read manifests and write new ones, but not write one again as it is.
func changeAvro(content []byte, change func(map[string]any) error) ([]byte, error) {
	records, header, err := readAvro(content)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := change(r); err != nil {
			return nil, err
		}
	}
	changed, err := writeAvro(header, records)
	if err != nil {
		return nil, err
	}
	// What goes through the library is compared, because everything in the lake hangs on it.
	again, _, err := readAvro(changed)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(records, again) {
		return nil, errors.New("the records are not the same after they were written")
	}
	return changed, nil
}

// readAvro reads all records of a file, and its header.
func readAvro(content []byte) (records []map[string]any, header *ocf.Reader, err error) {
	r, err := ocf.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		var value any
		err := r.Decode(&value)
		if errors.Is(err, io.EOF) {
			return records, r, nil
		}
		if err != nil {
			return nil, nil, err
		}
		record, ok := value.(map[string]any)
		if !ok {
			return nil, nil, fmt.Errorf("a record is a %T", value)
		}
		records = append(records, record)
	}
}

func writeAvro(header *ocf.Reader, records []map[string]any) ([]byte, error) {
	var out bytes.Buffer
	meta := map[string][]byte{}
	for key, value := range header.Metadata() {
		if key != "avro.schema" && key != "avro.codec" {
			meta[key] = value
		}
	}
	w, err := ocf.NewWriter(&out, header.Schema(), ocf.WithSchema(string(header.Metadata()["avro.schema"])), ocf.WithMetadata(meta),
		ocf.WithCodec(ocf.DeflateCodec(-1)))
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := w.Encode(r); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// member is a member of a record that is a text.
func member(record map[string]any, name string) (string, error) {
	s, ok := record[name].(string)
	if !ok {
		return "", fault.New(fault.Corrupt, "%s is missing", name)
	}
	return s, nil
}
