package lake

import (
	"path/filepath"
	"strings"
	"testing"
)

// What somebody is told to give is what commands take: the folder and not the file in it.
func TestWaysToAControlDatabase(t *testing.T) {
	inFolder, inBucket := Address{Root: "/lakes/one"}, Address{Root: "s3://acme/prod"}
	for _, c := range []struct {
		of          Address
		place, want string
	}{
		{inFolder, "/lakes/one/" + ControlName, "run the command again"},
		{inFolder, "postgres://db.example/parley?schema=one", "give that by --state"},
		{inBucket, "postgres://db.example/parley?schema=one", "give that by --state"},
		{inBucket, filepath.Join(StatePath("/var/lib/parley", "acme%2Fprod"), ControlName), "give /var/lib/parley by --state"},
	} {
		if got := c.of.wayTo(c.place); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s at %s: got %q, want %q", c.of.Root, c.place, got, c.want)
		}
	}
}
