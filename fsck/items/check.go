// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/sketch"
	"scoutfs/fsck/structure"
	"scoutfs/progress"
)

// errUnusable is why a leaf cannot be used that was read.
var errUnusable = errors.New("the leaf cannot be used")

// Check checks the merged filesystem. The error is that of the context or of
// a temporary file; damage is none.
func Check(ctx context.Context, opts Options) (*Facts, error) {
	c := newCheck(opts)
	parts, leaves := partition(ctx, opts.Volume.Snapshot, c.workers)
	c.parents = newParents(len(parts), c.opts.Memory/2)
	c.progress.Phase("check files", progress.Bytes, leaves*format.LargeBlockSize)
	workers := make([]*worker, c.workers)
	for i := range workers {
		workers[i] = &worker{check: c, sums: newSums(), batch: c.batch()}
	}
	if err := c.read(ctx, parts, workers); err != nil {
		return nil, err
	}
	for _, w := range workers {
		c.sums.merge(w.sums)
		c.facts.add(&w.facts)
		c.lists.merge(&w.lists)
	}
	c.seqBehind = opts.SeqWrong != nil && opts.SeqWrong()
	if err := c.compare(ctx, parts, leaves); err != nil {
		return nil, err
	}
	c.judgeParents()
	c.judgeVolume(ctx)
	c.limiter.finish()
	return &c.facts, nil
}

// check is what all workers share. Its lists, sums and facts are put together
// between the passes.
type check struct {
	opts     Options
	workers  int
	mixer    sketch.Mixer
	unknown  *structure.Unknown
	limiter  limiter
	progress progress.Sink
	parents  *parents

	version    uint64 // of the format
	seq        uint64 // the greatest that may be in use
	dataBlocks uint64
	// seqBehind says that it is the volume's number that is wrong.
	seqBehind bool
	// searchLost says that search files could not be read twice.
	searchLost bool

	lists lists
	sums  *sums
	facts Facts
	// wants are the classes of which the second pass collects records.
	wants [classExtents + 1]bool
}

func newCheck(opts Options) *check {
	c := &check{opts: opts, workers: opts.Workers, mixer: sketch.NewMixer(opts.Seed), sums: newSums()}
	if c.workers <= 0 {
		c.workers = runtime.GOMAXPROCS(0)
	}
	if c.opts.Memory <= 0 {
		c.opts.Memory = DefaultMemory
	}
	c.progress = progress.OrDiscard(opts.Progress)
	c.unknown = opts.Volume.Unknown
	c.limiter.report = opts.Report
	super := opts.Volume.Super
	c.version, c.seq = super.FmtVers.Get(), super.Seq.Get()
	for _, lt := range opts.Volume.Snapshot.LogTrees {
		// The next server goes on from there (docs/format.md 7.2).
		c.seq = max(c.seq, lt.MaxItemSeq.Get())
	}
	c.dataBlocks = opts.Volume.DataBlocks
	return c
}

// read has the workers read all parts.
func (c *check) read(ctx context.Context, parts []format.Range, workers []*worker) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	for _, w := range workers {
		group.Go(func() {
			for i := next.Add(1); i <= int64(len(parts)); i = next.Add(1) {
				if err := w.read(ctx, int(i-1), parts[i-1]); err != nil {
					cancel(err)
					return
				}
			}
			if w.detail != nil {
				if err := w.detail.finish(); err != nil {
					cancel(err)
				}
			}
		})
	}
	group.Wait()
	c.opts.Volume.Reader.Wait()
	return context.Cause(ctx)
}

// unknownInode reports whether anything of an inode is unknown.
func (c *check) unknownInode(ino uint64) bool {
	return c.unknown.Any() && c.unknown.Overlaps(format.ItemsOfInode(ino))
}

// unknownKey reports whether a key is unknown.
func (c *check) unknownKey(k format.Key) bool { return c.unknown.Any() && c.unknown.Contains(k) }

// unknownFiles reports whether anything of any inode is unknown.
func (c *check) unknownFiles() bool {
	return c.unknown.Any() && c.unknown.Overlaps(format.Range{
		Start: format.Key{Zone: format.ZoneFS}, End: format.Key{Zone: format.ZoneFS + 1}.Prev(),
	})
}

// listedDir reports whether a directory is one whose entries are looked at
// one by one. There are none during the first pass.
func (c *check) listedDir(ino uint64) bool {
	if !c.wants[classDirs] {
		return false
	}
	_, ok := c.findListed(ino)
	return ok
}

func (c *check) findListed(ino uint64) (*listedDir, bool) {
	i, ok := slices.BinarySearchFunc(c.lists.dirs.all, ino, func(d listedDir, ino uint64) int { return cmp.Compare(d.ino, ino) })
	if !ok {
		return nil, false
	}
	return &c.lists.dirs.all[i], true
}

// incomplete notes that a part of the check could not be made.
func (c *check) incomplete(why string) {
	c.limiter.find(problem.Finding{Number: problem.CheckIncomplete, Found: why})
}
