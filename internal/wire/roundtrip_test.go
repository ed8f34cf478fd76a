package wire_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// fill gives every field below v a value of its own, two elements to every list.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("text " + strconv.Itoa(*n))
	case reflect.Bool:
		v.SetBool(*n%2 == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": "value " + strconv.Itoa(*n)}))
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	default:
		t.Fatalf("a conversation has a field of type %v: fill it here", v.Type())
	}
}

func decoded(t *testing.T, raw []byte) *conversation.Conversation {
	t.Helper()
	c, err := wire.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encoded(t *testing.T, c *conversation.Conversation) string {
	t.Helper()
	raw, err := wire.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// No member is lost or mixed up on the way into a conversation and back.
func TestDecodingLosesNothing(t *testing.T) {
	var whole conversation.Conversation
	n := 0
	fill(t, reflect.ValueOf(&whole).Elem(), &n)
	text := encoded(t, &whole)
	if n < 500 || strings.Contains(text, `""`) || !reflect.DeepEqual(decoded(t, []byte(text)), &whole) {
		t.Errorf("a conversation of %d fields does not come back as it was", n)
	}
	for _, raw := range simulated(t) {
		if got := encoded(t, decoded(t, raw)); got != string(raw) {
			t.Fatal("a simulated record does not come back as it was")
		}
	}
}
