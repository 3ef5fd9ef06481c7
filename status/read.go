// SPDX-License-Identifier: GPL-2.0-or-later

package status

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// maxAttempts is how often a volume that is being written is looked at anew.
const maxAttempts = 10

// ReadOptions say what to look at besides what is at hand.
type ReadOptions struct {
	// Orphans counts the inodes that wait for their deletion, which takes
	// reading the index of them.
	Orphans bool
}

// Read describes the volume on two devices; Data may be nil. It is an error
// only if there is no super to begin with, or if a device fails.
func Read(ctx context.Context, pair device.Pair, opts ReadOptions) (*Status, error) {
	var seen uint64 // super's sequence number of the last attempt
	for attempt := 1; ; attempt++ {
		r := &reader{ctx: ctx, pair: pair, opts: opts, status: newStatus()}
		if err := r.read(); err != nil {
			return nil, err
		}
		// Blocks that were overwritten meanwhile are damage only if the super
		// has not moved on.
		seq := r.super.Hdr.Seq.Get()
		if !r.stale || attempt > 1 && seq == seen || attempt == maxAttempts {
			r.status.Hints = hints(r.status)
			return r.status, nil
		}
		seen = seq
	}
}

func newStatus() *Status { return &Status{Damage: []Damage{}, Hints: []Hint{}, Devices: []Device{}} }

// reader is one look at a volume.
type reader struct {
	ctx    context.Context
	pair   device.Pair
	opts   ReadOptions
	super  *format.Super
	blocks *block.Reader
	status *Status
	stale  bool // a block was not the one that was referred to
}

func (r *reader) read() error {
	if err := r.readSuper(); err != nil {
		return err
	}
	r.blocks = block.NewReader(r.pair.Meta, block.Options{
		FSID:        r.super.Hdr.FSID.Get(),
		TotalBlocks: r.super.TotalMetaBlocks.Get(),
	})
	defer r.blocks.Wait()
	r.devices()
	r.options()
	r.mounts()
	r.quorum()
	r.merge()
	r.logTrees()
	r.search()
	r.space()
	r.inodes()
	r.snapshot()
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	return nil
}

// readSuper reads the metadata super. One that is damaged is used all the
// same if it is a super at all: what it leads to verifies itself.
func (r *reader) readSuper() error {
	_, super, err := block.ReadSuper(r.pair.Meta)
	if super == nil {
		return err
	}
	if err != nil {
		if super.Hdr.Magic.Get() != format.MagicSuper {
			return fmt.Errorf("%s holds no volume: %w", r.pair.Meta.Name(), err)
		}
		r.damage(SectionVolume, fmt.Errorf("metadata device %s: %w", r.pair.Meta.Name(), err))
	}
	r.super = super
	seq, commits := super.Seq.Get(), super.Hdr.Seq.Get()
	r.status.Volume = Volume{
		FSID:          ID(super.Hdr.FSID.Get()),
		UUID:          super.UUIDString(),
		FormatVersion: super.FmtVers.Get(),
		Seq:           &seq,
		Commits:       &commits,
	}
	return nil
}

// damage notes that a part could not be read.
func (r *reader) damage(section string, err error) {
	r.stale = r.stale || errors.Is(err, block.ErrStale)
	r.status.damage(section, err)
}

func (s *Status) damage(section string, err error) {
	if len(s.Damage) < MaxListed {
		s.Damage = append(s.Damage, Damage{section, err.Error(), err})
	}
}

func (r *reader) tree(kind format.Tree, root format.Root) *btree.Tree {
	return &btree.Tree{Reader: r.blocks, Root: root, Kind: kind}
}

// eachItem calls use with the items of a range of a tree whose values are of
// a kind. Others are damage.
func eachItem[T any](r *reader, section string, tree *btree.Tree, within format.Range, use func(format.Key, *T)) {
	for it, err := range tree.Items(r.ctx, within) {
		if err != nil {
			r.damage(section, err)
			return
		}
		v, err := format.ViewExact[T](it.Value)
		if err != nil {
			r.damage(section, fmt.Errorf("%s item %v: %w", format.KindOf(it.Key), it.Key, err))
			continue
		}
		use(it.Key, v)
	}
}

// devices describes the devices by what their supers say. What does not fit
// together is for the hints.
func (r *reader) devices() {
	r.status.Devices = append(r.status.Devices,
		describe(RoleMeta, r.pair.Meta, r.super, format.LargeBlockSize, r.super.TotalMetaBlocks.Get()))
	if r.pair.Data == nil {
		return
	}
	_, super, err := block.ReadSuper(r.pair.Data)
	if err != nil {
		r.damage(SectionDevices, fmt.Errorf("data device %s: %w", r.pair.Data.Name(), err))
	}
	if super != nil && super.Hdr.Magic.Get() == format.MagicSuper {
		r.status.Devices = append(r.status.Devices,
			describe(RoleData, r.pair.Data, super, format.SmallBlockSize, r.super.TotalDataBlocks.Get()))
	}
}

func describe(role string, dev device.Device, super *format.Super, blockSize, blocks uint64) Device {
	d := Device{
		Role:          role,
		Holds:         RoleData,
		Name:          dev.Name(),
		Bytes:         uint64(dev.Size()),
		BlockSize:     blockSize,
		Blocks:        blocks,
		FSID:          ID(super.Hdr.FSID.Get()),
		UUID:          super.UUIDString(),
		FormatVersion: super.FmtVers.Get(),
	}
	if super.IsMeta() {
		d.Holds = RoleMeta
	}
	return d
}

// options describes what the super says of options.
func (r *reader) options() {
	o := &Options{Features: features(r.super.FmtVers.Get())}
	set := r.super.Volopt.SetBits.Get()
	if set&format.VolumeOptDataAllocZoneBlocks != 0 {
		blocks := r.super.Volopt.DataAllocZoneBlocks.Get()
		o.setZones(blocks, r.super.TotalDataBlocks.Get())
	}
	o.UnknownBits = set &^ format.VolumeOptDataAllocZoneBlocks
	r.status.Options = o
}

func (o *Options) setZones(blocks, total uint64) {
	o.DataAllocZoneBlocks = &blocks
	if blocks > 0 {
		o.Zones = total/blocks + min(total%blocks, 1)
	}
}

// features names what a format version has and the one before it has not.
func features(version uint64) []string {
	if version < 2 {
		return []string{}
	}
	return []string{"indx_xattrs", "project_ids", "quota_rules", "retention"}
}

// snapshot answers what takes the view of all trees together.
func (r *reader) snapshot() {
	snapshot, err := forest.Load(r.ctx, r.blocks, r.super)
	if err != nil {
		return // the sections of the trees have it
	}
	f := fs.New(snapshot, nil)
	seq, err := f.CommittedSeq(r.ctx)
	if err != nil {
		return // as above, of the mounts
	}
	r.status.Volume.CommittedSeq = &seq
	if r.opts.Orphans && r.status.Inodes != nil {
		r.orphans(f)
	}
}
