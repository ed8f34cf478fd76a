package api

import (
	"fmt"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/query"
)

// engineHeader names the engine that answers, where there are two, and the planned bytes by which it was chosen: "trino; planned=2147483648".
const engineHeader = "Parley-Engine"

// chosen says which engine answers, where there are two, and counts it.
func (x *exchange) chosen(view engine.Engine, q query.Query, aggregations []query.Aggregation) {
	if c, is := engine.ChoiceOf(view, q, aggregations); is {
		x.out.Header().Set(engineHeader, fmt.Sprintf("%s; planned=%d", c.Engine, c.Planned))
		x.server.cfg.Meter.Chosen(meter.Query, c.Engine)
	}
}
