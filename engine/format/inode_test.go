// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"errors"
	"math"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
)

func TestViewInodeTakesBothLengths(t *testing.T) {
	t.Parallel()
	val := make([]byte, 200)
	val[0] = 5      // size
	val[160] = 0x2a // project id
	for _, test := range []struct {
		len  int
		proj uint64
		err  string
	}{
		{160, 0, ""},
		{168, 42, ""},
		{0, 0, "corrupt inode item: value length is 0, expected 160 or 168"},
		{159, 0, "corrupt inode item: value length is 159, expected 160 or 168"},
		{161, 0, "corrupt inode item: value length is 161, expected 160 or 168"},
		{167, 0, "corrupt inode item: value length is 167, expected 160 or 168"},
		{169, 0, "corrupt inode item: value length is 169, expected 160 or 168"},
	} {
		in, proj, err := format.ViewInode(val[:test.len])
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%d bytes: error %v, want %s", test.len, err, test.err)
			}
			continue
		}
		if err != nil || in.Size.Get() != 5 || proj != test.proj {
			t.Errorf("%d bytes: project %d, %v", test.len, proj, err)
		}
	}
	if format.InodeSize(1) != 160 || format.InodeSize(2) != 168 {
		t.Errorf("inodes have %d and %d bytes", format.InodeSize(1), format.InodeSize(2))
	}
}

func TestTimespec(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{
		time.Unix(0, 0),
		time.Unix(1700000000, 999999999),
		time.Unix(-1, 1),
		time.Unix(1<<40, 5),
	} {
		ts := format.Timespec{Pad: [4]byte{1}}
		ts.Set(want)
		if got := ts.Time(); !got.Equal(want) {
			t.Errorf("stored %v, read %v", want, got)
		}
		if ts.Pad != [4]byte{} {
			t.Error("the pad is not zero")
		}
	}
	var ts format.Timespec
	ts.Sec.Set(math.MaxUint64) // one second before the epoch
	if got := ts.Time(); !got.Equal(time.Unix(-1, 0)) {
		t.Errorf("2^64-1 seconds are %v", got)
	}
}

func TestRdev(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		major, minor uint32
		rdev         uint32
	}{
		{0, 0, 0},
		{1, 3, 0x00100003}, // /dev/null
		{8, 17, 0x00800011},
		{259, 70000, 0x10311170},
		{4095, 1048575, 0xffffffff},
		{0, 256, 256},
	} {
		rdev, ok := format.MakeRdev(test.major, test.minor)
		if !ok || rdev != test.rdev {
			t.Errorf("%d:%d is stored as %#x, %t, want %#x", test.major, test.minor, rdev, ok, test.rdev)
		}
		if major, minor := format.SplitRdev(test.rdev); major != test.major || minor != test.minor {
			t.Errorf("%#x is %d:%d, want %d:%d", test.rdev, major, minor, test.major, test.minor)
		}
		dev := unix.Mkdev(test.major, test.minor)
		if got := format.LinuxDev(test.rdev); uint64(got) != dev {
			t.Errorf("%d:%d is dev_t %#x, want %#x", test.major, test.minor, got, dev)
		}
		if got, ok := format.RdevOfLinux(dev); !ok || got != test.rdev {
			t.Errorf("dev_t %#x is stored as %#x, %t, want %#x", dev, got, ok, test.rdev)
		}
	}
	for _, too := range [][2]uint32{{4096, 0}, {0, 1048576}, {math.MaxUint32, math.MaxUint32}} {
		if rdev, ok := format.MakeRdev(too[0], too[1]); ok {
			t.Errorf("%d:%d is stored as %#x", too[0], too[1], rdev)
		}
		if rdev, ok := format.RdevOfLinux(unix.Mkdev(too[0], too[1])); ok {
			t.Errorf("dev_t of %d:%d is stored as %#x", too[0], too[1], rdev)
		}
	}
}

func TestDirentTypes(t *testing.T) {
	t.Parallel()
	for typ, want := range []struct {
		mode  uint32
		linux uint8
	}{
		format.DirentFIFO:        {syscall.S_IFIFO, syscall.DT_FIFO},
		format.DirentCharDevice:  {syscall.S_IFCHR, syscall.DT_CHR},
		format.DirentDirectory:   {syscall.S_IFDIR, syscall.DT_DIR},
		format.DirentBlockDevice: {syscall.S_IFBLK, syscall.DT_BLK},
		format.DirentRegular:     {syscall.S_IFREG, syscall.DT_REG},
		format.DirentSymlink:     {syscall.S_IFLNK, syscall.DT_LNK},
		format.DirentSocket:      {syscall.S_IFSOCK, syscall.DT_SOCK},
		format.DirentWhiteout:    {0, syscall.DT_WHT},
		format.DirentTypes:       {0, syscall.DT_UNKNOWN},
		255:                      {0, syscall.DT_UNKNOWN},
	} {
		if want.linux == 0 && typ < format.DirentTypes {
			t.Fatalf("type %d is missing", typ)
		}
		if got := format.LinuxDirentType(uint8(typ)); got != want.linux {
			t.Errorf("type %d is d_type %d, want %d", typ, got, want.linux)
		}
		mode, ok := format.ModeOfDirentType(uint8(typ))
		if mode != want.mode || ok != (want.mode != 0) {
			t.Errorf("type %d has mode %#o, %t, want %#o", typ, mode, ok, want.mode)
		}
		if !ok {
			continue
		}
		if got, ok := format.DirentTypeOfMode(mode | 0o7777); !ok || int(got) != typ {
			t.Errorf("mode %#o is type %d, %t, want %d", mode, got, ok, typ)
		}
	}
	for _, mode := range []uint32{0, 0o777, 0o030000, 0o160000, 0o170000} {
		if typ, ok := format.DirentTypeOfMode(mode); ok {
			t.Errorf("mode %#o is type %d", mode, typ)
		}
	}
}

func TestViewDirent(t *testing.T) {
	t.Parallel()
	val := make([]byte, 300)
	val[0], val[8], val[16], val[24] = 1, 2, 3, 4
	copy(val[32:], "name")
	d, name, err := format.ViewDirent(val[:36], format.SourceDirentNameLen)
	if err != nil || string(name) != "name" {
		t.Fatalf("name %q, %v", name, err)
	}
	if d.Ino.Get() != 1 || d.Hash.Get() != 2 || d.Pos.Get() != 3 || d.Type != format.DirentRegular {
		t.Errorf("dirent is %x", format.Bytes(d))
	}
	for n, ok := range map[int]bool{0: false, 31: false, 32: false, 33: true, 32 + 255: true, 32 + 256: false} {
		_, name, err := format.ViewDirent(val[:n], format.SourceDirentReaddirNameLen)
		if (err == nil) != ok || ok && len(name) != n-32 {
			t.Errorf("%d bytes: name of %d, %v", n, len(name), err)
		}
		if corrupt := (*format.CorruptError)(nil); !ok && (!errors.As(err, &corrupt) || corrupt.Source != "SC_DIRENT_READDIR_NAME_LEN") {
			t.Errorf("%d bytes: error %v does not name its source", n, err)
		}
	}
}
