// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	sorted "github.com/tidwall/btree"

	"scoutfs/engine/format"
)

// overlayCursor walks an overlay. After a change of the overlay it is stale
// and must seek before anything else.
type overlayCursor struct {
	overlay    *Overlay
	iter       sorted.IterG[change]
	end        format.Key
	at         change
	generation uint64
}

func newOverlayCursor(o *Overlay, end format.Key) *overlayCursor {
	return &overlayCursor{overlay: o, end: end}
}

func (c *overlayCursor) stale() bool { return c.generation != c.overlay.generation }

// seek moves to the first change at or after a key.
func (c *overlayCursor) seek(k format.Key) bool {
	c.generation = c.overlay.generation
	c.iter.Init(c.overlay.changes, false)
	return c.take(c.iter.Seek(change{key: k}))
}

func (c *overlayCursor) next() bool { return c.take(c.iter.Next()) }

func (c *overlayCursor) take(ok bool) bool {
	if !ok {
		return false
	}
	c.at = c.iter.Item()
	return !c.end.Less(c.at.key)
}
