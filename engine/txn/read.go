// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
)

// Committed returns the volume as it was committed last. Its blocks can be used
// again after two more commits; reads of them then fail with block.ErrStale.
func (l *Log) Committed() *forest.Snapshot { return l.base.Load() }

// Read calls f with the volume as all operations so far have left it, committed
// or not. It is good until f returns; until then no operation begins, so f must
// neither take long nor use the Log. During a merge f may be called again, if it
// failed because blocks of its snapshot were used again.
func (l *Log) Read(ctx context.Context, f func(*forest.Snapshot) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.lock.RLock()
	defer l.lock.RUnlock()
	if f := l.failure.Load(); f != nil {
		return fmt.Errorf("the volume has to be opened again: %w", f.err)
	}
	if !l.merging {
		return f(l.view)
	}
	for {
		super := l.server.Super()
		view, err := l.viewOf(ctx, super)
		if err == nil {
			err = f(view)
		}
		if !mayBeOverwritten(err) || super == l.server.Super() {
			return err
		}
	}
}

// mayBeOverwritten reports whether an error can come from a block that a commit
// has written again. One that is read while it is written has a wrong crc.
func mayBeOverwritten(err error) bool {
	_, corrupt := errors.AsType[*format.CorruptError](err)
	return corrupt || errors.Is(err, block.ErrStale)
}

// viewOf returns the view of a super that is not the log's. There are no changes
// that are not committed.
func (l *Log) viewOf(ctx context.Context, super *format.Super) (*forest.Snapshot, error) {
	if super == l.super {
		return l.view, nil
	}
	return forest.Load(ctx, l.server.Blocks(), super)
}

// refresh takes up a super that was written for others and changes no items. The
// caller has the turn.
func (l *Log) refresh() {
	super := l.server.Super()
	if super == l.super {
		return
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	base := l.base.Load()
	l.rebase(forest.New(l.server.Blocks(), super, base.LogTrees, base.Merge), super)
}
