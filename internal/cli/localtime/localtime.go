// Package localtime reads days as they are meant at a place: flags that name days, and the zone by whose clocks these begin.
package localtime

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Zone is the value of --time-zone: a name of the IANA database. Anything else is fault.Invalid.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		return time.UTC, fault.Field("--time-zone", "--time-zone %s is none; write a name of the IANA database such as Europe/Berlin, America/New_York or UTC", fault.Clip(name))
	}
	return zone, nil
}

// Interval reads --from and --to, days or instants, by the clocks of a place. Without --to it is the day of --from.
func Interval(from, to string, zone *time.Location) (iv conversation.Interval, err error) {
	if from == "" {
		return iv, fault.Field("--from", "say of when: --from 2026-11-01 for that day, or --from and --to")
	}
	if iv.Start, err = instant("--from", from, zone); err != nil {
		return iv, err
	}
	iv.End = iv.Start.AddDate(0, 0, 1)
	if to != "" {
		if iv.End, err = instant("--to", to, zone); err != nil {
			return iv, err
		}
	}
	if !iv.End.After(iv.Start) {
		return iv, fault.Field("--to", "--to must lie after --from")
	}
	return iv, nil
}

// instant is that at which a day begins at a place, or one that is written as such.
func instant(flag, text string, zone *time.Location) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day, nil
	}
	at, err := conversation.ParseTime(text)
	if err != nil {
		return at, fault.Field(flag, "%s %v", flag, err)
	}
	return at.In(zone), nil
}
