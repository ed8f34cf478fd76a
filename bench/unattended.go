package main

import (
	"errors"
	"fmt"
)

// unattended measures what it costs that an extraction looks after itself: days that settle, several jobs at a time, and
// counting each day against the platform, from a sandbox that has the records ready.
func (b *bench) unattended() (err error) {
	f, err := b.week()
	if err != nil {
		return err
	}
	s, stop, err := b.sandbox("--load", f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	size := sized{extractDays, int(f.records) / extractDays}
	var on, off []extracted
	for range b.rounds() {
		for _, way := range []struct {
			flags []string
			took  *[]extracted
		}{
			{[]string{"--parallel", "3"}, &on},
			{[]string{"--settle", "none", "--tolerance", "off"}, &off},
		} {
			if err := b.fresh(func(dir string) error {
				e, err := b.extractFrom(s, dir, size, way.flags...)
				*way.took = append(*way.took, e)
				return err
			}); err != nil {
				return err
			}
		}
	}
	with, without := middle(on), middle(off)
	b.add(fmt.Sprintf("extract %s records: settling, three jobs at a time, counting", thousands(f.records)), with.String(), "without "+without.String(),
		times(without.wall.Seconds(), with.wall.Seconds()))
	b.add("  its processor time", f.each(with.cpu), "without "+f.each(without.cpu), times(without.cpu.Seconds(), with.cpu.Seconds()))
	b.add("  its peak memory", mebibytes(with.peak), "without "+mebibytes(without.peak), times(without.peak, with.peak))
	return nil
}
