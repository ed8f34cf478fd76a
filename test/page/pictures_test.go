package page_test

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	goldens  = "testdata/pictures"
	madeWith = goldens + "/made-with.txt"

	mostDifferent = 0.001   // of the pixels
	mostBytes     = 1 << 20 // of all pictures together, as they are committed
)

// Pages look as they did. PARLEY_REWRITE=1 writes the pictures anew; look at them before they are committed. A browser or a font of
// another version draws a little otherwise: then nothing is compared.
func TestPagesLookAsTheyDid(t *testing.T) {
	chromium := installed(t)
	rewrite := os.Getenv("PARLEY_REWRITE") != ""
	with := drawnWith(t, chromium)
	if text, err := os.ReadFile(madeWith); !rewrite && (err != nil || string(text) != with) {
		t.Skipf("the pictures were made with\n%s, and here is\n%s; PARLEY_REWRITE=1 makes them anew (%v)", text, with, err)
	}
	taken := t.TempDir()
	take := exec.CommandContext(t.Context(), "node", filepath.Join("js", "pictures.js"))
	take.Env = append(os.Environ(), "PARLEY_URL="+sandbox(t), "PARLEY_ID=id", "PARLEY_SECRET=secret", "PARLEY_PICTURES="+taken, "CHROMIUM="+chromium)
	if out, err := take.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if rewrite {
		write(t, taken, with)
	}
	compare(t, taken)
}

// drawnWith says what pictures follow from, apart from the pages.
func drawnWith(t *testing.T, chromium string) string {
	t.Helper()
	var out strings.Builder
	for _, args := range [][]string{{chromium, "--version"}, {"fc-match", "-f", "%{family} %{fontversion}\n", "Inter"}, {"fc-match", "-f", "%{family} %{fontversion}\n", "monospace"}} {
		text, err := exec.CommandContext(t.Context(), args[0], args[1:]...).Output()
		if err != nil {
			t.Fatalf("%v: %v; run `make setup`", args, err)
		}
		fmt.Fprintln(&out, strings.TrimSpace(string(text)))
	}
	return out.String()
}

// sandbox serves a platform whose clock stands still: its pages follow from the seed alone.
func sandbox(t *testing.T) string {
	t.Helper()
	return begin(t, "sandbox", "--seed", "3", "--per-day", "60", "--days", "9", "--now", "2026-11-08T12:00:00Z", "--speed", "0", "--rate-limit", "100000")
}

// write keeps the pictures that were taken.
func write(t *testing.T, taken, with string) {
	t.Helper()
	if err := os.RemoveAll(goldens); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(goldens, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(madeWith, []byte(with), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range pictures(t, taken) {
		var text bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&text, coarse(picture(t, filepath.Join(taken, name)))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(goldens, name), text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// compare holds the pictures that were taken to those that are kept, and leaves what differs where it can be looked at.
func compare(t *testing.T, taken string) {
	t.Helper()
	kept, now := pictures(t, goldens), pictures(t, taken)
	if strings.Join(kept, " ") != strings.Join(now, " ") {
		t.Fatalf("there are pictures of %v, and kept are %v", now, kept)
	}
	size := int64(0)
	for _, name := range kept {
		f, err := os.Stat(filepath.Join(goldens, name))
		if err != nil {
			t.Fatal(err)
		}
		size += f.Size()
		if share := different(coarse(picture(t, filepath.Join(goldens, name))), picture(t, filepath.Join(taken, name))); share > mostDifferent {
			t.Errorf("%s differs in %.2f %% of its pixels; PARLEY_REWRITE=1 writes it anew, and git shows both", name, share*100)
		}
	}
	if size > mostBytes {
		t.Errorf("the pictures have %d bytes, and at most %d are meant to be", size, mostBytes)
	}
}

func pictures(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil || len(list) == 0 {
		t.Fatalf("there are no pictures in %s: %v", dir, err)
	}
	for _, path := range list {
		names = append(names, filepath.Base(path))
	}
	return names
}

func picture(t *testing.T, path string) image.Image {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// shades are how many colours a picture is kept in: they fit the palette of a PNG, and letters keep their soft edges.
const shades = 48

// counted says how many pixels of a picture have which colour.
func counted(of image.Image) map[color.RGBA]int {
	out := map[color.RGBA]int{}
	each(of, func(_, _ int, c color.RGBA) { out[c]++ })
	return out
}

func each(of image.Image, do func(x, y int, c color.RGBA)) {
	for y := of.Bounds().Min.Y; y < of.Bounds().Max.Y; y++ {
		for x := of.Bounds().Min.X; x < of.Bounds().Max.X; x++ {
			c, _ := color.RGBAModel.Convert(of.At(x, y)).(color.RGBA)
			do(x, y, c)
		}
	}
}

// coarse is a picture in its most frequent colours: those of areas are as they are, and those at the edges of letters near to them.
func coarse(of image.Image) *image.Paletted {
	n := counted(of)
	colours := slices.SortedFunc(maps.Keys(n), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range colours[:min(shades, len(colours))] {
		palette = append(palette, c)
	}
	out, near := image.NewPaletted(of.Bounds(), palette), nearest(palette)
	each(of, func(x, y int, c color.RGBA) { out.SetColorIndex(x, y, near(c)) })
	return out
}

// nearest finds the place of the nearest colour of a palette, and remembers it.
func nearest(in color.Palette) func(color.RGBA) uint8 {
	known := map[color.RGBA]uint8{}
	return func(c color.RGBA) uint8 {
		at, ok := known[c]
		if !ok {
			at = uint8(in.Index(c))
			known[c] = at
		}
		return at
	}
}

// different is the share of pixels that a picture has in another colour than the one that is kept. A colour of an area must be one of
// those that are kept; one of a few pixels is near to one of them.
func different(kept *image.Paletted, now image.Image) float64 {
	if kept.Bounds() != now.Bounds() {
		return 1
	}
	pixels := float64(kept.Bounds().Dx() * kept.Bounds().Dy())
	of, near, n := counted(now), nearest(kept.Palette), 0
	each(now, func(x, y int, c color.RGBA) {
		at := near(c)
		strange := float64(of[c])/pixels > mostDifferent && color.RGBAModel.Convert(kept.Palette[at]) != c
		if strange || at != kept.ColorIndexAt(x, y) {
			n++
		}
	})
	return float64(n) / pixels
}

// A square that moved by a pixel is another picture, and so is one of another colour.
func TestPicturesAreToldApart(t *testing.T) {
	square := func(at int, paper color.RGBA) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, 100, 100))
		for y := range 100 {
			for x := range 100 {
				out.Set(x, y, paper)
				if x >= at && x < at+20 && y < 20 {
					out.Set(x, y, color.RGBA{23, 64, uint8(130 + x), 255}) // more colours than are kept
				}
			}
		}
		return out
	}
	light, white := color.RGBA{251, 250, 247, 255}, color.RGBA{255, 255, 255, 255}
	kept := coarse(square(10, light))
	for what, c := range map[string]struct {
		now  image.Image
		want float64
	}{
		"the same": {square(10, light), 0}, "a square that moved": {square(11, light), 0.004}, "another paper": {square(10, white), 0.96},
		"a part": {square(10, light).SubImage(image.Rect(0, 0, 50, 50)), 1},
	} {
		if share := different(kept, c.now); share != c.want {
			t.Errorf("%s differs in %v, want %v", what, share, c.want)
		}
	}
}
