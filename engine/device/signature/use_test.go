// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device/signature"
)

// A fakeHost is procfs and sysfs as the kernel would show them for made-up devices.
type fakeHost struct {
	t       *testing.T
	dir     string
	mounts  []string
	swaps   []string
	devices map[string]uint64 // by path in /dev
	others  map[string]unix.Stat_t
}

func newFakeHost(t *testing.T) *fakeHost {
	h := &fakeHost{t: t, dir: t.TempDir(), devices: map[string]uint64{}, others: map[string]unix.Stat_t{}}
	for _, dir := range []string{"proc/self", "sys/block", "sys/dev/block", "sys/fs"} {
		h.mkdir(dir)
	}
	return h
}

func (h *fakeHost) path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

func (h *fakeHost) mkdir(dir string) {
	h.t.Helper()
	if err := os.MkdirAll(h.path(dir), 0o755); err != nil {
		h.t.Fatal(err)
	}
}

func (h *fakeHost) write(name, content string) {
	h.t.Helper()
	h.mkdir(filepath.Dir(name))
	if err := os.WriteFile(h.path(name), []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *fakeHost) link(target, name string) {
	h.t.Helper()
	h.mkdir(filepath.Dir(name))
	if err := os.Symlink(h.path(target), h.path(name)); err != nil {
		h.t.Fatal(err)
	}
}

// device makes a block device whose folder is below sys/devices, "sda" or "sda/sda1" for a partition.
func (h *fakeHost) device(dir string, major, minor uint32) string {
	h.t.Helper()
	name := filepath.Base(dir)
	folder := "sys/devices/" + dir
	number := fmt.Sprintf("%d:%d", major, minor)
	h.write(folder+"/dev", number+"\n")
	h.mkdir(folder + "/holders")
	h.link(folder, "sys/dev/block/"+number)
	if name != dir {
		h.write(folder+"/partition", "1\n")
	} else {
		h.link(folder, "sys/block/"+name)
	}
	path := "/dev/" + strings.ReplaceAll(name, "!", "/")
	h.devices[path] = unix.Mkdev(major, minor)
	return path
}

func (h *fakeHost) hold(dir, holder string) {
	h.t.Helper()
	h.link("sys/devices/"+holder, "sys/devices/"+dir+"/holders/"+filepath.Base(holder))
}

func (h *fakeHost) mount(number, point, fsType, source, options string) {
	h.mounts = append(h.mounts, fmt.Sprintf("%d 1 %s / %s rw,relatime shared:1 - %s %s %s\n", 100+len(h.mounts), number, point, fsType, source, options))
}

func (h *fakeHost) inUse(path string) (*signature.Use, error) {
	h.t.Helper()
	h.write("proc/self/mountinfo", strings.Join(h.mounts, ""))
	h.write("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"+strings.Join(h.swaps, ""))
	return signature.InUse(path, signature.WithProc(h.path("proc")), signature.WithSys(h.path("sys")),
		signature.WithStat(func(path string, st *unix.Stat_t) error {
			if strings.HasPrefix(path, "/net/") {
				h.t.Errorf("stat of %s, which may never return", path)
			}
			if other, ok := h.others[path]; ok {
				*st = other
				return nil
			}
			if !strings.HasPrefix(path, "/dev/") {
				return unix.Stat(path, st)
			}
			rdev, ok := h.devices[path]
			if !ok {
				return unix.ENOENT
			}
			*st = unix.Stat_t{Mode: unix.S_IFBLK | 0o660, Rdev: rdev, Dev: 5, Ino: rdev}
			return nil
		}))
}

// TestInUse sets up a host and asks about /dev/sda, or another path that the set-up returns.
func TestInUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		setUp func(h *fakeHost) string
		want  string // "" if it is free; FILE is the file that the set-up returned
	}{
		{"free", func(h *fakeHost) string {
			h.device("sdb", 8, 16)
			h.device("sdb/sdb1", 8, 17)
			h.mount("8:17", "/", "ext4", "/dev/sdb1", "rw")
			h.swaps = append(h.swaps, "/dev/sdb partition 1 0 -2\n")
			return ""
		}, ""},
		{"partitioned but free", func(h *fakeHost) string {
			h.device("sda/sda1", 8, 1)
			return ""
		}, ""},
		{"mounted", func(h *fakeHost) string {
			h.mount("8:0", `/mnt/my\040disk`, "xfs", "/dev/root", "rw")
			return ""
		}, "mounted on /mnt/my disk"},
		{"mounted by a file system that hides its devices", func(h *fakeHost) string {
			h.mount("0:45", "/pool", "btrfs", "/dev/sda", "rw")
			return ""
		}, "mounted on /pool"},
		{"mounts that name other files", func(h *fakeHost) string {
			h.others["/dev/sda-as-characters"] = unix.Stat_t{Mode: unix.S_IFCHR, Rdev: unix.Mkdev(8, 0)}
			h.mount("0:45", "/a", "fuse", "/dev/sda-as-characters", "rw")
			h.mount("0:46", "/b", "nfs", "/net/server", "rw,logdev=/net/server,rtdev=sda,gone=/dev/absent")
			h.device("sdb", 8, 16)
			h.link("sys/devices/sdb", "sys/fs/bcachefs/63c5214e/dev-0/block")
			h.link("sys/devices/sdb", "sys/fs/btrfs/63c5214e-29db-4f8b-8f9d-880331086ee7/devices/sdb")
			return ""
		}, ""},
		{"another device of a mounted btrfs", func(h *fakeHost) string {
			h.link("sys/devices/sda", "sys/fs/btrfs/63c5214e-29db-4f8b-8f9d-880331086ee7/devices/sda")
			return ""
		}, "part of the mounted btrfs 63c5214e-29db-4f8b-8f9d-880331086ee7"},
		{"a device of a mounted bcachefs", func(h *fakeHost) string {
			h.link("sys/devices/sda", "sys/fs/bcachefs/63c5214e/dev-0/block")
			return ""
		}, "part of the mounted bcachefs 63c5214e"},
		{"the metadata device of a mount", func(h *fakeHost) string {
			h.devices["/dev/disk/by-id/meta"] = h.devices["/dev/sda"]
			h.mount("8:16", "/archive", "scoutfs", "/dev/sdb", "rw,metadev_path=/dev/disk/by-id/meta,quorum_slot_nr=0")
			return ""
		}, "metadev_path of the scoutfs mounted on /archive"},
		{"swapped on", func(h *fakeHost) string {
			h.swaps = append(h.swaps, "/dev/sda                                partition\t1048572\t\t0\t\t-2\n")
			return ""
		}, "used as swap"},
		{"held", func(h *fakeHost) string {
			h.device("md0", 9, 0)
			h.hold("sda", "md0")
			return ""
		}, "holder md0"},
		{"held by something mounted", func(h *fakeHost) string {
			h.device("dm-0", 253, 0)
			h.write("sys/devices/dm-0/dm/name", "vg-unused\n")
			h.device("dm-3", 253, 3)
			h.write("sys/devices/dm-3/dm/name", "vg-home\n")
			h.hold("sda", "dm-0")
			h.hold("sda", "dm-3")
			h.mount("253:3", "/home", "ext4", "/dev/mapper/vg-home", "rw")
			return ""
		}, "holder dm-3 (vg-home) is mounted on /home"},
		{"two layers up", func(h *fakeHost) string {
			h.device("sda/sda2", 8, 2)
			h.device("md127", 9, 127)
			h.device("dm-0", 253, 0)
			h.hold("sda/sda2", "md127")
			h.hold("md127", "dm-0")
			h.swaps = append(h.swaps, "/dev/dm-0 partition 1 0 -2\n")
			return ""
		}, "partition sda2, holder md127, holder dm-0 is used as swap"},
		{"a holder's partition mounted", func(h *fakeHost) string {
			h.device("md0", 9, 0)
			h.device("md0/md0p1", 259, 0)
			h.hold("sda", "md0")
			h.mount("259:0", "/boot", "vfat", "/dev/md0p1", "rw")
			return ""
		}, "holder md0, partition md0p1 is mounted on /boot"},
		{"a partition mounted", func(h *fakeHost) string {
			h.device("sda/sda1", 8, 1)
			h.mount("8:1", "/mnt", "ext4", "/dev/sda1", "rw")
			return ""
		}, "partition sda1 is mounted on /mnt"},
		{"a partition mounted is told rather than one held", func(h *fakeHost) string {
			h.device("sda/sda1", 8, 1)
			h.device("sda/sda2", 8, 2)
			h.device("dm-0", 253, 0)
			h.hold("sda/sda1", "dm-0")
			h.mount("8:2", "/mnt", "ext4", "/dev/sda2", "rw")
			return ""
		}, "partition sda2 is mounted on /mnt"},
		{"a partition of a disk that is mounted whole", func(h *fakeHost) string {
			h.mount("8:0", "/media", "iso9660", "/dev/sda", "ro")
			return h.device("sda/sda1", 8, 1)
		}, "disk sda is mounted on /media"},
		{"a partition of a disk that is held whole", func(h *fakeHost) string {
			h.device("dm-0", 253, 0)
			h.hold("sda", "dm-0")
			return h.device("sda/sda1", 8, 1)
		}, "disk sda, holder dm-0"},
		{"a partition beside one that is mounted", func(h *fakeHost) string {
			h.device("sda/sda1", 8, 1)
			h.mount("8:1", "/mnt", "ext4", "/dev/sda1", "rw")
			return h.device("sda/sda2", 8, 2)
		}, ""},
		{"a name with a slash", func(h *fakeHost) string {
			h.device("cciss!c0d0", 104, 0)
			h.device("cciss!c0d0/cciss!c0d0p1", 104, 1)
			h.mount("104:1", "/mnt", "ext4", "/dev/cciss/c0d0p1", "rw")
			return "/dev/cciss/c0d0"
		}, "partition cciss/c0d0p1 is mounted on /mnt"},
		{"holders in a circle", func(h *fakeHost) string {
			h.device("dm-0", 253, 0)
			h.device("dm-1", 253, 1)
			h.hold("sda", "dm-0")
			h.hold("dm-0", "dm-1")
			h.hold("dm-1", "dm-0")
			return ""
		}, "holder dm-0, holder dm-1, holder dm-0"},
		{"a block device behind a loop device", func(h *fakeHost) string {
			h.device("loop0", 7, 0)
			h.write("sys/devices/loop0/loop/backing_file", "/dev/sda\n")
			h.mount("7:0", "/mnt", "ext4", "/dev/loop0", "rw")
			return ""
		}, "loop0 backed by /dev/sda is mounted on /mnt"},
		{"other devices behind loop devices", func(h *fakeHost) string {
			h.device("sdb", 8, 16)
			h.others["/dev/sda-as-characters"] = unix.Stat_t{Mode: unix.S_IFCHR, Rdev: unix.Mkdev(8, 0)}
			for i, backing := range []string{"/dev/sdb", "/dev/sda-as-characters", "/dev/absent"} {
				h.device(fmt.Sprint("loop", i), 7, uint32(i))
				h.write(fmt.Sprintf("sys/devices/loop%d/loop/backing_file", i), backing+"\n")
			}
			return ""
		}, ""},
		{"a free file", func(h *fakeHost) string {
			h.device("loop0", 7, 0)
			h.write("other", "")
			h.write("sys/devices/loop0/loop/backing_file", h.path("other")+"\n")
			h.swaps = append(h.swaps, h.path("other")+" file 1 0 -2\n", "/dev/absent file 1 0 -2\n")
			h.write("img", "")
			return h.path("img")
		}, ""},
		{"a file behind a mounted loop device", func(h *fakeHost) string {
			h.device("loop5", 7, 5)
			h.write("img", "")
			h.write("sys/devices/loop5/loop/backing_file", h.path("img")+"\n")
			h.mount("7:5", "/mnt", "ext4", "/dev/loop5", "rw")
			return h.path("img")
		}, "loop5 backed by FILE is mounted on /mnt"},
		{"a file behind a loop device with partitions", func(h *fakeHost) string {
			h.device("loop5", 7, 5)
			h.device("loop5/loop5p2", 259, 2)
			h.write("img", "")
			h.write("sys/devices/loop5/loop/backing_file", h.path("img")+"\n")
			h.mount("259:2", "/mnt", "ext4", "/dev/loop5p2", "rw")
			return h.path("img")
		}, "loop5 backed by FILE, partition loop5p2 is mounted on /mnt"},
		{"a file behind an idle loop device", func(h *fakeHost) string {
			h.device("loop5", 7, 5)
			h.write("img", "")
			h.write("sys/devices/loop5/loop/backing_file", h.path("img")+"\n")
			return h.path("img")
		}, "loop5 backed by FILE"},
		{"a file by another name", func(h *fakeHost) string {
			h.device("loop5", 7, 5)
			h.write("img", "")
			h.link("img", "alias")
			h.write("sys/devices/loop5/loop/backing_file", h.path("img")+"\n")
			return h.path("alias")
		}, "loop5 backed by TARGET"},
		{"a loop device whose file was deleted", func(h *fakeHost) string {
			h.device("loop5", 7, 5)
			h.write("img", "")
			h.write("sys/devices/loop5/loop/backing_file", h.path("img")+" (deleted)\n")
			return h.path("img")
		}, ""},
		{"a file of the same number on another file system", func(h *fakeHost) string {
			h.device("loop5", 7, 5)
			h.write("img", "")
			h.write("sys/devices/loop5/loop/backing_file", "/elsewhere/img\n")
			var st unix.Stat_t
			if err := unix.Stat(h.path("img"), &st); err != nil {
				h.t.Fatal(err)
			}
			st.Dev++
			h.others["/elsewhere/img"] = st
			return h.path("img")
		}, ""},
		{"a swap file", func(h *fakeHost) string {
			h.write("swap file", "")
			h.swaps = append(h.swaps, strings.ReplaceAll(h.path("swap file"), " ", `\040`)+"  file\t1\t0\t-2\n")
			return h.path("swap file")
		}, "used as swap"},
		{"a file that a user space file system has mounted", func(h *fakeHost) string {
			h.write("img", "")
			h.mount("0:50", "/mnt", "fuse.ext4", h.path("img"), "rw")
			return h.path("img")
		}, "mounted on /mnt"},
		{"mounted elsewhere", func(h *fakeHost) string {
			h.write("proc/1/mountinfo", "300 1 8:0 / /outside rw - ext4 /dev/sda rw\n")
			return ""
		}, "mounted on /outside for process 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newFakeHost(t)
			path := h.device("sda", 8, 0)
			if other := c.setUp(h); other != "" {
				path = other
			}
			use, err := h.inUse(path)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if use != nil {
				got = use.String()
			}
			want := strings.NewReplacer("FILE", path, "TARGET", h.path("img")).Replace(c.want)
			if got != want || (use != nil) != (c.want != "") {
				t.Errorf("used: %q, want %q", got, want)
			}
		})
	}
}

func TestInUseErrors(t *testing.T) {
	t.Parallel()
	h := newFakeHost(t)
	sda := h.device("sda", 8, 0)
	h.devices["/dev/unknown"] = unix.Mkdev(200, 0)
	file, empty := h.path("sys/devices/sda/dev"), t.TempDir()
	for _, c := range []struct {
		name string
		ask  func() (*signature.Use, error)
		want error
	}{
		{"nothing there", func() (*signature.Use, error) { return h.inUse(h.path("absent")) }, fs.ErrNotExist},
		{"a folder", func() (*signature.Use, error) { return h.inUse(h.dir) }, unix.ENOTBLK},
		{"a character device", func() (*signature.Use, error) { return signature.InUse("/dev/null") }, unix.ENOTBLK},
		{"a device that sysfs does not have", func() (*signature.Use, error) { return h.inUse("/dev/unknown") }, fs.ErrNotExist},
		{"no procfs", func() (*signature.Use, error) {
			return signature.InUse(file, signature.WithProc(empty), signature.WithSys(h.path("sys")))
		}, fs.ErrNotExist},
		{"no sysfs", func() (*signature.Use, error) {
			return signature.InUse(file, signature.WithProc(h.path("proc")), signature.WithSys(empty))
		}, fs.ErrNotExist},
	} {
		if use, err := c.ask(); !errors.Is(err, c.want) || use != nil {
			t.Errorf("%s: %v, error %v, want %v", c.name, use, err, c.want)
		}
	}
	h.mounts = append(h.mounts, "not a mount\n")
	if use, err := h.inUse(sda); err == nil || !strings.Contains(err.Error(), sda) {
		t.Errorf("a table of mounts that cannot be read: %v, error %v", use, err)
	}
}

// TestRootIsInUse asks the real kernel.
func TestRootIsInUse(t *testing.T) {
	t.Parallel()
	var st unix.Stat_t
	if err := unix.Stat("/", &st); err != nil {
		t.Fatal(err)
	}
	event, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/uevent", unix.Major(st.Dev), unix.Minor(st.Dev)))
	if err != nil {
		t.Skip("the root file system is not on a block device")
	}
	for line := range strings.Lines(string(event)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVNAME=")
		if !ok {
			continue
		}
		if _, err := os.Stat("/dev/" + name); err != nil {
			t.Skip("its device has no file here")
		}
		use, err := signature.InUse("/dev/" + name)
		if err != nil || use == nil || !strings.HasPrefix(use.State, "mounted on /") {
			t.Errorf("/dev/%s: %v, error %v", name, use, err)
		}
		return
	}
	t.Skip("its device has no name")
}
