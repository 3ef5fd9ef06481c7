// SPDX-License-Identifier: GPL-2.0-or-later

package testtree

import (
	"testing"
	"time"

	"scoutfs/engine/format"
)

// Owners and a project in Sample that no machine has names for.
const (
	SampleUID     = 3_000_000_001
	SampleGID     = 3_000_000_002
	SampleProject = 7
)

// Sample returns a volume with a file of every kind, in every state and with
// every sort of name, for tests of what is shown of them:
//
//	/small, /dir/deep/hard      one file with two names, a project, attributes
//	/offline, /partial          files with data in the archive
//	/sparse                     a file with holes
//	/symlink, /dangling         symbolic links
//	/fifo, /socket, /char, /block
//	/.hidden, /"\x1b[31mred\n", /"\xff\xfe"
//	/dir                        a directory of SampleUID and SampleGID
//	/dir/deep/file              their file, older than all others
func Sample(tb testing.TB) *Volume {
	v := New(tb, 2)
	root := uint64(format.RootIno)
	dir := v.Dir(root, "dir")
	deep := v.Dir(dir, "deep")
	file := v.File(deep, "file", Text("deep content\n"))
	small := v.File(root, "small", Text("small content\n"))
	v.Link(deep, "hard", small)
	v.File(root, "sparse", Hole(2), Text("in the middle"), Hole(1))
	offline := v.File(root, "offline", Offline(3))
	v.File(root, "partial", Data(make([]byte, format.SmallBlockSize)), Offline(2))
	v.Symlink(root, "symlink", "dir/deep")
	v.Symlink(root, "dangling", "nowhere")
	v.Add(root, "fifo", format.ModeFIFO|0o620)
	v.Add(root, "socket", format.ModeSocket|0o777)
	v.Device(root, "char", format.ModeCharDevice|0o666, 1, 3)
	v.Device(root, "block", format.ModeBlockDevice|0o660, 8, 17)
	v.File(root, ".hidden")
	v.File(root, "\x1b[31mred\n", Text("red"))
	v.File(root, "\xff\xfe")

	for _, ino := range []uint64{dir, file} {
		v.Inode(ino).UID.Set(SampleUID)
		v.Inode(ino).GID.Set(SampleGID)
	}
	v.Inode(dir).Mode.Set(format.ModeDirectory | 0o2775)
	v.Inode(file).Mode.Set(format.ModeRegular | 0o4755)
	v.Inode(file).Mtime.Set(Created().Add(-100 * 24 * time.Hour))
	v.Inode(small).Proj.Set(SampleProject)
	v.Xattr(small, "user.comment", "of the small file")
	v.Xattr(small, "scoutfs.indx.size.1.14", "")
	v.Xattr(offline, "scoutfs.hide.archive", "tape 5")
	return v
}
