package wire

import "bytes"

// compact copies v without insignificant white space. v has been read as a value, so nothing but texts has to be told
// from the rest.
func compact(v []byte) []byte {
	out := make([]byte, 0, len(v))
	for {
		quote := bytes.IndexByte(v, '"')
		if quote < 0 {
			return appendDense(out, v)
		}
		out = appendDense(out, v[:quote])
		end := quote + textLen(v[quote:])
		out = append(out, v[quote:end]...)
		v = v[end:]
	}
}

// appendDense appends what stands between texts.
func appendDense(out, v []byte) []byte {
	for _, c := range v {
		if c > ' ' {
			out = append(out, c)
		}
	}
	return out
}

// textLen is the length of the text that v begins with, its quotation marks included.
func textLen(v []byte) int {
	for at := 1; ; {
		at += bytes.IndexByte(v[at:], '"') + 1
		escapes := 0
		for v[at-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
	}
}
