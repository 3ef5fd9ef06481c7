// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/progress"
)

// Account is how the metadata device's blocks are used, those before
// format.FirstMetaBlkno left out.
type Account struct {
	Total, Used, Free uint64
	// Leaked are neither used nor free; Known of them are those that
	// upstream is known to lose. Both are 0 if parts of the volume could not
	// be read.
	Leaked, Known uint64
}

// Finish reports what can be told once all leaves were seen: blocks with two
// owners or none, and sequence numbers. The error is that of the context.
func (c *Checker) Finish(ctx context.Context) (Account, error) {
	if c.result == nil || ctx.Err() != nil {
		return Account{}, context.Cause(ctx)
	}
	c.opts.Progress.Phase("account for blocks", progress.Bytes, progress.Unknown)
	c.finishTrees()
	c.seqs.finish(c.opts.Report)
	l := c.ledger
	l.settle()
	if slices.ContainsFunc(l.quarrel, func(w uint64) bool { return w != 0 }) {
		c.quarrels(ctx)
	}
	a := Account{Used: l.used.count(), Free: l.unused.count()}
	end := c.super.TotalMetaBlocks.Get()
	if c.sizes.metaWrong {
		end = c.sizes.metaEnd
	}
	a.Total = max(end, format.FirstMetaBlkno) - format.FirstMetaBlkno
	if !c.lost.Load() && ctx.Err() == nil {
		a.Leaked, a.Known = c.leaks(ctx, end)
		c.spaceLow(a)
	}
	if ctx.Err() == nil {
		c.incomplete()
	}
	return a, context.Cause(ctx)
}

func (m bitmap) count() (n uint64) {
	for _, w := range m {
		n += uint64(bits.OnesCount64(w))
	}
	return n
}

// What a server keeps back of the metadata device, in large blocks, for itself
// and for each mount (docs/format.md 6.3).
const (
	reservedServer = 16370
	reservedMount  = 18311
)

// spaceLow warns of a volume whose next mount will find less space than it
// wants to keep back. Small volumes, which never have it, do without.
func (c *Checker) spaceLow(a Account) {
	const reserved = reservedServer + reservedMount
	if a.Free < reserved && a.Total >= 2*reserved {
		c.report(problem.MetaSpaceLow, problem.Place{Device: problem.MetaDevice}, count(a.Free, "free block", "free blocks"), fmt.Sprintf("at least %d", reserved))
	}
}

// incomplete notes what was left out.
func (c *Checker) incomplete() {
	var found string
	if ranges := c.result.Unknown.Ranges(); len(ranges) > 0 {
		found = fmt.Sprintf("nothing is known of items in %s of keys, first %v to %v",
			count(uint64(len(ranges)), "range", "ranges"), ranges[0].Start, ranges[0].End)
	}
	for _, part := range []struct {
		missing bool
		text    string
	}{
		{c.lost.Load(), "blocks that belong to nothing were not looked for, as they may belong to what cannot be read"},
		{c.result.FreeDataUnknown, "some free space of the data device is not known"},
		{c.result.SearchUnknown, "some search entries are not known"},
	} {
		if !part.missing {
			continue
		}
		if found != "" {
			found += "; "
		}
		found += part.text
	}
	if found != "" {
		c.report(problem.CheckIncomplete, problem.Place{Device: problem.MetaDevice}, found, "")
	}
}

// quarrels walks over all owners again and reports blocks that have several.
func (c *Checker) quarrels(ctx context.Context) {
	w := newWitness(c.ledger)
	newPass(ctx, c, w).run()
	c.reader.Wait()
	if ctx.Err() != nil {
		return
	}
	slices.SortStableFunc(w.records, func(a, b record) int { return cmp.Compare(a.blkno, b.blkno) })
	var run quarrel
	for rest := w.records; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].blkno == rest[0].blkno {
			n++
		}
		q := c.quarrelAbout(ctx, rest[:n])
		rest = rest[n:]
		if run.len > 0 && q.number == run.number && q.names == run.names && q.blkno == run.blkno+run.len {
			run.len++
			continue
		}
		c.reportQuarrel(run)
		run = q
	}
	c.reportQuarrel(run)
	if w.full {
		c.lost.Store(true)
	}
}

// quarrel is neighbouring blocks with the same owners.
type quarrel struct {
	number     problem.Number // 0 if there is none after all
	blkno, len uint64
	names      string
}

func (c *Checker) reportQuarrel(q quarrel) {
	if q.number == 0 {
		return
	}
	place := metaBlock(q.blkno)
	place.Blocks = q.len
	c.report(q.number, place, q.names, "one owner")
}

// quarrelAbout judges the claims to a block. A reference to another version of
// it than the one that is there is no claim, and was reported when it was
// followed.
func (c *Checker) quarrelAbout(ctx context.Context, records []record) quarrel {
	q := quarrel{blkno: records[0].blkno, len: 1}
	var used, free []string
	var header *format.BlockHeader
	for i := range records {
		r := &records[i]
		if !r.used {
			free = append(free, r.owner.name)
			continue
		}
		if header == nil {
			raw, err := c.reader.ReadRaw(ctx, r.blkno)
			if err != nil {
				return quarrel{}
			}
			if header, err = format.View[format.BlockHeader](raw); err != nil {
				return quarrel{}
			}
		}
		if header.Seq.Get() == r.ref.Seq && header.Magic.Get() == r.magic && header.Blkno.Get() == r.blkno {
			used = append(used, r.owner.name)
		}
	}
	switch {
	case len(used) > 1:
		q.number = problem.MetaBlockTwice
		q.names = "used by " + listed(used)
		if len(free) > 0 {
			q.names += ", and free in " + listed(free)
		}
	case len(used) == 1 && len(free) > 0:
		q.number = problem.MetaBlockFreeUsed
		q.names = "used by " + used[0] + ", and free in " + listed(free)
	case len(free) > 1:
		q.number = problem.MetaBlockFreeTwice
		q.names = "free in " + listed(free)
	}
	return q
}

// listed joins names, each with how often it is there if that is more than
// once.
func listed(names []string) string {
	text, most := "", 4
	for i := 0; i < len(names); {
		n := 1
		for i+n < len(names) && names[i+n] == names[i] {
			n++
		}
		if text != "" {
			text += " and "
		}
		if most--; most == 0 {
			return text + "others"
		}
		text += names[i]
		if n > 1 {
			text += fmt.Sprintf(" (%d times)", n)
		}
		i += n
	}
	return text
}
