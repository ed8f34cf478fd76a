package tree

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Found are places where a text occurs.
type Found struct {
	What  string `json:"find"`
	After int    `json:"after,omitzero"` // how many were found before
	Next  int    `json:"next,omitzero"`  // after how many the next ones are found; 0 if there are none
	Hits  []Hit  `json:"hits"`
}

// Hit is a member whose name, or value, has the text in it.
type Hit struct {
	Path string `json:"path"`          // of the member, or of the branch around it whose path is short enough to be asked for
	Text string `json:"text,omitzero"` // of a value
	Cut  bool   `json:"cut,omitzero"`
}

// Find looks for a text in names and values, whatever its case. It tells so many places at most, after so many others.
func Find(text []byte, what string, after, most int) (Found, error) {
	out, seen := Found{What: what, After: after, Hits: []Hit{}}, 0
	what = strings.ToLower(what)
	d := decoder(text)
	for d.PeekKind() != 0 {
		value, has, err := next(d, what)
		if err != nil {
			return out, err
		}
		if !has {
			continue
		}
		if seen++; seen <= after {
			continue
		}
		if len(out.Hits) == most {
			out.Next = after + most
			break
		}
		hit := Hit{Path: within(string(d.StackPointer()))}
		hit.Text, hit.Cut = cut(value, textShown)
		out.Hits = append(out.Hits, hit)
	}
	return out, nil
}

// within is a path, or the longest part of its beginning that can be asked for.
func within(path string) string {
	for len(path) > MostPath {
		path = path[:strings.LastIndexByte(path, '/')]
	}
	return path
}

// next reads what comes next, and says whether it has a text in it. Of a name the value is empty.
func next(d *jsontext.Decoder, what string) (value []byte, has bool, err error) {
	if k := d.PeekKind(); k == '{' || k == '}' || k == '[' || k == ']' {
		_, err = d.ReadToken()
		return nil, false, err
	}
	text, err := d.ReadValue()
	if err != nil {
		return nil, false, err
	}
	plain := string(text)
	if text.Kind() == '"' {
		if unquoted, err := jsontext.AppendUnquote(nil, text); err == nil {
			plain = string(unquoted)
		}
	}
	if !strings.Contains(strings.ToLower(plain), what) {
		return nil, false, nil
	}
	if kind, n := d.StackIndex(d.StackDepth()); kind == '{' && n%2 == 1 {
		return nil, true, nil // a name
	}
	return text, true, nil
}
