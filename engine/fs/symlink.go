// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// Readlink returns the target of a symbolic link, without the NUL that ends
// it on the device: EINVAL for other inodes.
func (f *FS) Readlink(ctx context.Context, in Inode) ([]byte, error) {
	if !in.IsSymlink() {
		return nil, fmt.Errorf("inode %d is no symbolic link: %w", in.Ino, syscall.EINVAL)
	}
	first := format.SymlinkKey(in.Ino, 0)
	if err := format.CheckSymlinkSize(in.Size); err != nil {
		return nil, atItem(first, err)
	}
	parts := format.SymlinkParts(in.Size)
	c := f.snapshot.Cursor(format.Range{Start: first, End: format.SymlinkKey(in.Ino, uint64(parts-1))})
	content := make([]byte, 0, in.Size)
	for nr := range parts {
		want := format.SymlinkKey(in.Ino, uint64(nr))
		if !c.Next(ctx) && c.Err() != nil {
			return nil, c.Err()
		}
		it := c.Item()
		if it.Key != want {
			return nil, corruptItem(want, "item", "missing", fmt.Sprintf("part %d of %d of the target", nr+1, parts),
				format.SourceSymlinkMissingItem)
		}
		if size := format.SymlinkPartSize(in.Size, nr); len(it.Value) != size {
			return nil, corruptItem(want, "value length", fmt.Sprint(len(it.Value)), fmt.Sprint(size), "")
		}
		content = append(content, it.Value...)
	}
	target, err := format.SymlinkTarget(content)
	if err != nil {
		return nil, atItem(first, err)
	}
	return target, nil
}
