// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/progress"
)

// minMetaBlocks and minDataBlocks are what a device has at least that has
// anything on it: the first block after the static ones.
const (
	minMetaBlocks = format.FirstMetaBlkno + 1
	minDataBlocks = format.FirstDataBlkno
)

// Supers checks the supers of both devices, the quorum blocks, and what they
// say about the volume's size and use. It returns the metadata device's super;
// nil if nothing more can be checked, which has been reported then. The error
// is only ever that of the context.
func (c *Checker) Supers(ctx context.Context) (*format.Super, error) {
	c.opts.Progress.Phase("check supers", progress.Bytes, progress.Unknown)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	super, raw := c.metaSuper()
	if super == nil {
		return nil, nil //nolint:nilnil // the finding says why there is none
	}
	c.super = super
	data := c.dataSuper()
	if !super.IsMeta() {
		c.report(problem.MetaSuperFlag, inSuper("flags"), fmt.Sprintf("%#x", super.Flags.Get()), "the flag of a metadata device")
		if data != nil && data.IsMeta() || !c.anyQuorumBlock() {
			return nil, nil //nolint:nilnil // this is another device than it should be
		}
	}
	c.quorumBlocks()
	c.identity(data)
	c.superFields(raw)
	c.volumeOptions()
	c.quorumConfig()
	c.geometry()
	return super, ctx.Err()
}

// readSuper reads a device's super. The error is a [*format.HeaderError] if it
// is there and wrong.
func (c *Checker) readSuper(dev device.Device) (*format.Super, []byte, error) {
	raw, super, err := block.ReadSuper(dev)
	c.opts.Progress.Add(int64(len(raw)))
	if super == nil {
		return nil, nil, err
	}
	if _, ok := errors.AsType[*format.HeaderError](err); ok {
		return super, raw, err
	}
	return super, raw, nil // the version is looked at elsewhere
}

// metaSuper returns the super with which the check can go on, if it can.
func (c *Checker) metaSuper() (*format.Super, []byte) {
	super, raw, err := c.readSuper(c.opts.Meta)
	if super == nil {
		c.report(problem.MetaSuperUnreadable, inSuper(""), err.Error(), "")
		return nil, nil
	}
	if found := super.Hdr.Magic.Get(); found != format.MagicSuper {
		c.report(problem.MetaSuperMagic, inSuper("magic"), fmt.Sprintf("%08x", found), fmt.Sprintf("%08x", format.MagicSuper))
		return nil, nil
	}
	if header, ok := errors.AsType[*format.HeaderError](err); ok {
		number := problem.MetaSuperCRC
		if header.Part == format.HeaderBlkno {
			number = problem.MetaSuperBlkno
		}
		c.report(number, inSuper(header.Part.String()), header.Err.Found, header.Err.Expected)
	}
	if !super.VersionSupported() {
		c.report(problem.FormatVersion, inSuper("fmt_vers"), fmt.Sprint(super.FmtVers.Get()),
			fmt.Sprintf("%d to %d", format.MinVersion, format.MaxVersion))
		return nil, nil
	}
	return super, raw
}

// superFields checks the fields of the metadata device's super that stand for
// themselves.
func (c *Checker) superFields(raw []byte) {
	s := c.super
	if unknown := s.Flags.Get() &^ format.SuperFlagMeta; unknown != 0 {
		c.report(problem.SuperFlagsUnknown, inSuper("flags"), fmt.Sprintf("%#x", unknown), "no unknown flags")
	}
	if s.ID.Get() != 0 {
		c.report(problem.SuperUnused, inSuper("id"), fmt.Sprint(s.ID.Get()), "0")
	}
	if off, ok := firstNonzero(raw[format.SuperUsedBytes:]); ok {
		c.report(problem.SuperUnused, inSuper(""), fmt.Sprintf("%#x at byte %d", raw[format.SuperUsedBytes+off], format.SuperUsedBytes+off), "zero")
	}
}

func firstNonzero(b []byte) (off int, ok bool) {
	for i, v := range b {
		if v != 0 {
			return i, true
		}
	}
	return 0, false
}

// volumeOptions checks the options that are set and those that are not.
func (c *Checker) volumeOptions() {
	opt := &c.super.Volopt
	bits, zone := opt.SetBits.Get(), opt.DataAllocZoneBlocks.Get()
	if unknown := bits &^ format.VolumeOptDataAllocZoneBlocks; unknown != 0 {
		c.report(problem.VolumeOptionUnknown, inSuper("volopt.set_bits"), fmt.Sprintf("%#x", unknown), "no unknown options")
	}
	if bits&format.VolumeOptDataAllocZoneBlocks == 0 {
		if zone != 0 {
			c.report(problem.VolumeOptionUnset, inSuper("volopt.data_alloc_zone_blocks"), fmt.Sprint(zone), "0 as it is not set")
		}
	} else if err := format.CheckDataAllocZoneBlocks(zone, c.super.TotalDataBlocks.Get()); err != nil {
		c.report(problem.VolumeOptionZoneBlocks, inSuper("volopt.data_alloc_zone_blocks"), err.Error(), "")
	}
	for i := range opt.Future {
		// Those of unknown options that are set have been reported with them.
		if v := opt.Future[i].Get(); v != 0 && bits>>(i+1)&1 == 0 {
			c.report(problem.VolumeOptionUnset, inSuper(fmt.Sprintf("volopt.future[%d]", i)), fmt.Sprint(v), "0 as it is not set")
		}
	}
}

// geometry compares the sizes in the super with those of the devices.
func (c *Checker) geometry() {
	s := c.super
	c.metaBlocks = uint64(max(c.opts.Meta.Size(), 0)) >> format.LargeBlockShift
	if found := s.TotalMetaBlocks.Get(); found > c.metaBlocks || found < minMetaBlocks {
		c.report(problem.TotalMetaBlocks, inSuper("total_meta_blocks"), fmt.Sprint(found),
			fmt.Sprintf("%d to the %d of the device", minMetaBlocks, c.metaBlocks))
		c.sizes.metaWrong = true
	}
	expected := fmt.Sprintf("at least %d", minDataBlocks)
	c.dataBlocks = format.MaxSmallBlkno + 1
	if c.opts.Data != nil {
		c.dataBlocks = uint64(max(c.opts.Data.Size(), 0)) >> format.SmallBlockShift
		expected = fmt.Sprintf("%d to the %d of the device", minDataBlocks, c.dataBlocks)
	}
	found := s.TotalDataBlocks.Get()
	if found > c.dataBlocks || found < minDataBlocks {
		c.report(problem.TotalDataBlocks, inSuper("total_data_blocks"), fmt.Sprint(found), expected)
		c.sizes.dataWrong = true
	} else if c.opts.Data == nil {
		c.dataBlocks = found
	}
}
