// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"fmt"
	"syscall"
)

// checkRetention returns EPERM for an inode under retention, whose data,
// size, attributes, entries and user xattrs may not change.
func checkRetention(in *Inode) error {
	if in.Retention() {
		return fmt.Errorf("inode %d is under retention: %w", in.Ino, syscall.EPERM)
	}
	return nil
}
