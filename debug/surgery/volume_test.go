// SPDX-License-Identifier: GPL-2.0-or-later

package surgery_test

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

// small is a volume with a few files.
func small(t *testing.T) device.Pair {
	t.Helper()
	v := testtree.New(t, 2)
	dir := v.Dir(format.RootIno, "folder")
	for _, name := range []string{"a", "b", "c"} {
		v.File(dir, name, testtree.Text(name))
	}
	return v.Memory()
}

func fsRoot(t *testing.T, v *surgery.Volume) *surgery.Tree {
	t.Helper()
	tree, err := v.FindTree("fs_root")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestNothingIsWrittenBeforeWrite(t *testing.T) {
	t.Parallel()
	pair := small(t)
	before := make([]byte, format.SmallBlockSize)
	if _, err := pair.Meta.ReadAt(before, format.SuperBlkno*format.SmallBlockSize); err != nil {
		t.Fatal(err)
	}
	v := surgery.Open(pair)
	super, err := v.Super()
	if err != nil {
		t.Fatal(err)
	}
	super.NextIno.Set(super.NextIno.Get() ^ 0xff)
	changes, err := v.Changes()
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 2 {
		t.Fatalf("%d changes, want the checksum and the number: %+v", len(changes), changes)
	}
	if c := changes[1]; c.Place != surgery.SuperPlace(false) || c.Offset != 80 || c.New[0] != c.Old[0]^0xff {
		t.Errorf("change is %+v", c)
	}
	now := make([]byte, format.SmallBlockSize)
	if _, err := pair.Meta.ReadAt(now, format.SuperBlkno*format.SmallBlockSize); err != nil || !bytes.Equal(now, before) {
		t.Errorf("the device has changed (%v)", err)
	}
	if err := v.Write(); err != nil {
		t.Fatal(err)
	}
	if _, err := pair.Meta.ReadAt(now, format.SuperBlkno*format.SmallBlockSize); err != nil {
		t.Fatal(err)
	}
	if err := format.VerifyBlock(now, format.Want{Magic: format.MagicSuper, Blkno: format.SuperBlkno, AnySeq: true}); err != nil {
		t.Error(err)
	}
	if bytes.Equal(now, before) {
		t.Error("the device has not changed")
	}
}

func TestChecksumsCanBeKept(t *testing.T) {
	t.Parallel()
	v := surgery.Open(small(t))
	b, err := v.Hold(surgery.SuperPlace(false))
	if err != nil {
		t.Fatal(err)
	}
	b.Bytes[100] ^= 1
	b.KeepCRC = true
	changes, err := v.Changes()
	if err != nil || len(changes) != 1 || changes[0].Offset != 100 {
		t.Errorf("changes are %+v (%v)", changes, err)
	}
}

func TestItemsAreFoundMovedAndRemoved(t *testing.T) {
	t.Parallel()
	pair := small(t)
	v := surgery.Open(pair)
	tree := fsRoot(t, v)
	key := format.InodeKey(format.FirstFreeIno + 1)
	it, err := v.Find(tree, key)
	if err != nil {
		t.Fatal(err)
	}
	value, err := v.Value(it)
	if err != nil {
		t.Fatal(err)
	}
	in, err := format.View[format.Inode](value)
	if err != nil || in.Mode.Get()&format.ModeTypeMask != format.ModeRegular {
		t.Fatalf("found %v (%v)", in, err)
	}
	in.UID.Set(4711)
	moved := format.InodeKey(1 << 40)
	if err := v.Rekey(it, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Find(tree, key); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("the old key: %v", err)
	}
	if err := v.Insert(tree, surgery.NewItem{Key: moved}); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("inserting a key twice: %v", err)
	}
	if err := v.Write(); err != nil {
		t.Fatal(err)
	}
	again := surgery.Open(pair)
	tree = fsRoot(t, again)
	if it, err = again.Find(tree, moved); err != nil {
		t.Fatal(err)
	}
	if in, _, err := format.ViewInode(it.Value); err != nil || in.UID.Get() != 4711 {
		t.Errorf("the moved item has uid %d (%v)", in.UID.Get(), err)
	}
	if err := again.Remove(it); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Find(tree, moved); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("after removal: %v", err)
	}
}

func TestRollbackUndoesWhatFollowedTheMark(t *testing.T) {
	t.Parallel()
	v := surgery.Open(small(t))
	super, err := v.Super()
	if err != nil {
		t.Fatal(err)
	}
	super.NextIno.Set(5)
	mark := v.Mark()
	super.NextIno.Set(6)
	q, err := v.Hold(surgery.QuorumPlace(1))
	if err != nil {
		t.Fatal(err)
	}
	q.Bytes[7]++
	v.Rollback(mark)
	if super.NextIno.Get() != 5 {
		t.Errorf("next_ino is %d", super.NextIno.Get())
	}
	changes, err := v.Changes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Place != surgery.SuperPlace(false) {
			t.Errorf("left over: %+v", c)
		}
	}
}
