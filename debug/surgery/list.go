// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"errors"
	"slices"

	"scoutfs/engine/format"
)

// ErrNoSpace is a volume without a free block that can be taken, or without
// room to note one.
var ErrNoSpace = errors.New("the server has no free block to give or no room for one")

// serverLists holds the first blocks of the server's lists and calls fn with
// each until it returns true.
func (v *Volume) serverLists(fn func(*format.AllocListHead, *format.AllocListBlock) bool) error {
	super, err := v.Super()
	if err != nil {
		return err
	}
	heads := []*format.AllocListHead{
		&super.ServerMetaAvail[0], &super.ServerMetaAvail[1], &super.ServerMetaFreed[0], &super.ServerMetaFreed[1],
	}
	slices.SortStableFunc(heads, func(a, b *format.AllocListHead) int { return int(b.FirstNr.Get()) - int(a.FirstNr.Get()) })
	for _, head := range heads {
		if head.Ref.Ref().IsZero() {
			continue
		}
		b, err := v.List(head.Ref.Blkno.Get())
		if err != nil {
			return err
		}
		if _, ok := b.Entries(); ok && fn(head, b) {
			return nil
		}
	}
	return ErrNoSpace
}

// TakeMeta takes a metadata block out of the fullest of the server's lists
// (docs/format.md 6.2), or if they have none out of its allocators. What it is
// used for is the caller's to say.
func (v *Volume) TakeMeta() (blkno uint64, err error) {
	err = v.serverLists(func(head *format.AllocListHead, b *format.AllocListBlock) bool {
		entries, _ := b.Entries()
		if len(entries) < 2 {
			return false
		}
		blkno = entries[0].Get()
		b.Start.Set(b.Start.Get() + 1)
		recountList(head, b, -1)
		return true
	})
	if errors.Is(err, ErrNoSpace) {
		return v.takeFromExtent()
	}
	return blkno, err
}

// takeFromExtent takes the first block of a free extent of the metadata device
// that has more.
func (v *Volume) takeFromExtent() (uint64, error) {
	trees, err := v.metaAllocators()
	if err != nil {
		return 0, err
	}
	for _, t := range trees {
		var found format.Extent
		for it, err := range v.Items(t, format.AllKeys()) {
			if err != nil {
				return 0, err
			}
			if e, ok := it.Key.FreeExtent(); ok && e.Valid() && e.Len > 1 {
				found = e
				break
			}
		}
		if found.Len == 0 {
			continue
		}
		rest := format.Extent{Start: found.Start + 1, Len: found.Len - 1}
		for _, k := range [][2]format.Key{
			{format.FreeBlknoKey(found), format.FreeBlknoKey(rest)},
			{format.FreeOrderKey(found), format.FreeOrderKey(rest)},
		} {
			it, err := v.Find(t, k[0])
			if err == nil {
				err = v.Rekey(it, k[1])
			}
			if err != nil {
				return 0, err
			}
		}
		t.Alloc.TotalLen.Set(t.Alloc.TotalLen.Get() - 1)
		return found.Start, nil
	}
	return 0, ErrNoSpace
}

// metaAllocators returns the server's allocators of metadata blocks.
func (v *Volume) metaAllocators() ([]*Tree, error) {
	super, err := v.Super()
	if err != nil {
		return nil, err
	}
	return []*Tree{
		allocTree("meta_alloc[0]", &super.MetaAlloc[0], false),
		allocTree("meta_alloc[1]", &super.MetaAlloc[1], false),
	}, nil
}

// GiveMeta adds a metadata block to one of the server's lists, or if none has
// a block to its allocators.
func (v *Volume) GiveMeta(blkno uint64) error {
	err := v.serverLists(func(head *format.AllocListHead, b *format.AllocListBlock) bool {
		return AppendList(head, b, blkno)
	})
	if !errors.Is(err, ErrNoSpace) {
		return err
	}
	trees, err := v.metaAllocators()
	if err != nil {
		return err
	}
	e := format.Extent{Start: blkno, Len: 1}
	for _, t := range trees {
		if t.Root.Height == 0 {
			continue
		}
		for _, k := range []format.Key{format.FreeBlknoKey(e), format.FreeOrderKey(e)} {
			if err := v.Insert(t, NewItem{Key: k}); err != nil {
				return err
			}
		}
		t.Alloc.TotalLen.Set(t.Alloc.TotalLen.Get() + 1)
		return nil
	}
	return ErrNoSpace
}

// AppendList adds an entry to the first block of a list, if that has room.
func AppendList(head *format.AllocListHead, b *format.AllocListBlock, blkno uint64) bool {
	start, nr := b.Start.Get(), b.Nr.Get()
	switch {
	case start+nr < format.AllocListEntries:
		b.Blknos[start+nr].Set(blkno)
	case start > 0:
		b.Start.Set(start - 1)
		b.Blknos[start-1].Set(blkno)
	default:
		return false
	}
	recountList(head, b, 1)
	return true
}

// recountList adds to the counts that a list and its first block keep.
func recountList(head *format.AllocListHead, first *format.AllocListBlock, by int) {
	first.Nr.Set(uint32(int(first.Nr.Get()) + by))
	head.FirstNr.Set(uint32(int(head.FirstNr.Get()) + by))
	head.TotalNr.Set(uint64(int64(head.TotalNr.Get()) + int64(by)))
}

// NewBlock holds a metadata block that TakeMeta gave, filled with zeros but
// for a header with this magic and a sequence number.
func (v *Volume) NewBlock(blkno uint64, magic uint32, seq uint64) (*Block, format.Ref, error) {
	super, err := v.Super()
	if err != nil {
		return nil, format.Ref{}, err
	}
	b, err := v.Hold(MetaPlace(blkno))
	if err != nil {
		return nil, format.Ref{}, err
	}
	clear(b.Bytes)
	hdr, err := format.View[format.BlockHeader](b.Bytes)
	if err != nil {
		return nil, format.Ref{}, err
	}
	hdr.Magic.Set(magic)
	hdr.FSID.Set(super.Hdr.FSID.Get())
	hdr.Seq.Set(seq)
	hdr.Blkno.Set(blkno)
	return b, format.Ref{Blkno: blkno, Seq: seq}, nil
}
