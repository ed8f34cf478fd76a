package wire

import (
	"strconv"
	"strings"
)

// wholeNumber reads a JSON number that has no fraction and fits 64 bits, however it is written: 72, 72.0, 7.2e1. It
// looks at digits only, because floating-point numbers would round, and exact ones of any exponent take any memory.
func wholeNumber(text string) (n int64, ok bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	text, negative := strings.CutPrefix(text, "-")
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	left, right, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(left+right, "0")
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return 0, true
	}
	exponent, err := strconv.Atoi("0" + power)
	if power != "" {
		exponent, err = strconv.Atoi(power)
	}
	// Zeros that belong behind the last digit that counts; what was cut off stood between it and the point.
	zeros := exponent - len(right) + len(left+right) - len(strings.TrimRight(left+right, "0"))
	if err != nil || zeros < 0 || zeros > 18 {
		return 0, false
	}
	if negative {
		digits = "-" + digits
	}
	n, err = strconv.ParseInt(digits+strings.Repeat("0", zeros), 10, 64)
	return n, err == nil
}
