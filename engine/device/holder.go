// SPDX-License-Identifier: GPL-2.0-or-later

package device

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// unknownHolder is said when nobody can be named.
const unknownHolder = "another process"

// holderOf finds out who uses the device at path, to complete the sentence
// "PATH is in use by ...". It is only for the message: it looks at what this
// process may see, at one moment, and gives up on any difficulty.
func holderOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return unknownHolder
	}
	if number, ok := blockNumber(info); ok {
		if mount, ok := mountOf(number); ok {
			return "a mount on " + mount
		}
		if above, ok := deviceAbove(number); ok {
			return "device " + above
		}
	}
	if pid, ok := lockHolder(path); ok {
		if pid == os.Getpid() {
			return "this process"
		}
		return fmt.Sprintf("%s (%s)", unknownHolder, describeProcess(pid))
	}
	return unknownHolder
}

// mountOf returns a mount point of a file system on the block device: either the
// mount's own device, or one that its options name, as file systems with a
// second device do.
func mountOf(number uint64) (string, bool) {
	mounts, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		uses := unix.Mkdev(uint32(m.Major), uint32(m.Minor)) == number || optionNames(m.VFSOptions, number)
		return !uses, uses
	})
	if err != nil || len(mounts) == 0 {
		return "", false
	}
	return mounts[0].Mountpoint, true
}

func optionNames(options string, number uint64) bool {
	for option := range strings.SplitSeq(options, ",") {
		_, value, _ := strings.Cut(option, "=")
		if !strings.HasPrefix(value, "/dev/") {
			continue
		}
		if info, err := os.Stat(value); err == nil {
			if other, ok := blockNumber(info); ok && other == number {
				return true
			}
		}
	}
	return false
}

// deviceAbove returns a device that is built on the block device, such as a
// device mapper target or an array.
func deviceAbove(number uint64) (string, bool) {
	holders, err := os.ReadDir(fmt.Sprintf("/sys/dev/block/%d:%d/holders", unix.Major(number), unix.Minor(number)))
	if err != nil || len(holders) == 0 {
		return "", false
	}
	return "/dev/" + holders[0].Name(), true
}

// lockHolder returns a process that has the file open and locked. Links in /proc
// are compared by name, for following one into a dead network mount could hang.
func lockHolder(path string) (int, bool) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, false
	}
	if target, err = filepath.Abs(target); err != nil {
		return 0, false
	}
	descriptors, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, false
	}
	for _, descriptor := range descriptors {
		link, err := os.Readlink(descriptor)
		if err != nil || link != target {
			continue
		}
		process := filepath.Dir(filepath.Dir(descriptor))
		info, err := os.ReadFile(filepath.Join(process, "fdinfo", filepath.Base(descriptor)))
		if err != nil || !bytes.Contains(info, []byte("\nlock:")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(process)); err == nil {
			return pid, true
		}
	}
	return 0, false
}

func describeProcess(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return fmt.Sprintf("pid %d", pid)
	}
	return fmt.Sprintf("pid %d, %s", pid, strings.TrimSpace(string(name)))
}
