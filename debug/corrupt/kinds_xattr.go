// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"slices"
	"strings"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// xattr is an extended attribute by the item of its first part.
type xattr struct {
	surgery.Item
	name   string
	valLen int
}

func (x xattr) ino() uint64 { return x.Key.First }

func (x xattr) parts() int { return format.XattrParts(len(x.name), x.valLen) }

// part is the key of one of its items.
func (x xattr) part(nr int) format.Key {
	return format.XattrKey(x.Key.First, x.Key.Second, x.Key.Third, uint8(nr))
}

// xattrOf is the attribute whose first part an item is.
func xattrOf(it surgery.Item) (x xattr, ok bool) {
	head, name, _, err := format.ViewXattr(it.Value)
	if err != nil || it.Key.Fourth != 0 {
		return x, false
	}
	return xattr{Item: it, name: string(name), valLen: int(head.ValLen.Get())}, true
}

// eachPlain makes a damage of one to an attribute of some number of parts from
// which nothing else follows.
func eachPlain(least, most int, try func(*operation, xattr) error) func(*operation) error {
	return func(op *operation) error {
		match := func(it surgery.Item) bool {
			x, ok := xattrOf(it)
			return ok && x.parts() >= least && x.parts() <= most &&
				!strings.HasPrefix(x.name, "scoutfs.") && !strings.HasPrefix(x.name, "system.")
		}
		return op.eachFS(format.KindXattr, match, func(it surgery.Item) error {
			x, _ := xattrOf(it)
			return try(op, x)
		})
	}
}

// putXattr adds the items of an attribute.
func (op *operation) putXattr(ino, id uint64, name string, value []byte) error {
	var head format.XattrHead
	head.ValLen.Set(uint16(len(value)))
	head.NameLen = byte(len(name))
	whole := slices.Concat(format.Bytes(&head), []byte(name), value)
	nr := uint8(0)
	for part := range slices.Chunk(whole, format.MaxBtreeValue) {
		if err := op.put(format.XattrKey(ino, format.XattrNameHash(name), id, nr), part); err != nil {
			return err
		}
		nr++
	}
	return nil
}

// addXattr adds an attribute to an inode and returns its id.
func (op *operation) addXattr(ino uint64, name string, value []byte) (id uint64, err error) {
	in, _, err := op.inode(ino)
	if err != nil {
		return 0, err
	}
	id = in.NextXattrID.Get()
	in.NextXattrID.Set(id + 1)
	return id, op.putXattr(ino, id, name, value)
}

// addIndexed adds an attribute to an inode, and its entry to the index.
func (op *operation) addIndexed(ino uint64, value []byte) error {
	id, err := op.addXattr(ino, "scoutfs.indx.planted.7.7", value)
	if err != nil {
		return err
	}
	return op.put(format.IndxKey(format.XattrIndx{Major: 7, Minor: 7, Ino: ino, ID: id}), nil)
}

// addToSome makes a damage of an attribute that is added to an inode.
func addToSome(name func(*operation) string, value func(*operation) []byte) func(*operation) error {
	return func(op *operation) error {
		_, it, err := op.someInode(linked)
		if err == nil {
			_, err = op.addXattr(it.Key.First, name(op), value(op))
		}
		return err
	}
}

func xattrKinds() []Kind {
	const (
		plain = "extended attribute without tags"
		long  = "extended attribute of several parts"
		inode = "inode"
	)
	return []Kind{
		{
			Name: "xattr-part-lost", Problem: problem.XattrPartMissing, Needs: long,
			Does: "Removes a part of an extended attribute that is not its first.",
			apply: eachPlain(2, format.MaxXattrParts, func(op *operation, x xattr) error {
				it, err := op.lookup(x.part(1 + op.pick(x.parts()-1)))
				if err != nil {
					return err
				}
				return op.removeOnly(it)
			}),
		},
		{
			Name: "xattr-first-lost", Problem: problem.XattrPartMissing, Needs: long,
			Does: "Removes the first part of an extended attribute.",
			apply: eachPlain(2, format.MaxXattrParts, func(op *operation, x xattr) error {
				return op.removeOnly(x.Item)
			}),
		},
		{
			Name: "xattr-part-size", Problem: problem.XattrPartSize, Needs: long,
			Does: "Makes a part of an extended attribute shorter.",
			apply: eachPlain(2, format.MaxXattrParts, func(op *operation, x xattr) error {
				it, err := op.lookup(x.part(1 + op.pick(x.parts()-1)))
				if err != nil || len(it.Value) < 2 {
					return firstError(err, errNone)
				}
				return op.v.Resize(it, it.Value[1:])
			}),
		},
		{
			Name: "xattr-value-length", Problem: problem.XattrHead, Needs: plain,
			Does: "Changes the length of the value in the head of an extended attribute of one part.",
			apply: eachPlain(1, 1, func(op *operation, x xattr) error {
				if format.XattrParts(len(x.name), x.valLen+1) > 1 {
					return errNone
				}
				head, err := view[format.XattrHead](op, x.Item)
				if err == nil {
					head.ValLen.Set(uint16(x.valLen + 1))
				}
				return err
			}),
		},
		{
			Name: "xattr-name-length", Problem: problem.XattrHead, Needs: plain,
			Does: "Sets the length of the name in the head of an extended attribute to 0.",
			apply: eachPlain(1, format.MaxXattrParts, func(op *operation, x xattr) error {
				head, err := view[format.XattrHead](op, x.Item)
				if err == nil {
					head.NameLen = 0
				}
				return err
			}),
		},
		{
			Name: "xattr-hash", Problem: problem.XattrHash, Needs: plain,
			Does: "Files an extended attribute under a wrong hash.",
			apply: eachPlain(1, 1, func(op *operation, x xattr) error {
				k := x.Key
				k.Second ^= 1 << op.pick(32)
				return op.rekeyOnly(x.Item, k)
			}),
		},
		{
			Name: "xattr-duplicate", Problem: problem.XattrDuplicate, Needs: plain,
			Does: "Adds an extended attribute to an inode that has one of the same name.",
			apply: eachPlain(1, format.MaxXattrParts, func(op *operation, x xattr) error {
				_, err := op.addXattr(x.ino(), x.name, []byte("second"))
				return err
			}),
		},
		{
			Name: "xattr-name-prefix", Problem: problem.XattrName, Needs: inode,
			Does: "Adds an extended attribute whose name has a prefix that does not exist.",
			apply: addToSome(func(*operation) string { return "planted.name" },
				func(*operation) []byte { return []byte("value") }),
		},
		{
			Name: "xattr-name-tags", Problem: problem.XattrName, Needs: inode,
			Does: "Adds an extended attribute with the same tag twice.",
			apply: addToSome(func(*operation) string { return "scoutfs.hide.hide.name" },
				func(*operation) []byte { return []byte("value") }),
		},
		{
			Name: "xattr-name-nul", Problem: problem.XattrName, Needs: inode,
			Does: "Adds an extended attribute with a NUL in its name.",
			apply: addToSome(func(*operation) string { return "user.na\x00me" },
				func(*operation) []byte { return []byte("value") }),
		},
		{
			Name: "xattr-totl-value", Problem: problem.XattrTagValue, Needs: inode,
			Does: "Adds an extended attribute for a total whose value is no number.",
			apply: addToSome(func(op *operation) string { return "scoutfs.totl.planted.1.2.3" },
				func(*operation) []byte { return []byte("many") }),
		},
		{
			Name: "xattr-totl-name", Problem: problem.XattrTagValue, Needs: inode,
			Does: "Adds an extended attribute for a total whose name has no three numbers.",
			apply: addToSome(func(op *operation) string { return "scoutfs.totl.planted.1.2.c" },
				func(*operation) []byte { return []byte("1") }),
		},
		{
			Name: "xattr-indx-value", Problem: problem.XattrTagValue, Needs: "inode in a volume of format 2",
			Does: "Adds an extended attribute for the index that has a value, with its entry.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(linked)
				if err != nil || op.super.FmtVers.Get() < 2 {
					return firstError(err, errNone)
				}
				return op.addIndexed(it.Key.First, []byte("value"))
			},
		},
		{
			Name: "acl-version", Problem: problem.ACLInvalid, Needs: "inode without an access control list",
			Does: "Adds an access control list of a version that does not exist.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindInode, anyItem, func(it surgery.Item) error {
					const name = "system.posix_acl_access"
					for x := range op.xattrsOf(it.Key.First) {
						if x == name {
							return errNone
						}
					}
					_, err := op.addXattr(it.Key.First, name, []byte{9, 0, 0, 0})
					return err
				})
			},
		},
		{
			Name: "xattr-part-extra", Problem: problem.XattrPartExtra, Needs: plain,
			Does: "Adds a part behind the end of an extended attribute.",
			apply: eachPlain(1, format.MaxXattrParts, func(op *operation, x xattr) error {
				return op.put(x.part(x.parts()), []byte("more"))
			}),
		},
	}
}

// xattrsOf yields the names of an inode's attributes as far as they are in the
// leaf that the first of them belongs in.
func (op *operation) xattrsOf(ino uint64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, t := range op.fsTrees() {
			path, err := op.v.Path(t, format.XattrKey(ino, 0, 0, 0))
			if err != nil {
				return
			}
			items, err := op.v.ItemsOfLeaf(t, path)
			if err != nil {
				return
			}
			for _, it := range items {
				if kindOf(it) != format.KindXattr || it.Key.First != ino || it.Key.Fourth != 0 {
					continue
				}
				if _, name, _, err := format.ViewXattr(it.Value); err == nil && !yield(string(name)) {
					return
				}
			}
		}
	}
}
