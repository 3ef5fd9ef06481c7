// SPDX-License-Identifier: GPL-2.0-or-later

package fsckrandom

import (
	"context"
	"fmt"
	"math/rand/v2"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Mending is what is done to a damaged block so that it can pass for sound.
type Mending int

// Kinds of mending.
const (
	MendNothing  Mending = iota
	MendChecksum         // its checksum is right
	MendHeader           // its header is that of the block before, its checksum right
	mendings
)

// Target is a sound volume, and where its blocks are.
type Target struct {
	Name string
	Pair device.Pair
	// Used are large blocks of the metadata device that something refers to,
	// Old others that hold blocks all the same: versions from before.
	Used, Old []uint64
	// Digest is what the volume shows.
	Digest Digest
}

// NewTarget returns a sound volume to be damaged. Old blocks are looked for in
// the first part of the metadata device only.
func NewTarget(ctx context.Context, o *Oracle, name string, pair device.Pair) (*Target, error) {
	t := &Target{Name: name, Pair: pair}
	used := map[uint64]bool{}
	digest, err := o.digest(ctx, pair.Meta, func(blkno uint64) { used[blkno] = true })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t.Digest = digest
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, format.LargeBlockSize)
	for blkno := uint64(format.FirstMetaBlkno); blkno < super.TotalMetaBlocks.Get(); blkno++ {
		if used[blkno] {
			t.Used = append(t.Used, blkno)
			continue
		}
		if blkno >= mostOld {
			continue
		}
		if _, err := pair.Meta.ReadAt(buf[:4096], int64(blkno)<<format.LargeBlockShift); err != nil {
			return nil, err
		}
		if format.MagicName(header(buf).Magic.Get()) != "" {
			t.Old = append(t.Old, blkno)
		}
	}
	return t, ctx.Err()
}

// mostOld is the block before which old ones are looked for.
const mostOld = 1 << 13

// Injury is damage that was done.
type Injury struct {
	Kind    string
	Blkno   uint64 // large, or small for supers and quorum blocks
	Small   bool
	Mending Mending
}

func (i Injury) String() string {
	unit := "meta"
	if i.Small {
		unit = "small"
	}
	return fmt.Sprintf("%s %s blkno %d mending %d", i.Kind, unit, i.Blkno, i.Mending)
}

// Injure damages a copy of a target at random: 1 to 100 times, mostly few.
// The same random numbers do the same.
func Injure(random *rand.Rand, t *Target, meta device.Device) ([]Injury, error) {
	mend := MendNothing
	if random.IntN(2) == 0 {
		mend = 1 + Mending(random.IntN(int(mendings)-1))
	}
	count := 1
	switch n := random.IntN(10); {
	case n >= 9:
		count = 1 + random.IntN(100)
	case n >= 5:
		count = 1 + random.IntN(5)
	}
	var done []Injury
	for range count {
		injury, err := injureOnce(random, t, meta, mend)
		if err != nil {
			return done, err
		}
		done = append(done, injury)
	}
	return done, nil
}

func injureOnce(random *rand.Rand, t *Target, meta device.Device, mend Mending) (Injury, error) {
	pick := func(list []uint64) uint64 { return list[random.IntN(len(list))] }
	if random.IntN(25) == 0 {
		blkno := uint64(format.SuperBlkno + random.IntN(3))
		return Injury{"flip", blkno, true, mend}, change(meta, blkno, format.SmallBlockSize, mend, func(b []byte) error {
			b[random.IntN(superBytes)] ^= 1 << random.IntN(8)
			return nil
		})
	}
	injury := Injury{Kind: "flip", Blkno: pick(t.Used), Mending: mend}
	var do func(b []byte) error
	other := func(list []uint64) func(b []byte) error {
		from := pick(list)
		injury.Kind = fmt.Sprintf("%s of %d to", injury.Kind, from)
		return func(b []byte) error {
			_, err := meta.ReadAt(b, int64(from)<<format.LargeBlockShift)
			return err
		}
	}
	switch n := random.IntN(20); {
	case n < 13:
		do = func(b []byte) error { flip(random, b); return nil }
	case n < 14:
		injury.Kind = "zeros"
		do = func(b []byte) error { clear(b); return nil }
	case n < 15:
		injury.Kind = "zeroed part"
		do = func(b []byte) error {
			at := random.IntN(len(b) / 512)
			clear(b[at*512 : min(len(b), (at+1+random.IntN(16))*512)])
			return nil
		}
	case n < 17:
		injury.Kind = "copy"
		do = other(t.Used)
	case n < 19 && len(t.Old) > 0:
		injury.Kind = "old block"
		do = other(t.Old)
	default:
		return swap(meta, pick(t.Used), pick(t.Used), mend)
	}
	return injury, change(meta, injury.Blkno, format.LargeBlockSize, mend, do)
}

// superBytes is how much of a small block is looked at.
const superBytes = 1536

// flip changes a bit, mostly where a block has something.
func flip(random *rand.Rand, b []byte) {
	at := random.IntN(len(b))
	hdr, err := format.View[format.BlockHeader](b)
	if err == nil && random.IntN(10) > 0 {
		switch hdr.Magic.Get() {
		case format.MagicBtree:
			at = treeByte(random, b)
		case format.MagicAllocList, format.MagicSrchParent, format.MagicBloom:
			at = random.IntN(2048)
		case format.MagicSrchBlock:
			at = random.IntN(8192)
		}
	}
	b[at] ^= 1 << random.IntN(8)
}

// treeByte picks a byte of a tree block's head, of an item, or of a value.
func treeByte(random *rand.Rand, b []byte) int {
	view, err := format.ViewBtreeBlock(b)
	if err != nil || view.NrItems() == 0 {
		return random.IntN(format.BtreeItemsOffset)
	}
	switch slot := random.IntN(view.NrItems()); random.IntN(8) {
	case 0:
		return random.IntN(format.BtreeItemsOffset)
	case 1, 2, 3:
		return format.BtreeItemsOffset + slot*format.BtreeItemSize + random.IntN(format.BtreeItemSize)
	default:
		it := view.Item(slot)
		if _, ok := view.Value(it); !ok || it.ValLen.Get() == 0 {
			return format.BtreeItemsOffset + slot*format.BtreeItemSize + random.IntN(format.BtreeItemSize)
		}
		return int(it.ValOff.Get()) + random.IntN(int(it.ValLen.Get()))
	}
}

// change rewrites a block.
func change(dev device.Device, blkno uint64, size int, mend Mending, do func(b []byte) error) error {
	b := make([]byte, size)
	off := int64(blkno) * int64(size)
	if _, err := dev.ReadAt(b, off); err != nil {
		return err
	}
	before := *header(b)
	if err := do(b); err != nil {
		return err
	}
	mendBlock(b, before, mend)
	_, err := dev.WriteAt(b, off)
	return err
}

func header(b []byte) *format.BlockHeader {
	hdr, err := format.View[format.BlockHeader](b)
	if err != nil {
		panic(err) // all blocks are longer
	}
	return hdr
}

func mendBlock(b []byte, before format.BlockHeader, mend Mending) {
	if mend == MendHeader {
		*header(b) = before
	}
	if mend != MendNothing {
		format.Seal(b)
	}
}

func swap(dev device.Device, x, y uint64, mend Mending) (Injury, error) {
	var blocks [2][format.LargeBlockSize]byte
	for i, blkno := range []uint64{x, y} {
		if _, err := dev.ReadAt(blocks[i][:], int64(blkno)<<format.LargeBlockShift); err != nil {
			return Injury{}, err
		}
	}
	headers := [2]format.BlockHeader{*header(blocks[0][:]), *header(blocks[1][:])}
	for i, blkno := range []uint64{x, y} {
		b := blocks[1-i][:]
		mendBlock(b, headers[i], mend)
		if _, err := dev.WriteAt(b, int64(blkno)<<format.LargeBlockShift); err != nil {
			return Injury{}, err
		}
	}
	return Injury{fmt.Sprintf("swap with %d of", y), x, false, mend}, nil
}
