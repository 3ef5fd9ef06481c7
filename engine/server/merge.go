// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/progress"
)

// Merge folds all log trees into fs_root and frees them, after it has finished
// a merge that was left half done: in as many commits as that takes, so that
// no commit is larger than there is room. What the filesystem holds does not
// change, and after every one of the commits a kernel can go on with the merge.
//
// The log trees of whoever writes through this server are merged too: it has
// to begin new ones for what it writes afterwards. sink, which may be nil, is
// told of log items.
//
// When ctx ends, what the last commit has done stays done. The error is ENOSPC
// if there are too few blocks for another step.
func (s *Server) Merge(ctx context.Context, sink progress.Sink) error {
	sink = progress.OrDiscard(sink)
	sink.Phase("merge logs", progress.Items, progress.Unknown)
	return s.steps(ctx, func(ctx context.Context, c *Commit) (*stepResult, error) {
		m, err := loadLogMerge(ctx, s.blocks, c.Super)
		if err != nil || m.done() {
			return nil, err
		}
		step := mergeStep{Commit: c, logMerge: m, sink: sink}
		return &step.stepResult, step.run(ctx)
	})
}

// stepResult is what a step of long work says of itself.
type stepResult struct {
	// moved is whether the step brought the work forward, if only by making
	// room for the next one.
	moved bool
}

// steps makes commits of long work until a step returns nothing, which has
// nothing to do.
func (s *Server) steps(ctx context.Context, step func(ctx context.Context, c *Commit) (*stepResult, error)) error {
	for idle := 0; ; {
		var result *stepResult
		err := s.Commit(ctx, func(ctx context.Context, c *Commit) (err error) {
			if result, err = step(ctx, c); err == nil && result == nil {
				return errNothing
			}
			return err
		})
		switch {
		case errors.Is(err, errNothing):
			return nil
		case errors.Is(err, errAgain):
		case err != nil:
			return err
		case result.moved:
			idle = 0
		default:
			// A commit without changes moves free blocks to where the next
			// ones takes them from.
			if idle++; idle > emptyCommits {
				return fmt.Errorf("metadata blocks for another step: %w", syscall.ENOSPC)
			}
		}
	}
}

// emptyCommits is how many commits in a row are made to make room.
const emptyCommits = 3

// errNothing keeps a commit from being made that would change nothing.
var errNothing = errors.New("nothing to do")

// errAgain is a step that is to be made again, without a commit.
var errAgain = errors.New("to be tried again")

// mergeStep is one commit of a merge.
type mergeStep struct {
	*Commit
	*logMerge
	stepResult
	sink  progress.Sink
	fs    *btree.Writer // of fs_root
	freed int           // blocks given to FreeMeta
}

func (m *mergeStep) run(ctx context.Context) error {
	if m.Room() < m.roomToFinish() {
		return nil
	}
	if len(m.freeing) == 0 || m.status != nil {
		if err := m.merge(ctx); err != nil {
			return err
		}
	}
	return m.free(ctx)
}

// roomToFinish is how many blocks a step needs besides those of fs_root: for
// logs_root and log_merge, of which it may change every block once, and for
// one more item of fs_root.
func (m *mergeStep) roomToFinish() int {
	const perBlock = 32 // items of either tree, at least
	items := len(m.logs) + len(m.ranges) + len(m.requests) + len(m.completes) + len(m.freeing)
	return 64 + items/perBlock + 4*(int(m.Super.FSRoot.Height)+int(m.Super.LogsRoot.Height)+int(m.Super.LogMerge.Height))
}

// merge goes on with the merge in progress, or begins one.
func (m *mergeStep) merge(ctx context.Context) error {
	inputs := m.inputs()
	if m.status == nil {
		if len(inputs) == 0 {
			return nil
		}
		m.status = &format.LogMergeStatus{}
		m.status.Seq.Set(m.server.AdvanceSeq())
		m.ranges = []format.Range{format.AllKeys()}
	}
	m.fs = btree.NewWriter(m.Blocks, m.Super.FSRoot.Root(), format.TreeFSRoot)
	spliced, err := m.takeCompletions(ctx)
	if err == nil && spliced {
		m.ranges, err = forest.Merge(ctx, m.fs, inputs, m.ranges, m.stop)
	}
	if err != nil {
		return err
	}
	m.Super.FSRoot.Set(m.fs.Root())
	m.moved = true
	if !spliced || len(m.ranges) > 0 {
		return m.storeProgress(ctx)
	}
	return m.finish(ctx, inputs)
}

// stop ends a step when there is no room for more.
func (m *mergeStep) stop() bool {
	if m.Blocks.Dirty() >= m.server.stepBlocks || m.Room() < m.roomToFinish() {
		return true
	}
	m.sink.Add(1)
	return false
}

// storeProgress stores what is left to be done in the way in which a kernel
// does it.
func (m *mergeStep) storeProgress(ctx context.Context) error {
	m.status.NextRangeKey.Set(format.Key{})
	m.status.NrRequests.Set(0)
	m.status.NrComplete.Set(0)
	if left := uint64(len(m.completes)); left > 0 {
		// So many make a kernel go on with them first.
		const spliceBatch = 8
		m.status.NrComplete.Set(max(left, spliceBatch))
	}
	return m.storeStatus(ctx)
}

// storeStatus stores the status and the ranges.
func (m *mergeStep) storeStatus(ctx context.Context) error {
	return m.changeLogMerge(func(w *btree.Writer) error {
		if err := w.Force(ctx, btree.Item{Key: format.LogMergeStatusKey(), Value: format.Bytes(m.status)}); err != nil {
			return err
		}
		return m.storeRanges(ctx, w)
	})
}

// finish removes the merge and its inputs, whose trees then wait to be freed.
func (m *mergeStep) finish(ctx context.Context, inputs []*format.LogTrees) error {
	logs := btree.NewWriter(m.Blocks, m.Super.LogsRoot.Root(), format.TreeLogsRoot)
	for _, lt := range inputs {
		if err := m.reclaimSpace(ctx, lt); err != nil {
			return err
		}
		if err := logs.Delete(ctx, format.LogTreesKey(lt.RID.Get(), lt.Nr.Get())); err != nil {
			return err
		}
		if bloom := lt.BloomRef.Ref(); !bloom.IsZero() {
			m.FreeMeta(format.Extent{Start: bloom.Blkno, Len: 1})
			m.freed++
		}
		m.Super.InodeCount.Set(m.Super.InodeCount.Get() + lt.InodeCountDelta.Get())
		if lt.ItemRoot.Height > 0 {
			m.addFreeing(lt.ItemRoot.Root())
		}
	}
	m.Super.LogsRoot.Set(logs.Root())
	return m.changeLogMerge(func(w *btree.Writer) error {
		m.ranges = nil
		if err := m.storeRanges(ctx, w); err != nil {
			return err
		}
		if err := w.Delete(ctx, format.LogMergeStatusKey()); !errors.Is(err, syscall.ENOENT) {
			return err
		}
		return nil // the merge has taken one commit
	})
}

func (m *mergeStep) addFreeing(root format.Root) {
	f := &format.LogMergeFreeing{}
	f.Root.Set(root)
	f.Seq.Set(m.server.AdvanceSeq())
	m.freeing = append(m.freeing, f)
}

func (m *mergeStep) changeLogMerge(change func(w *btree.Writer) error) error {
	return changeTree(m.Commit, &m.Super.LogMerge, format.TreeLogMerge, change)
}

// changeTree changes one of the super's trees.
func changeTree(c *Commit, root *format.BtreeRoot, kind format.Tree, change func(w *btree.Writer) error) error {
	w := btree.NewWriter(c.Blocks, root.Root(), kind)
	if err := change(w); err != nil {
		return err
	}
	root.Set(w.Root())
	return nil
}
