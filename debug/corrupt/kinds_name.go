// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"slices"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// loseItem makes a damage of the removal of one of a link's items.
func loseItem(which func(link) surgery.Item) func(*operation) error {
	return func(op *operation) error {
		return op.eachLink(func(l link) error { return op.removeOnly(which(l)) })
	}
}

// resizeItem makes a damage of a name of another length in one of a link's
// items.
func resizeItem(which func(link) surgery.Item, name func(*operation) []byte) func(*operation) error {
	return func(op *operation) error {
		return op.eachLink(func(l link) error {
			it := which(l)
			value := append(slices.Clone(it.Value[:format.Size[format.Dirent]()]), name(op)...)
			return op.v.Resize(it, value)
		})
	}
}

func noName(*operation) []byte { return nil }

func longName(op *operation) []byte {
	return slices.Repeat([]byte("n"), format.MaxNameLen+1+op.pick(100))
}

func direntOf(l link) surgery.Item  { return l.dirent }
func readdirOf(l link) surgery.Item { return l.readdir }
func backrefOf(l link) surgery.Item { return l.backref }

// rename gives a link a name of the same length and of any bytes, with its
// hash.
func (op *operation) rename(l link, name []byte) error {
	hash := format.DirentNameHash(name)
	heads, names, err := op.dirents(l)
	if err != nil {
		return err
	}
	for i := range heads {
		heads[i].Hash.Set(hash)
		copy(names[i], name)
	}
	return op.rekeyOnly(l.dirent, format.DirentKey(l.dir, hash, l.pos))
}

func nameKinds() []Kind {
	const needs = "name in a directory"
	return []Kind{
		{
			Name: "dirent-lost", Problem: problem.DirentMissing, Needs: needs,
			Does:  "Removes the item by which a name is looked up.",
			apply: loseItem(direntOf),
		},
		{
			Name: "readdir-lost", Problem: problem.ReaddirMissing, Needs: needs,
			Does:  "Removes the item by which a name is listed.",
			apply: loseItem(readdirOf),
		},
		{
			Name: "backref-lost", Problem: problem.BackrefMissing, Needs: needs,
			Does:  "Removes the item by which an inode knows its name.",
			apply: loseItem(backrefOf),
		},
		{
			Name: "dirent-hash-key", Problem: problem.DirentHash, Needs: needs,
			Does: "Files a name under a wrong hash.",
			apply: func(op *operation) error {
				return op.eachLink(func(l link) error {
					return op.rekeyOnly(l.dirent, format.DirentKey(l.dir, l.hash^1<<op.pick(64), l.pos))
				})
			},
		},
		{
			Name: "dirent-hash-value", Problem: problem.DirentHash, Needs: needs,
			Does:  "Changes the hash in all items of a name.",
			apply: onLink(anyLink, func(op *operation, d *format.Dirent) { d.Hash.Set(d.Hash.Get() ^ 1<<op.pick(64)) }),
		},
		{
			Name: "dirent-name-none", Problem: problem.DirentNameLength, Needs: needs,
			Does:  "Removes the name from the item by which it is looked up.",
			apply: resizeItem(direntOf, noName),
		},
		{
			Name: "dirent-name-long", Problem: problem.DirentNameLength, Needs: needs,
			Does:  "Makes the name too long in the item by which it is looked up.",
			apply: resizeItem(direntOf, longName),
		},
		{
			Name: "readdir-name-none", Problem: problem.ReaddirNameLength, Needs: needs,
			Does:  "Removes the name from the item by which it is listed.",
			apply: resizeItem(readdirOf, noName),
		},
		{
			Name: "readdir-name-long", Problem: problem.ReaddirNameLength, Needs: needs,
			Does:  "Makes the name too long in the item by which it is listed.",
			apply: resizeItem(readdirOf, longName),
		},
		{
			Name: "backref-name-none", Problem: problem.BackrefNameLength, Needs: needs,
			Does:  "Removes the name from the item by which its inode knows it.",
			apply: resizeItem(backrefOf, noName),
		},
		{
			Name: "backref-name-long", Problem: problem.BackrefNameLength, Needs: needs,
			Does:  "Makes the name too long in the item by which its inode knows it.",
			apply: resizeItem(backrefOf, longName),
		},
		{
			Name: "dirent-type", Problem: problem.DirentType, Needs: "name of a regular file",
			Does:  "Makes a file a socket in all items of its name.",
			apply: onLink(isFileLink, func(_ *operation, d *format.Dirent) { d.Type = format.DirentSocket }),
		},
		{
			Name: "dirent-type-unknown", Problem: problem.DirentType, Needs: "name of a regular file",
			Does:  "Gives all items of a name a type that does not exist.",
			apply: onLink(isFileLink, func(op *operation, d *format.Dirent) { d.Type = byte(format.DirentTypes + op.pick(200)) }),
		},
		{
			Name: "dirent-position", Problem: problem.DirentPosition, Needs: needs,
			Does:  "Changes the position in all items of a name.",
			apply: onLink(anyLink, func(op *operation, d *format.Dirent) { d.Pos.Set(d.Pos.Get() + op.some()) }),
		},
		{
			Name: "dirent-differs-type", Problem: problem.DirentDiffers, Needs: needs,
			Does:  "Changes the type in the item by which a name is looked up.",
			apply: differs(direntOf, func(d *format.Dirent, _ []byte) { d.Type ^= 1 }),
		},
		{
			Name: "dirent-differs-name", Problem: problem.DirentDiffers, Needs: needs,
			Does:  "Changes a letter of the name in the item by which it is listed.",
			apply: differs(readdirOf, func(_ *format.Dirent, name []byte) { name[0] ^= 1 }),
		},
		{
			Name: "dirent-name-slash", Problem: problem.DirentName, Needs: needs,
			Does:  "Gives a name a slash.",
			apply: renamed(1, func(name []byte) { name[len(name)/2] = '/' }),
		},
		{
			Name: "dirent-name-nul", Problem: problem.DirentName, Needs: needs,
			Does:  "Gives a name a NUL.",
			apply: renamed(1, func(name []byte) { name[len(name)/2] = 0 }),
		},
		{
			Name: "dirent-name-dots", Problem: problem.DirentName, Needs: "name in a directory",
			Does: "Adds the name .. to a directory.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(is(format.ModeRegular))
				if err != nil {
					return err
				}
				return firstError(
					op.addLinks(it.Key.First, 1),
					op.addLink(format.RootIno, it.Key.First, format.DirentRegular, ".."),
				)
			},
		},
	}
}

// differs makes a damage of a change to one item of a link.
func differs(which func(link) surgery.Item, change func(*format.Dirent, []byte)) func(*operation) error {
	return func(op *operation) error {
		l, err := op.someLink(anyLink)
		if err != nil {
			return err
		}
		value, err := op.v.Value(which(l))
		if err != nil {
			return err
		}
		d, name, err := format.ViewDirent(value, "")
		if err == nil {
			change(d, name)
		}
		return err
	}
}

// renamed makes a damage of another name of the same length.
func renamed(least int, change func([]byte)) func(*operation) error {
	return func(op *operation) error {
		return op.eachLink(func(l link) error {
			if len(l.name) < least {
				return errNone
			}
			name := []byte(l.name)
			change(name)
			if ok, err := op.only(l.dirent); err != nil || !ok {
				return firstError(err, errNone)
			}
			return op.rename(l, name)
		})
	}
}
