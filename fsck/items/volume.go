// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// superPlace is a field of the super.
func superPlace(field string) problem.Place {
	return problem.Place{Device: problem.MetaDevice, Structure: "super", Field: field}
}

// judgeVolume compares the super with all inodes, and says what is going on.
func (c *check) judgeVolume(ctx context.Context) {
	missing := c.lists.missing
	if c.rootMissing(ctx) {
		missing++
		c.limiter.find(problem.Finding{Number: problem.RootMissing, Place: inodePlace(format.RootIno, ""), Found: "none", Expected: "its inode item"})
	}
	super := c.opts.Volume.Super
	if next := super.NextIno.Get(); c.lists.maxIno >= next {
		c.limiter.find(problem.Finding{
			Number: problem.NextIno, Place: superPlace("next_ino"),
			Found: fmt.Sprint(next), Expected: fmt.Sprintf("more than %d", c.lists.maxIno),
		})
	}
	c.judgeCount(missing)
	c.judgeSeqs()
	c.notes()
}

// rootMissing reports whether there is no root.
func (c *check) rootMissing(ctx context.Context) bool {
	if c.unknownKey(format.InodeKey(format.RootIno)) {
		return false
	}
	_, err := c.opts.Volume.Snapshot.Lookup(ctx, format.InodeKey(format.RootIno))
	return errors.Is(err, syscall.ENOENT)
}

// judgeCount compares the count of inodes with them.
func (c *check) judgeCount(missing uint64) {
	v := c.opts.Volume
	if v.LogsUnknown || c.unknownFiles() {
		return
	}
	count := v.Super.InodeCount.Get()
	for _, lt := range v.Snapshot.LogTrees {
		count += lt.InodeCountDelta.Get()
	}
	found := c.facts.Inodes
	// Of inodes that are odd in themselves it is not certain whether they
	// were counted.
	if count < found-min(c.lists.odd, found) || count > found+missing {
		c.limiter.find(problem.Finding{
			Number: problem.InodeCount, Place: superPlace("inode_count"),
			Found: fmt.Sprintf("%d, with what log trees add", int64(count)), Expected: fmt.Sprint(found),
		})
	}
}

// judgeSeqs reports inodes with sequence numbers beyond the volume's.
func (c *check) judgeSeqs() {
	if c.seqBehind {
		return
	}
	for _, s := range c.lists.seqs.all {
		c.limiter.find(problem.Finding{
			Number: problem.InodeSeq, Place: inodePlace(s.ino, s.field),
			Found: fmt.Sprint(s.seq), Expected: fmt.Sprintf("at most %d", c.seq),
		})
	}
}

// notes tells what is going on, and what was not checked.
func (c *check) notes() {
	note := func(n problem.Number, p problem.Place, found string) {
		c.limiter.find(problem.Finding{Number: n, Place: p, Found: found})
	}
	if n := c.facts.Orphans; n > 0 {
		note(problem.OrphansPending, problem.Place{}, fmt.Sprintf("%d inodes", n))
	}
	if n := c.lists.truncates; n > 0 {
		note(problem.TruncatePending, inodePlace(c.lists.truncate, "flags"), fmt.Sprintf("%d files", n))
	}
	if c.unknown.Any() {
		c.incomplete(fmt.Sprintf("what depends on keys that are unknown was not judged (of inodes that are known %d)", c.facts.Unjudged))
	}
	if c.opts.Search != nil && (c.opts.Volume.SearchUnknown || c.searchLost) {
		c.incomplete("search files could not be read, so that attributes were not compared with them")
	}
	if n := c.lists.dropped(); n > 0 {
		c.incomplete(fmt.Sprintf("%d cases that had to wait did not fit in memory", n))
	}
}
