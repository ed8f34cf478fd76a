package extract

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"github.com/parley-hq/parley/internal/wire"
)

// misfits is wire.Misfits as the control database keeps it: a JSON object.
type misfits wire.Misfits

// Value implements driver.Valuer.
func (m *misfits) Value() (driver.Value, error) {
	text, err := json.Marshal(*m)
	return string(text), err
}

// Scan implements sql.Scanner.
func (m *misfits) Scan(from any) error {
	text, ok := from.(string)
	if !ok {
		return fmt.Errorf("misfits are kept as text, not as %T", from)
	}
	return json.Unmarshal([]byte(text), m)
}
