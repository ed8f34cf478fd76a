package fault

// Clip keeps what a message quotes of a request short: 64 characters at most.
func Clip(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}
