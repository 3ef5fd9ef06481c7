// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"

	"scoutfs/engine/fs"
	"scoutfs/engine/server"
	"scoutfs/engine/txn"
	"scoutfs/progress"
)

// writing is what a volume that is open for writing has.
type writing struct {
	server *server.Server
	log    *txn.Log
	writer *fs.Writer
}

// startWriting opens the two halves of writing a volume.
func (v *Volume) startWriting(ctx context.Context) error {
	random := v.opts.Random
	if random == nil {
		random = rand.Uint64
	}
	srv, err := server.Open(ctx, v.pair, v.blocks, server.Options{Random: random})
	if err != nil {
		return err
	}
	log, err := txn.Open(ctx, srv, txn.Options{
		Random:   random,
		Interval: cmp.Or(v.opts.Interval, txn.DefaultInterval),
		Logger:   v.opts.Logger,
	})
	if err != nil {
		return errors.Join(err, srv.Close())
	}
	v.writing = &writing{
		server: srv,
		log:    log,
		writer: fs.NewWriter(log, v.pair.Data, fs.WriterOptions{Clock: v.opts.Clock}),
	}
	return nil
}

// close commits what is not committed, whatever became of the context of
// those who changed it.
func (w *writing) close() error {
	return errors.Join(w.log.Close(context.Background()), w.server.Close())
}

// Writer returns what changes the volume, nil unless it was opened with
// [Options].Write.
func (v *Volume) Writer() *fs.Writer {
	if v.writing == nil {
		return nil
	}
	return v.writing.writer
}

// Merge makes what was changed durable, folds all log trees into the
// filesystem's tree and compacts search files. It is EROFS of a volume that is
// not open for writing. When ctx ends, what the last commit has done stays done.
func (v *Volume) Merge(ctx context.Context, sink progress.Sink) error {
	if v.writing == nil {
		return fmt.Errorf("merging the log trees of %s, which is open for reading: %w", v.pair.Meta.Name(), syscall.EROFS)
	}
	return v.writing.log.Merge(ctx, sink)
}
