package directory

import (
	"math"
	"slices"
	"strconv"
	"testing"
)

func codes(names ...string) (out []Code) {
	for i, name := range names {
		out = append(out, Code{Entity{ID: strconv.Itoa(9 - i), Name: name, Division: strconv.Itoa(i % 2)}})
	}
	return out
}

func names[T Listed](of []T) []string {
	out := []string{}
	for _, v := range of {
		out = append(out, Name(v))
	}
	return out
}

func TestWhatIsSelected(t *testing.T) {
	list := codes("beta", "Alpha", "gamma", "alpha")
	for what, c := range map[string]struct {
		Selection
		want []string
	}{
		"all, by name":       {Selection{}, []string{"alpha", "Alpha", "beta", "gamma"}}, // 6 before 8
		"backwards":          {Selection{Descending: true}, []string{"gamma", "beta", "Alpha", "alpha"}},
		"by id":              {Selection{ByID: true}, []string{"alpha", "gamma", "Alpha", "beta"}},
		"by id, backwards":   {Selection{ByID: true, Descending: true}, []string{"beta", "Alpha", "gamma", "alpha"}},
		"some ids":           {Selection{IDs: []string{"7", "9", "x"}}, []string{"beta", "gamma"}},
		"unknown ids":        {Selection{IDs: []string{"x"}}, []string{}},
		"a division":         {Selection{Divisions: []string{"1"}}, []string{"alpha", "Alpha"}},
		"two divisions":      {Selection{Divisions: []string{"1", "0"}, IDs: []string{"8", "9"}}, []string{"Alpha", "beta"}},
		"a name":             {Selection{Name: Exactly("ALPHA")}, []string{"alpha", "Alpha"}},
		"its end":            {Selection{Name: Exactly("*ta")}, []string{"beta"}},
		"its beginning":      {Selection{Name: Exactly("ga*")}, []string{"gamma"}},
		"its middle":         {Selection{Name: Exactly("*mm*")}, []string{"gamma"}},
		"the middle alone":   {Selection{Name: Exactly("mm")}, []string{}},
		"an asterisk":        {Selection{Name: Exactly("*"), IDs: []string{"9"}}, []string{"beta"}},
		"no name":            {Selection{Name: Exactly("")}, []string{}},
		"beginning":          {Selection{Name: Beginning("al")}, []string{"alpha", "Alpha"}},
		"beginning, open":    {Selection{Name: Beginning("be*")}, []string{"beta"}},
		"not the beginning":  {Selection{Name: Beginning("pha")}, []string{}},
		"containing":         {Selection{Name: Containing("MA")}, []string{"gamma"}},
		"containing, open":   {Selection{Name: Containing("*et*")}, []string{"beta"}},
		"an asterisk inside": {Selection{Name: Exactly("a*a")}, []string{}},
	} {
		c.Size, c.Number = 10, 1
		if got := Select(list, c.Selection); !slices.Equal(names(got.Entities), c.want) || got.Total != len(c.want) {
			t.Errorf("%s: got %v of %d, want %v", what, names(got.Entities), got.Total, c.want)
		}
	}
	if list[0].Name != "beta" {
		t.Error("the list was put in order itself")
	}
}

func TestPages(t *testing.T) {
	list := codes("a", "b", "c", "d", "e")
	for _, c := range []struct {
		size, number, pages int
		want                []string
	}{
		{2, 1, 3, []string{"a", "b"}},
		{2, 2, 3, []string{"c", "d"}},
		{2, 3, 3, []string{"e"}},
		{2, 4, 3, []string{}},
		{5, 1, 1, []string{"a", "b", "c", "d", "e"}},
		{5, 2, 1, []string{}},
		{6, 1, 1, []string{"a", "b", "c", "d", "e"}},
		{500, math.MaxInt, 1, []string{}},
	} {
		if got := Select(list, Selection{Size: c.size, Number: c.number}); !slices.Equal(names(got.Entities), c.want) || got.Pages != c.pages || got.Total != 5 {
			t.Errorf("page %d of %d: got %+v, want %v of %d", c.number, c.size, got, c.want, c.pages)
		}
	}
	if got := Select([]Code(nil), Selection{Size: 5, Number: 1}); len(got.Entities) != 0 || got.Pages != 0 {
		t.Errorf("of nothing: got %+v", got)
	}
}

func TestUsersOfAState(t *testing.T) {
	d := Directory{Users: []User{
		{Entity: Entity{ID: "1", Name: "a"}, State: Active}, {Entity: Entity{ID: "2", Name: "b"}, State: Deleted}, {Entity: Entity{ID: "3", Name: "c"}, State: Inactive},
	}}
	for _, c := range []struct {
		states []State
		want   []string
	}{
		{[]State{Active}, []string{"a"}}, {[]State{Deleted, Inactive}, []string{"b", "c"}}, {nil, []string{}},
	} {
		if got := names(d.In(c.states...)); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.states, got, c.want)
		}
	}
	if len(d.Users) != 3 || d.Users[2].ID != "3" {
		t.Errorf("the directory has changed: %+v", d.Users)
	}
	for id, name := range map[string]string{"1": "a", "2": "b", "3": "c"} {
		if u, ok := Find(d.Users, id); !ok || u.Name != name {
			t.Errorf("found %+v, %t", u, ok)
		}
	}
	if _, ok := Find(d.Users, "9"); ok {
		t.Error("found nobody")
	}
}
