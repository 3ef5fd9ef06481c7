// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"errors"

	"scoutfs/engine/forest"
	"scoutfs/progress"
)

// Merge commits the open transaction, folds all log trees into fs_root, compacts
// the search files, and goes on with an empty private tree. Updates wait for it,
// reads do not. sink, which may be nil, is told of the merged items.
//
// If it fails, or ctx ends, what it has done so far stays done, and the log goes
// on.
func (l *Log) Merge(ctx context.Context, sink progress.Sink) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.release()
	return l.mergeAll(ctx, sink)
}

// mergeAll is Merge by who has the turn.
func (l *Log) mergeAll(ctx context.Context, sink progress.Sink) error {
	if err := l.merge(ctx, sink); err != nil {
		return err
	}
	return l.serve(ctx, func(ctx context.Context) error { return l.server.CompactSrch(ctx, sink) })
}

// merge is mergeAll without search files.
func (l *Log) merge(ctx context.Context, sink progress.Sink) error {
	if l.dirty() {
		if err := l.commit(ctx); err != nil {
			return err
		}
	}
	return l.serve(ctx, func(ctx context.Context) error { return l.server.Merge(ctx, sink) })
}

// Exclude commits the open transaction and calls work, which may make commits of
// the server's own, such as a resize: they would otherwise take up the data blocks
// of operations that are not committed. Work must not change log trees, search
// files or items.
func (l *Log) Exclude(ctx context.Context, work func(context.Context) error) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.release()
	if l.dirty() {
		if err := l.commit(ctx); err != nil {
			return err
		}
	}
	defer l.refresh()
	return l.failed(work(ctx))
}

// serve lets the server make commits that change what the log reads, and begins
// a new transaction, tree and search file after them: the server may have taken
// those that there were. Nothing waits for a commit meanwhile.
func (l *Log) serve(ctx context.Context, work func(context.Context) error) error {
	l.lock.Lock()
	l.merging = true
	l.lock.Unlock()
	err := l.failed(work(ctx))
	super := l.server.Super()
	base, loadErr := forest.Load(context.WithoutCancel(ctx), l.server.Blocks(), super)
	if loadErr != nil {
		// The server's part is done, but the log cannot see what has become of it.
		l.failure.Store(&failure{loadErr})
		return errors.Join(err, loadErr)
	}
	if t := &l.own.trees; t.CommitTransSeq.Get() != 0 {
		l.own = newPrivate(t.RID.Get(), t.Nr.Get()+1)
	}
	l.start(base, super, leaves{})
	return err
}
