// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"scoutfs/fsck/problem"
)

// parentOf is a directory and the one that it is in.
type parentOf struct{ ino, parent uint64 }

// parents are all directories but the root. Every directory with a name has
// a parent that exists, or something was reported; so it can be reached from
// the root unless the way up leads in a circle.
type parents struct {
	all  []parentOf
	room *atomic.Int64 // how many more there may be, of all workers
	lost bool          // there were more
}

func (p *parents) add(d parentOf) {
	if p.room.Add(-1) < 0 {
		p.lost = true
		return
	}
	p.all = append(p.all, d)
}

func (p *parents) merge(o *parents) {
	p.all = append(p.all, o.all...)
	p.lost = p.lost || o.lost
}

// circles calls f with the directories of each circle, the least first.
func (p *parents) circles(f func(dirs []uint64)) {
	byIno := func(a, b parentOf) int { return cmp.Compare(a.ino, b.ino) }
	slices.SortFunc(p.all, byIno)
	// A directory belongs to the walk that came to it first, numbered by the
	// place where that began.
	walk := make([]uint32, len(p.all))
	for i := range p.all {
		at := i
		for walk[at] == 0 {
			walk[at] = uint32(i) + 1
			next, ok := slices.BinarySearchFunc(p.all, parentOf{ino: p.all[at].parent}, byIno)
			if !ok {
				break
			}
			at = next
			if walk[at] == uint32(i)+1 {
				f(p.circle(at))
			}
		}
	}
}

// maxCircle is how many directories of a circle are named.
const maxCircle = 8

// circle returns the directories of the circle that one is in.
func (p *parents) circle(at int) []uint64 {
	byIno := func(a, b parentOf) int { return cmp.Compare(a.ino, b.ino) }
	least := p.all[at].ino
	for d := p.all[at].parent; d != p.all[at].ino; {
		least = min(least, d)
		i, _ := slices.BinarySearchFunc(p.all, parentOf{ino: d}, byIno)
		d = p.all[i].parent
	}
	dirs := []uint64{least}
	for d := least; len(dirs) < maxCircle; dirs = append(dirs, d) {
		i, _ := slices.BinarySearchFunc(p.all, parentOf{ino: d}, byIno)
		if d = p.all[i].parent; d == least {
			break
		}
	}
	return dirs
}

// judgeParents looks for directories that contain themselves.
func (c *check) judgeParents() {
	p := &c.lists.parents
	if p.lost {
		c.incomplete(fmt.Sprintf("there are more directories than fit in memory; of %d it is not known whether they contain themselves", -p.room.Load()))
		return
	}
	p.circles(func(dirs []uint64) {
		if c.unknown.Any() && slices.ContainsFunc(dirs, c.unknownInode) {
			return
		}
		text := "itself"
		if len(dirs) > 1 {
			text = fmt.Sprintf("%d, which contains it", dirs[1])
		}
		c.limiter.find(problem.Finding{
			Number: problem.DirectoryCycle, Place: inodePlace(dirs[0], ""),
			Found: "a name in directory " + text, Expected: "a way to the root",
		})
	})
	p.all = nil
}
