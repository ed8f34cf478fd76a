package box

import (
	"bytes"
	"testing"
)

func TestOnlyTheTextOpensABox(t *testing.T) {
	text := NewText()
	sealed, err := Seal("a", text, []byte("planted"))
	if err != nil || bytes.Contains(sealed, []byte("planted")) || len(text) < 52 {
		t.Fatalf("%x %v", sealed, err)
	}
	if got, err := Open("a", text, sealed); err != nil || string(got) != "planted" {
		t.Errorf("%q %v", got, err)
	}
	for purpose, other := range map[string]string{"a": NewText(), "b": text} {
		if got, err := Open(purpose, other, sealed); err == nil {
			t.Errorf("another text or purpose opens it: %q", got)
		}
	}
	if bytes.Equal(Hash(text), Hash(NewText())) {
		t.Error("two texts have one hash")
	}
}
