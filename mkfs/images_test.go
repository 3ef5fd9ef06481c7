// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
	"scoutfs/mkfs"
)

// A volume of upstream's mkfs is made again from what its supers and its root
// inode say; then all bytes of both devices must be equal.
func TestUpstreamVolumesAreReproduced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		get  func(testing.TB, string) testimage.Image
	}{
		{"empty-v1", testimage.Get},
		{"empty-v2", testimage.Get},
		{"mkfs-v1-128m", testimage.Sample},
		{"mkfs-v2-128m-3slots", testimage.Sample},
		{"mkfs-v2-zones", testimage.Sample},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			img := test.get(t, test.name)
			meta := openImage(t, img.Meta)
			super := readSuper(t, meta)
			opts := optionsOf(t, meta, super)
			dataSize := int64(super.TotalDataBlocks.Get() << format.SmallBlockShift)
			if img.Data != "" {
				dataSize = openImage(t, img.Data).Size()
			}

			pair := device.NewPairRecorder(memoryPair(meta.Size(), dataSize))
			makeVolume(t, pair.Pair(), opts)
			compareDevices(t, img.Meta, pair.Meta)
			if img.Data != "" {
				compareDevices(t, img.Data, pair.Data)
			}
			if test.name != "mkfs-v2-zones" { // has a port that upstream's mkfs takes and its kernel module does not
				testcheck.Clean(t, pair.Pair())
			}
		})
	}
}

func openImage(t *testing.T, path string) device.Device {
	t.Helper()
	dev, err := device.Open(path, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

func optionsOf(t *testing.T, meta device.Device, super *format.Super) mkfs.Options {
	t.Helper()
	root, err := format.ViewBtreeBlock(readBlock(t, meta, super.FSRoot.Ref.Blkno.Get(), format.LargeBlockSize))
	if err != nil {
		t.Fatal(err)
	}
	val, ok := root.Value(root.Item(1))
	if !ok {
		t.Fatal("root inode has no value")
	}
	inode, _, err := format.ViewInode(val)
	if err != nil {
		t.Fatal(err)
	}
	return mkfs.Options{
		Identity: mkfs.Identity{
			FSID:    super.Hdr.FSID.Get(),
			UUID:    super.UUID,
			Created: inode.Crtime.Time(),
		},
		FormatVersion:       super.FmtVers.Get(),
		Slots:               super.Qconf.Addrs(),
		MaxMetaSize:         super.TotalMetaBlocks.Get() << format.LargeBlockShift,
		MaxDataSize:         super.TotalDataBlocks.Get() << format.SmallBlockShift,
		DataAllocZoneBlocks: super.Volopt.DataAllocZoneBlocks.Get(),
		AllowSmall:          true,
	}
}

// compareDevices compares all places where either side has bytes. What
// upstream leaves undefined in the super's configured quorum slots counts as
// zeros, and so does the super's crc, which covers it.
func compareDevices(t *testing.T, path string, made *device.Recorder) {
	t.Helper()
	original := openImage(t, path)
	compare := func(off, length int64) {
		for end := off + length; off < end; off += format.SmallBlockSize {
			want := make([]byte, min(format.SmallBlockSize, end-off))
			got := make([]byte, len(want))
			if _, err := original.ReadAt(want, off); err != nil {
				t.Fatal(err)
			}
			if _, err := made.ReadAt(got, off); err != nil {
				t.Fatal(err)
			}
			if off == format.SuperBlkno<<format.SmallBlockShift {
				clearUndefined(t, want)
				clearUndefined(t, got)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: 4 KiB block %d differs", path, off>>format.SmallBlockShift)
			}
		}
	}
	for _, op := range made.Ops() {
		compare(op.Off, op.Len)
	}
	compared := int64(0)
	for off, length := range dataRanges(t, path) {
		off &^= format.SmallBlockSize - 1 // the file system's blocks may be smaller
		compare(off, length)
		compared += length
	}
	if compared == 0 {
		t.Errorf("%s: the image holds no bytes", path)
	}
}

func clearUndefined(t *testing.T, block []byte) {
	t.Helper()
	super, err := format.View[format.Super](block)
	if err != nil {
		t.Fatal(err)
	}
	super.Hdr.CRC.Set(0)
	for i := range super.Qconf.Slots {
		if super.Qconf.Configured(i) {
			super.Qconf.Slots[i].Spare = [24]byte{}
		}
	}
}

// dataRanges maps the offsets of a sparse file's allocated parts to their
// lengths.
func dataRanges(t *testing.T, path string) map[int64]int64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ranges := map[int64]int64{}
	for off := int64(0); ; {
		start, err := file.Seek(off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return ranges
		}
		if err != nil {
			t.Fatal(err)
		}
		if off, err = file.Seek(start, unix.SEEK_HOLE); err != nil {
			t.Fatal(err)
		}
		ranges[start] = off - start
	}
}
