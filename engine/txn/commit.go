// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"errors"
	"slices"

	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/engine/srch"
)

// fileBlocks is how large the private search file gets before there is a new
// one (kmod/src/server.c: server_commit_log_trees).
const fileBlocks = 16

// private is what is the log's own on the volume.
type private struct {
	trees  format.LogTrees
	blocks int             // of the item tree
	file   format.SrchFile // search entries; empty without any
}

// newPrivate returns a tree that nothing was written to.
func newPrivate(rid, nr uint64) private {
	var p private
	p.trees.RID.Set(rid)
	p.trees.Nr.Set(nr)
	return p
}

// commit makes the open transaction durable and opens the next one. After an
// error before the super is written the transaction is as it was.
func (l *Log) commit(ctx context.Context) error {
	done := l.done.Load()
	var next private
	err := l.server.Commit(ctx, func(ctx context.Context, c *server.Commit) (err error) {
		next, err = l.write(ctx, c)
		return err
	})
	if err != nil {
		return l.failed(err)
	}
	l.own = next
	l.durable.Store(done)
	super := l.server.Super()
	// Their parents have just been written, and are in the cache.
	own, err := leavesOf(context.WithoutCancel(ctx), l.server.Blocks(), l.own.trees.ItemRoot.Root())
	if err != nil {
		l.failure.Store(&failure{err})
		return err
	}
	l.start(l.committed(super), super, own)
	return nil
}

// failed notes an error after which nobody knows what is on the devices.
func (l *Log) failed(err error) error {
	if uncertain := (*server.UncertainError)(nil); errors.As(err, &uncertain) {
		l.failure.Store(&failure{err})
	}
	return err
}

// write writes the transaction into trees of the coming super.
func (l *Log) write(ctx context.Context, c *server.Commit) (private, error) {
	next := l.own
	gained, err := forest.WriteLog(ctx, c.Blocks, &next.trees, l.overlay)
	if err != nil {
		return next, err
	}
	next.blocks += gained
	if next.file, err = l.writeSrch(ctx, c); err != nil {
		return next, err
	}
	t := &next.trees
	t.InodeCountDelta.Set(t.InodeCountDelta.Get() + uint64(l.inodes))
	t.GetTransSeq.Set(l.seq)
	t.CommitTransSeq.Set(l.seq)
	t.Flags.Set(format.LogTreesFinalized)
	// It is greater than the seq of any merge in progress, which therefore
	// leaves the tree alone (docs/format.md 7.7).
	t.FinalizeSeq.Set(l.server.AdvanceSeq())
	return next, l.writeItem(ctx, c, t)
}

func (l *Log) writeItem(ctx context.Context, c *server.Commit, t *format.LogTrees) error {
	logs := btree.NewWriter(c.Blocks, c.Super.LogsRoot.Root(), format.TreeLogsRoot)
	item := btree.Item{Key: logTreesKey(t), Value: format.Bytes(t)}
	if err := logs.Force(ctx, item); err != nil {
		return err
	}
	c.Super.LogsRoot.Set(logs.Root())
	return nil
}

// writeSrch appends the transaction's entries to the private search file, whose
// item follows its root block. Files of others may be inputs of a compaction and
// are left alone; one that is large enough becomes one of them.
func (l *Log) writeSrch(ctx context.Context, c *server.Commit) (format.SrchFile, error) {
	if len(l.entries) == 0 {
		return l.own.file, nil
	}
	was := l.own.file
	file, err := srch.Append(ctx, c.Blocks, was, l.entries)
	if err != nil {
		return was, err
	}
	files := btree.NewWriter(c.Blocks, c.Super.SrchRoot.Root(), format.TreeSrchRoot)
	if was.Height != 0 {
		if err := files.Delete(ctx, format.SrchLogKey(was.Ref.Blkno.Get())); err != nil {
			return was, err
		}
	}
	item := btree.Item{Key: format.SrchLogKey(file.Ref.Blkno.Get()), Value: format.Bytes(&file)}
	if err := files.Insert(ctx, item); err != nil {
		return was, err
	}
	c.Super.SrchRoot.Set(files.Root())
	if file.Blocks.Get() >= fileBlocks {
		return format.SrchFile{}, nil
	}
	return file, nil
}

// committed returns the snapshot of the super that the log has committed.
func (l *Log) committed(super *format.Super) *forest.Snapshot {
	base := l.base.Load()
	own := l.own.trees
	logs := slices.Clone(base.LogTrees)
	at, there := slices.BinarySearchFunc(logs, &own, func(a, b *format.LogTrees) int {
		return logTreesKey(a).Compare(logTreesKey(b))
	})
	if there {
		logs[at] = &own
	} else {
		logs = slices.Insert(logs, at, &own)
	}
	return forest.New(l.server.Blocks(), super, logs, base.Merge)
}

func logTreesKey(t *format.LogTrees) format.Key { return format.LogTreesKey(t.RID.Get(), t.Nr.Get()) }
