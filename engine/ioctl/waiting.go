// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"math"
	"strings"
)

// DataOps is a set of operations that can wait for offline data.
type DataOps uint64

// The operations.
const (
	WaitRead       DataOps = 1 << iota // reading
	WaitWrite                          // writing part of a block
	WaitChangeSize                     // truncating within a block
)

// String lists the operations as the data-waiting command does, such as
// "read,write".
func (o DataOps) String() string {
	var names []string
	for i, name := range [...]string{"read", "write", "change_size"} {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// DataWaiter is a block that tasks of this mount are waiting for.
type DataWaiter struct {
	Ino   uint64
	Block uint64 // 4 KiB block of the file, the first offline one of a task's range
	Ops   DataOps
}

// DataWaiting asks for the blocks that tasks wait for, after the given inode
// and block.
type DataWaiting struct {
	AfterIno   uint64
	AfterBlock uint64
	Count      int    // at most this many, and 65535
	Flags      uint64 // none are defined
}

// Encode returns the call for q.
func (q DataWaiting) Encode() Call {
	return Call{Number: NumberDataWaiting, Arg: pack(dataWaitingArg{
		Flags:       u64(q.Flags),
		AfterIno:    u64(q.AfterIno),
		AfterIblock: u64(q.AfterBlock),
		EntsNr:      u16(uint16(bounded(q.Count, math.MaxUint16))),
	})}
}

// Decode sets q to what the call asks.
func (q *DataWaiting) Decode(c Call) error {
	arg, err := argument[dataWaitingArg](c, NumberDataWaiting)
	if err != nil {
		return err
	}
	*q = DataWaiting{
		AfterIno:   arg.AfterIno.Get(),
		AfterBlock: arg.AfterIblock.Get(),
		Count:      int(arg.EntsNr.Get()),
		Flags:      arg.Flags.Get(),
	}
	return nil
}

// EncodeReply returns the reply with the given waiters.
func (q DataWaiting) EncodeReply(_ Call, waiters []DataWaiter) (Reply, error) {
	return replyEach(waiters, q.Count, setWaiter), nil
}

// DecodeReply returns the waiters of a reply to q.
func (q DataWaiting) DecodeReply(r Reply) ([]DataWaiter, error) {
	return decodeEach(r, NumberDataWaiting, min(q.Count, math.MaxUint16), waiter)
}

func waiter(w *waitingEntry) DataWaiter {
	return DataWaiter{Ino: w.Ino.Get(), Block: w.Iblock.Get(), Ops: DataOps(w.Op)}
}

func setWaiter(w *waitingEntry, v DataWaiter) {
	w.Ino.Set(v.Ino)
	w.Iblock.Set(v.Block)
	w.Op = byte(v.Ops)
}

// DataWaitErr asks to fail the tasks that wait for blocks of a range.
type DataWaitErr struct {
	Ino         uint64
	DataVersion uint64 // ignored since v1.26
	Offset      uint64 // bytes
	Count       uint64 // bytes
	Ops         DataOps
	Err         int64 // a negative errno, which the tasks' calls return
}

// Encode returns the call for q.
func (q DataWaitErr) Encode() Call {
	return Call{Number: NumberDataWaitErr, Arg: pack(dataWaitErrArg{
		Ino:         u64(q.Ino),
		DataVersion: u64(q.DataVersion),
		Offset:      u64(q.Offset),
		Count:       u64(q.Count),
		Op:          u64(uint64(q.Ops)),
		Err:         u64(uint64(q.Err)),
	})}
}

// Decode sets q to what the call asks.
func (q *DataWaitErr) Decode(c Call) error {
	arg, err := argument[dataWaitErrArg](c, NumberDataWaitErr)
	if err != nil {
		return err
	}
	*q = DataWaitErr{
		Ino:         arg.Ino.Get(),
		DataVersion: arg.DataVersion.Get(),
		Offset:      arg.Offset.Get(),
		Count:       arg.Count.Get(),
		Ops:         DataOps(arg.Op.Get()),
		Err:         int64(arg.Err.Get()),
	}
	return nil
}

// EncodeReply returns the reply of a request that failed n waiters.
func (q DataWaitErr) EncodeReply(_ Call, n int) (Reply, error) { return Reply{Return: n}, nil }

// DecodeReply returns how many waiters failed.
func (q DataWaitErr) DecodeReply(r Reply) (int, error) {
	if r.Return < 0 {
		return 0, garbled(NumberDataWaitErr, "a count of %d", r.Return)
	}
	return r.Return, nil
}
