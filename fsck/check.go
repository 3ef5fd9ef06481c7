// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/fsck/contents"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/progress"
)

// Check checks a volume. Damage is no error: it is in the summary, and has
// been reported. The error says why the check could not be made or finished:
// [ErrWritten], the context's, or that of a temporary file. The summary then
// has what is known so far.
func Check(ctx context.Context, opts Options) (*Summary, error) {
	if opts.Pair.Meta == nil {
		return &Summary{}, errors.New("no metadata device was named")
	}
	c := &check{opts: opts.withDefaults(), table: problem.NewTable()}
	c.budget = newBudget(c.opts.Memory)
	c.found = newGatherer(c.table, max(c.opts.Cases, 0), c.opts.Report)
	began := c.opts.Now()
	err := c.run(ctx)
	c.summary.Tallies = c.found.gathered(ctx)
	c.summary.Elapsed = c.opts.Now().Sub(began)
	return &c.summary, err
}

// check is one call of Check.
type check struct {
	opts    Options
	budget  budget
	table   *problem.Table
	found   *gatherer
	summary Summary
}

func (c *check) run(ctx context.Context) error {
	report := func(f problem.Finding) { c.found.add(ctx, f) }
	if !c.opts.Live {
		err := c.read(ctx, report)
		c.summary.Readings = 1
		return err
	}
	readings, err := untilSure(ctx, c.table, c.read, report)
	c.summary.Readings = readings
	return err
}

// read reads the volume once. It fails with ErrWritten if somebody has
// written it meanwhile, unless that is to be expected.
func (c *check) read(ctx context.Context, report problem.Reporter) error {
	phases := newStopwatch(c.opts.Progress, c.opts.Now)
	c.summary = Summary{WithData: c.opts.Pair.Data != nil}
	defer func() { c.summary.Phases = phases.stop() }()

	search := items.NewSearch(c.opts.Seed)
	checker := structure.New(structure.Options{
		Meta:          c.opts.Pair.Meta,
		Data:          c.opts.Pair.Data,
		Report:        report,
		Progress:      phases,
		CacheBytes:    c.budget.blocks,
		Workers:       max(c.opts.Workers, block.DefaultWorkers),
		SearchEntries: search.Add,
	})
	super, err := checker.Supers(ctx)
	if err != nil || super == nil {
		return err
	}
	c.summary.Volume = volumeOf(super)
	trees, err := checker.Trees(ctx)
	if err != nil {
		return err
	}
	defer trees.Reader.Wait()
	c.found.findPaths(fs.New(trees.Snapshot, c.opts.Pair.Data))
	facts, err := items.Check(ctx, items.Options{
		Volume:   trees,
		Leaf:     checker.Leaf,
		SeqWrong: checker.SeqWrong,
		Search:   search,
		Report:   report,
		Progress: phases,
		Workers:  c.opts.Workers,
		Memory:   c.budget.rest,
		TempDir:  c.opts.TempDir,
		Seed:     c.opts.Seed,
	})
	if err != nil {
		return err
	}
	account, err := checker.Finish(ctx)
	if err != nil {
		return err
	}
	if err := c.readData(ctx, trees.Snapshot, facts.Online, report, phases); err != nil {
		return err
	}
	c.count(facts, account, trees.Reader.Stats())
	return c.unwritten(super)
}

func (c *check) count(facts *items.Facts, account structure.Account, stats block.Stats) {
	s := &c.summary
	s.Items, s.Inodes, s.Names, s.Xattrs, s.Extents = facts.Items, facts.Inodes, facts.Names, facts.Xattrs, facts.Extents
	s.Files, s.Directories, s.Symlinks, s.Specials = facts.Files, facts.Directories, facts.Symlinks, facts.Specials
	s.DataBlocks = facts.Online + facts.Unwritten
	s.MetaUsed, s.MetaFree = account.Used, account.Free
	s.Blocks, s.Bytes = stats.Blocks, stats.Bytes
}

// readData reads the files if that was asked for. blocks is how many they
// have.
func (c *check) readData(ctx context.Context, snapshot *forest.Snapshot, blocks uint64, report problem.Reporter, sink progress.Sink) error {
	if !c.opts.ReadData || c.opts.Pair.Data == nil {
		return nil
	}
	n, err := contents.Read(ctx, contents.Options{
		Snapshot: snapshot,
		Data:     c.opts.Pair.Data,
		Report:   report,
		Progress: sink,
		Total:    int64(min(blocks, math.MaxInt64/format.SmallBlockSize)) * format.SmallBlockSize,
		Memory:   c.budget.rest,
		Workers:  dataWorkers,
	})
	c.summary.DataRead = n
	return err
}

// dataWorkers is how many requests for file data are made at once: enough to
// keep several disks busy.
const dataWorkers = 8

func volumeOf(super *format.Super) *Volume {
	return &Volume{
		FSID:          super.Hdr.FSID.Get(),
		UUID:          super.UUID,
		FormatVersion: super.FmtVers.Get(),
		Seq:           super.Hdr.Seq.Get(),
		MetaBlocks:    super.TotalMetaBlocks.Get(),
		DataBlocks:    super.TotalDataBlocks.Get(),
	}
}

// unwritten makes sure that the super is still the one that was checked.
func (c *check) unwritten(super *format.Super) error {
	if c.opts.Live {
		return nil
	}
	now, _, err := block.ReadSuper(c.opts.Pair.Meta)
	if now == nil {
		return err
	}
	if !bytes.HasPrefix(now, format.Bytes(super)) {
		return fmt.Errorf("%s: %w", c.opts.Pair.Meta.Name(), ErrWritten)
	}
	return nil // what is wrong with the super was reported before
}
