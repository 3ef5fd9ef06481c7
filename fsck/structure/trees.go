// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/progress"
)

// Trees walks all trees and files. It is an error if Supers returned no super;
// otherwise the error is that of the context. Damage is no error.
func (c *Checker) Trees(ctx context.Context) (*Result, error) {
	if c.super == nil {
		return nil, errors.New("there is no super to check the trees of")
	}
	c.opts.Progress.Phase("check trees", progress.Bytes, progress.Unknown)
	c.reader = block.NewReader(c.opts.Meta, block.Options{
		FSID: c.fsid, TotalBlocks: c.metaBlocks, CacheBytes: c.opts.CacheBytes, Workers: c.opts.Workers,
	})
	c.seqs.limit = c.super.Seq.Get()
	c.ledger = newLedger(c.metaBlocks)
	c.result = &Result{Super: c.super, Reader: c.reader, Unknown: &Unknown{}}

	p := newPass(ctx, c, c.ledger)
	p.first = true
	p.run()
	c.reader.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	logs := p.sortedLogs()
	c.result.Snapshot = forest.New(c.reader, c.super, logs, p.merge.status)
	c.mergedTrees(ctx, logs)
	c.judgeSizes()
	return c.result, nil
}

// mergedTrees prepares for leaves.
func (c *Checker) mergedTrees(ctx context.Context, logs []*format.LogTrees) {
	c.leaves = leaves{
		ctx: ctx, trees: make(map[TreeID]*mergedTree),
		seen: newBitmap(c.metaBlocks), good: newBitmap(c.metaBlocks),
	}
	c.leaves.trees[TreeID{}] = &mergedTree{kind: format.TreeFSRoot, height: int(c.super.FSRoot.Height)}
	for _, lt := range logs {
		id := TreeID{lt.RID.Get(), lt.Nr.Get()}
		c.leaves.trees[id] = &mergedTree{
			id: id, kind: format.TreeLogItems, height: int(lt.ItemRoot.Height),
			maxSeq: lt.MaxItemSeq.Get(), bloom: lt.BloomRef.Ref(),
		}
	}
}

// judgeSizes finds out whether the super has the devices end too early: then
// there are blocks behind the end that something refers to.
func (c *Checker) judgeSizes() {
	s := &c.sizes
	if total := c.super.TotalMetaBlocks.Get(); !s.metaWrong && s.metaEnd > total {
		s.metaWrong = true
		c.report(problem.TotalMetaBlocks, inSuper("total_meta_blocks"), fmt.Sprint(total),
			fmt.Sprintf("at least %d, as there are blocks up to %d", s.metaEnd, s.metaEnd-1))
	}
	c.result.DataBlocks = c.super.TotalDataBlocks.Get()
	if !s.dataWrong && s.dataEnd > c.result.DataBlocks {
		s.dataWrong = true
		c.report(problem.TotalDataBlocks, inSuper("total_data_blocks"), fmt.Sprint(c.result.DataBlocks),
			fmt.Sprintf("at least %d, as there are free blocks up to %d", s.dataEnd, s.dataEnd-1))
	}
	if s.dataWrong {
		c.result.DataBlocks = c.dataBlocks
		// Without the device nobody knows where the last block is.
		c.result.FreeDataUnknown = c.result.FreeDataUnknown || c.opts.Data == nil
	}
}
