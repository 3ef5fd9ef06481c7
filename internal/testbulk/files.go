// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"path"

	"scoutfs/engine/format"
)

// File is a file of a volume as it is after all changes, for whoever makes
// the same files with another file system. Its memory is used again.
type File struct {
	Dir  string // slash-separated, without the root; "" is the root
	Name string
	Mode uint32 // type and permissions
	Size uint64 // bytes
	// Blocks are the runs of 4 KiB blocks that take space.
	Blocks []format.Extent
	Xattrs []Xattr
	Target string // of a symbolic link
}

// Xattr is an extended attribute.
type Xattr struct{ Name, Value string }

// EachFile calls do for every file of a volume with links that is no
// directory, directory by directory, until it fails. Directories without files
// are left out, and so are further names of a file.
func EachFile(o Options, do func(f *File) error) error {
	m := newModel(o)
	var f File
	var extents []extent
	var list []xattr
	for d := range m.dirs() {
		f.Dir = m.dirPath(d)
		for n := m.first[d]; n < m.first[d+1]; n++ {
			if m.orphan(n) {
				continue
			}
			f.Name = string(m.appendName(nil, n))
			f.Mode, f.Size, f.Target = m.kind(n)|filePerm, 0, ""
			f.Blocks, f.Xattrs = f.Blocks[:0], f.Xattrs[:0]
			switch m.kind(n) {
			case format.ModeRegular:
				extents, f.Size = m.layout(extents[:0], n, false)
				for i := range extents {
					if extents[i].mapped() {
						f.Blocks = append(f.Blocks, extents[i].file)
					}
				}
			case format.ModeSymlink:
				f.Target = string(m.appendTarget(nil, n))
			}
			list, _ = m.xattrs(list[:0], n, false)
			for i := range list {
				f.Xattrs = append(f.Xattrs, Xattr{string(list[i].appendName(nil, n)), string(list[i].appendValue(nil, n))})
			}
			if err := do(&f); err != nil {
				return err
			}
		}
	}
	return nil
}

// dirPath is the way to a directory.
func (m *model) dirPath(d uint64) string {
	way := ""
	for ; d > 0; d = parentOf(d) {
		way = path.Join(string(appendDirName(nil, d)), way)
	}
	return way
}
