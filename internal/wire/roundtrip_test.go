package wire_test

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// instant finds the names of fields that hold times.
var instant = regexp.MustCompile(`(Start|End|Date|Time|Timestamp|Timeout)$`)

// fill gives every field below v, which has a name, a value of its own, two elements to every list.
func fill(t *testing.T, v reflect.Value, name string, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("text " + strconv.Itoa(*n))
		if instant.MatchString(name) {
			v.SetString(conversation.FormatTime(time.Unix(int64(*n), 0)))
		}
	case reflect.Bool:
		v.SetBool(*n%2 == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), name, n)
		fill(t, v.Index(1), name, n)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": "value " + strconv.Itoa(*n)}))
	case reflect.Struct:
		for of, field := range v.Fields() {
			fill(t, field, of.Name, n)
		}
	default:
		t.Fatalf("a conversation has a field of type %v: fill it here", v.Type())
	}
}

func decoded(t *testing.T, raw []byte) *conversation.Conversation {
	t.Helper()
	c, misfits := wire.Decode(raw)
	if misfits != nil {
		t.Fatalf("does not fit: %v", misfits)
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
	unraced.Test(t)
	var whole conversation.Conversation
	n := 0
	fill(t, reflect.ValueOf(&whole).Elem(), "", &n)
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
