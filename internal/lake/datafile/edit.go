package datafile

// Edit says that from a row on some rows of a file go, and that others come in their place: the first for the first, and so
// on; what comes beyond these stands behind them. Edits ascend and do not overlap.
type Edit struct {
	At   int64 // row of the file, from 0; the number of its rows for what comes after the last
	Drop int64 // rows that go, from At on
	Add  int64 // rows that come
}

// edits are to be made in rows, in order.
type edits []Edit

// within gives the edits in the rows from up to, and not including, to, counted from from. What only comes at the end belongs
// to the rows after it, unless these are the last. Edits are cut where the rows end.
func (e edits) within(from, to int64, last bool) (out edits) {
	for _, x := range e {
		if x.At > to {
			break
		}
		if part := x.within(from, to, last); part.Add > 0 || part.Drop > 0 {
			out = append(out, part)
		}
	}
	return out
}

func (x Edit) within(from, to int64, last bool) Edit {
	begin, end := max(x.At, from), min(x.At+x.Drop, to)
	part := Edit{At: begin - from, Drop: max(0, end-begin)}
	if part.Drop > 0 {
		part.Add = min(x.Add, end-x.At) - min(x.Add, begin-x.At)
	}
	ends := part.Drop > 0 && end == x.At+x.Drop || x.Drop == 0 && x.At >= from && (x.At < to || last)
	if ends {
		part.Add += max(0, x.Add-x.Drop)
	}
	return part
}

// change is by how many rows there are more.
func (e edits) change() (n int64) {
	for _, x := range e {
		n += x.Add - x.Drop
	}
	return n
}
