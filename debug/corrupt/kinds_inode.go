// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"math"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func linked(_ uint64, in *format.InodeV1) bool { return in.Nlink.Get() > 0 }

func inodeKinds() []Kind {
	const (
		inode = "inode"
		file  = "regular file"
		dir   = "directory"
	)
	return []Kind{
		{
			Name: "inode-mode", Problem: problem.InodeMode, Needs: inode,
			Does: "Gives an inode a type that does not exist.",
			apply: onInode(linked, func(_ *operation, in *format.InodeV1) {
				in.Mode.Set(in.Mode.Get() | format.ModeTypeMask)
			}),
		},
		{
			Name: "inode-flags", Problem: problem.InodeFlags, Needs: inode,
			Does:  "Sets a flag of an inode that does not exist.",
			apply: onInode(linked, func(op *operation, in *format.InodeV1) { in.Flags.Set(in.Flags.Get() | 4<<op.pick(30)) }),
		},
		{
			Name: "inode-flags-directory", Problem: problem.InodeFlags, Needs: dir,
			Does: "Marks a directory as a file whose truncation has to be finished.",
			apply: onInode(is(format.ModeDirectory), func(_ *operation, in *format.InodeV1) {
				in.Flags.Set(in.Flags.Get() | format.InodeFlagTruncate)
			}),
		},
		{
			Name: "inode-nlink-file", Problem: problem.InodeLinkCount, Needs: file,
			Does:  "Raises the link count of a file.",
			apply: onInode(is(format.ModeRegular), func(op *operation, in *format.InodeV1) { in.Nlink.Set(in.Nlink.Get() + uint32(op.some())) }),
		},
		{
			Name: "inode-nlink-directory", Problem: problem.InodeLinkCount, Needs: dir,
			Does:  "Raises the link count of a directory.",
			apply: onInode(is(format.ModeDirectory), func(op *operation, in *format.InodeV1) { in.Nlink.Set(in.Nlink.Get() + uint32(op.some())) }),
		},
		{
			Name: "inode-nlink-less", Problem: problem.InodeLinkCount, Needs: "inode with several links",
			Does: "Lowers the link count of an inode that has several links.",
			apply: onInode(func(_ uint64, in *format.InodeV1) bool {
				return in.Nlink.Get() > 2 || in.Nlink.Get() == 2 && typeOf(in) != format.ModeDirectory
			},
				func(_ *operation, in *format.InodeV1) { in.Nlink.Set(in.Nlink.Get() - 1) }),
		},
		{
			Name: "directory-size", Problem: problem.DirectorySize, Needs: dir,
			Does:  "Changes the size of a directory.",
			apply: onInode(is(format.ModeDirectory), func(op *operation, in *format.InodeV1) { in.Size.Set(in.Size.Get() + op.some()) }),
		},
		{
			Name: "inode-online", Problem: problem.OnlineBlocks, Needs: file,
			Does:  "Changes the count of online blocks of a file.",
			apply: onInode(is(format.ModeRegular), func(op *operation, in *format.InodeV1) { in.OnlineBlocks.Set(in.OnlineBlocks.Get() + op.some()) }),
		},
		{
			Name: "inode-offline", Problem: problem.OfflineBlocks, Needs: file,
			Does:  "Changes the count of offline blocks of a file.",
			apply: onInode(is(format.ModeRegular), func(op *operation, in *format.InodeV1) { in.OfflineBlocks.Set(in.OfflineBlocks.Get() + op.some()) }),
		},
		{
			Name: "inode-meta-seq", Problem: problem.InodeSeq, Needs: inode,
			Does:  "Gives an inode, and its entry in the index of changes, a sequence number beyond the volume's.",
			apply: seqAhead(format.TypeMetaSeq, linked, func(in *format.InodeV1) *format.U64 { return &in.MetaSeq }),
		},
		{
			Name: "inode-data-seq", Problem: problem.InodeSeq, Needs: file,
			Does:  "Gives a file, and its entry in the index of changes of data, a sequence number beyond the volume's.",
			apply: seqAhead(format.TypeDataSeq, is(format.ModeRegular), func(in *format.InodeV1) *format.U64 { return &in.DataSeq }),
		},
		{
			Name: "inode-readdir-pos", Problem: problem.NextReaddirPos, Needs: "directory with entries",
			Does: "Lowers the next position of a directory to one that is in use.",
			apply: func(op *operation) error {
				l, err := op.someLink(anyLink)
				if err != nil {
					return err
				}
				in, _, err := op.inode(l.dir)
				if err == nil {
					in.NextReaddirPos.Set(l.pos)
				}
				return err
			},
		},
		{
			Name: "inode-xattr-id", Problem: problem.NextXattrID, Needs: "extended attribute",
			Does: "Lowers the next id of an inode's attributes to one that is in use.",
			apply: func(op *operation) error {
				it, err := op.fsItem(format.KindXattr, anyItem)
				if err != nil {
					return err
				}
				in, _, err := op.inode(it.Key.First)
				if err == nil {
					in.NextXattrID.Set(it.Key.Third)
				}
				return err
			},
		},
		{
			Name: "inode-time", Problem: problem.InodeTime, Needs: inode,
			Does: "Gives a time of an inode more nanoseconds than a second has.",
			apply: onInode(linked, func(op *operation, in *format.InodeV1) {
				times := []*format.Timespec{&in.Atime, &in.Ctime, &in.Mtime, &in.Crtime}
				times[op.pick(len(times))].Nsec.Set(1e9 + uint32(op.some()))
			}),
		},
		{
			Name: "inode-rdev", Problem: problem.InodeRdev, Needs: file,
			Does:  "Gives a file a device number.",
			apply: onInode(is(format.ModeRegular), func(op *operation, in *format.InodeV1) { in.Rdev.Set(uint32(op.some())) }),
		},
		{
			Name: "inode-size", Problem: problem.InodeSize, Needs: file,
			Does:  "Gives a file a size that none can have.",
			apply: onInode(is(format.ModeRegular), func(op *operation, in *format.InodeV1) { in.Size.Set(math.MaxInt64 + op.some()) }),
		},
		{
			Name: "inode-size-special", Problem: problem.InodeSize, Needs: "device, pipe or socket",
			Does: "Gives a device, pipe or socket a size.",
			apply: onInode(func(_ uint64, in *format.InodeV1) bool {
				t := typeOf(in)
				return t != format.ModeRegular && t != format.ModeDirectory && t != format.ModeSymlink
			}, func(op *operation, in *format.InodeV1) { in.Size.Set(op.some()) }),
		},
		{
			Name: "inode-length", Problem: problem.ItemValueLength, Needs: inode,
			Does:  "Gives an inode a length between those of the format versions.",
			apply: inodeLength(func(*operation) int { return 164 }),
		},
		{
			Name: "inode-length-version", Problem: problem.InodeValue, Needs: "inode in a volume of format 1",
			Does: "Gives an inode the length of format 2 in a volume of format 1.",
			apply: func(op *operation) error {
				if op.super.FmtVers.Get() != 1 {
					return errNone
				}
				return inodeLength(func(*operation) int { return format.Size[format.Inode]() })(op)
			},
		},
		{
			Name: "inode-number-zero", Problem: problem.InodeNumber, Needs: "room in fs_root",
			Does: "Adds an inode with the number 0.",
			apply: func(op *operation) error {
				var in format.Inode
				in.Mode.Set(format.ModeRegular | 0o600)
				in.Nlink.Set(1)
				return op.put(format.InodeKey(0), format.Bytes(&in)[:format.InodeSize(op.super.FmtVers.Get())])
			},
		},
		{
			Name: "inode-items-orphaned", Problem: problem.InodeMissing, Needs: "inode number that is not in use",
			Does: "Adds an extended attribute of an inode that does not exist.",
			apply: func(op *operation) error {
				ino, err := op.unusedIno()
				if err != nil {
					return err
				}
				return op.putXattr(ino, 0, "user.planted", nil)
			},
		},
		{
			Name: "root-directory-lost", Problem: problem.RootMissing, Needs: "root directory",
			Does: "Removes the root directory and its entry in the index of changes.",
			apply: func(op *operation) error {
				in, it, err := op.inode(format.RootIno)
				if err != nil {
					return err
				}
				index, err := op.lookup(format.InodeIndexKey(format.TypeMetaSeq, in.MetaSeq.Get(), format.RootIno))
				if err != nil {
					return err
				}
				op.super.InodeCount.Set(op.super.InodeCount.Get() - 1)
				return firstError(op.removeAll(it.Key), op.removeAll(index.Key))
			},
		},
	}
}

// removeAll removes the items that trees have of a key.
func (op *operation) removeAll(k format.Key) error {
	all, err := op.versions(k)
	for _, it := range all {
		err = firstError(err, op.v.Remove(it))
	}
	return err
}

// inodeLength gives an inode another length.
func inodeLength(length func(*operation) int) func(*operation) error {
	return func(op *operation) error {
		return op.eachFS(format.KindInode, anyItem, func(it surgery.Item) error {
			value := make([]byte, length(op))
			copy(value, it.Value)
			return op.v.Resize(it, value)
		})
	}
}

// seqAhead raises a sequence number of an inode and of its index entry.
func seqAhead(typ uint8, match func(uint64, *format.InodeV1) bool, field func(*format.InodeV1) *format.U64) func(*operation) error {
	return func(op *operation) error {
		in, it, err := op.someInode(match)
		if err != nil {
			return err
		}
		seq, ino := op.super.Seq.Get()+op.some(), it.Key.First
		index, err := op.lookup(format.InodeIndexKey(typ, field(in).Get(), ino))
		if err != nil {
			return err
		}
		field(in).Set(seq)
		return op.rekeyOnly(index, format.InodeIndexKey(typ, seq, ino))
	}
}

func inodeItemKinds() []Kind {
	// add adds an item to an inode of a type.
	add := func(mode uint32, k func(ino uint64) format.Key, value func() []byte) func(*operation) error {
		return func(op *operation) error {
			_, it, err := op.someInode(is(mode))
			if err != nil {
				return err
			}
			return op.put(k(it.Key.First), value())
		}
	}
	return []Kind{
		{
			Name: "inode-items-symlink", Problem: problem.InodeItems, Needs: "regular file",
			Does: "Adds the target of a symbolic link to a file.",
			apply: add(format.ModeRegular, func(ino uint64) format.Key { return format.SymlinkKey(ino, 0) },
				func() []byte { return []byte("target\x00") }),
		},
		{
			Name: "inode-items-extent", Problem: problem.InodeItems, Needs: "directory",
			Does: "Adds an extent to a directory.",
			apply: add(format.ModeDirectory, func(ino uint64) format.Key {
				return format.DataExtentKey(ino, format.Extent{Start: 0, Len: 1})
			}, func() []byte {
				e := format.DataExtent{Flags: format.ExtentOffline}
				return format.Bytes(&e)
			}),
		},
		{
			Name: "inode-items-entry", Problem: problem.InodeItems, Needs: "regular file",
			Does: "Adds a directory entry to a file.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(is(format.ModeRegular))
				if err != nil {
					return err
				}
				name := op.newName()
				l := link{dir: it.Key.First, ino: it.Key.First, pos: format.FirstReaddirPos, hash: format.DirentNameHash(name), typ: format.DirentRegular, name: name}
				return op.put(format.ReaddirKey(l.dir, l.pos), direntValue(l))
			},
		},
	}
}
