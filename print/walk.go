// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"context"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// walker emits units in the order of the output.
type walker struct {
	*printer
	ctx   context.Context
	units int // made so far, at most maxUnits
}

// next returns an empty unit, waiting for one if all are in flight.
func (w *walker) next(kind unitKind) (*unit, error) {
	u, err := w.anyUnit()
	if err != nil {
		return nil, err
	}
	u.reset()
	u.kind = kind
	return u, nil
}

func (w *walker) anyUnit() (*unit, error) {
	select {
	case u := <-w.free:
		return u, nil
	default:
	}
	if w.units < maxUnits {
		w.units++
		return newUnit(), nil
	}
	select {
	case u := <-w.free:
		return u, nil
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	}
}

// emit hands a unit on. There is room for all units in both channels.
func (w *walker) emit(u *unit) {
	w.order <- u
	w.queue <- u
}

// report emits a problem that belongs to no block that is shown.
func (w *walker) report(err error) error {
	u, nextErr := w.next(unitProblem)
	if nextErr != nil {
		return nextErr
	}
	_, u.overwritten = errors.AsType[*OverwrittenError](err)
	u.problem(err)
	w.emit(u)
	return nil
}

// tell reports what is wrong with a btree block that is only walked through
// and shown nowhere.
func (w *walker) tell(u *unit) error {
	if w.check(u) {
		if b, err := format.ViewBtreeBlock(u.block()); err == nil {
			u.checkBtree(b)
		}
	}
	for _, problem := range u.problems {
		if err := w.report(problem); err != nil {
			return err
		}
	}
	return nil
}

// small emits a super or quorum block.
func (w *walker) small(kind unitKind, blkno uint64) error {
	u, err := w.next(kind)
	if err != nil {
		return err
	}
	u.ref.Blkno = blkno
	w.emit(u)
	return nil
}

func (w *walker) superBlock() error { return w.small(unitSuper, format.SuperBlkno) }

func (w *walker) quorumBlocks() error {
	for slot := range format.QuorumSlots {
		if err := w.small(unitQuorum, uint64(format.QuorumBlkno+slot)); err != nil {
			return err
		}
	}
	return nil
}

// tree emits a btree breadth first: all blocks of a level in key order, from
// the root down. Each level is found by walking down from the root again,
// which costs little since parents are few, and no memory for the blocks of
// a level.
func (w *walker) tree(info *treeInfo, root *format.BtreeRoot) error {
	if root.Height == 0 {
		return nil
	}
	if root.Height > format.MaxBtreeHeight {
		return w.report(&format.CorruptError{
			Structure: "btree root", Place: info.name, Field: "height",
			Found: fmt.Sprint(root.Height), Expected: fmt.Sprintf("at most %d", format.MaxBtreeHeight),
		})
	}
	top := int(root.Height) - 1
	if info.ranges != nil {
		top = 0 // parents are left out of a selection of items
	}
	for level := top; level >= 0; level-- {
		walk := treeWalk{walker: w, info: info, target: level, seen: roaring64.New()}
		err := walk.block(root.Ref.Ref(), int(root.Height)-1, format.AllKeys())
		if err != nil {
			return err
		}
	}
	return nil
}

// treeWalk finds the blocks of one level of a tree.
type treeWalk struct {
	*walker
	info   *treeInfo
	target int
	seen   *roaring64.Bitmap // keeps damaged references from leading in circles
}

// block emits the blocks at the target level below a reference.
func (w *treeWalk) block(ref format.Ref, level int, keys format.Range) error {
	if !w.seen.CheckedAdd(ref.Blkno) {
		return w.report(&format.CorruptError{
			Structure: "btree", Place: w.info.name, Field: "reference",
			Found: fmt.Sprintf("a second one to meta blkno %d", ref.Blkno), Expected: "one for each block",
		})
	}
	u, err := w.next(unitBtree)
	if err != nil {
		return err
	}
	u.tree, u.ref, u.level = w.info, ref, level
	if level == w.target {
		w.emit(u)
		return nil
	}
	// The block was shown, with its problems, in its own level's turn: here it
	// only leads the way, if it is still there. A selection of items shows no
	// parents.
	usable := w.check(u)
	if w.info.ranges != nil || u.overwritten {
		err = w.tell(u)
	}
	if err == nil && usable {
		err = w.children(u, level, keys)
	}
	w.free <- u
	return err
}

// children walks on to the children that can hold wanted keys.
func (w *treeWalk) children(u *unit, level int, keys format.Range) error {
	b, err := format.ViewBtreeBlock(u.block())
	if err != nil || b.Level() != level {
		return err
	}
	u.slots, _ = btree.AppendOrder(u.slots[:0], b)
	for _, slot := range u.slots {
		it := b.Item(int(slot))
		end := it.Key.Key()
		child := format.Range{Start: keys.Start, End: end}
		keys.Start = end.Next()
		ref := view[format.BlockRef](valueWindow{b, int(it.ValOff.Get()), int(it.ValLen.Get())})
		if ref.Blkno.Get() == 0 || !w.info.overlaps(child) {
			continue
		}
		if err := w.block(ref.Ref(), level-1, child); err != nil {
			return err
		}
	}
	return nil
}

// list emits a chain of list blocks.
func (w *walker) list(label string, head *format.AllocListHead) error {
	seen := roaring64.New()
	for ref := head.Ref.Ref(); !ref.IsZero(); {
		if !seen.CheckedAdd(ref.Blkno) {
			return w.report(&format.CorruptError{
				Structure: "alloc list", Place: label, Field: "next reference",
				Found: fmt.Sprintf("meta blkno %d again", ref.Blkno), Expected: "a chain without a loop",
			})
		}
		u, err := w.next(unitList)
		if err != nil {
			return err
		}
		u.label, u.ref = label, ref
		ref = format.Ref{}
		if w.check(u) {
			if b, err := format.ViewAllocListBlock(u.block()); err == nil {
				ref = b.Next.Ref()
			}
		}
		w.emit(u)
	}
	return nil
}

// maxSrchHeight is the height of a search file that would fill the largest
// metadata device.
const maxSrchHeight = 5

// srchFile emits a search file's parents and leaves, depth first.
func (w *walker) srchFile(f *format.SrchFile) error {
	ref := f.Ref.Ref()
	if ref.IsZero() {
		return nil
	}
	if f.Height < 1 || f.Height > maxSrchHeight {
		return w.report(&format.CorruptError{
			Structure: "srch file", Place: ref.String(), Field: "height",
			Found: fmt.Sprint(f.Height), Expected: fmt.Sprintf("1 to %d", maxSrchHeight),
		})
	}
	walk := srchWalk{walker: w, seen: roaring64.New()}
	return walk.block(ref, int(f.Height)-1)
}

type srchWalk struct {
	*walker
	seen *roaring64.Bitmap
}

func (w *srchWalk) block(ref format.Ref, level int) error {
	if !w.seen.CheckedAdd(ref.Blkno) {
		return w.report(&format.CorruptError{
			Structure: "srch file", Place: ref.String(), Field: "reference",
			Found: "a second one", Expected: "one for each block",
		})
	}
	kind := unitSrchLeaf
	if level > 0 {
		kind = unitSrchParent
	}
	u, err := w.next(kind)
	if err != nil {
		return err
	}
	u.ref = ref
	if level == 0 {
		w.emit(u)
		return nil
	}
	children := w.srchChildren(u)
	w.emit(u)
	for _, child := range children {
		if err := w.block(child, level-1); err != nil {
			return err
		}
	}
	return nil
}

// srchChildren copies a parent's references, because its unit goes on to be
// encoded. A block of another kind has none.
func (w *srchWalk) srchChildren(u *unit) []format.Ref {
	if !w.check(u) {
		return nil
	}
	b, err := format.ViewSrchParent(u.block())
	if err != nil || b.Hdr.Magic.Get() != format.MagicSrchParent {
		return nil
	}
	var refs []format.Ref
	for i := range b.Refs {
		if ref := b.Refs[i].Ref(); !ref.IsZero() {
			refs = append(refs, ref)
		}
	}
	return refs
}
