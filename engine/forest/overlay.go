// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"bytes"
	"iter"

	sorted "github.com/tidwall/btree"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Overlay holds changes of items that are in no tree yet, sorted by key. They
// are newer than all that trees hold; [Snapshot.With] shows both as one. A key
// has one change at most, the last one.
//
// The memory in use is that of the items, and some 200 bytes for each;
// [Overlay.Bytes] tells, so that whoever fills an overlay can stop.
//
// Nothing may read an Overlay, by views and cursors too, while it is being
// changed. A [Cursor] may well be used again after a change: it then goes on
// with what the overlay holds by then.
type Overlay struct {
	changes *sorted.BTreeG[change]
	bytes   int
	// generation counts changes, so that cursors notice them.
	generation uint64
	undo       []undoStep
}

// change is what has become of a key.
type change struct {
	key   format.Key
	seq   uint64
	value []byte // never changed; a delta if it is a total's
	state changeState
}

type changeState uint8

const (
	changeSet     changeState = iota
	changeCreated             // set, and no tree has the item: to delete it leaves nothing
	changeDeleted
)

// undoStep puts a key back to what it was.
type undoStep struct {
	was   change
	there bool
}

// changeBytes is about what a change takes beside its value.
const changeBytes = 200

// NewOverlay returns an overlay without changes.
func NewOverlay() *Overlay {
	return &Overlay{changes: sorted.NewBTreeGOptions(
		func(a, b change) bool { return a.key.Less(b.key) },
		sorted.Options{NoLocks: true},
	)}
}

// Set gives a key an item, whether it has one or not. The value is kept and
// must not be changed any more. It is not for totals.
func (o *Overlay) Set(k format.Key, seq uint64, value []byte) {
	o.put(change{key: k, seq: seq, value: value, state: changeSet})
}

// Create is Set of a key that has no item in the view of the trees and the
// overlay. If it is deleted later, nothing is left of it.
func (o *Overlay) Create(k format.Key, seq uint64, value []byte) {
	o.put(change{key: k, seq: seq, value: value, state: changeCreated})
}

// Delete takes a key's item away, whether there is one or not. It is not for
// totals.
func (o *Overlay) Delete(k format.Key, seq uint64) {
	if was, ok := o.get(k); ok && was.state == changeCreated {
		o.remember(was, true)
		o.changes.Delete(was)
		o.bytes -= was.size()
		return
	}
	o.put(change{key: k, seq: seq, state: changeDeleted})
}

// AddTotal adds to a total, modulo 2^64. A sum of zero stays, as upstream
// keeps it.
func (o *Overlay) AddTotal(k format.Key, seq, total, count uint64) {
	var sum format.XattrTotal
	sum.Total.Set(total)
	sum.Count.Set(count)
	value := bytes.Clone(format.Bytes(&sum))
	if was, ok := o.get(k); ok {
		if sum, err := addTotals(was.value, value); err == nil {
			value = bytes.Clone(format.Bytes(&sum))
		}
	}
	o.put(change{key: k, seq: seq, value: value, state: changeSet})
}

// Begin starts an operation: what follows is what Rollback takes back.
func (o *Overlay) Begin() {
	clear(o.undo) // it must not keep values
	o.undo = o.undo[:0]
	if cap(o.undo) > maxUndoKept {
		o.undo = nil
	}
}

// maxUndoKept is how many steps there is memory for from one operation to the
// next.
const maxUndoKept = 1024

// Changed reports whether anything was changed since Begin.
func (o *Overlay) Changed() bool { return len(o.undo) > 0 }

// Rollback takes all changes since Begin back.
func (o *Overlay) Rollback() {
	for i := len(o.undo) - 1; i >= 0; i-- {
		step := &o.undo[i]
		if now, ok := o.get(step.was.key); ok {
			o.bytes -= now.size()
		}
		if step.there {
			o.changes.Set(step.was)
			o.bytes += step.was.size()
		} else {
			o.changes.Delete(step.was)
		}
	}
	o.undo = o.undo[:0]
	o.generation++
}

// Len returns the number of changed keys.
func (o *Overlay) Len() int { return o.changes.Len() }

// Bytes returns about how much memory the changes take.
func (o *Overlay) Bytes() int { return o.bytes }

// Items returns the changes as the items of a log tree, in key order:
// deletions are items, and totals are deltas.
func (o *Overlay) Items() iter.Seq[btree.Item] {
	return func(yield func(btree.Item) bool) {
		o.changes.Scan(func(c change) bool { return yield(c.item()) })
	}
}

func (o *Overlay) get(k format.Key) (change, bool) { return o.changes.Get(change{key: k}) }

// put stores a change in place of the one that is there.
func (o *Overlay) put(c change) {
	was, there := o.changes.Set(c)
	if there && c.state != changeDeleted && was.state != c.state {
		// What was created stays so. What was set or deleted is an item of a
		// tree, whatever the caller says.
		c.state = changeSet
		if was.state == changeCreated {
			c.state = changeCreated
		}
		o.changes.Set(c)
	}
	o.bytes += c.size()
	if there {
		o.bytes -= was.size()
	}
	was.key = c.key
	o.remember(was, there)
}

// remember notes how to undo a change that has been or is about to be made.
func (o *Overlay) remember(was change, there bool) {
	o.undo = append(o.undo, undoStep{was: was, there: there})
	o.generation++
}

func (c *change) size() int { return changeBytes + cap(c.value) }

func (c *change) item() btree.Item {
	it := btree.Item{Key: c.key, Seq: c.seq, Value: c.value}
	if c.state == changeDeleted {
		it.Flags = format.ItemFlagDeletion
	}
	return it
}
