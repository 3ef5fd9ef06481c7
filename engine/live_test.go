// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testvolume"
)

// torn is a device on which one byte is never twice the same, as of a block
// that is being overwritten.
type torn struct {
	device.Device
	off atomic.Int64 // of the byte, 0 for none
}

func (d *torn) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.Device.ReadAt(p, off)
	if at := d.off.Load(); at != 0 && off <= at && at < off+int64(len(p)) {
		p[at-off] ^= 0xff
	}
	return n, err
}

// TestBlocksBeingOverwritten reads a file while its block has a wrong crc. If
// there is a newer commit, the block is an old one that is used again, and the
// file is where the newer super says; if there is none, it is damaged.
func TestBlocksBeingOverwritten(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		live     bool
		newer    bool
		attempts int
		size     uint64
		want     error // nil if the file is read
	}{
		{name: "live, with a newer commit", live: true, newer: true, attempts: 2, size: 11},
		{name: "live, without", live: true, attempts: 1, want: syscall.EIO},
		{name: "not live, with a newer commit", newer: true, attempts: 1, want: engine.ErrWritten},
		{name: "not live, without", attempts: 1, want: syscall.EIO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := testvolume.New(t)
			b.File(5, 10)
			pair := b.Devices(t)
			meta := &torn{Device: pair.Meta}
			pair.Meta = meta
			const noCache = 1
			v, err := engine.OpenDevices(t.Context(), pair, engine.Options{Live: test.live, CacheBytes: noCache})
			if err != nil {
				t.Fatal(err)
			}
			attempts, size := 0, uint64(0)
			err = v.Read(t.Context(), func(f *fs.FS) error {
				if attempts++; attempts == 1 {
					root := f.Super().FSRoot.Ref.Ref()
					meta.off.Store(int64(root.Blkno)<<format.LargeBlockShift + format.LargeBlockSize/2)
					if test.newer {
						commit(t, b)
					}
				}
				in, err := f.Inode(t.Context(), 5)
				size = in.Size
				return err
			})
			if !errors.Is(err, test.want) || attempts != test.attempts {
				t.Errorf("error is %v after %d attempts, want %v after %d", err, attempts, test.want, test.attempts)
			}
			if err == nil && size != test.size {
				t.Errorf("size is %d, want %d", size, test.size)
			}
		})
	}
}

// commit writes a state of the volume in which the file is larger to other
// blocks, and then the super.
func commit(t *testing.T, b *testvolume.Builder) {
	t.Helper()
	next := testvolume.New(t)
	next.Blocks, next.Data = b.Blocks, b.Data
	next.File(5, 11)
	next.Super.Hdr.Seq.Set(b.Super.Hdr.Seq.Get() + 1)
	next.Super.Seq.Set(b.Super.Seq.Get() + 1)
	next.Devices(t)
}
