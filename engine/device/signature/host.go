// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

const usedAsSwap = "used as swap"

// A host is what the kernel tells about its block devices (Linux Documentation/ABI/stable/sysfs-block and
// Documentation/filesystems/proc.rst).
type host struct {
	proc, sys string
	stat      func(path string, st *unix.Stat_t) error

	mounts []mount
	swaps  []string // paths
	loops  []loop
}

// A mount is one that this process or process 1 sees.
type mount struct {
	*mountinfo.Info
	place string // "mounted on /mnt"
}

// A block is a block device as sysfs has it.
type block struct {
	dir    string // its folder, without symbolic links
	name   string // "sda1"
	number string // "8:1"
}

// A loop is a loop device that is set up.
type loop struct {
	block   block
	backing string // path of the file
}

// load reads the tables that all questions need.
func (h *host) load() error {
	return errors.Join(h.loadMounts(), h.loadSwaps(), h.loadLoops())
}

// loadMounts reads the mounts of this process and those of process 1, which are others where this one has a mount
// namespace of its own. Not being allowed to see the latter is usual.
func (h *host) loadMounts() error {
	seen := map[int]bool{}
	for _, process := range []string{"self", "1"} {
		b, err := os.ReadFile(filepath.Join(h.proc, process, "mountinfo"))
		if err != nil && process == "self" {
			return err
		}
		infos, err := mountinfo.GetMountsFromReader(bytes.NewReader(b), nil)
		if err != nil {
			return fmt.Errorf("mounts of process %s: %w", process, err)
		}
		for _, info := range infos {
			if seen[info.ID] {
				continue
			}
			seen[info.ID] = true
			m := mount{Info: info, place: "mounted on " + info.Mountpoint}
			if process != "self" {
				m.place += " for process " + process
			}
			h.mounts = append(h.mounts, m)
		}
	}
	return nil
}

// loadSwaps reads the swap areas' paths, in which blanks are written as octal numbers. A kernel may be without swap.
func (h *host) loadSwaps() error {
	b, err := os.ReadFile(filepath.Join(h.proc, "swaps"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		if path, _, _ := strings.Cut(line, " "); filepath.IsAbs(path) {
			h.swaps = append(h.swaps, strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path))
		}
	}
	return nil
}

func (h *host) loadLoops() error {
	disks := filepath.Join(h.sys, "block")
	entries, err := os.ReadDir(disks)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		dir := filepath.Join(disks, entry.Name())
		backing, err := os.ReadFile(filepath.Join(dir, "loop/backing_file"))
		if err != nil {
			continue // Not a loop device, or one without a file.
		}
		b, err := openBlock(dir)
		if err != nil {
			return err
		}
		h.loops = append(h.loops, loop{block: b, backing: strings.TrimSuffix(string(backing), "\n")})
	}
	return nil
}

// openBlock finds the device whose folder in sysfs, or a link to that, is dir.
func openBlock(dir string) (block, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return block{}, err
	}
	number, err := os.ReadFile(filepath.Join(dir, "dev"))
	if err != nil {
		return block{}, err
	}
	// Sysfs writes ! for the slash in names such as cciss/c0d0.
	name := strings.ReplaceAll(filepath.Base(dir), "!", "/")
	return block{dir: dir, name: name, number: strings.TrimSpace(string(number))}, nil
}

func (h *host) blockNumbered(number string) (block, error) {
	return openBlock(filepath.Join(h.sys, "dev/block", number))
}

// partitions lists the partitions of a disk that the kernel knows.
func (h *host) partitions(b block) ([]block, error) {
	return openAll(b.dir, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "partition"))
		return err == nil
	})
}

// holders lists the devices that are made out of this one.
func (h *host) holders(b block) ([]block, error) {
	return openAll(filepath.Join(b.dir, "holders"), func(string) bool { return true })
}

// openAll opens the devices whose folders, or links to them, are in parent and are wanted.
func openAll(parent string, wanted func(dir string) bool) ([]block, error) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil, err
	}
	var blocks []block
	for _, entry := range entries {
		dir := filepath.Join(parent, entry.Name())
		if !wanted(dir) {
			continue
		}
		b, err := openBlock(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Gone in the meantime.
		}
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// diskOf returns the disk that b is a partition of.
func (h *host) diskOf(b block) (block, bool, error) {
	if _, err := os.Stat(filepath.Join(b.dir, "partition")); errors.Is(err, fs.ErrNotExist) {
		return block{}, false, nil
	} else if err != nil {
		return block{}, false, err
	}
	disk, err := openBlock(filepath.Dir(b.dir))
	return disk, err == nil, err
}

// described is the device's name, with the one that people gave it if it is made by the device mapper.
func (b block) described() string {
	name, err := os.ReadFile(filepath.Join(b.dir, "dm/name"))
	if err != nil {
		return b.name
	}
	return b.name + " (" + strings.TrimSpace(string(name)) + ")"
}

// state says what the device itself is used for, "" if for nothing.
func (h *host) state(b block) (string, error) {
	for _, m := range h.mounts {
		if strconv.Itoa(m.Major)+":"+strconv.Itoa(m.Minor) == b.number || h.names(m.Source, b) {
			return m.place, nil
		}
		for option := range strings.SplitSeq(m.VFSOptions, ",") {
			if key, value, _ := strings.Cut(option, "="); h.names(value, b) {
				return fmt.Sprintf("%s of the %s %s", key, m.FSType, m.place), nil
			}
		}
	}
	for _, swap := range h.swaps {
		if h.names(swap, b) {
			return usedAsSwap, nil
		}
	}
	return h.pool(b)
}

// pool says which mounted file system of several devices the device belongs to. A mount tells one of them at most.
func (h *host) pool(b block) (string, error) {
	kernelName := filepath.Base(b.dir)
	members, err := filepath.Glob(filepath.Join(h.sys, "fs/btrfs/*/devices/*"))
	if err != nil {
		return "", err
	}
	for _, member := range members {
		if filepath.Base(member) == kernelName {
			return "part of the mounted btrfs " + filepath.Base(filepath.Dir(filepath.Dir(member))), nil
		}
	}
	members, err = filepath.Glob(filepath.Join(h.sys, "fs/bcachefs/*/dev-*/block"))
	if err != nil {
		return "", err
	}
	for _, member := range members {
		if dir, err := filepath.EvalSymlinks(member); err == nil && dir == b.dir {
			return "part of the mounted bcachefs " + filepath.Base(filepath.Dir(filepath.Dir(member))), nil
		}
	}
	return "", nil
}

// names says whether path is a device file of the block device. Paths elsewhere are not looked at: they may be on a
// file system that does not answer.
func (h *host) names(path string, b block) bool {
	var st unix.Stat_t
	return strings.HasPrefix(path, "/dev/") && h.stat(path, &st) == nil &&
		st.Mode&unix.S_IFMT == unix.S_IFBLK && deviceNumber(st.Rdev) == b.number
}

func deviceNumber(rdev uint64) string {
	return fmt.Sprintf("%d:%d", unix.Major(rdev), unix.Minor(rdev))
}

func sameFile(a, b *unix.Stat_t) bool {
	return a.Dev == b.Dev && a.Ino == b.Ino
}
