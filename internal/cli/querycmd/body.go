package querycmd

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// withPage gives the body with this page asked for, and without aggregations on all pages but the first: they are the
// same on each.
func withPage(text []byte, size, number int) (jsontext.Value, error) {
	return changed(text, func(members map[string]jsontext.Value) {
		members["paging"] = jsontext.Value(`{"pageSize":` + strconv.Itoa(size) + `,"pageNumber":` + strconv.Itoa(number) + `}`)
		if number > 1 {
			delete(members, "aggregations")
		}
	})
}

// without gives the body without a member.
func without(text []byte, name string) (jsontext.Value, error) {
	return changed(text, func(members map[string]jsontext.Value) { delete(members, name) })
}
