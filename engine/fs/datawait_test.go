// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// TestOfflineDataIsWaitedFor stages what an operation waits for, which then
// does what it would have done.
func TestOfflineDataIsWaitedFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		op    fs.WaitOp
		block uint64 // that is waited for first
		do    func(v *writing, ino uint64) error
	}{
		{"read", fs.WaitRead, 1, func(v *writing, ino uint64) error {
			p := make([]byte, 10)
			if _, err := v.ReadAt(v.ctx, ino, p, 2*blockSize-5); err != nil {
				return err
			}
			if !bytes.Equal(p, pattern(dataSize)[2*blockSize-5:][:10]) {
				v.tb.Errorf("read %x", p)
			}
			return nil
		}},
		{"read to the end", fs.WaitRead, 3, func(v *writing, ino uint64) error {
			if _, err := v.ReadAt(v.ctx, ino, make([]byte, blockSize), 3*blockSize); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		}},
		{"write", fs.WaitWrite, 0, func(v *writing, ino uint64) error {
			_, err := v.Write(v.ctx, fs.ReadWrite(ino), []byte("x"), 2*blockSize)
			return err
		}},
		{"copy", fs.WaitWrite, 0, func(v *writing, ino uint64) error {
			_, err := v.WriteFrom(v.ctx, fs.ReadWrite(ino), 9*blockSize, 1, bytes.NewReader([]byte("x")))
			return err
		}},
		{"change of size", fs.WaitChangeSize, 0, func(v *writing, ino uint64) error {
			return v.Truncate(v.ctx, rootCaller(), ino, blockSize)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := &waiters{expected: make(chan wait), woken: make(chan uint64, 9)}
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{Waiter: w})
			h := fs.ReadWrite(v.create(1, "f", 0o644))
			_, err := v.Write(v.ctx, h, pattern(dataSize), 0)
			v.must(err)
			v.must(v.Release(v.ctx, h, fs.ByteRange{Length: 4 * blockSize}, dataVersion))

			done := make(chan error)
			go func() { done <- test.do(v, h.Ino) }()
			x := <-w.expected
			if x.ino != h.Ino || x.block != test.block || x.op != test.op {
				t.Errorf("block %d of inode %d is waited for, with operation %d", x.block, x.ino, x.op)
			}
			_, err = v.Stage(v.ctx, h, dataVersion, pattern(dataSize), 0)
			v.must(err)
			if ino := <-w.woken; ino != h.Ino {
				t.Errorf("waiters of inode %d are woken", ino)
			}
			x.answer <- nil
			is(t, <-done, 0)
			v.check()
		})
	}
}

// TestFailedWaitIsTheOperationsError lets a wait fail.
func TestFailedWaitIsTheOperationsError(t *testing.T) {
	t.Parallel()
	w := &waiters{expected: make(chan wait), woken: make(chan uint64, 9)}
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{Waiter: w})
	h := fs.ReadWrite(v.create(1, "f", 0o644))
	v.must(v.SetattrMore(v.ctx, rootCaller(), h, fs.AttrX{DataVersion: 1, Size: 1, Flags: fs.AttrXSizeOffline}))
	failed := errors.New("injected")
	go func() {
		for x := range w.expected {
			x.answer <- failed
		}
	}()
	if _, err := v.Write(v.ctx, h, []byte("x"), 0); !errors.Is(err, failed) {
		t.Errorf("write: error is %v", err)
	}
	if _, err := v.ReadAt(v.ctx, h.Ino, make([]byte, 1), 0); !errors.Is(err, failed) {
		t.Errorf("read: error is %v", err)
	}
	// What never waits is not kept from anything.
	v.must(v.Truncate(v.ctx, rootCaller(), h.Ino, 1))
	v.must(v.PunchOffline(v.ctx, rootCaller(), h, fs.ByteRange{Length: blockSize}, 1, 0))
	if ino := <-w.woken; ino != h.Ino {
		t.Errorf("waiters of inode %d are woken", ino)
	}
	close(w.expected)
	v.check()
}
