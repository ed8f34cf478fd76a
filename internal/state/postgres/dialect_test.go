package postgres

import "testing"

func TestBind(t *testing.T) {
	for in, want := range map[string]string{
		`SELECT a FROM x WHERE b = ? AND c = ?`: `SELECT a FROM x WHERE b = $1 AND c = $2`,
		`VALUES (?2, ?1, ?12)`:                  `VALUES ($2, $1, $12)`,
		`VALUES ('?', "?", '''?', ?)`:           `VALUES ('?', "?", '''?', $1)`,
		``:                                      ``,
		`?`:                                     `$1`,
	} {
		if got := (Dialect{}).Bind(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
