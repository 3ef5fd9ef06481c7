// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/mkfs"
)

// newVolume makes an empty volume, of which the data device's super and the
// quorum blocks stay.
func newVolume(ctx context.Context, pair device.Pair, o Options) (*volume, error) {
	v := &volume{model: newModel(o), pair: pair}
	var id uuid.UUID
	for i := range id {
		id[i] = byte(mix(v.seed, uint64(200+i)))
	}
	options := mkfs.Options{
		Identity:   mkfs.Identity{FSID: v.seed | 1, UUID: id, Created: time.Unix(1_700_000_000, 0)},
		AllowSmall: true,
	}
	options.Slots[0] = netip.MustParseAddrPort("127.0.0.1:53000")
	plan, err := mkfs.NewPlan(options, uint64(pair.Meta.Size()), uint64(pair.Data.Size()))
	if err != nil {
		return nil, err
	}
	if err := plan.Write(ctx, pair, mkfs.WriteOptions{}); err != nil {
		return nil, err
	}
	v.plan = plan
	block := make([]byte, format.SmallBlockSize)
	if _, err := pair.Meta.ReadAt(block, format.SuperBlkno<<format.SmallBlockShift); err != nil {
		return nil, err
	}
	super, err := format.View[format.Super](block)
	if err != nil {
		return nil, err
	}
	v.super = super
	v.blocks = newBlockWriter(pair.Meta, options.FSID, o, newPlacer(o, plan.MetaBlocks))
	return v, v.writeQuorum()
}

// writeSuper writes the super, which makes the volume.
func (v *volume) writeSuper() error {
	s := v.super
	s.Hdr.Seq.Set(v.endSeq())
	s.Seq.Set(v.endSeq() + 1 + v.trees)
	s.NextIno.Set(v.nextIno)
	s.InodeCount.Set(uint64(v.inodes[0]))
	return v.writeSmall(format.SuperBlkno, format.Bytes(s))
}

// writeQuorum makes slot 0 one that was elected and has stopped since.
func (v *volume) writeQuorum() error {
	var q format.QuorumBlock
	q.Hdr.Magic.Set(format.MagicQuorum)
	q.Hdr.FSID.Set(v.plan.FSID)
	q.Hdr.Seq.Set(1)
	q.Hdr.Blkno.Set(format.QuorumBlkno)
	for i := range q.Events {
		e := &q.Events[i]
		e.WriteNr.Set(uint64(i + 1))
		e.RID.Set(mix(v.seed, 100))
		if i != format.QuorumEventBegin {
			e.Term.Set(1)
		}
		e.TS.Set(time.Unix(int64(i), 0))
	}
	q.WriteNr.Set(uint64(len(q.Events)))
	return v.writeSmall(format.QuorumBlkno, format.Bytes(&q))
}

func (v *volume) writeSmall(blkno int64, content []byte) error {
	block := make([]byte, format.SmallBlockSize)
	copy(block, content)
	format.Seal(block)
	_, err := v.pair.Meta.WriteAt(block, blkno<<format.SmallBlockShift)
	return err
}
