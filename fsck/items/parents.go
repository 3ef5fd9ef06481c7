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

// bytesPerDirectory is for the directory and the number of the walk that has
// come to it, with what is lost to rounding.
const bytesPerDirectory = 24

// parents are all directories but the root. Every directory with a name has
// a parent that exists, or something was reported; so it can be reached from
// the root unless the way up leads in a circle.
type parents struct {
	// parts are the directories of each part that was read, in order. A part
	// is written by the worker that reads it.
	parts [][]parentOf
	room  atomic.Int64 // how many more there may be
}

// newParents returns room for the directories of some parts, in bytes.
func newParents(parts int, memory int64) *parents {
	p := &parents{parts: make([][]parentOf, parts)}
	p.room.Store(memory / bytesPerDirectory)
	return p
}

// set keeps a copy of the directories of a part, if there is room.
func (p *parents) set(part int, dirs []parentOf) {
	if p.room.Add(-int64(len(dirs))) >= 0 {
		p.parts[part] = slices.Clone(dirs)
	}
}

// place is where a directory is.
type place struct{ part, i int }

func (p *parents) at(at place) parentOf { return p.parts[at.part][at.i] }

// find looks for a directory. Parts without any must have been taken out.
func (p *parents) find(ino uint64) (place, bool) {
	part, _ := slices.BinarySearchFunc(p.parts, ino, func(dirs []parentOf, ino uint64) int {
		return cmp.Compare(dirs[len(dirs)-1].ino, ino)
	})
	if part == len(p.parts) {
		return place{}, false
	}
	i, ok := slices.BinarySearchFunc(p.parts[part], ino, func(d parentOf, ino uint64) int { return cmp.Compare(d.ino, ino) })
	return place{part, i}, ok
}

// circles calls f with the directories of each circle, the least first.
func (p *parents) circles(f func(dirs []uint64)) {
	p.parts = slices.DeleteFunc(p.parts, func(dirs []parentOf) bool { return len(dirs) == 0 })
	// A directory belongs to the walk that came to it first.
	walks := make([][]uint32, len(p.parts))
	for part := range walks {
		walks[part] = make([]uint32, len(p.parts[part]))
	}
	walk := uint32(0)
	for part := range p.parts {
		for i := range p.parts[part] {
			walk++
			for at := (place{part, i}); walks[at.part][at.i] == 0; {
				walks[at.part][at.i] = walk
				next, ok := p.find(p.at(at).parent)
				if !ok {
					break
				}
				if at = next; walks[at.part][at.i] == walk {
					f(p.circle(at))
				}
			}
		}
	}
}

// maxCircle is how many directories of a circle are named.
const maxCircle = 8

// circle returns the directories of the circle that one is in.
func (p *parents) circle(at place) []uint64 {
	start := p.at(at).ino
	least := start
	for d := p.up(start); d != start; d = p.up(d) {
		least = min(least, d)
	}
	dirs := []uint64{least}
	for d := p.up(least); d != least && len(dirs) < maxCircle; d = p.up(d) {
		dirs = append(dirs, d)
	}
	return dirs
}

// up returns the parent of a directory that has one.
func (p *parents) up(ino uint64) uint64 {
	at, _ := p.find(ino)
	return p.at(at).parent
}

// judgeParents looks for directories that contain themselves.
func (c *check) judgeParents() {
	p := c.parents
	c.parents = nil
	if room := p.room.Load(); room < 0 {
		c.incomplete(fmt.Sprintf("there are too many directories for the memory that may be used, by %d; whether they contain themselves was not checked", -room))
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
}
