// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"errors"
	"fmt"
	"io"

	"scoutfs/edit"
)

// What is created at once.
const (
	batchFiles = 512
	batchBytes = 4 << 20
	// largestInBatch is how large a file can be that is created with others.
	largestInBatch = 512 << 10
)

// batch is small files that were read and are to be created at once.
type batch struct {
	files []edit.NewFile
	jobs  []*job
	data  []byte // of all files, one behind the other
}

// fitsBatch reports whether a file can be created with others: nothing of it
// needs further changes.
func (w *worker) fitsBatch(j *job) bool {
	a := &j.found.attr
	return w.bulk != nil && a.IsRegular() && a.Size <= largestInBatch && a.Blocks*512 >= a.Size &&
		a.Mode&(setuid|setgid) == 0 && a.Archive.OfflineBlocks == 0 && len(j.found.xattrs) == 0 && !j.folder.inherits
}

// add reads a file and adds it to the batch.
func (w *worker) add(j *job) (waits bool, err error) {
	size := int(j.found.attr.Size)
	if len(w.batch.files) == batchFiles || len(w.batch.data)+size > batchBytes {
		w.flush()
	}
	if w.batch.data == nil {
		w.batch.data = make([]byte, 0, batchBytes)
	}
	start := len(w.batch.data)
	data := w.batch.data[start : start+size : start+size]
	if size > 0 {
		if err := w.read(j, data); err != nil {
			return false, err
		}
	}
	w.batch.data = w.batch.data[:start+size]
	a := &j.found.attr
	w.batch.jobs = append(w.batch.jobs, j)
	w.batch.files = append(w.batch.files, edit.NewFile{
		Dir: j.folder.node, Name: j.name, Data: data,
		Mode: a.Mode & 0o7777, UID: a.UID, GID: a.GID, Atime: a.Atime, Mtime: a.Mtime,
	})
	return true, nil
}

// read fills p with all of a file.
func (w *worker) read(j *job, p []byte) (err error) {
	src, err := w.src.Open(w.ctx, j.node)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	now := src.Attr()
	if now.Size != uint64(len(p)) {
		return fmt.Errorf("it changed while it was copied; copy it again: %w", io.ErrUnexpectedEOF)
	}
	j.found.attr.Mtime = now.Mtime
	n, err := src.ReadAt(w.ctx, p, 0)
	switch {
	case n == len(p) && (err == nil || errors.Is(err, io.EOF)):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return err
}

// flush creates the files of the batch.
func (w *worker) flush() {
	b := &w.batch
	files, jobs := b.files, b.jobs
	for len(files) > 0 {
		n, err := w.bulk.CreateFiles(w.ctx, files)
		if err != nil && len(files) > 1 {
			// One at a time, the error is about that one.
			w.settle(jobs[:n], nil)
			files, jobs = files[n:], jobs[n:]
			_, err = w.bulk.CreateFiles(w.ctx, files[:1])
			n = 1
			w.settle(jobs[:1], err)
		} else {
			n = len(files)
			w.settle(jobs, err)
		}
		if files, jobs = files[n:], jobs[n:]; isFatal(err) || w.ctx.Err() != nil {
			break
		}
	}
	for _, j := range jobs {
		w.drop(j.folder)
	}
	clear(b.files)
	clear(b.jobs)
	b.files, b.jobs, b.data = b.files[:0], b.jobs[:0], b.data[:0]
}

// settle ends jobs, all with the same outcome.
func (w *worker) settle(jobs []*job, err error) {
	bytes := uint64(0)
	for _, j := range jobs {
		if err != nil {
			w.fail(j.node.Path, j.path(), err)
		} else {
			bytes += j.found.attr.Size
			w.copied(j.node.Path, j.path())
		}
		w.drop(j.folder)
	}
	if err == nil {
		w.sink.Add(int64(bytes))
		w.count(func(r *Result) {
			r.Files += uint64(len(jobs))
			r.Bytes += bytes
		})
	}
}
