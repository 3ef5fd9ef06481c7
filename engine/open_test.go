// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testvolume"
)

// superOffset is where both devices have their super.
const superOffset = format.SuperBlkno << format.SmallBlockShift

// save writes a device to a file in a folder.
func save(tb testing.TB, dir, name string, dev device.Device) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	file, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			tb.Error(err)
		}
	}()
	zeros := make([]byte, format.LargeBlockSize)
	block := make([]byte, format.LargeBlockSize)
	for off := int64(0); off < dev.Size(); off += format.LargeBlockSize {
		if _, err := dev.ReadAt(block, off); err != nil {
			tb.Fatal(err)
		}
		if string(block) == string(zeros) {
			continue
		}
		if _, err := file.WriteAt(block, off); err != nil {
			tb.Fatal(err)
		}
	}
	if err := file.Truncate(dev.Size()); err != nil {
		tb.Fatal(err)
	}
	return path
}

// changeSuper changes a super and its checksum.
func changeSuper(tb testing.TB, dev device.Device, change func(*format.Super)) {
	tb.Helper()
	block := make([]byte, format.SmallBlockSize)
	if _, err := dev.ReadAt(block, superOffset); err != nil {
		tb.Fatal(err)
	}
	super, err := format.View[format.Super](block)
	if err != nil {
		tb.Fatal(err)
	}
	change(super)
	format.Seal(block)
	if _, err := dev.WriteAt(block, superOffset); err != nil {
		tb.Fatal(err)
	}
}

// flip inverts a byte of a device.
func flip(tb testing.TB, dev device.Device, off int64) {
	tb.Helper()
	var b [1]byte
	if _, err := dev.ReadAt(b[:], off); err != nil {
		tb.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := dev.WriteAt(b[:], off); err != nil {
		tb.Fatal(err)
	}
}

// cut is a device without its end.
func cut(tb testing.TB, dev device.Device, size int64) device.Device {
	tb.Helper()
	short := device.NewMemory(dev.Name(), size)
	block := make([]byte, min(size, 1<<20))
	if _, err := dev.ReadAt(block, 0); err != nil {
		tb.Fatal(err)
	}
	if _, err := short.WriteAt(block, 0); err != nil {
		tb.Fatal(err)
	}
	return short
}

// wants checks that an error matches an errno and that its text has all of
// some parts.
func wants(tb testing.TB, err error, number syscall.Errno, parts ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatal("no error")
	}
	is(tb, err, number)
	says(tb, err, parts...)
}

// says checks that an error's text has all of some parts.
func says(tb testing.TB, err error, parts ...string) {
	tb.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			tb.Errorf("the error %q does not say %q", err, part)
		}
	}
}

// TestWrongDevicesAreRefused wants to be told what was found, what was
// expected, and what to do about it.
func TestWrongDevicesAreRefused(t *testing.T) {
	t.Parallel()
	const otherFSID = 0x99
	tests := []struct {
		name   string
		change func(tb testing.TB, p *device.Pair)
		number syscall.Errno
		parts  []string
	}{
		{
			"no metadata device", func(_ testing.TB, p *device.Pair) { p.Meta = nil }, syscall.EINVAL,
			[]string{"no metadata device"},
		},
		{
			"exchanged devices", func(_ testing.TB, p *device.Pair) { p.Meta, p.Data = p.Data, p.Meta }, syscall.EINVAL,
			[]string{"data is the data device", "expected its metadata device", "exchanged?"},
		},
		{
			"the data device for the metadata device", func(_ testing.TB, p *device.Pair) { p.Meta, p.Data = p.Data, nil }, syscall.EINVAL,
			[]string{"data is the data device", "expected its metadata device"},
		},
		{
			"two metadata devices", func(tb testing.TB, p *device.Pair) {
				other := testvolume.New(tb)
				p.Data = other.Devices(tb).Meta
			}, syscall.EINVAL,
			[]string{"meta is the metadata device", "expected its data device"},
		},
		{
			"another volume", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Data, func(s *format.Super) { s.Hdr.FSID.Set(otherFSID) })
			}, syscall.EINVAL,
			[]string{"data is of the volume with fsid 0000000000000099", "expected fsid 1122334455667788 as on meta", "name the two devices"},
		},
		{
			"a volume made anew", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Data, func(s *format.Super) { s.UUID[0] ^= 1 })
			}, syscall.EINVAL,
			[]string{"data is of the volume with uuid 60207465-", "expected uuid 61207465-", "as on meta", "name the two devices"},
		},
		{
			"half a change of versions", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Data, func(s *format.Super) { s.FmtVers.Set(1) })
			}, syscall.EINVAL,
			[]string{"data has format version 1", "expected 2 as on meta", "change-format-version"},
		},
		{
			"a metadata device that was cut off", func(tb testing.TB, p *device.Pair) {
				p.Meta = cut(tb, p.Meta, 4095<<format.LargeBlockShift)
			}, syscall.EINVAL,
			[]string{"meta has 4095 blocks of 64 KiB", "expected at least the 4096", "cut off?"},
		},
		{
			"a data device that was cut off", func(tb testing.TB, p *device.Pair) {
				p.Data = cut(tb, p.Data, 4096<<format.SmallBlockShift-1)
			}, syscall.EINVAL,
			[]string{"data has 4095 blocks of 4 KiB", "expected at least the 4096", "cut off?"},
		},
		{
			"a metadata device without room for a super", func(tb testing.TB, p *device.Pair) { p.Meta = cut(tb, p.Meta, superOffset+4095) }, syscall.EINVAL,
			[]string{"meta has 69631 bytes", "expected 69632 at least", "is it the metadata device"},
		},
		{
			"an empty data device", func(tb testing.TB, p *device.Pair) { p.Data = cut(tb, p.Data, 0) }, syscall.EINVAL,
			[]string{"data has 0 bytes", "is it the data device"},
		},
		{
			"something else", func(_ testing.TB, p *device.Pair) { p.Meta = device.NewMemory("disk", 1<<30) }, syscall.EIO,
			[]string{"metadata device disk", "super block", "blkno 16", "is it the metadata device of a scoutfs volume?"},
		},
		{
			"something else for data", func(_ testing.TB, p *device.Pair) { p.Data = device.NewMemory("disk", 1<<30) }, syscall.EIO,
			[]string{"data device disk", "super block", "blkno 16", "is it the data device of a scoutfs volume?"},
		},
		{
			"a damaged super of metadata", func(tb testing.TB, p *device.Pair) { flip(tb, p.Meta, superOffset+1000) }, syscall.EIO,
			[]string{"metadata device meta", "super block", "blkno 16", "crc is", "expected", "scoutfs print"},
		},
		{
			"a damaged super of data", func(tb testing.TB, p *device.Pair) { flip(tb, p.Data, superOffset+1000) }, syscall.EIO,
			[]string{"data device data", "super block", "blkno 16", "crc is", "expected", "metadata can be read without it"},
		},
		{
			"a super of another place", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Meta, func(s *format.Super) { s.Hdr.Blkno.Set(17) })
			}, syscall.EIO,
			[]string{"metadata device meta", "blkno", "17", "expected 16"},
		},
		{
			"a version to come", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Meta, func(s *format.Super) { s.FmtVers.Set(3) })
			}, syscall.EIO,
			[]string{"metadata device meta", "fmt_vers is 3", "expected 1 to 2"},
		},
		{
			"logs that are nowhere", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Meta, func(s *format.Super) { s.LogsRoot.Set(format.Root{Ref: format.Ref{Blkno: 1 << 40}, Height: 1}) })
			}, syscall.EIO,
			[]string{"metadata device meta", "logs_root", "blkno is 1099511627776", "less than 4096"},
		},
		{
			"logs that are something else", func(tb testing.TB, p *device.Pair) {
				changeSuper(tb, p.Meta, func(s *format.Super) { s.LogsRoot.Set(format.Root{Ref: format.Ref{Blkno: 100, Seq: 1}, Height: 1}) })
			}, syscall.EIO,
			[]string{"metadata device meta", "logs_root", "blkno 100", "crc is"},
		},
		{
			"metadata that cannot be read", func(_ testing.TB, p *device.Pair) { p.Meta = device.NewFaulty(p.Meta, device.Fault{Op: device.OpRead}) }, syscall.EIO,
			[]string{"metadata device meta", "4096 bytes at offset 65536"},
		},
		{
			"data that cannot be read", func(_ testing.TB, p *device.Pair) { p.Data = device.NewFaulty(p.Data, device.Fault{Op: device.OpRead}) }, syscall.EIO,
			[]string{"data device data", "4096 bytes at offset 65536"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			pair := testvolume.New(t).Devices(t)
			test.change(t, &pair)
			_, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
			wants(t, err, test.number, test.parts...)
			if test.number == syscall.EIO && !errors.As(err, new(*format.CorruptError)) && !errors.As(err, new(*device.Error)) {
				t.Errorf("%v is neither damage nor of a device", err)
			}
		})
	}
}

func TestDevicesAreFoundByPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair := testvolume.New(t).Devices(t)
	meta, data := save(t, dir, "meta.img", pair.Meta), save(t, dir, "data.img", pair.Data)
	link := filepath.Join(dir, "link.img")
	if err := os.Link(meta, link); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	tests := []struct {
		name       string
		meta, data string
		number     syscall.Errno
		parts      []string
	}{
		{"both", meta, data, 0, nil},
		{"metadata alone", meta, "", 0, nil},
		{"no metadata", "", data, syscall.EINVAL, []string{"no metadata device was named"}},
		{"no path", "", "", syscall.EINVAL, []string{"no metadata device was named"}},
		{"missing metadata", missing, data, syscall.ENOENT, []string{missing}},
		{"missing data", meta, missing, syscall.ENOENT, []string{missing}},
		{"a folder", dir, "", syscall.EINVAL, []string{dir, "isn't regular or device file"}},
		{"a character device", "/dev/null", "", syscall.EINVAL, []string{"/dev/null", "isn't regular or device file"}},
		{"one device twice", meta, meta, syscall.EINVAL, []string{meta, "same device"}},
		{"one device by two names", meta, link, syscall.EINVAL, []string{meta, link, "same device"}},
	}
	for _, test := range tests {
		for _, live := range []bool{false, true} {
			v, err := engine.Open(t.Context(), test.meta, test.data, engine.Options{Live: live})
			if test.number != 0 {
				wants(t, err, test.number, test.parts...)
				if path, ok := errors.AsType[*fs.PathError](err); test.number == syscall.ENOENT && (!ok || path.Path != missing) {
					t.Errorf("%s: %v does not hold the path", test.name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			closeVolume(t, v)
		}
	}
	// Nothing that failed, or was closed, is held.
	writer, err := device.OpenPair(meta, data, device.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
}

// TestVolumesAreClaimed shares them with readers, and keeps writers out; live
// ones are not claimed.
func TestVolumesAreClaimed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair := testvolume.New(t).Devices(t)
	meta, data := save(t, dir, "meta.img", pair.Meta), save(t, dir, "data.img", pair.Data)
	first, err := engine.Open(t.Context(), meta, data, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := engine.Open(t.Context(), meta, data, engine.Options{})
	if err != nil {
		t.Fatalf("a second reader: %v", err)
	}
	if _, err := device.Open(meta, device.Options{Write: true}); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("a writer beside readers: %v", err)
	}
	closeVolume(t, first)
	closeVolume(t, second)

	writer, err := device.Open(meta, device.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Open(t.Context(), meta, data, engine.Options{})
	wants(t, err, syscall.EBUSY, meta, "in use by")
	live, err := engine.Open(t.Context(), meta, data, engine.Options{Live: true})
	if err != nil {
		t.Fatalf("a live reader beside a writer: %v", err)
	}
	closeVolume(t, live)
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
}

func TestUseOfAVolume(t *testing.T) {
	t.Parallel()
	quorum := func(tb testing.TB, b *testvolume.Builder, slot int, begin, end uint64) {
		tb.Helper()
		block := make([]byte, format.SmallBlockSize)
		q, err := format.View[format.QuorumBlock](block)
		if err != nil {
			tb.Fatal(err)
		}
		q.Events[format.QuorumEventBegin].WriteNr.Set(begin)
		q.Events[format.QuorumEventEnd].WriteNr.Set(end)
		blkno := uint64(format.QuorumBlkno + slot)
		testblock.Seal(block, format.Ref{Blkno: blkno, Seq: 1}, format.MagicQuorum)
		if _, err := b.Blocks.Dev.WriteAt(block, int64(blkno)<<format.SmallBlockShift); err != nil {
			tb.Fatal(err)
		}
	}
	b := testvolume.New(t)
	for _, slot := range []int{0, 3, 5} {
		b.Super.Qconf.Slots[slot].SetIPv4(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(1000+slot)))
	}
	quorum(t, b, 0, 5, 6) // ended
	quorum(t, b, 3, 7, 6) // runs
	quorum(t, b, 5, 0, 0) // never began
	quorum(t, b, 4, 9, 1) // not configured
	v := open(t, b.Devices(t), engine.Options{})
	use, err := v.Use()
	if err != nil || use.MountedClients || len(use.Slots) != 1 || use.Slots[0] != 3 || !use.InUse() {
		t.Errorf("use is %+v, error %v", use, err)
	}
	flip(t, b.Blocks.Dev, (format.QuorumBlkno+5)<<format.SmallBlockShift+100)
	_, err = v.Use()
	wants(t, err, syscall.EIO, "quorum slot 5", "crc")

	v = open(t, indexed(t, 100).Devices(t), engine.Options{})
	if use, err := v.Use(); err != nil || !use.MountedClients || !use.InUse() {
		t.Errorf("use is %+v, error %v", use, err)
	}
	v = open(t, testvolume.New(t).Devices(t), engine.Options{})
	if use, err := v.Use(); err != nil || use.InUse() {
		t.Errorf("use is %+v, error %v", use, err)
	}
}
