package sim

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// What the packages below call by longer names.
type (
	instant = tick.Instant
	dice    = chance.Dice
	queue   = organization.Queue
	user    = organization.User
	flow    = organization.Flow
)

const (
	second = tick.Second
	minute = tick.Minute
	hour   = tick.Hour
	day    = tick.Day
)
