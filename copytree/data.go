// SPDX-License-Identifier: GPL-2.0-or-later

package copytree

import (
	"context"
	"errors"
	"fmt"
	"io"

	"scoutfs/edit"
	"scoutfs/walk/tree"
)

// makeRegular makes a regular file with its data. Holes are not written.
func (c *copying) makeRegular(j *job) (n tree.Node, err error) {
	src, err := c.src.Open(c.ctx, j.node)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	// What is copied is what the file is now.
	j.found.attr.Size, j.found.attr.Mtime = src.Attr().Size, src.Attr().Mtime
	if n, err = c.dst.Create(c.ctx, j.folder.node, j.name, 0o600); err != nil {
		return n, err
	}
	defer func() {
		if err != nil {
			// A part of a file is of no use, and takes space that others need.
			err = errors.Join(err, c.dst.Unlink(context.WithoutCancel(c.ctx), j.folder.node, j.name))
		}
	}()
	dst, err := c.dst.Write(c.ctx, n)
	if err != nil {
		return n, err
	}
	end, err := c.copyData(src, dst)
	if err = errors.Join(err, dst.Close()); err != nil {
		return n, err
	}
	if size := src.Attr().Size; end < size {
		if err := c.dst.Truncate(c.ctx, n, size); err != nil {
			return n, err
		}
	}
	c.count(func(r *Result) { r.Files++ })
	return n, nil
}

// copyData copies what is no hole, and returns where the last of it ends.
func (c *copying) copyData(src tree.File, dst edit.Writer) (end uint64, err error) {
	hole := uint64(0)
	for x, err := range src.Extents(c.ctx, 0) {
		if err != nil {
			return end, err
		}
		c.sink.Add(int64(x.Offset - end)) // a hole is done without work
		r := &reader{ctx: c.ctx, copying: c, file: src, at: x.Offset}
		if err := dst.WriteFrom(c.ctx, x.Offset, x.Length, r); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("it became shorter while it was copied: %w", err)
			}
			return end, err
		}
		end = x.End()
		hole = src.Attr().Size - end
	}
	c.sink.Add(int64(hole))
	return end, nil
}

// reader reads a file from a place on, and counts.
type reader struct {
	*copying
	ctx  context.Context
	file tree.File
	at   uint64
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.file.ReadAt(r.ctx, p, r.at)
	r.at += uint64(n)
	r.sink.Add(int64(n))
	r.count(func(result *Result) { result.Bytes += uint64(n) })
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil // the next call says so
	}
	return n, err
}
