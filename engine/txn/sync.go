// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"context"
	"errors"
	"syscall"
	"time"

	"scoutfs/engine/format"
)

// Sync returns when every operation that was done before the call is on the
// devices. Calls that wait at the same time share a commit.
func (l *Log) Sync(ctx context.Context) error {
	want := l.done.Load()
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.release()
	if l.durable.Load() >= want {
		return nil
	}
	return l.commit(ctx)
}

// commitInTime commits transactions some time after their first change, until
// ctx ends.
func (l *Log) commitInTime(ctx context.Context) {
	timer := time.NewTimer(l.opts.Interval)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-l.dirtied:
			timer.Reset(l.opts.Interval)
		case <-timer.C:
			err := l.Sync(ctx)
			if err != nil && ctx.Err() == nil {
				l.warn("a transaction could not be committed", "error", err)
				timer.Reset(l.opts.Interval)
			}
		}
	}
}

func (l *Log) warn(message string, args ...any) {
	if l.opts.Logger != nil {
		l.opts.Logger.Warn(message, args...)
	}
}

// ReserveData takes free data blocks out of everybody's reach, at least one and
// at most as many as are wanted, so that they can be written before an operation
// uses them; what no operation uses has to be returned. If there is none it
// commits the blocks that were freed, and then the error matches ENOSPC.
func (l *Log) ReserveData(ctx context.Context, want uint64) (format.Extent, error) {
	data := l.server.Data()
	e, err := data.Reserve(ctx, want)
	if !errors.Is(err, syscall.ENOSPC) || data.Freed() == 0 {
		return e, err
	}
	if err := l.Sync(ctx); err != nil {
		return format.Extent{}, err
	}
	return data.Reserve(ctx, want)
}

// ReturnData gives back blocks, or a part of them, that ReserveData took and no
// operation uses.
func (l *Log) ReturnData(e format.Extent) { l.server.Data().Return(e) }
