// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"syscall"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Item is an item of a leaf. It stays good for as long as its leaf has its key.
type Item struct {
	Tree  *Tree
	Path  []uint64 // blocks from the root to the leaf
	Slot  int
	Key   format.Key
	Seq   uint64
	Flags uint8
	Value []byte // must not be changed; see Volume.Value
}

// NewItem is an item to be added.
type NewItem struct {
	Key   format.Key
	Seq   uint64
	Flags uint8
	Value []byte
}

// Leaf returns the block number of the item's leaf.
func (it Item) Leaf() uint64 { return it.Path[len(it.Path)-1] }

// Deleted reports whether the item deletes its key.
func (it Item) Deleted() bool { return it.Flags&format.ItemFlagDeletion != 0 }

// Path returns the blocks from a tree's root to the leaf that has a key's item
// if any has. It is empty for an empty tree.
func (v *Volume) Path(t *Tree, k format.Key) ([]uint64, error) {
	root := t.Root.Root()
	if root.Height == 0 {
		return nil, nil
	}
	if root.Height > format.MaxBtreeHeight {
		return nil, fmt.Errorf("tree %s has the impossible height %d", t.Name, root.Height)
	}
	path := []uint64{root.Ref.Blkno}
	for level := int(root.Height) - 1; ; level-- {
		at := path[len(path)-1]
		b, err := v.peekTree(at, level)
		if err != nil || level == 0 {
			return path, err
		}
		child, err := childFor(b, at, k)
		if err != nil {
			return nil, err
		}
		path = append(path, child)
	}
}

// childFor returns the child of a parent that a key leads to.
func childFor(b *format.BtreeBlock, blkno uint64, k format.Key) (uint64, error) {
	best := -1
	for i := range b.NrItems() {
		key := b.Item(i).Key.Key()
		if !key.Less(k) && (best < 0 || key.Less(b.Item(best).Key.Key())) {
			best = i
		}
	}
	if best < 0 {
		return 0, damaged(blkno, "last key", "less than "+k.String(), "a child for every key")
	}
	return childOf(b, blkno, best)
}

func childOf(b *format.BtreeBlock, blkno uint64, slot int) (uint64, error) {
	value, ok := b.Value(b.Item(slot))
	if !ok {
		return 0, damaged(blkno, "value", "outside the block", "a reference")
	}
	ref, err := format.ViewExact[format.BlockRef](value)
	if err != nil {
		return 0, err
	}
	return ref.Blkno.Get(), nil
}

// Find returns the item of a key. Without one the error matches
// syscall.ENOENT.
func (v *Volume) Find(t *Tree, k format.Key) (Item, error) {
	path, err := v.Path(t, k)
	if err != nil {
		return Item{}, err
	}
	if len(path) > 0 {
		b, err := v.peekTree(path[len(path)-1], 0)
		if err != nil {
			return Item{}, err
		}
		if slot := slotOfKey(b, k); slot >= 0 {
			return itemAt(t, path, b, slot)
		}
	}
	return Item{}, fmt.Errorf("%s has no item %s: %w", t.Name, k, syscall.ENOENT)
}

func itemAt(t *Tree, path []uint64, b *format.BtreeBlock, slot int) (Item, error) {
	it := b.Item(slot)
	value, ok := b.Value(it)
	if !ok {
		return Item{}, damaged(path[len(path)-1], "value of item "+it.Key.Key().String(), "outside the block", "inside")
	}
	return Item{
		Tree: t, Path: path, Slot: slot,
		Key: it.Key.Key(), Seq: it.Seq.Get(), Flags: it.Flags, Value: value,
	}, nil
}

// Leaves returns the paths to all leaves of a tree in key order, reading only
// parents.
func (v *Volume) Leaves(t *Tree) ([][]uint64, error) {
	root := t.Root.Root()
	if root.Height == 0 {
		return nil, nil
	}
	if root.Height > format.MaxBtreeHeight {
		return nil, fmt.Errorf("tree %s has the impossible height %d", t.Name, root.Height)
	}
	paths := [][]uint64{{root.Ref.Blkno}}
	for level := int(root.Height) - 1; level > 0; level-- {
		var below [][]uint64
		for _, path := range paths {
			at := path[len(path)-1]
			b, err := v.peekTree(at, level)
			if err != nil {
				return nil, err
			}
			slots, err := btree.AppendOrder(nil, b)
			if err != nil {
				return nil, err
			}
			for _, slot := range slots {
				child, err := childOf(b, at, int(slot))
				if err != nil {
					return nil, err
				}
				below = append(below, append(slices.Clip(path), child))
			}
			if uint64(len(below)) > v.metaBlocks() {
				return nil, fmt.Errorf("tree %s refers to more blocks than the device has", t.Name)
			}
		}
		paths = below
	}
	return paths, nil
}

// ItemsOfLeaf returns the items of one leaf in key order.
func (v *Volume) ItemsOfLeaf(t *Tree, path []uint64) ([]Item, error) {
	b, err := v.peekTree(path[len(path)-1], 0)
	if err != nil {
		return nil, err
	}
	slots, err := btree.AppendOrder(nil, b)
	if err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(slots))
	for _, slot := range slots {
		it, err := itemAt(t, path, b, int(slot))
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// Items returns the items of a range in key order. An error is the last pair.
// The shape of the tree must not change meanwhile.
func (v *Volume) Items(t *Tree, within format.Range) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		leaves, err := v.Leaves(t)
		if err != nil {
			yield(Item{}, err)
			return
		}
		for _, path := range leaves {
			items, err := v.ItemsOfLeaf(t, path)
			if err != nil {
				yield(Item{}, err)
				return
			}
			for _, it := range items {
				if within.End.Less(it.Key) {
					return
				}
				if within.Contains(it.Key) && !yield(it, nil) {
					return
				}
			}
		}
	}
}

// Value holds an item's leaf and returns the bytes of its value there.
func (v *Volume) Value(it Item) ([]byte, error) {
	b, slot, err := v.Slot(it)
	if err != nil {
		return nil, err
	}
	value, _ := b.Value(b.Item(slot)) // Slot looked
	return value, nil
}

// Slot holds an item's leaf and returns it with the slot that has the item's
// key now. It is an error if none has.
func (v *Volume) Slot(it Item) (*format.BtreeBlock, int, error) {
	b, err := v.Tree(it.Leaf())
	if err != nil {
		return nil, 0, err
	}
	slot := it.Slot
	if slot >= b.NrItems() || b.Item(slot).Key.Key() != it.Key {
		slot = slotOfKey(b, it.Key)
	}
	if slot < 0 {
		return nil, 0, fmt.Errorf("meta block %d no longer has an item %s: %w", it.Leaf(), it.Key, syscall.ENOENT)
	}
	if _, ok := b.Value(b.Item(slot)); !ok {
		return nil, 0, damaged(it.Leaf(), "value of item "+it.Key.String(), "outside the block", "inside")
	}
	return b, slot, nil
}

// shaped is Slot for a change of the leaf's structure, which must verify.
func (v *Volume) shaped(it Item) (*format.BtreeBlock, int, error) {
	b, slot, err := v.Slot(it)
	if err != nil {
		return nil, 0, err
	}
	return b, slot, checkShape(b)
}

// Insert adds an item to the leaf that its key belongs in. The leaf must have
// room, else the error is ErrNoRoom, and must verify. The key must be new,
// else the error matches syscall.EEXIST. An empty tree gets a root, in a block
// that TakeMeta gives.
func (v *Volume) Insert(t *Tree, it NewItem) error {
	path, err := v.Path(t, it.Key)
	if err != nil {
		return err
	}
	if len(path) == 0 {
		return v.plant(t, it)
	}
	b, err := v.shape(path[len(path)-1])
	if err != nil {
		return err
	}
	if slotOfKey(b, it.Key) >= 0 {
		return fmt.Errorf("%s already has an item %s: %w", t.Name, it.Key, syscall.EEXIST)
	}
	return insertItem(b, it)
}

// plantedSeq is the sequence number of blocks that this package makes. Those
// of the kernel module are random.
const plantedSeq = 0x7363616c70656c

// plant makes the first item of a tree.
func (v *Volume) plant(t *Tree, it NewItem) error {
	b, ref, err := v.NewTreeBlock(0)
	if err != nil {
		return err
	}
	t.Root.Set(format.Root{Ref: ref, Height: 1})
	return insertItem(b, it)
}

// NewTreeBlock holds a tree block without items in a block that TakeMeta gave.
func (v *Volume) NewTreeBlock(level int) (*format.BtreeBlock, format.Ref, error) {
	blkno, err := v.TakeMeta()
	if err != nil {
		return nil, format.Ref{}, err
	}
	block, ref, err := v.NewBlock(blkno, format.MagicBtree, plantedSeq)
	if err != nil {
		return nil, format.Ref{}, err
	}
	b, err := format.ViewBtreeBlock(block.Bytes)
	if err != nil {
		return nil, format.Ref{}, err
	}
	b.Head().Level = byte(level)
	b.Head().MidFreeLen.Set(uint16(b.ValueEnd() - format.BtreeItemsOffset))
	return b, ref, nil
}

// InsertInto adds an item, such as a parent's, to a given block of a tree.
func (v *Volume) InsertInto(blkno uint64, it NewItem) error {
	b, err := v.shape(blkno)
	if err == nil {
		err = insertItem(b, it)
	}
	return err
}

// ErrLastItem is a leaf that would be left without items.
var ErrLastItem = errors.New("the leaf would be left empty")

// Remove takes an item out of its leaf, which must verify. The last item of a
// leaf cannot be taken out, since a tree has no empty leaves.
func (v *Volume) Remove(it Item) error {
	b, slot, err := v.shaped(it)
	if err != nil {
		return err
	}
	if b.NrItems() == 1 {
		return ErrLastItem
	}
	removeItem(b, slot)
	return nil
}

// Resize gives an item a value of any length. The leaf must verify and have
// room, else the error is ErrNoRoom.
func (v *Volume) Resize(it Item, value []byte) error {
	b, slot, err := v.shaped(it)
	if err != nil {
		return err
	}
	return resizeValue(b, slot, value)
}

// Rekey moves an item to where another key belongs, with its seq, flags and
// value. The errors are those of Remove and Insert; nothing changes then.
func (v *Volume) Rekey(it Item, k format.Key) error {
	b, slot, err := v.shaped(it)
	if err != nil || k == it.Key {
		return err
	}
	path, err := v.Path(it.Tree, k)
	if err != nil {
		return err
	}
	value, _ := b.Value(b.Item(slot))
	add := NewItem{Key: k, Seq: b.Item(slot).Seq.Get(), Flags: b.Item(slot).Flags, Value: slices.Clone(value)}
	if path[len(path)-1] != it.Leaf() {
		if b.NrItems() == 1 {
			return ErrLastItem
		}
		if err := v.Insert(it.Tree, add); err != nil {
			return err
		}
		removeItem(b, slot)
		return nil
	}
	if slotOfKey(b, k) >= 0 {
		return fmt.Errorf("%s already has an item %s: %w", it.Tree.Name, k, syscall.EEXIST)
	}
	removeItem(b, slot)
	return insertItem(b, add)
}

// OverwriteKey gives an item another key where it stands, with its place in
// the hash table, whatever that does to the order. The leaf must verify.
func (v *Volume) OverwriteKey(it Item, k format.Key) error {
	b, slot, err := v.shaped(it)
	if err != nil {
		return err
	}
	hashRemove(b, slot)
	b.Item(slot).Key.Set(k)
	hashInsert(b, slot)
	return nil
}

// shape holds a tree block whose structure is to be changed.
func (v *Volume) shape(blkno uint64) (*format.BtreeBlock, error) {
	b, err := v.Tree(blkno)
	if err != nil {
		return nil, err
	}
	if b.NrItems() == 0 && b.Level() > 0 {
		return b, nil // new, and about to get its first item
	}
	return b, checkShape(b)
}
