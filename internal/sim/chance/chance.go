// Package chance throws the dice of the simulation. The same seed gives the same throws, on any machine: nothing here
// depends on a library's rounding, and products are rounded before they are added to.
package chance

import (
	"encoding/hex"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/parley-hq/parley/internal/sim/tick"
)

// Dice is the chance of one thing. It is small and may be copied: the copy throws what the original will throw.
type Dice struct{ pcg rand.PCG }

// Of is the dice of the n-th thing of a day. What tells several dice of the same thing apart.
func Of(seed uint64, day int64, n int, what uint64) Dice {
	var d Dice
	d.pcg.Seed(mix(seed+what), mix(mix(uint64(day))+uint64(n)))
	return d
}

// mix spreads near numbers far apart (the finalizer of SplitMix64), so that near seeds give unrelated throws.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Below is a number from 0 to n-1.
func (d *Dice) Below(n int) int {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int(hi)
}

// Between is a number from lo to hi, both possible.
func (d *Dice) Between(lo, hi tick.Instant) tick.Instant {
	return lo + tick.Instant(d.Below(int(hi-lo)+1))
}

// Percent is true p times in a hundred.
func (d *Dice) Percent(p int) bool { return d.Below(100) < p }

// Permille is true p times in a thousand.
func (d *Dice) Permille(p int) bool { return d.Below(1000) < p }

// Unit is a number above 0 and at most 1.
func (d *Dice) Unit() float64 { return float64(d.pcg.Uint64()>>11+1) / (1 << 53) }

// Normal is a number of the standard normal distribution, but for its tails: the sum of four numbers (Irwin and Hall)
// comes no further than 3.46. Its parts are whole numbers and cannot be rounded.
func (d *Dice) Normal() float64 {
	v := d.pcg.Uint64()
	sum := int64(v&0xffff) + int64(v>>16&0xffff) + int64(v>>32&0xffff) + int64(v>>48)
	return float64(sum-2*0xffff) * (math.Sqrt2 * 1.2247448713915890 / 65536)
}

// Exponential is a number of the exponential distribution with mean 1.
func (d *Dice) Exponential() float64 { return -ln(d.Unit()) }

// Lognormal is a length with a long tail upwards: its logarithm has the normal distribution with deviation sigma. It
// lies within lo and hi.
func (d *Dice) Lognormal(median tick.Instant, sigma float64, lo, hi tick.Instant) tick.Instant {
	v := tick.Instant(float64(median) * exp(float64(sigma*d.Normal())))
	return min(max(v, lo), hi)
}

// Weibull is a length of the Weibull distribution. With a shape below 1 who has waited long is likely to wait on.
func (d *Dice) Weibull(scale tick.Instant, shape float64) tick.Instant {
	return tick.Instant(float64(scale) * exp(ln(d.Exponential())/shape))
}

// Around is a length about a median: one in forty is above four times as long. It lies within lo and hi.
func (d *Dice) Around(median, lo, hi tick.Instant) tick.Instant {
	return d.Lognormal(median, 0.7, lo, hi)
}

// exp is e to the x, by its series; math.Exp is another one on each kind of machine.
func exp(x float64) float64 {
	n := math.Floor(float64(x/math.Ln2) + 0.5)
	r := x - float64(n*math.Ln2)
	term, sum := 1.0, 1.0
	for i := 1.0; i < 14; i++ {
		term = float64(term*r) / i
		sum += term
	}
	return math.Ldexp(sum, int(n))
}

// ln is the logarithm of x, by the series of the area tangent; why not math.Log, exp says.
func ln(x float64) float64 {
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, e = f*2, e-1
	}
	t := (f - 1) / (f + 1)
	sum, power, square := 0.0, t, float64(t*t)
	for i := 1.0; i < 22; i += 2 {
		sum += float64(power / i)
		power = float64(power * square)
	}
	return float64(2*sum) + float64(float64(e)*math.Ln2)
}

// Pick is one of several, each as likely as any other.
func Pick[T any](d *Dice, from []T) T { return from[d.Below(len(from))] }

// UUID is a version 4 UUID in lower case.
func (d *Dice) UUID() string {
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

// Hex is n hexadecimal digits in lower case, at most 32.
func (d *Dice) Hex(n int) string {
	var raw [16]byte
	d.fill(raw[:8])
	d.fill(raw[8:])
	var text [32]byte
	hex.Encode(text[:], raw[:])
	return string(text[:n])
}

// Digits is n decimal digits, at most 19.
func (d *Dice) Digits(n int) string {
	var text [19]byte
	for i, v := 0, d.pcg.Uint64(); i < n; i++ {
		text[i] = '0' + byte(v%10)
		v /= 10
	}
	return string(text[:n])
}

func (d *Dice) fill(b []byte) {
	v := d.pcg.Uint64()
	for i := range 8 {
		b[i] = byte(v >> (8 * i))
	}
}
