// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// TotalName is the name of a total: the three numbers at the end of the names
// of the totl attributes that add up to it. Totals are ordered by the first
// number, then the second, then the third.
type TotalName [3]uint64

// Next is the name to go on from after t. ok is false if t was the last of
// all.
func (t TotalName) Next() (next TotalName, ok bool) {
	for i := len(t) - 1; i >= 0; i-- {
		if t[i]++; t[i] != 0 {
			return t, true
		}
	}
	return t, false
}

// String is the name with dots between its numbers.
func (t TotalName) String() string { return fmt.Sprintf("%d.%d.%d", t[0], t[1], t[2]) }

// ReadXattrTotals asks for totals, From and after.
type ReadXattrTotals struct {
	From  TotalName
	Count int // at most this many; 0 is an error
}

// XattrTotal is what the totl attributes of one name add up to. Both sums
// wrap, and may be shown as signed numbers.
type XattrTotal struct {
	Name  TotalName
	Total uint64 // sum of the attributes' values
	Count uint64 // number of attributes
}

// Encode returns the call for q.
func (q ReadXattrTotals) Encode() Call {
	return Call{Number: NumberReadXattrTotals, Arg: pack(readXattrTotalsArg{
		PosName:     encodeTotalName(q.From),
		TotalsBytes: u64(uint64(bounded(q.Count, MaxBatch)) * totalSize),
	})}
}

// Decode sets q to what the call asks. It fails with EINVAL if there is no
// room for a single total.
func (q *ReadXattrTotals) Decode(c Call) error {
	arg, err := argument[readXattrTotalsArg](c, NumberReadXattrTotals)
	if err != nil {
		return err
	}
	n := arg.TotalsBytes.Get()
	if n < totalSize {
		return &Error{Request: NumberReadXattrTotals, Errno: syscall.EINVAL, Detail: "no room for a single total"}
	}
	*q = ReadXattrTotals{From: decodeTotalName(&arg.PosName), Count: bounded(n/totalSize, MaxBatch)}
	return nil
}

// EncodeReply returns the reply with the given totals.
func (q ReadXattrTotals) EncodeReply(_ Call, totals []XattrTotal) (Reply, error) {
	return replyEach(totals, q.Count, setTotal), nil
}

// DecodeReply returns the totals of a reply to q.
func (q ReadXattrTotals) DecodeReply(r Reply) ([]XattrTotal, error) {
	return decodeEach(r, NumberReadXattrTotals, q.Count, total)
}

func total(w *xattrTotal) XattrTotal {
	return XattrTotal{Name: decodeTotalName(&w.Name), Total: w.Total.Get(), Count: w.Count.Get()}
}

func setTotal(w *xattrTotal, t XattrTotal) {
	w.Name = encodeTotalName(t.Name)
	w.Total.Set(t.Total)
	w.Count.Set(t.Count)
}

func decodeTotalName(w *[3]format.U64) TotalName {
	return TotalName{w[0].Get(), w[1].Get(), w[2].Get()}
}

func encodeTotalName(t TotalName) [3]format.U64 {
	return [3]format.U64{u64(t[0]), u64(t[1]), u64(t[2])}
}

// InjectTotlDelta asks to change a total without changing any attribute. It
// is for tests.
type InjectTotlDelta struct {
	Name  TotalName
	Total int64 // added to the sum of values
	Count int64 // added to the number of attributes
}

// Encode returns the call for q.
func (q InjectTotlDelta) Encode() Call {
	return Call{Number: NumberInjectTotlDelta, Arg: pack(injectTotlDeltaArg{
		Name:  encodeTotalName(q.Name),
		Total: u64(uint64(q.Total)),
		Count: u64(uint64(q.Count)),
	})}
}

// Decode sets q to what the call asks.
func (q *InjectTotlDelta) Decode(c Call) error {
	arg, err := argument[injectTotlDeltaArg](c, NumberInjectTotlDelta)
	if err != nil {
		return err
	}
	*q = InjectTotlDelta{
		Name:  decodeTotalName(&arg.Name),
		Total: int64(arg.Total.Get()),
		Count: int64(arg.Count.Get()),
	}
	return nil
}
