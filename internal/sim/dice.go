package sim

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
)

// dice is the chance of one conversation. The same throws give the same conversation, so nothing else may decide.
type dice struct {
	pcg  rand.PCG
	rand *rand.Rand
}

func newDice() *dice {
	d := new(dice)
	d.rand = rand.New(&d.pcg)
	return d
}

// seed starts the throws of conversation n of a day, whatever was thrown before.
func (d *dice) seed(seed uint64, day int64, n int) {
	d.pcg.Seed(mix(seed), mix(mix(uint64(day))+uint64(n)))
}

// mix spreads near numbers far apart (the finalizer of SplitMix64), so that near seeds give unrelated throws.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below is a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.rand.Uint64N(uint64(n))) }

// between is a number from lo to hi, both possible.
func (d *dice) between(lo, hi instant) instant { return lo + instant(d.rand.Uint64N(uint64(hi-lo+1))) }

// percent is true p times in a hundred.
func (d *dice) percent(p int) bool { return d.below(100) < p }

// around is a duration with a long tail upwards, as talks and waits have: half are below the median, one in forty
// above four times the median. It lies within lo and hi.
func (d *dice) around(median, lo, hi instant) instant {
	v := instant(float64(median) * math.Exp(0.7*d.rand.NormFloat64()))
	return min(max(v, lo), hi)
}

func pick[T any](d *dice, from []T) T { return from[d.below(len(from))] }

// uuid is a version 4 UUID in lower case.
func (d *dice) uuid() string {
	var raw [16]byte
	d.fill(raw[:8])
	d.fill(raw[8:])
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// hex is n hexadecimal digits in lower case, at most 32.
func (d *dice) hex(n int) string {
	var raw [16]byte
	d.fill(raw[:8])
	d.fill(raw[8:])
	var text [32]byte
	hex.Encode(text[:], raw[:])
	return string(text[:n])
}

// digits is n decimal digits, at most 19.
func (d *dice) digits(n int) string {
	var text [19]byte
	for i, v := 0, d.rand.Uint64(); i < n; i++ {
		text[i] = '0' + byte(v%10)
		v /= 10
	}
	return string(text[:n])
}

func (d *dice) fill(b []byte) {
	v := d.rand.Uint64()
	for i := range 8 {
		b[i] = byte(v >> (8 * i))
	}
}
