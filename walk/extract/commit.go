// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
)

const (
	// What is written before it is made durable and named.
	commitFiles = 256
	commitBytes = 512 << 20
	commitDelay = 5 * time.Second
)

// commit gives the files that are ready their names, many at a time. It ends
// when ready is closed.
func (e *extraction) commit() {
	var batch []*job
	bytes := uint64(0)
	ticker := time.NewTicker(commitDelay)
	defer ticker.Stop()
	flush := func() {
		e.name(batch)
		batch, bytes = batch[:0], 0
	}
	for {
		select {
		case j, ok := <-e.ready:
			if !ok {
				flush()
				return
			}
			batch = append(batch, j)
			if bytes += j.attr.OnlineBytes(); len(batch) >= commitFiles || bytes >= commitBytes {
				flush()
			}
		case <-ticker.C:
			flush()
		}
	}
}

// name gives files their names after it made them durable.
func (e *extraction) name(batch []*job) {
	if len(batch) == 0 {
		return
	}
	err := e.sync()
	for _, j := range batch {
		failed := err
		if failed == nil {
			failed = e.nameOne(j)
		}
		if failed != nil {
			e.fail(j.node, failed)
		}
		e.drop(j.folder)
	}
}

func (e *extraction) nameOne(j *job) error {
	if err := rename(int(e.state.tmp.Fd()), j.temp, j.folder.fd(), j.name, j.replace); err != nil {
		path := j.folder.dir.Name() + "/" + j.name
		if errors.Is(err, unix.EEXIST) {
			err = fmt.Errorf("another file is there: %w", unix.EEXIST)
		}
		return &os.PathError{Op: "extract to", Path: path, Err: err}
	}
	if j.folder.parent == nil {
		e.touched.Store(true)
	}
	e.count(func(r *Result) {
		switch {
		case j.linked:
			r.HardLinks++
		case j.attr.IsRegular():
			r.Files++
		case j.attr.Type() == format.ModeSymlink:
			r.Symlinks++
		default:
			r.Specials++
		}
	})
	if j.attr.Nlink > 1 && !j.linked {
		return e.settleLink(j)
	}
	return nil
}

// sync makes everything on the target's file system durable.
func (e *extraction) sync() error {
	if e.opts.NoSync {
		return nil
	}
	if err := unix.Syncfs(int(e.root.dir.Fd())); err != nil {
		return &os.PathError{Op: "sync", Path: e.root.dir.Name(), Err: err}
	}
	return nil
}
