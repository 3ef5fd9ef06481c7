// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/ioctl"
)

// throughEveryCarrier runs a test against a volume as it is, through encoded
// calls, and through a Mount whose ioctl(2) is answered from the same memory.
func throughEveryCarrier(t *testing.T, fill func(t *testing.T, v *fakeVolume), test func(t *testing.T, target ioctl.Target, v *fakeVolume)) {
	t.Helper()
	for name, carry := range map[string]func(t *testing.T, v *fakeVolume) ioctl.Target{
		"direct":  func(_ *testing.T, v *fakeVolume) ioctl.Target { return v },
		"encoded": func(_ *testing.T, v *fakeVolume) ioctl.Target { return newRemote(v) },
		"ioctl":   newFakeMount,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newFakeVolume()
			fill(t, v)
			target := carry(t, v)
			test(t, target, v)
			if err := target.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// remote is a Target at the other end of a line that carries bytes, with
// handles for open files.
type remote struct {
	ioctl.VolumeClient
	target ioctl.Target

	mu    sync.Mutex
	files []ioctl.File
}

func newRemote(v ioctl.Target) *remote {
	return &remote{VolumeClient: ioctl.VolumeClient{Doer: line{ioctl.Server{Volume: v}}}, target: v}
}

func (r *remote) Close() error { return r.target.Close() }

func (r *remote) OpenPath(ctx context.Context, path string, flags int) (ioctl.File, error) {
	return r.open(r.target.OpenPath(ctx, path, flags))
}

func (r *remote) OpenIno(ctx context.Context, ino uint64, flags int) (ioctl.File, error) {
	return r.open(r.target.OpenIno(ctx, ino, flags))
}

func (r *remote) open(f ioctl.File, err error) (ioctl.File, error) {
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = append(r.files, f)
	server := ioctl.Server{Volume: r.target, File: f, From: func(_ context.Context, handle uint64) (ioctl.File, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if handle >= uint64(len(r.files)) {
			return nil, fmt.Errorf("no handle %d", handle)
		}
		return r.files[handle], nil
	}}
	return &remoteFile{ioctl.FileClient{Doer: line{server}}, f, uint64(len(r.files) - 1)}, nil
}

type remoteFile struct {
	ioctl.FileClient
	file   ioctl.File
	handle uint64
}

func (f *remoteFile) Close() error { return f.file.Close() }

func (f *remoteFile) MoveBlocks(ctx context.Context, from ioctl.File, q ioctl.MoveBlocks) error {
	source, ok := from.(*remoteFile)
	if !ok {
		return &ioctl.Error{Request: ioctl.NumberMoveBlocks, Errno: syscall.EXDEV}
	}
	q.FromFD = source.handle
	_, err := f.Doer.Do(ctx, q.Encode())
	return err
}

// line hands over copies only, as bytes on a line would be.
type line struct{ end ioctl.Doer }

func (l line) Do(ctx context.Context, c ioctl.Call) (ioctl.Reply, error) {
	far := ioctl.Call{Number: c.Number, Arg: append([]byte(nil), c.Arg...), In: append([]byte(nil), c.In...)}
	r, err := l.end.Do(ctx, far)
	clear(far.In) // a server may reuse its buffers
	return r, err
}

// newFakeMount opens a Mount of a temporary directory that has the volume's
// names, and answers its ioctl(2) as a file system in userspace does: from
// the descriptors and the memory of the task that calls, which is this one.
func newFakeMount(t *testing.T, v *fakeVolume) ioctl.Target {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range v.names {
		in := v.inodes[n.ino]
		at, err := v.InoPath(t.Context(), ioctl.InoPath{Ino: n.ino, From: n.at})
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, at.Path)
		err = os.MkdirAll(filepath.Dir(name), 0o700)
		if err != nil {
			t.Fatal(err)
		}
		if in.dir {
			err = os.MkdirAll(name, 0o700)
		} else {
			err = os.WriteFile(name, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })

	file := func(ctx context.Context, fd uint64) (*fakeFile, error) {
		name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil {
			return nil, err
		}
		path, err := filepath.Rel(dir, name)
		if err != nil {
			return nil, err
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return nil, err
		}
		f, err := v.OpenPath(ctx, path, flags&unix.O_ACCMODE)
		if err != nil {
			return nil, err
		}
		return f.(*fakeFile), nil
	}
	return ioctl.NewMountOver(root, func(fd uintptr, n ioctl.Number, argument uintptr) (int, syscall.Errno) {
		ctx := context.Background()
		f, err := file(ctx, uint64(fd))
		if err != nil {
			return -1, ioctl.Errno(err)
		}
		server := ioctl.Server{Volume: v, File: f, From: func(ctx context.Context, fd uint64) (ioctl.File, error) { return file(ctx, fd) }}
		ret, err := server.Serve(ctx, &task{memory: memory, file: f, can: []ioctl.Capability{ioctl.SysAdmin, ioctl.DACReadSearch}}, n, uint64(argument))
		if err != nil {
			return -1, ioctl.Errno(err)
		}
		return ret, 0
	})
}
