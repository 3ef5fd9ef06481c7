// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// takeCompletions puts the sub-trees that finished jobs have made into fs_root,
// and what they have not done into the ranges. It reports whether it has done
// so for all of them: nothing else may change fs_root before.
func (m *mergeStep) takeCompletions(ctx context.Context) (all bool, err error) {
	if err := m.cancelRequests(ctx); err != nil {
		return false, err
	}
	for len(m.completes) > 0 {
		if m.Room() < m.roomToFinish() || m.freed >= m.server.maxFreed() {
			return false, nil
		}
		if err := m.takeCompletion(ctx, m.completes[0]); err != nil {
			return false, fmt.Errorf("merge completion %d: %w", m.completes[0].Seq.Get(), err)
		}
		m.completes = m.completes[1:]
	}
	return true, nil
}

func (m *mergeStep) takeCompletion(ctx context.Context, done *format.LogMergeComplete) error {
	flags := done.Flags.Get()
	if flags&^format.LogMergeCompleteRemain != 0 {
		return mergeError("completion", "flags", fmt.Sprintf("%#x", flags), "none but REMAIN")
	}
	// A completion without lists has been spliced, and waits for its rest to
	// become a range.
	if !done.MetaAvail.Ref.Ref().IsZero() || !done.MetaFreed.Ref.Ref().IsZero() {
		if err := m.splice(ctx, done); err != nil {
			return err
		}
		// The blocks that the sub-tree replaces are in the list of freed ones.
		for _, head := range []format.AllocListHead{done.MetaAvail, done.MetaFreed} {
			if err := m.freeList(ctx, head); err != nil {
				return err
			}
		}
	}
	if flags&format.LogMergeCompleteRemain != 0 {
		m.addRange(format.Range{Start: done.Remain.Key(), End: done.End.Key()})
		if err := m.check(); err != nil {
			return err
		}
	}
	return m.changeLogMerge(func(w *btree.Writer) error {
		return w.Delete(ctx, format.LogMergeCompleteKey(done.Seq.Get()))
	})
}

// splice puts a job's sub-tree into fs_root. A tree that has one parent at most
// was given to the job as a whole.
func (m *mergeStep) splice(ctx context.Context, done *format.LogMergeComplete) error {
	const parentHeight = 2
	root := done.Root.Root()
	if m.fs.Root().Height <= parentHeight {
		m.fs = btree.NewWriter(m.Blocks, root, format.TreeFSRoot)
		return nil
	}
	if root.Height != parentHeight {
		return mergeError("completion", "root's height", fmt.Sprint(root.Height), fmt.Sprint(parentHeight))
	}
	return m.fs.Splice(ctx, done.Start.Key(), root)
}

// cancelRequests takes jobs back that nobody works on: their ranges are to be
// merged again, and their blocks are free.
func (m *mergeStep) cancelRequests(ctx context.Context) error {
	for _, r := range m.requests {
		m.addRange(format.Range{Start: r.Start.Key(), End: r.End.Key()})
		if err := m.check(); err != nil {
			return err
		}
		for _, head := range []format.AllocListHead{r.MetaAvail, r.MetaFreed} {
			if err := m.freeList(ctx, head); err != nil {
				return err
			}
		}
		err := m.changeLogMerge(func(w *btree.Writer) error {
			return w.Delete(ctx, format.LogMergeRequestKey(r.RID.Get(), r.Seq.Get()))
		})
		if err != nil {
			return err
		}
	}
	m.requests = nil
	return nil
}

// freeList frees a list and all that it names.
func (m *mergeStep) freeList(ctx context.Context, head format.AllocListHead) error {
	if err := m.FreeList(ctx, head); err != nil {
		return err
	}
	m.freed += int(head.TotalNr.Get())
	return nil
}
