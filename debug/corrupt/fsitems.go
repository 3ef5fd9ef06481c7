// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
)

// The merged view of the filesystem's items (docs/format.md 7.3).

// fsTrees returns the trees that make up the view, in the order in which equal
// sequence numbers win.
func (op *operation) fsTrees() []*surgery.Tree {
	return where(op.treesOf(format.TreeFSRoot, format.TreeLogItems), func(t *surgery.Tree) bool {
		return t.Log == nil || !t.Log.BloomRef.Ref().IsZero()
	})
}

// versions returns the items of a key in all trees, winner first.
func (op *operation) versions(k format.Key) ([]surgery.Item, error) {
	var all []surgery.Item
	for _, t := range op.fsTrees() {
		it, err := op.v.Find(t, k)
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, it)
	}
	slices.SortStableFunc(all, func(a, b surgery.Item) int {
		switch {
		case a.Seq > b.Seq:
			return -1
		case a.Seq < b.Seq:
			return 1
		}
		return 0
	})
	return all, nil
}

// lookup returns the item that a key has in the view. Without one the error is
// errNone.
func (op *operation) lookup(k format.Key) (surgery.Item, error) {
	all, err := op.versions(k)
	if err != nil {
		return surgery.Item{}, err
	}
	if len(all) == 0 || all[0].Deleted() {
		return surgery.Item{}, errNone
	}
	return all[0], nil
}

// wins reports whether an item is the one of its key in the view.
func (op *operation) wins(it surgery.Item) (bool, error) {
	won, err := op.lookup(it.Key)
	if errors.Is(err, errNone) {
		return false, nil
	}
	return err == nil && won.Tree == it.Tree, err
}

// only reports whether no other tree has the item's key, so that without the
// item there is none.
func (op *operation) only(it surgery.Item) (bool, error) {
	all, err := op.versions(it.Key)
	return len(all) == 1 && !it.Deleted(), err
}

// eachFS calls try with items of the view that are of a kind and match, in the
// manner of scan. What a try that fails has changed is undone.
func (op *operation) eachFS(kind format.ItemKind, match func(surgery.Item) bool, try func(surgery.Item) error) error {
	return op.scan(op.fsTrees(), func(it surgery.Item) error {
		if it.Deleted() || kindOf(it) != kind || !match(it) {
			return errNone
		}
		if ok, err := op.wins(it); err != nil || !ok {
			return firstError(err, errNone)
		}
		return op.attempt(func() error { return try(it) })
	})
}

// attempt undoes what try has changed if it fails.
func (op *operation) attempt(try func() error) error {
	mark := op.v.Mark()
	err := try()
	if err != nil {
		op.v.Rollback(mark)
	}
	return err
}

// fsItem picks an item of the view.
func (op *operation) fsItem(kind format.ItemKind, match func(surgery.Item) bool) (surgery.Item, error) {
	var found surgery.Item
	err := op.scan(op.fsTrees(), func(it surgery.Item) error {
		if it.Deleted() || kindOf(it) != kind || !match(it) {
			return errNone
		}
		ok, err := op.wins(it)
		if err != nil || !ok {
			return firstError(err, errNone)
		}
		found = it
		return nil
	})
	return found, err
}

// removeOnly takes an item out that no other tree has.
func (op *operation) removeOnly(it surgery.Item) error {
	ok, err := op.only(it)
	if err != nil {
		return err
	}
	if !ok {
		return errNone
	}
	return op.v.Remove(it)
}

// rekeyOnly moves an item that no other tree has to another key, which must be
// new.
func (op *operation) rekeyOnly(it surgery.Item, k format.Key) error {
	ok, err := op.only(it)
	if err != nil {
		return err
	}
	if !ok {
		return errNone
	}
	if err := op.fresh(k); err != nil {
		return err
	}
	if err := op.v.Rekey(it, k); err != nil {
		return err
	}
	return op.addBloom(it.Tree, k)
}

// fresh returns errNone if a tree has a key.
func (op *operation) fresh(k format.Key) error {
	all, err := op.versions(k)
	if err == nil && len(all) > 0 {
		return errNone
	}
	return err
}

// put adds an item to the view, to fs_root if its leaf there has room.
func (op *operation) put(k format.Key, value []byte) error {
	if err := op.fresh(k); err != nil {
		return err
	}
	for _, t := range op.fsTrees() {
		it := surgery.NewItem{Key: k, Seq: 1, Value: value}
		if t.Log != nil {
			it.Seq = t.Log.MaxItemSeq.Get()
		}
		err := op.v.Insert(t, it)
		if errors.Is(err, surgery.ErrNoRoom) {
			continue
		}
		if err != nil {
			return err
		}
		return op.addBloom(t, k)
	}
	return surgery.ErrNoRoom
}

// addBloom lets the bloom filter of a log tree have an item.
func (op *operation) addBloom(t *surgery.Tree, k format.Key) error {
	lock, ok := format.LockRange(k)
	if t.Log == nil || !ok {
		return nil
	}
	bloom, err := op.v.Bloom(t.Log.BloomRef.Blkno.Get())
	if err != nil {
		return err
	}
	bloom.Add(format.BloomBitsOf(lock.Start))
	return nil
}

// inode holds an inode of the view.
func (op *operation) inode(ino uint64) (*format.InodeV1, surgery.Item, error) {
	it, err := op.lookup(format.InodeKey(ino))
	if err != nil {
		return nil, it, err
	}
	in, err := view[format.InodeV1](op, it)
	return in, it, err
}

// someInode holds an inode that matches.
func (op *operation) someInode(match func(ino uint64, in *format.InodeV1) bool) (*format.InodeV1, surgery.Item, error) {
	it, err := op.fsItem(format.KindInode, func(it surgery.Item) bool {
		in, _, err := format.ViewInode(it.Value)
		return err == nil && match(it.Key.First, in)
	})
	if err != nil {
		return nil, it, err
	}
	in, err := view[format.InodeV1](op, it)
	return in, it, err
}

// unusedIno returns the greatest inode number that was handed out and that no
// inode has.
func (op *operation) unusedIno() (uint64, error) {
	const tries = 1 << 16
	next := op.super.NextIno.Get()
	for ino := next - 1; ino > format.RootIno && ino+tries > next; ino-- {
		all, err := op.versions(format.InodeKey(ino))
		if err != nil {
			return 0, err
		}
		if len(all) == 0 {
			return ino, nil
		}
	}
	return 0, errNone
}

func typeOf(in *format.InodeV1) uint32 { return in.Mode.Get() & format.ModeTypeMask }

// is matches linked inodes of a type.
func is(mode uint32) func(uint64, *format.InodeV1) bool {
	return func(_ uint64, in *format.InodeV1) bool { return typeOf(in) == mode && in.Nlink.Get() > 0 }
}

// onInode makes a damage of a change to an inode that matches.
func onInode(match func(uint64, *format.InodeV1) bool, change func(*operation, *format.InodeV1)) func(*operation) error {
	return func(op *operation) error {
		in, _, err := op.someInode(match)
		if err == nil {
			change(op, in)
		}
		return err
	}
}

// insertable turns an EEXIST into errNone.
func insertable(err error) error {
	if errors.Is(err, syscall.EEXIST) {
		return fmt.Errorf("%w: %w", errNone, err)
	}
	return err
}
