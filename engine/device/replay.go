// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"fmt"
	"slices"
)

// Crash describes one state in which a power failure can leave a recorded device.
//
// Operations up to the last flush before the failure are durable. Of the writes
// and discards after it, the pending ones, each may be wholly there, wholly lost,
// or, if a write, torn.
type Crash struct {
	At   int    // how many operations had been issued
	Lost []int  // indexes in Ops of pending operations that never arrived
	Torn []Tear // pending writes of which a part arrived
}

// Tear describes which part of a write arrived.
type Tear struct {
	Op   int   // index in Ops of the write
	Unit int64 // bytes that the storage writes as a whole, such as 512 or 4096
	Kept []int // which of the units that the write touches arrived, counted from 0
}

// Prefix returns a device that holds the original contents with the first n
// operations applied: the state after a power failure that lost nothing. The
// device is independent of the recorder and of all other states.
//
// It panics unless 0 <= n <= Len(). Asking for ascending n applies each operation
// once in all.
func (r *Recorder) Prefix(n int) *Memory {
	return r.replay(&r.prefixes, r.Ops()[:n])
}

// cursor is a state that was built before, from which a later one can be built.
type cursor struct {
	memory *Memory // nil before the first use
	ops    int     // how many operations are applied to it
}

// replay returns the original contents with ops applied, starting from the cursor
// if it is not past that.
func (r *Recorder) replay(c *cursor, ops []Op) *Memory {
	r.replayMutex.Lock()
	defer r.replayMutex.Unlock()
	if c.memory == nil || c.ops > len(ops) {
		c.memory, c.ops = r.original(), 0
	}
	for _, op := range ops[c.ops:] {
		mustApply(c.memory, op)
	}
	c.ops = len(ops)
	return c.memory.Clone(fmt.Sprintf("%s after %d operations", r.Name(), len(ops)))
}

// Pending returns the indexes in Ops of the writes and discards that are not
// durable when at operations have been issued: those that Crash can lose or tear.
// It panics unless 0 <= at <= Len().
func (r *Recorder) Pending(at int) []int {
	ops := r.Ops()[:at]
	var pending []int
	for i := lastFlush(ops); i < at; i++ {
		pending = append(pending, i)
	}
	return pending
}

// lastFlush returns the index after the last flush.
func lastFlush(ops []Op) int {
	for i, op := range slices.Backward(ops) {
		if op.Kind == OpFlush {
			return i + 1
		}
	}
	return 0
}

// Replay returns a device in the state that c describes, independent of the
// recorder and of all other states. It is an error if c is not a state that a
// power failure can leave behind.
func (r *Recorder) Replay(c Crash) (*Memory, error) {
	ops := r.Ops()
	if c.At < 0 || c.At > len(ops) {
		return nil, fmt.Errorf("crash after %d operations of %d", c.At, len(ops))
	}
	durable := lastFlush(ops[:c.At])
	fates, err := c.fates(ops, durable)
	if err != nil {
		return nil, err
	}
	m := r.replay(&r.durables, ops[:durable])
	for i, op := range ops[durable:c.At] {
		fate, named := fates[durable+i]
		switch {
		case !named:
			mustApply(m, op)
		case fate != nil:
			for _, piece := range fate.pieces(op) {
				mustApply(m, piece)
			}
		}
	}
	return m, nil
}

// fates maps the operations that did not arrive as a whole to the tear, or to nil
// if they are lost.
func (c Crash) fates(ops []Op, durable int) (map[int]*Tear, error) {
	fates := make(map[int]*Tear)
	set := func(i int, tear *Tear) error {
		if i < durable || i >= c.At {
			return fmt.Errorf("operation %d is not pending after %d operations: pending are %d to %d", i, c.At, durable, c.At-1)
		}
		if _, ok := fates[i]; ok {
			return fmt.Errorf("operation %d is lost or torn twice", i)
		}
		fates[i] = tear
		return nil
	}
	for _, i := range c.Lost {
		if err := set(i, nil); err != nil {
			return nil, err
		}
	}
	for _, tear := range c.Torn {
		if err := set(tear.Op, &tear); err != nil {
			return nil, err
		}
		if err := tear.check(ops[tear.Op]); err != nil {
			return nil, err
		}
	}
	return fates, nil
}

func (t *Tear) check(op Op) error {
	if op.Kind != OpWrite {
		return fmt.Errorf("operation %d is a %s and cannot be torn", t.Op, op.Kind)
	}
	units := t.Units(op)
	if units == 0 {
		return fmt.Errorf("operation %d: tear in units of %d bytes", t.Op, t.Unit)
	}
	for _, unit := range t.Kept {
		if unit < 0 || unit >= units {
			return fmt.Errorf("operation %d: unit %d of %d", t.Op, unit, units)
		}
	}
	return nil
}

// Units returns how many units of the storage the write touches.
func (t Tear) Units(op Op) int {
	if t.Unit <= 0 || op.Len == 0 {
		return 0
	}
	return int((op.Off+op.Len-1)/t.Unit - op.Off/t.Unit + 1)
}

// pieces returns the parts of the write that arrived.
func (t *Tear) pieces(op Op) []Op {
	var pieces []Op
	for _, unit := range t.Kept {
		start := (op.Off/t.Unit + int64(unit)) * t.Unit
		from := max(start, op.Off)
		to := min(start+t.Unit, op.Off+op.Len)
		pieces = append(pieces, Op{
			Kind: OpWrite, Off: from, Len: to - from, Data: op.Data[from-op.Off : to-op.Off],
		})
	}
	return pieces
}

// mustApply repeats an operation. It cannot fail: the operation succeeded before
// on a device of the same size, and the original contents of all that it touches
// are in memory.
func mustApply(m *Memory, op Op) {
	var err error
	switch op.Kind {
	case OpWrite:
		_, err = m.WriteAt(op.Data, op.Off)
	case OpDiscard:
		err = m.Discard(op.Off, op.Len)
	}
	if err != nil && op.Len > 0 {
		panic(fmt.Sprintf("device: repeating a recorded operation: %v", err))
	}
}
