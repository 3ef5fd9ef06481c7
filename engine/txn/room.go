// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// mergeAgain is how many blocks there must be to merge before logs are merged
// once more because free blocks run low: a merge costs far more than what a few
// blocks give.
const mergeAgain = 16

// makeRoom is what an operation waits for while free metadata blocks run low: a
// merge, if it can give some back. It returns an error if there is no room for
// the operation.
func (l *Log) makeRoom(ctx context.Context, kind Kind) error {
	if l.mergeable() {
		l.warn("free metadata blocks run low: merging logs")
		err := l.merge(ctx, nil)
		l.mergeAt = mergeAgain
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := l.usable(); err != nil {
			return err
		}
		if err != nil {
			l.warn("logs could not be merged", "error", err)
		}
	}
	if kind == Freeing || !l.server.Low() {
		return nil
	}
	return fmt.Errorf("free metadata blocks run low: %w", syscall.ENOSPC)
}

// mergeable reports whether a merge is worth it. The first one always is, for
// the logs of others.
func (l *Log) mergeable() bool {
	if !l.dirty() && len(l.base.Load().LogTrees) == 0 {
		return false
	}
	return l.own.blocks+l.overlay.Bytes()>>format.LargeBlockShift >= l.mergeAt
}
