// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// PairRecorder records both devices of a volume in one order, so that a power
// failure can be replayed that stops both at the same moment.
type PairRecorder struct {
	Meta *Recorder
	Data *Recorder

	clock *atomic.Int64
}

// NewPairRecorder records the changes of both devices from now on. Neither may be
// nil.
func NewPairRecorder(p Pair) *PairRecorder {
	clock := new(atomic.Int64)
	return &PairRecorder{Meta: newRecorder(p.Meta, clock), Data: newRecorder(p.Data, clock), clock: clock}
}

// Pair returns the recording devices, to be used by the code under test.
func (r *PairRecorder) Pair() Pair { return Pair{Meta: r.Meta, Data: r.Data} }

// Len returns how many operations were recorded on both devices together.
func (r *PairRecorder) Len() int { return int(r.clock.Load()) }

// Cut returns how many of the first n operations were of each device: the values
// of Crash.At for a power failure after n operations.
func (r *PairRecorder) Cut(n int) (meta, data int) {
	return r.Meta.issuedBefore(n), r.Data.issuedBefore(n)
}

// Prefix returns devices with the first n operations applied, as
// [Recorder.Prefix] does. It panics unless 0 <= n <= Len(), and must not be
// called while an operation is in progress.
func (r *PairRecorder) Prefix(n int) Pair {
	if n < 0 || n > r.Len() {
		panic(fmt.Sprintf("device: prefix of %d operations of %d", n, r.Len()))
	}
	meta, data := r.Cut(n)
	return Pair{Meta: r.Meta.Prefix(meta), Data: r.Data.Prefix(data)}
}

// RandomCrash returns devices as a power failure can leave them that comes after
// n operations: of those that no flush has made durable each has arrived, or is
// lost, or has arrived in part, if it is a write, in units of so many bytes.
func (r *PairRecorder) RandomCrash(n int, unit int64, random *rand.Rand) (Pair, error) {
	meta, data := r.Cut(n)
	m, metaErr := r.Meta.Replay(r.Meta.randomCrash(meta, unit, random))
	d, dataErr := r.Data.Replay(r.Data.randomCrash(data, unit, random))
	return Pair{Meta: m, Data: d}, errors.Join(metaErr, dataErr)
}

func (r *Recorder) randomCrash(at int, unit int64, random *rand.Rand) Crash {
	c := Crash{At: at}
	ops := r.Ops()
	for _, i := range r.Pending(at) {
		switch random.IntN(3) {
		case 0:
			c.Lost = append(c.Lost, i)
		case 1:
			tear := Tear{Op: i, Unit: unit}
			for part := range tear.Units(ops[i]) {
				if random.IntN(2) == 0 {
					tear.Kept = append(tear.Kept, part)
				}
			}
			if ops[i].Kind == OpWrite && tear.Units(ops[i]) > 0 {
				c.Torn = append(c.Torn, tear)
			}
		}
	}
	return c
}

// issuedBefore returns how many operations have a lower place than n in the common
// order.
func (r *Recorder) issuedBefore(n int) int {
	i, _ := slices.BinarySearchFunc(r.Ops(), int64(n), func(op Op, seq int64) int { return cmp.Compare(op.Seq, seq) })
	return i
}
