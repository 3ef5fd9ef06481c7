// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func linkKinds() []Kind {
	const file = "regular file"
	return []Kind{
		{
			Name: "dirent-dangling", Problem: problem.DirentDangling, Needs: "inode number that is not in use",
			Does: "Adds a name to a directory that leads to an inode which does not exist.",
			apply: func(op *operation) error {
				ino, err := op.unusedIno()
				if err != nil {
					return err
				}
				_, dir, err := op.someInode(is(format.ModeDirectory))
				if err != nil {
					return err
				}
				l, err := op.nextLink(dir.Key.First, ino, format.DirentRegular, op.newName())
				if err != nil {
					return err
				}
				value := direntValue(l)
				return firstError(
					op.put(format.DirentKey(l.dir, l.hash, l.pos), value),
					op.put(format.ReaddirKey(l.dir, l.pos), value),
				)
			},
		},
		{
			Name: "dirent-duplicate", Problem: problem.DirentDuplicate, Needs: file,
			Does: "Adds a name to a directory that it has already.",
			apply: func(op *operation) error {
				l, err := op.someLink(isFileLink)
				if err != nil {
					return err
				}
				return firstError(op.addLinks(l.ino, 1), op.addLink(l.dir, l.ino, l.typ, l.name))
			},
		},
		{
			Name: "inode-unreachable-file", Problem: problem.InodeUnreachable, Needs: file,
			Does: "Removes the only name of a file and leaves its link count.",
			apply: func(op *operation) error {
				return op.eachLink(func(l link) error {
					in, _, err := op.inode(l.ino)
					if err != nil || typeOf(in) == format.ModeDirectory || in.Nlink.Get() != 1 {
						return firstError(err, errNone)
					}
					return op.removeLink(l)
				})
			},
		},
		{
			Name: "inode-unreachable-directory", Problem: problem.InodeUnreachable, Needs: "empty directory",
			Does: "Removes the name of an empty directory and leaves its link count.",
			apply: func(op *operation) error {
				return op.eachLinkTo(format.DirentDirectory, func(l link) error {
					in, _, err := op.inode(l.ino)
					if err != nil || in.Size.Get() != 0 {
						return firstError(err, errNone)
					}
					return firstError(op.removeLink(l), op.addLinks(l.dir, -1))
				})
			},
		},
		{
			Name: "root-named", Problem: problem.RootHasName, Needs: "directory",
			Does: "Adds a name for the root directory to a directory.",
			apply: func(op *operation) error {
				_, dir, err := op.someInode(is(format.ModeDirectory))
				if err != nil {
					return err
				}
				return firstError(
					op.addLinks(dir.Key.First, 1),
					op.addLink(dir.Key.First, format.RootIno, format.DirentDirectory, op.newName()),
				)
			},
		},
	}
}

func directoryKinds() []Kind {
	const needs = "directory in another"
	return []Kind{
		{
			Name: "directory-two-parents", Problem: problem.DirectoryLinks, Needs: needs,
			Does: "Adds a second name for a directory.",
			apply: func(op *operation) error {
				l, err := op.someLink(isDirLink)
				if err != nil {
					return err
				}
				return firstError(
					op.addLinks(format.RootIno, 1),
					op.addLink(format.RootIno, l.ino, format.DirentDirectory, op.newName()),
				)
			},
		},
		{
			Name: "directory-in-itself", Problem: problem.DirectoryCycle, Needs: needs,
			Does: "Moves a directory into itself.",
			apply: func(op *operation) error {
				return op.eachLinkTo(format.DirentDirectory, func(l link) error {
					return op.moveDirectory(l, l.ino)
				})
			},
		},
		{
			Name: "directory-in-child", Problem: problem.DirectoryCycle, Needs: "directory in a directory in another",
			Does: "Moves a directory into one that it contains.",
			apply: func(op *operation) error {
				return op.eachLinkTo(format.DirentDirectory, func(child link) error {
					if child.dir == format.RootIno {
						return errNone
					}
					parent, err := op.linkTo(child.dir)
					if err != nil {
						return err
					}
					return op.moveDirectory(parent, child.ino)
				})
			},
		},
	}
}

// linkTo returns a link of an inode.
func (op *operation) linkTo(ino uint64) (found link, err error) {
	within := format.Range{Start: format.LinkBackrefKey(ino, 0, 0), End: format.LinkBackrefKey(ino, ^uint64(0), ^uint64(0))}
	for _, t := range op.fsTrees() {
		path, err := op.v.Path(t, within.Start)
		if err != nil {
			return found, err
		}
		items, err := op.v.ItemsOfLeaf(t, path)
		if err != nil {
			return found, err
		}
		for _, it := range items {
			if !within.Contains(it.Key) {
				continue
			}
			if ok, err := op.wins(it); err != nil || !ok || it.Deleted() {
				continue
			}
			return op.linkOf(it)
		}
	}
	return found, errNone
}

// moveDirectory moves a directory into another, with all counts.
func (op *operation) moveDirectory(l link, to uint64) error {
	if err := op.removeLink(l); err != nil {
		return err
	}
	return firstError(
		op.addLinks(l.dir, -1),
		op.addLinks(to, 1),
		op.addLink(to, l.ino, l.typ, l.name),
	)
}

func orphanKinds() []Kind {
	return []Kind{
		{
			Name: "orphan-lost", Problem: problem.OrphanMissing, Needs: "inode without links",
			Does: "Removes an inode without links from those queued for deletion.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindOrphan, anyItem, func(it surgery.Item) error {
					in, _, err := op.inode(it.Key.Second)
					if err != nil || in.Nlink.Get() != 0 {
						return firstError(err, errNone)
					}
					return op.removeOnly(it)
				})
			},
		},
		{
			Name: "orphan-linked", Problem: problem.OrphanLinked, Needs: "inode with links",
			Does: "Queues an inode that has links for deletion.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindInode, anyItem, func(it surgery.Item) error {
					in, _, err := format.ViewInode(it.Value)
					if err != nil || in.Nlink.Get() == 0 {
						return errors.Join(err, errNone)
					}
					return op.put(format.OrphanKey(it.Key.First), nil)
				})
			},
		},
		{
			Name: "orphan-stale", Problem: problem.OrphanStale, Needs: "inode number that is not in use",
			Does: "Queues an inode that does not exist for deletion.",
			apply: func(op *operation) error {
				ino, err := op.unusedIno()
				if err != nil {
					return err
				}
				return op.put(format.OrphanKey(ino), nil)
			},
		},
	}
}

func symlinkKinds() []Kind {
	const needs = "symbolic link"
	size := func(of func(*operation) uint64) func(*operation) error {
		return onInode(is(format.ModeSymlink), func(op *operation, in *format.InodeV1) { in.Size.Set(of(op)) })
	}
	each := func(try func(*operation, *format.InodeV1, surgery.Item) error) func(*operation) error {
		return func(op *operation) error {
			return op.eachFS(format.KindSymlink, anyItem, func(it surgery.Item) error {
				in, _, err := op.inode(it.Key.First)
				if err != nil {
					return err
				}
				return try(op, in, it)
			})
		}
	}
	return []Kind{
		{
			Name: "symlink-size-none", Problem: problem.SymlinkSize, Needs: needs,
			Does:  "Sets the size of a symbolic link to 0.",
			apply: size(func(*operation) uint64 { return 0 }),
		},
		{
			Name: "symlink-size-long", Problem: problem.SymlinkSize, Needs: needs,
			Does:  "Makes a symbolic link larger than any can be.",
			apply: size(func(op *operation) uint64 { return format.MaxSymlinkSize + op.some() }),
		},
		{
			Name: "symlink-part-lost", Problem: problem.SymlinkPartMissing, Needs: needs,
			Does:  "Removes a part of a symbolic link's target.",
			apply: each(func(op *operation, _ *format.InodeV1, it surgery.Item) error { return op.removeOnly(it) }),
		},
		{
			Name: "symlink-end", Problem: problem.SymlinkEnd, Needs: needs,
			Does: "Overwrites the NUL at the end of a symbolic link's target.",
			apply: each(func(op *operation, in *format.InodeV1, it surgery.Item) error {
				if int(it.Key.Second) != format.SymlinkParts(in.Size.Get())-1 {
					return errNone
				}
				value, err := op.v.Value(it)
				if err == nil {
					value[len(value)-1] = 'x'
				}
				return err
			}),
		},
		{
			Name: "symlink-part-size", Problem: problem.SymlinkPartSize, Needs: "symbolic link of several parts",
			Does: "Makes a part of a symbolic link's target shorter that is not its last.",
			apply: each(func(op *operation, in *format.InodeV1, it surgery.Item) error {
				if int(it.Key.Second) >= format.SymlinkParts(in.Size.Get())-1 {
					return errNone
				}
				return op.v.Resize(it, it.Value[1:])
			}),
		},
		{
			Name: "symlink-part-extra", Problem: problem.SymlinkPartExtra, Needs: needs,
			Does: "Adds a part behind the end of a symbolic link's target.",
			apply: each(func(op *operation, in *format.InodeV1, it surgery.Item) error {
				return op.put(format.SymlinkKey(it.Key.First, uint64(format.SymlinkParts(in.Size.Get()))), []byte("more\x00"))
			}),
		},
	}
}
