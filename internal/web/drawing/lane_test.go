package drawing

import "testing"

// The number that tells lanes of one name apart is beside the name, which may be cut.
func TestTheNumberOfALane(t *testing.T) {
	for label, c := range map[string]struct{ turn, want string }{
		"Queue Web Support":    {"", "Queue Web Support"},
		"Queue Web Support #2": {"#2", "Queue Web Support"},
		"Queue #2 #3":          {"#3", "Queue #2"},
	} {
		if got := (Lane{Label: label, Turn: c.turn}).Called(); got != c.want {
			t.Errorf("%s is called %s", label, got)
		}
	}
}
