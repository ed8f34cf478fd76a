package query

import (
	"os"
	"strings"
	"testing"
)

// TestBodiesAsTheyAreSent reads a list of request bodies, each with what is expected of it.
func TestBodiesAsTheyAreSent(t *testing.T) {
	text, err := os.ReadFile("testdata/bodies.txt")
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]int{}
	for _, section := range strings.Split(string(text), "\n== ")[1:] {
		head, body, _ := strings.Cut(section, "\n")
		words := strings.SplitN(head, " ", 3)
		endpoint, expect, name := words[0], words[1], words[2]
		expected[endpoint+" "+expect]++
		var err error
		if endpoint == "query" {
			_, err = DecodeDetail([]byte(body), PlatformLimits())
		} else {
			_, err = DecodeJob([]byte(body))
		}
		switch {
		case expect == "accept" && err != nil:
			t.Errorf("%s: refused: %v", name, err)
		case expect == "reject" && err == nil:
			t.Errorf("%s: taken, and should be refused", name)
		}
	}
	for _, kind := range []string{"query accept", "query reject", "jobs accept", "jobs reject"} {
		if expected[kind] < 3 {
			t.Errorf("%d bodies are to be %s", expected[kind], kind)
		}
	}
}
