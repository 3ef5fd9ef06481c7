// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"context"
	"errors"
	"syscall"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/runs"
)

// join puts records beside each other that belong together, as they come in
// order, and reports what differs.
type join struct {
	c   *check
	ctx context.Context

	class class // of the records that come
	group []runs.Record
	sum   totalSums
	ends  sweep
	// corrections are what link counts must be read with.
	corrections list[correction]
	// differing are links whose copies are not the same, in order.
	differing list[entry]
	// dangling are inodes that do not exist and have names, lost those that
	// do not exist although indexes know them. Both are in order once all
	// links, or seqs, have come.
	dangling, lost list[uint64]
}

// maxGroup bounds the records of one group that are kept. None has more than
// a few unless somebody made it up.
const maxGroup = 256

// judge reports what the sorted records say, if there are any, and then what
// had to wait for it.
func (c *check) judge(ctx context.Context, sorter *runs.Sorter) error {
	j := join{c: c, ctx: ctx}
	if sorter != nil {
		for r, err := range sorter.Sorted(ctx) {
			if err != nil {
				return err
			}
			j.take(&r)
		}
	}
	j.flush()
	j.enter(classExtents + 1)
	return ctx.Err()
}

// take takes the next record.
func (j *join) take(r *runs.Record) {
	if class(r[0]) != j.class {
		j.flush()
		j.enter(class(r[0]))
	}
	switch j.class {
	case classExtents:
		j.extent(r)
		return
	case classTotal:
		j.total(r)
		return
	}
	if len(j.group) > 0 && !sameGroup(r, &j.group[0]) {
		j.flush()
	}
	if len(j.group) < maxGroup {
		j.group = append(j.group, *r)
	}
}

// sameGroup reports whether records belong together.
func sameGroup(a, b *runs.Record) bool {
	same := a[1] == b[1]
	switch class(a[0]) {
	case classLinks, classIndx:
		return same && a[2] == b[2]
	case classSearch:
		return same && a[2] == b[2] && a[3] == b[3]
	}
	return same
}

// flush judges the records that are together.
func (j *join) flush() {
	if j.class == classTotal {
		j.endTotal()
	}
	if len(j.group) == 0 {
		return
	}
	switch j.class {
	case classLinks:
		j.link()
	case classMetaSeq, classDataSeq:
		j.seqs()
	case classOrphan:
		j.orphan()
	case classIndx:
		j.indx()
	case classSearch:
		j.search()
	}
	j.group = j.group[:0]
}

// enter goes on with a later class, having finished those before.
func (j *join) enter(to class) {
	if j.class == classLinks {
		j.finishLinks()
	}
	if to > classExtents && j.c.wants[classExtents] {
		j.finishExtents()
	}
	j.class = to
}

// existence is whether there is an item.
type existence uint8

const (
	exists existence = iota
	missing
	unsure // its key is unknown, or it could not be read
)

// lookup looks for an item.
func (j *join) lookup(k format.Key) (forest.Item, existence) {
	if j.c.unknownKey(k) {
		return forest.Item{}, unsure
	}
	it, err := j.c.opts.Volume.Snapshot.Lookup(j.ctx, k)
	switch {
	case err == nil:
		return it, exists
	case errors.Is(err, syscall.ENOENT):
		return forest.Item{}, missing
	}
	return forest.Item{}, unsure
}

func (j *join) exists(k format.Key) existence {
	_, e := j.lookup(k)
	return e
}
