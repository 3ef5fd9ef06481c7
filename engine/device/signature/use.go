// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Use says what keeps a device from being overwritten.
type Use struct {
	// Through leads from the device to what is used, in words: "partition sda2", "holder dm-0 (root)", "loop5 backed by
	// /images/meta.img". It is empty if the device itself is used.
	Through []string
	// State is what the last of Through, or the device itself, is used for: "mounted on /mnt", "used as swap". It is empty
	// if it is not known to be used but holds the one before it all the same.
	State string
}

// String explains the use in one line: "mounted on /mnt", "holder dm-3", "partition sda2, holder dm-0 (root) is mounted on /".
func (u *Use) String() string {
	through := strings.Join(u.Through, ", ")
	if u.State == "" || through == "" {
		return through + u.State
	}
	return through + " is " + u.State
}

// An Option changes where InUse looks.
type Option func(*host)

// WithProc sets the folder where procfs is mounted, instead of /proc.
func WithProc(dir string) Option { return func(h *host) { h.proc = dir } }

// WithSys sets the folder where sysfs is mounted, instead of /sys.
func WithSys(dir string) Option { return func(h *host) { h.sys = dir } }

// InUse says what uses the block device or regular file at path, or nil if nothing is known to.
//
// A device is used when it is mounted, is the other device of a mount or a member of a mounted pool, is swapped on, has
// holders (device mapper, MD, bcache) or backs a loop device; when that is so of one of its partitions; and, for a partition,
// when it is so of the whole disk. A file is used when it backs a loop device or is swapped on. The explanation follows
// holders, loop devices and partitions up to a mount if there is one.
//
// It asks the kernel by way of procfs and sysfs and opens no device. So it sees mounts in its own mount namespace and, if it may
// look, in that of process 1. It does not see processes that have the device open, nor pools that the kernel tells nothing
// about, such as those of ZFS: whoever goes on to write still has to claim the device with O_EXCL, and takes InUse for the
// reason why that fails. The answer may be out of date when it arrives.
//
// The error tells why the question could not be answered: path does not exist or is something else (ENOTBLK), or procfs or
// sysfs are not there.
func InUse(path string, opts ...Option) (*Use, error) {
	h := &host{proc: "/proc", sys: "/sys", stat: unix.Stat}
	for _, opt := range opts {
		opt(h)
	}
	u, err := h.inUse(path)
	if err != nil {
		return nil, fmt.Errorf("find out what uses %s: %w", path, err)
	}
	return u, nil
}

func (h *host) inUse(path string) (*Use, error) {
	var st unix.Stat_t
	if err := h.stat(path, &st); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	kind := st.Mode & unix.S_IFMT
	if kind != unix.S_IFREG && kind != unix.S_IFBLK {
		return nil, unix.ENOTBLK
	}
	if err := h.load(); err != nil {
		return nil, err
	}
	if kind == unix.S_IFREG {
		return h.fileUse(path, &st)
	}
	b, err := h.blockNumbered(deviceNumber(st.Rdev))
	if err != nil {
		return nil, err
	}
	if u, err := h.diskUse(b, nil); u != nil || err != nil {
		return u, err
	}
	disk, ok, err := h.diskOf(b)
	if err != nil || !ok {
		return nil, err
	}
	u, err := h.blockUse(disk, nil)
	return u.through("disk " + disk.name), err
}

// fileUse looks for uses of a regular file.
func (h *host) fileUse(path string, st *unix.Stat_t) (*Use, error) {
	for _, swap := range h.swaps {
		var other unix.Stat_t
		if h.stat(swap, &other) == nil && sameFile(st, &other) {
			return &Use{State: usedAsSwap}, nil
		}
	}
	// File systems in user space name the file itself as what they have mounted.
	names := []string{path}
	if abs, err := filepath.Abs(path); err == nil {
		names = append(names, abs)
		if resolved, err := filepath.EvalSymlinks(abs); err == nil {
			names = append(names, resolved)
		}
	}
	for _, m := range h.mounts {
		if filepath.IsAbs(m.Source) && slices.Contains(names, m.Source) {
			return &Use{State: m.place}, nil
		}
	}
	return h.loopUse(func(other *unix.Stat_t) bool { return sameFile(st, other) }, nil)
}

// diskUse looks for uses of a block device and of its partitions. The devices in below are those that it lies on.
func (h *host) diskUse(b block, below []string) (*Use, error) {
	best, err := h.blockUse(b, below)
	if err != nil || best.used() {
		return best, err
	}
	partitions, err := h.partitions(b)
	if err != nil {
		return nil, err
	}
	for _, p := range partitions {
		u, err := h.blockUse(p, below)
		if err != nil {
			return nil, err
		}
		best = better(best, u.through("partition "+p.name))
	}
	return best, nil
}

// blockUse looks for uses of a block device itself and of what lies on it.
func (h *host) blockUse(b block, below []string) (*Use, error) {
	if slices.Contains(below, b.number) {
		return nil, nil // The kernel does not build circles, but what is read of it bit by bit may have one.
	}
	below = append(slices.Clone(below), b.number)
	state, err := h.state(b)
	if err != nil {
		return nil, err
	}
	if state != "" {
		return &Use{State: state}, nil
	}
	holders, err := h.holders(b)
	if err != nil {
		return nil, err
	}
	var best *Use
	for _, holder := range holders {
		u, err := h.diskUse(holder, below)
		if err != nil {
			return nil, err
		}
		best = better(best, u.orHeld().through("holder "+holder.described()))
	}
	u, err := h.loopUse(func(other *unix.Stat_t) bool {
		return other.Mode&unix.S_IFMT == unix.S_IFBLK && deviceNumber(other.Rdev) == b.number
	}, below)
	return better(best, u), err
}

// loopUse looks for uses of the loop devices whose backing file matches.
func (h *host) loopUse(matches func(*unix.Stat_t) bool, below []string) (*Use, error) {
	var best *Use
	for _, l := range h.loops {
		var st unix.Stat_t
		if h.stat(l.backing, &st) != nil || !matches(&st) {
			continue
		}
		u, err := h.diskUse(l.block, below)
		if err != nil {
			return nil, err
		}
		best = better(best, u.orHeld().through(l.block.name+" backed by "+l.backing))
	}
	return best, nil
}

// used says whether more is known than that the device is held.
func (u *Use) used() bool { return u != nil && u.State != "" }

// orHeld is the use of a device that is known to hold another.
func (u *Use) orHeld() *Use {
	if u == nil {
		return &Use{}
	}
	return u
}

// through puts a step before those that lead to the use.
func (u *Use) through(step string) *Use {
	if u == nil {
		return nil
	}
	return &Use{Through: append([]string{step}, u.Through...), State: u.State}
}

// better is the use that explains more, a if both do.
func better(a, b *Use) *Use {
	if a == nil || !a.used() && b.used() {
		return b
	}
	return a
}
