// SPDX-License-Identifier: GPL-2.0-or-later

package txn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
)

// ErrClosed says that a Log was used after Close.
var ErrClosed = errors.New("the log is closed")

// Log fills and commits transactions, one after another.
type Log struct {
	server *server.Server
	opts   Options

	// turn holds a value while somebody changes or commits the transaction. It
	// guards what follows.
	turn    chan struct{}
	closed  bool
	own     private // as it was committed last
	leaves  leaves  // of the private tree
	entries []format.SrchEntry
	inodes  int64 // created less deleted in the transaction
	seq     uint64
	// mergeAt is how many blocks the private tree needs to be merged for want
	// of room.
	mergeAt int

	// lock guards what reads see: it is shared by reads, and taken alone by
	// whoever has the turn and changes the view.
	lock    sync.RWMutex
	overlay *forest.Overlay
	view    *forest.Snapshot // base and overlay
	// super is the one that base was made from; merging says that the server
	// makes commits of its own, after each of which there is a newer one.
	super   *format.Super
	merging bool

	base atomic.Pointer[forest.Snapshot]
	// failure is why nothing can be done any more.
	failure atomic.Pointer[failure]

	// done counts the operations that changed something; durable is the count
	// that the last commit had.
	done, durable atomic.Uint64

	stop       context.CancelFunc // ends the timer
	dirtied    chan struct{}      // tells the timer of a transaction's first change
	background sync.WaitGroup
}

type failure struct{ err error }

// Open returns a log with an open transaction and a private tree that does not
// exist before the first commit. The server must be in nobody else's use, but
// within [Log.Exclude].
func Open(ctx context.Context, srv *server.Server, o Options) (*Log, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultMaxBytes)
	o.MaxLogTrees = cmp.Or(o.MaxLogTrees, DefaultMaxLogTrees)
	l := &Log{
		server:  srv,
		opts:    o,
		turn:    make(chan struct{}, 1),
		dirtied: make(chan struct{}, 1),
	}
	super := srv.Super()
	base, err := forest.Load(ctx, srv.Blocks(), super)
	if err != nil {
		return nil, err
	}
	l.own = newPrivate(l.unusedRID(base.LogTrees), 1)
	l.start(base, super, leaves{})
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	if o.Interval > 0 {
		l.background.Go(func() { l.commitInTime(background) })
	}
	return l, nil
}

// unusedRID returns an id that no log tree has, nor anything else
// (docs/format.md 7.7).
func (l *Log) unusedRID(logs []*format.LogTrees) uint64 {
	for {
		rid := l.opts.Random()
		taken := slices.ContainsFunc(logs, func(lt *format.LogTrees) bool { return lt.RID.Get() == rid })
		if rid != 0 && rid != math.MaxUint64 && !taken {
			return rid
		}
	}
}

// start opens a transaction on top of what is committed. Own are the leaves of
// the private tree.
func (l *Log) start(base *forest.Snapshot, super *format.Super, own leaves) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.overlay = forest.NewOverlay()
	l.rebase(base, super)
	l.merging = false
	l.leaves, l.entries, l.inodes = own, nil, 0
	l.seq = l.server.AdvanceSeq()
}

// rebase puts the view on another base. The lock is held.
func (l *Log) rebase(base *forest.Snapshot, super *format.Super) {
	l.view, l.super = base.With(l.overlay), super
	l.base.Store(base)
}

// take waits for the turn and fails if nothing can be done in it.
func (l *Log) take(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := l.usable(); err != nil {
		<-l.turn
		return err
	}
	return nil
}

func (l *Log) usable() error {
	if f := l.failure.Load(); f != nil {
		return fmt.Errorf("the volume has to be opened again: %w", f.err)
	}
	if l.closed {
		return ErrClosed
	}
	return nil
}

func (l *Log) release() { <-l.turn }

// dirty reports whether there is anything to commit.
func (l *Log) dirty() bool { return l.done.Load() != l.durable.Load() }

// Close commits what is not committed and ends the Log. The server stays open.
// After an error the Log is as closed, and what was not committed is lost.
//
// Each Log that commits adds a log tree to the volume, and every read looks into
// all of them. If there are more than [Options.MaxLogTrees], and this Log has added
// one, they are merged first, and search files compacted.
func (l *Log) Close(ctx context.Context) error {
	l.stop()
	l.background.Wait()
	if err := l.take(ctx); err != nil {
		if errors.Is(err, ErrClosed) {
			return nil
		}
		return err
	}
	defer l.release()
	defer func() { l.closed = true }()
	if l.dirty() {
		if err := l.commit(ctx); err != nil {
			return err
		}
	}
	if trees := len(l.base.Load().LogTrees); l.own.blocks == 0 || l.opts.MaxLogTrees < 0 || trees <= l.opts.MaxLogTrees {
		return nil
	}
	if err := l.mergeAll(ctx, nil); err != nil {
		l.warn("logs could not be merged", "error", err)
	}
	return l.usable()
}
