package organization

import (
	"strconv"

	"github.com/parley-hq/parley/internal/sim/chance"
)

// Caller is somebody outside. A number belongs to one person: name and contact are the same whenever it calls.
type Caller struct {
	Number  string // +1, an area code, 555-01 and two digits
	Name    string // as caller identification shows it
	Contact string // the external contact's id
	Mail    string
}

// areas is how many area codes there are; each has a hundred fictional numbers.
const areas = 640

// Caller is one of those who call; some call often.
func (o *Organization) Caller(d *chance.Dice) Caller {
	n := d.Below(areas * 100)
	if d.Percent(20) {
		n %= 4000
	}
	who := chance.Of(o.seed, 0, n, what+4)
	area := 201 + n/100
	if area%100 == 11 { // not an area code
		area = 850 + area/100
	}
	number := "+1" + strconv.Itoa(area) + "55501" + strconv.Itoa(n%100/10) + strconv.Itoa(n%10)
	name := chance.Pick(&who, cities) + " " + chance.Pick(&who, states)
	return Caller{Number: number, Name: name, Contact: who.UUID(), Mail: "customer" + strconv.Itoa(n) + "@example.com"}
}
