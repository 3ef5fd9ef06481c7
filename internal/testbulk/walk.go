// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import "scoutfs/engine/format"

// walker goes through all inodes in order of their numbers, and gives each
// file's extents their places on the way, which therefore are the same in
// every walk.
type walker struct {
	m      *model
	places places
	list   [3]itemList
	dir    directory

	extents [2][]extent
	sizes   [2]uint64
	links   []link
}

func newWalker(m *model, free *dataSpace) *walker {
	return &walker{m: m, places: newPlaces(m.files, free)}
}

// walk calls dir and file for each; either may be nil.
func (w *walker) walk(dir func(d uint64), file func(p place)) {
	m := w.m
	for start := uint64(0); start < m.dirs(); start += epochDirs {
		end := min(start+epochDirs, m.dirs())
		for d := start; d < end && dir != nil; d++ {
			dir(d)
		}
		for d := start; d < end; d++ {
			w.files(d, file)
		}
	}
}

func (w *walker) files(d uint64, file func(p place)) {
	m := w.m
	next := uint64(0)
	if d+1 < m.dirs() {
		next = m.linkIndex(d + 1)
	}
	for f := m.first[d]; f < m.first[d+1]; f++ {
		w.links = w.links[:0]
		for n := range m.links(d, f) {
			w.links = append(w.links, link{pos: position(next), n: n})
			next++
		}
		w.placeFile(f)
		if file != nil {
			file(place{dir: d, file: f, links: w.links})
		}
	}
}

// placeFile lays out a file's data, as it was first and as it is now.
func (w *walker) placeFile(f uint64) {
	w.extents[0], w.sizes[0] = w.extents[0][:0], 0
	if w.m.kind(f) != format.ModeRegular {
		w.extents[1], w.sizes[1] = w.extents[0], 0
		return
	}
	o, _ := w.m.change(f)
	w.extents[0], w.sizes[0] = w.m.layout(w.extents[0], f, false)
	w.places.place(w.extents[0], o == opRewrite || o == opUnlink)
	if o != opRewrite {
		w.extents[1], w.sizes[1] = w.extents[0], w.sizes[0]
		return
	}
	w.extents[1], w.sizes[1] = w.m.layout(nil, f, true)
	w.places.place(w.extents[1], false)
}

// fileItems lists a version of the file that the walk is at.
func (w *walker) fileItems(p place, v version) *itemList {
	i := 0
	if v == versionFinal {
		i = 1
	}
	l := &w.list[v]
	w.m.fileItems(l, p, v, w.extents[i], w.sizes[i])
	return l
}

// dirItems lists a version of a directory.
func (w *walker) dirItems(d uint64, v version) *itemList {
	l := &w.list[v]
	w.m.entriesOf(d, &w.dir)
	w.m.dirItems(l, d, &w.dir, v)
	return l
}

// base sends the items of all inodes, as fs_root has them.
func (w *walker) base(to func(item)) {
	w.walk(
		func(d uint64) { w.dirItems(d, versionBase).put(to) },
		func(p place) { w.fileItems(p, versionBase).put(to) })
}

// changes sends what one log tree has of all inodes.
func (w *walker) changes(tree int, to func(item)) {
	m := w.m
	w.walk(
		func(d uint64) {
			if m.tree(d) == tree && m.dirChange(d) {
				w.dirItems(d, versionBase).change(w.dirItems(d, versionFinal), m.laterSeq(m.lastFile(d)), to)
			}
		},
		func(p place) {
			o, twice := m.change(p.file)
			if o == opNone {
				return
			}
			if twice && m.earlierTree(p.dir) == tree {
				w.fileItems(p, versionBase).change(w.fileItems(p, versionEarlier), m.earlierSeq(p.file), to)
			}
			if m.tree(p.dir) == tree {
				from := versionBase
				if twice {
					from = versionEarlier
				}
				w.fileItems(p, from).change(w.fileItems(p, versionFinal), m.laterSeq(p.file), to)
			}
		})
}
