// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// TestCopiesFromReaders writes from readers to where a file has nothing yet,
// and to where it has.
func TestCopiesFromReaders(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		before        int // bytes in the file
		off           uint64
		length        int
		want          []span
		failing, none bool // the reader fails; nothing is written then
	}{
		{name: "nothing", want: nil},
		{name: "a byte", length: 1, want: []span{{0, 1, 0}}},
		{name: "more than is read at a time", length: 9<<20 + 5, want: []span{{0, 9<<8 + 1, 0}}},
		{name: "behind a hole", off: 5 * blockSize, length: 2 * blockSize, want: []span{{5, 2, 0}}},
		{name: "from within a block", off: 1, length: blockSize, want: []span{{0, 2, 0}}},
		{name: "over data", before: 3 * blockSize, off: blockSize, length: 5 << 20, want: []span{{0, 5<<8 + 1, 0}}},
		{name: "behind data", before: 3 * blockSize, off: 3 * blockSize, length: 10, want: []span{{0, 3, 0}, {3, 1, 0}}},
		{name: "failing", length: 9 << 20, failing: true, none: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			h := fs.ReadWrite(v.create(1, "f", 0o644))
			want := pattern(test.before)
			if test.before > 0 {
				n, err := v.WriteFrom(v.ctx, h, 0, uint64(test.before), bytes.NewReader(want))
				v.must(err)
				if n != uint64(test.before) {
					t.Errorf("wrote %d bytes", n)
				}
			}
			data := bytes.Repeat([]byte("0123456789"), test.length/10+1)[:test.length]
			from := io.Reader(bytes.NewReader(data))
			if test.failing {
				from = io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(syscall.EIO))
			}
			n, err := v.WriteFrom(v.ctx, h, test.off, uint64(test.length), from)
			if test.failing {
				is(t, err, syscall.EIO)
			} else {
				is(t, err, 0)
				want = append(want, make([]byte, max(0, int(test.off)+test.length-len(want)))...)
				copy(want[test.off:], data)
			}
			if wrote := uint64(test.length); n != wrote && !test.none || test.none && n != 0 {
				t.Errorf("wrote %d bytes", n)
			}
			got := make([]byte, len(want)+1)
			m, _ := v.ReadAt(v.ctx, h.Ino, got, 0)
			if !bytes.Equal(got[:m], want) {
				t.Errorf("reads %d bytes, of which byte %d is another", m, firstDifference(got[:m], want))
			}
			v.must(v.Truncate(v.ctx, rootCaller(), h.Ino, uint64(len(want)))) // without what was preallocated
			joined := func(list []span) (total uint64) {
				for _, s := range list {
					total += s.length
				}
				return total
			}
			if got := v.spans(h.Ino); joined(got) != joined(test.want) || len(got) > len(test.want) {
				t.Errorf("extents are %v, want %v", got, test.want)
			}
			v.check()
		})
	}
}

// TestRefusedCopies shows what WriteFrom refuses beside Write.
func TestRefusedCopies(t *testing.T) {
	t.Parallel()
	from := bytes.NewReader(make([]byte, 10))
	write := func(h func(*dataTree) fs.Handle, off, length uint64) func(*dataTree) error {
		return func(t *dataTree) error {
			_, err := t.WriteFrom(t.ctx, h(t), off, length, from)
			return err
		}
	}
	file := func(t *dataTree) fs.Handle { return fs.ReadWrite(t.file) }
	refusals(t, []refusal{
		{"nothing", 0, write(file, 0, 0)},
		{"not open for writing", syscall.EBADF, write(func(t *dataTree) fs.Handle { return readOnly(t.file) }, 0, 1)},
		{"open to append", syscall.EINVAL, write(func(t *dataTree) fs.Handle { return fs.Handle{Ino: t.file, Flags: syscall.O_RDWR | syscall.O_APPEND} }, 0, 1)},
		{"too large", syscall.EFBIG, write(file, 1<<63-1, 1)},
		{"under retention", syscall.EPERM, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.retained) }, 0, 1)},
		{"offline", syscall.ENODATA, write(func(t *dataTree) fs.Handle { return fs.ReadWrite(t.half) }, 0, 1)},
	})
}

// TestWrongChecksumLeavesFileOffline lets the verification of staged data fail
// after other operations have committed, and then opens the volume again.
func TestWrongChecksumLeavesFileOffline(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	h := fs.ReadWrite(v.create(1, "f", 0o644))
	const size = 9 << 20
	v.must(v.SetattrMore(v.ctx, rootCaller(), h, fs.AttrX{DataVersion: 1, Size: size, Flags: fs.AttrXSizeOffline}))
	v.sync()
	all := fs.ByteRange{Length: size}
	err := v.StageFrom(v.ctx, h, 1, all, bytes.NewReader(make([]byte, size)), func() error {
		v.create(1, "other", 0o644)
		v.sync()
		return errWrongSum
	})
	if !errors.Is(err, errWrongSum) {
		t.Errorf("error is %v", err)
	}
	v.reopen()
	if got, want := v.spans(h.Ino), []span{{0, size / blockSize, 1}}; !slices.Equal(got, want) {
		t.Errorf("extents are %v, want %v", got, want)
	}
	v.must(v.StageFrom(v.ctx, h, 1, all, bytes.NewReader(pattern(size)), func() error { return nil }))
	got := make([]byte, size)
	if n, _ := v.ReadAt(v.ctx, h.Ino, got, 0); n != size || !bytes.Equal(got, pattern(size)) {
		t.Errorf("reads %d bytes, of which byte %d is another", n, firstDifference(got, pattern(size)))
	}
	v.check()
}

// TestFullDataDevice writes until there is no room, in every way, and makes
// room again.
func TestFullDataDevice(t *testing.T) {
	t.Parallel()
	const room = 16 << 20
	ways := map[string]func(v *writing, h fs.Handle) error{
		"write": func(v *writing, h fs.Handle) error {
			n, err := v.Write(v.ctx, h, make([]byte, room), 0)
			if in := v.inode(h.Ino); uint64(n) != in.Size || n < room/2 {
				v.tb.Errorf("wrote %d bytes, and the size is %d", n, in.Size)
			}
			return err
		},
		"small writes": func(v *writing, h fs.Handle) error {
			for off := uint64(0); ; off += 3000 {
				if _, err := v.Write(v.ctx, h, make([]byte, 3000), off); err != nil {
					return err
				}
			}
		},
		"copy": func(v *writing, h fs.Handle) error {
			_, err := v.WriteFrom(v.ctx, h, 0, room, bytes.NewReader(make([]byte, room)))
			return err
		},
		"preallocation": func(v *writing, h fs.Handle) error { return v.Fallocate(v.ctx, h, 0, 0, room) },
		"stage": func(v *writing, h fs.Handle) error {
			v.must(v.SetattrMore(v.ctx, rootCaller(), h, fs.AttrX{DataVersion: 1, Size: room, Flags: fs.AttrXSizeOffline}))
			_, err := v.Stage(v.ctx, h, 1, make([]byte, room), 0)
			return err
		},
		"stage from a reader": func(v *writing, h fs.Handle) error {
			v.must(v.SetattrMore(v.ctx, rootCaller(), h, fs.AttrX{DataVersion: 1, Size: room, Flags: fs.AttrXSizeOffline}))
			return v.StageFrom(v.ctx, h, 1, fs.ByteRange{Length: room}, bytes.NewReader(make([]byte, room)), nil)
		},
	}
	for name, fill := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{DataBlocks: room / blockSize}, fs.WriterOptions{})
			h := fs.ReadWrite(v.create(1, "f", 0o644))
			is(t, fill(v, h), syscall.ENOSPC)
			v.reopen()
			// Overwriting needs no room, and what is released can be used at once.
			in := v.inode(h.Ino)
			if in.OfflineBlocks == 0 && in.OnlineBlocks > 0 {
				_, err := v.Write(v.ctx, h, []byte("x"), 5)
				is(t, err, 0)
			}
			v.must(v.Release(v.ctx, h, fs.ByteRange{Length: room}, v.inode(h.Ino).DataVersion))
			other := fs.ReadWrite(v.create(1, "g", 0o644))
			_, err := v.Write(v.ctx, other, make([]byte, room/2), 0)
			is(t, err, 0)
			v.check()
		})
	}
}

// TestManyAtOnce lets goroutines change, read and delete files at once, each of
// them several and two of them the same.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	shared := fs.ReadWrite(v.create(1, "shared", 0o644))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 2))
			name := fmt.Sprint("own", i)
			for range 40 {
				in, err := v.Create(v.ctx, rootCaller(), 1, name, 0o644)
				if err != nil {
					t.Error(err)
					return
				}
				own := fs.ReadWrite(in.Ino)
				p := pattern(1 + rng.IntN(5*blockSize))
				_, err = v.Write(v.ctx, own, p, 0)
				is(t, err, 0)
				got := make([]byte, len(p))
				if _, err := v.ReadAt(v.ctx, own.Ino, got, 0); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, p) {
					t.Errorf("own file reads as byte %d is another: %v", firstDifference(got, p), err)
				}
				_, err = v.Write(v.ctx, shared, bytes.Repeat([]byte{byte(i + 1)}, 100), rng.Uint64N(20)*100)
				is(t, err, 0)
				block := make([]byte, 100)
				if n, _ := v.ReadAt(v.ctx, shared.Ino, block, rng.Uint64N(20)*100); n == 100 && len(bytes.TrimLeft(block, string(block[:1]))) > 0 {
					t.Errorf("shared file has bytes of two writes: %x", block)
				}
				if rng.IntN(10) == 0 {
					is(t, v.Sync(v.ctx), 0)
				}
				is(t, v.Unlink(v.ctx, rootCaller(), 1, name), 0)
			}
		})
	}
	all.Wait()
	v.check()
}
