// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import "scoutfs/engine/format"

const (
	firstWindow = 4
	// parentWindow is how many parents are read ahead: each stands for
	// hundreds of blocks below.
	parentWindow = 2
)

// ahead keeps what a parent's children have been asked for before the
// cursor reaches them.
type ahead struct {
	window int // how many children to be ahead of the cursor
	asked  int // how many children after the current one were asked for
	// The parent's walk at the next child to ask for, and the key of the
	// child before, if asked > 0.
	walk walk
	last format.Key
	refs []format.Ref
}

// reset begins anew after a Seek, which says nothing about what follows.
func (a *ahead) reset() { a.window, a.asked = 0, 0 }

// restart begins with a new parent that was reached by moving on.
func (a *ahead) restart() { a.asked = 0 }

// readAhead is called when the cursor has moved to the next child of a
// parent. It keeps a window of children after that being read, and refills
// it when it is half empty.
func (c *Cursor) readAhead(level int) {
	p := &c.frames[level]
	a := &p.ahead
	most := c.opts.ReadAhead
	if level > 1 {
		most = min(most, parentWindow)
	} else if c.opts.Batch != nil {
		return
	}
	if most <= 0 {
		return
	}
	a.window = min(max(2*a.window, firstWindow), most)
	if c.opts.Whole {
		a.window = most
	}
	if a.asked > 0 {
		a.asked--
	}
	if a.asked > a.window/2 {
		return
	}
	if a.asked == 0 {
		a.walk, a.last = p.walk, p.key
		if a.walk.next() != nil {
			return
		}
	}
	a.refs = a.refs[:0]
	for a.asked < a.window && !a.walk.atEnd() && a.last.Less(c.opts.End) {
		slot := a.walk.slot()
		ref, err := c.tree.child(a.walk.b, p.ref, slot)
		if err != nil {
			return
		}
		a.refs = append(a.refs, ref)
		a.asked++
		a.last = a.walk.b.Item(slot).Key.Key()
		if a.walk.next() != nil {
			break
		}
	}
	if !c.tree.prefetch(c.ctx, a.refs) && c.opts.Whole {
		a.asked = 0 // ask again with the next child
	}
}
