// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"scoutfs/walk/tree"
)

// writeFile writes a regular file under a name in tmp.
func (e *extraction) writeFile(j *job) (temp string, err error) {
	src, err := e.src.Open(e.ctx, j.node)
	if err != nil {
		return "", err
	}
	defer func() { _ = src.Close() }()
	temp = e.state.tempName()
	path := e.state.tmp.Name() + "/" + temp
	fd, err := unix.Openat(int(e.state.tmp.Fd()), temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return "", &os.PathError{Op: "create", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	err = e.copyData(j, src, file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(err, e.discard(temp))
	}
	return temp, nil
}

// discard removes a file from tmp.
func (e *extraction) discard(temp string) error {
	return unix.Unlinkat(int(e.state.tmp.Fd()), temp, 0)
}

// copyData copies what is online. Holes and offline parts are not written.
func (e *extraction) copyData(j *job, src tree.File, dst *os.File) error {
	size := src.Attr().Size
	if err := unix.Ftruncate(int(dst.Fd()), int64(size)); err != nil {
		return &os.PathError{Op: "set size of", Path: dst.Name(), Err: fmt.Errorf("%d bytes: %w", size, err)}
	}
	group, ctx := errgroup.WithContext(e.ctx)
	err := func() error {
		for x, err := range src.Extents(ctx, 0) {
			switch {
			case err != nil:
				return err
			case x.Offline:
				j.addOffline(x)
				continue
			}
			for at := x.Offset; at < x.End(); {
				length := min(x.End()-at, tree.ChunkSize-at%tree.ChunkSize)
				if err := e.copyChunk(ctx, group, j, src, dst, at, int(length)); err != nil {
					return err
				}
				at += length
			}
		}
		return nil
	}()
	if failed := group.Wait(); failed != nil {
		return failed // err at most says that it did
	}
	return err
}

// copyChunk copies a chunk in another goroutine, as soon as there is a buffer.
func (e *extraction) copyChunk(ctx context.Context, group *errgroup.Group, j *job, src tree.File, dst *os.File, at uint64, length int) error {
	var buf []byte
	select {
	case buf = <-e.buffers:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	group.Go(func() error {
		if buf == nil {
			buf = make([]byte, tree.ChunkSize)
		}
		defer func() { e.buffers <- buf }()
		n, err := src.ReadAt(ctx, buf[:length], at)
		if n < length {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("at byte %d: %w", at+uint64(n), err)
		}
		if _, err := dst.WriteAt(buf[:length], int64(at)); err != nil {
			return err
		}
		e.written(j, length)
		return nil
	})
	return nil
}
