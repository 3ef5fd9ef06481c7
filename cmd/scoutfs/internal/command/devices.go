// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/engine/device"
	"scoutfs/engine/device/signature"
)

// openDevice claims a device that nobody uses, and opens it past the page
// cache, which may hold what another node or the kernel module has
// overwritten. What it is called in the message differs between upstream's
// commands: "meta dev", "meta device".
func openDevice(what, path string, writable bool) (device.Device, error) {
	// A failure to find out shows again in opening, or leaves it to the claim.
	if use, err := signature.InUse(path); err == nil && use != nil {
		return nil, cli.Failf(syscall.EBUSY, "failed to open %s '%s': %s\n%s is in use: %s",
			what, path, errno.Text(syscall.EBUSY), path, use)
	}
	dev, err := device.Open(path, device.Options{Write: writable, Direct: true})
	if err == nil {
		return dev, nil
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	return nil, openFailure(err, what, path)
}

// openFailure gives upstream's message to a device that could not be opened,
// and a line of our own about who is using it.
func openFailure(err error, what, path string) error {
	if busy, ok := errors.AsType[*device.BusyError](err); ok {
		return cli.Failf(err, "failed to open %s '%s': %s\n%s", what, path, errno.Text(err), busy)
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return cli.Failf(err, "failed to open %s '%s': %s", what, path, errno.Text(err))
	}
	return err // of a file that cannot be a device, in upstream's words already
}

// openBoth opens the two devices of a volume for writing.
func openBoth(what [2]string, paths []string) (device.Pair, error) {
	if err := refuseSame(paths[0], paths[1]); err != nil {
		return device.Pair{}, err
	}
	meta, err := openDevice(what[0], paths[0], true)
	if err != nil {
		return device.Pair{}, err
	}
	data, err := openDevice(what[1], paths[1], true)
	if err != nil {
		return device.Pair{}, errors.Join(err, meta.Close())
	}
	return device.Pair{Meta: meta, Data: data}, nil
}

// refuseSame refuses one device in both places, under whatever names.
func refuseSame(meta, data string) error {
	if meta == data || device.Same(meta, data) {
		return cli.Failf(syscall.EINVAL, "'%s' and '%s' are the same device", meta, data)
	}
	return nil
}

// existing words what was found on a device, one line each, as upstream's
// mkfs does.
func existing(path string, found []signature.Found) error {
	var lines []string
	for _, f := range found {
		switch {
		case f.Kind == signature.PartitionTable:
			lines = append(lines, fmt.Sprintf("%s: appears to contain a partition table (%s)", path, f.Type))
		case strings.HasPrefix(f.Type, "scoutfs"):
			lines = append(lines, path+": appears to contain an existing ScoutFS superblock")
		default:
			lines = append(lines, fmt.Sprintf("%s: appears to contain an existing %s superblock", path, f.Type))
		}
	}
	return cli.Failf(syscall.EEXIST, "%s", strings.Join(lines, "\n"))
}
