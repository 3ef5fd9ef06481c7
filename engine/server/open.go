// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Open opens a volume for writing. Both devices must be open for writing and
// claimed by the caller, who goes on to own them; blocks must read the metadata
// device of this volume.
//
// A volume that may be in use is an [*InUseError], and one that is damaged
// where the server has to look a [*format.CorruptError] or what the reader
// says. Nothing is written.
func Open(ctx context.Context, pair device.Pair, blocks *block.Reader, o Options) (*Server, error) {
	s, err := open(ctx, pair, blocks, o)
	if err != nil {
		return nil, err
	}
	uses, err := Uses(ctx, pair.Meta, blocks, s.Super())
	if err != nil {
		return nil, err
	}
	if len(uses) > 0 {
		return nil, &InUseError{Device: pair.Meta.Name(), Uses: uses}
	}
	return s, nil
}

// open opens a volume that may be in use.
func open(ctx context.Context, pair device.Pair, blocks *block.Reader, o Options) (*Server, error) {
	if pair.Meta == nil || pair.Data == nil {
		return nil, fmt.Errorf("writing a volume takes both of its devices: %w", syscall.EINVAL)
	}
	raw, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		return nil, fmt.Errorf("metadata device %s: %w", pair.Meta.Name(), err)
	}
	if err := checkDevices(pair, super); err != nil {
		return nil, err
	}
	if err := checkLists(ctx, blocks, super); err != nil {
		return nil, err
	}
	seq, err := greatestSeq(ctx, blocks, super)
	if err != nil {
		return nil, err
	}
	dataBlocks, err := countBlocks(ctx, blocks, super.DataAlloc.Root.Root())
	if err != nil {
		return nil, err
	}
	s := &Server{pair: pair, blocks: blocks, random: o.Random, stepBlocks: cmp.Or(o.StepBlocks, DefaultStepBlocks)}
	if s.random == nil {
		s.random = rand.Uint64
	}
	c := &committed{block: bytes.Clone(raw), super: super, dataBlocks: dataBlocks}
	if c.super, err = format.View[format.Super](c.block); err != nil {
		return nil, err
	}
	if super.ServerMetaAvail[1].TotalNr.Get() > super.ServerMetaAvail[0].TotalNr.Get() {
		c.active = 1
	}
	s.super.Store(c)
	s.seq.Store(seq)
	s.nextIno.Store(super.NextIno.Get())
	s.data = alloc.NewDataPool(alloc.OpenExtents(blocks, &c.super.DataAlloc), super.TotalDataBlocks.Get())
	return s, nil
}

// checkDevices makes sure that the devices are those of one volume, and hold
// all of it.
func checkDevices(pair device.Pair, meta *format.Super) error {
	_, data, err := block.ReadSuper(pair.Data)
	if err != nil {
		return fmt.Errorf("data device %s: %w", pair.Data.Name(), err)
	}
	wrong := func(d device.Device, text string, args ...any) error {
		return fmt.Errorf("%s %s: %w", d.Name(), fmt.Sprintf(text, args...), syscall.EINVAL)
	}
	switch {
	case !meta.IsMeta():
		return wrong(pair.Meta, "is the data device of a volume, expected its metadata device")
	case data.IsMeta():
		return wrong(pair.Data, "is the metadata device of a volume, expected its data device")
	case data.Hdr.FSID != meta.Hdr.FSID:
		return wrong(pair.Data, "has fsid %016x, expected %016x", data.Hdr.FSID.Get(), meta.Hdr.FSID.Get())
	case data.UUID != meta.UUID:
		return wrong(pair.Data, "has uuid %s, expected %s", data.UUIDString(), meta.UUIDString())
	case data.FmtVers != meta.FmtVers:
		return wrong(pair.Data, "has format version %d, expected %d", data.FmtVers.Get(), meta.FmtVers.Get())
	}
	for _, d := range []struct {
		dev     device.Device
		blocks  uint64
		size    int64
		atLeast uint64
	}{
		{pair.Meta, meta.TotalMetaBlocks.Get(), format.LargeBlockSize, format.FirstMetaBlkno},
		{pair.Data, meta.TotalDataBlocks.Get(), format.SmallBlockSize, format.FirstDataBlkno},
	} {
		if have := uint64(d.dev.Size() / d.size); have < d.blocks || d.blocks < d.atLeast {
			return wrong(d.dev, "has %d blocks of %d KiB, expected the %d of the volume", have, d.size>>10, d.blocks)
		}
	}
	return nil
}

// checkLists reads the server's lists, so that no commit meets one that is
// damaged.
func checkLists(ctx context.Context, blocks *block.Reader, super *format.Super) error {
	for i := range super.ServerMetaAvail {
		for _, l := range []struct {
			name string
			head *format.AllocListHead
		}{
			{"avail", &super.ServerMetaAvail[i]},
			{"freed", &super.ServerMetaFreed[i]},
		} {
			for _, err := range alloc.ListChain(ctx, blocks, *l.head) {
				if err != nil {
					return fmt.Errorf("server_meta_%s[%d]: %w", l.name, i, err)
				}
			}
		}
	}
	return nil
}

// countBlocks returns how many blocks the tree with a root has. Leaves are not
// read.
func countBlocks(ctx context.Context, blocks *block.Reader, root format.Root) (int, error) {
	tree, n := btree.Tree{Reader: blocks, Root: root, Kind: format.TreeAlloc}, 0
	for _, err := range tree.Refs(ctx) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
