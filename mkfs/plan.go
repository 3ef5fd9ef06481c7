// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs

import (
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// The least blocks that a volume can be laid out in: on the metadata device
// one block in each half of the free space, on the data device one block
// after the part that is never allocated.
const (
	minMetaBlocks = format.MinMetaBlocksMkfs
	minDataBlocks = format.FirstDataBlkno + 1
)

// Plan is a volume that can be made. It is immutable, and safe for
// concurrent use.
type Plan struct {
	Options // with the defaults filled in

	Meta, Data Use // of the two devices

	MetaBlocks    uint64 // 64 KiB blocks, those that are never allocated included
	DataBlocks    uint64 // 4 KiB blocks, likewise
	QuorumVersion uint64 // of the table of slots
}

// NewPlan plans a volume on devices of the given sizes in bytes. Everything
// that cannot work is refused here, with a [*RefusedError].
func NewPlan(opts Options, metaSize, dataSize uint64) (*Plan, error) {
	p := &Plan{
		Options:       opts,
		Meta:          MetaUse(metaSize, opts.MaxMetaSize),
		Data:          DataUse(dataSize, opts.MaxDataSize),
		QuorumVersion: 1,
	}
	if p.FormatVersion == 0 {
		p.FormatVersion = format.MaxVersion
	}
	p.MetaBlocks = p.Meta.Used >> format.LargeBlockShift
	p.DataBlocks = p.Data.Used >> format.SmallBlockShift

	for _, check := range []func() error{p.checkOptions, p.checkSizes, p.checkZones} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Plan) checkOptions() error {
	if p.FSID == 0 {
		return refuse("the fsid must not be 0")
	}
	if p.FormatVersion < format.MinVersion || p.FormatVersion > format.MaxVersion {
		return refuse("format version %d is outside the supported range %d-%d", p.FormatVersion, format.MinVersion, format.MaxVersion)
	}
	if err := p.Slots.Check(); err != nil {
		return refuse("%w", err)
	}
	return nil
}

func (p *Plan) checkSizes() error {
	for _, dev := range []struct {
		name      string
		use       Use
		asked     uint64
		unit      uint64
		minBlocks uint64
	}{
		{"metadata", p.Meta, p.MaxMetaSize, format.LargeBlockSize, minMetaBlocks},
		{"data", p.Data, p.MaxDataSize, format.SmallBlockSize, minDataBlocks},
	} {
		if dev.asked != 0 && dev.use.Limit == 0 {
			return refuse("a limit of %d bytes leaves no block of the %s device", dev.asked, dev.name)
		}
		if dev.use.Small() && !p.AllowSmall {
			return refuse("%d bytes of the %s device are less than the minimum of %d", dev.use.Used, dev.name, int64(format.MinDeviceSize))
		}
		if blocks := dev.use.Used / dev.unit; blocks < dev.minBlocks {
			return refuse("%d blocks of %d bytes on the %s device are too few for a volume, which needs %d (%d bytes)",
				blocks, dev.unit, dev.name, dev.minBlocks, dev.minBlocks*dev.unit)
		}
	}
	return nil
}

// checkZones words its refusals as upstream's tool does
// (utils/src/mkfs.c:invalid_data_alloc_zone_blocks).
func (p *Plan) checkZones() error {
	zone := p.DataAllocZoneBlocks
	fewest := p.DataBlocks / format.DataZones
	var problem string
	switch {
	case zone == 0:
		return nil
	case zone < format.MinDataZoneBlocks:
		problem = fmt.Sprintf("at least %d mount data allocation target blocks", format.MinDataZoneBlocks)
	case zone < fewest:
		problem = fmt.Sprintf("greater than %d blocks which results in max %d zones", fewest, format.DataZones)
	case zone > p.DataBlocks:
		problem = fmt.Sprintf("at most %d total data device blocks", p.DataBlocks)
	default:
		return nil
	}
	return refuse("setting data_alloc_zone_blocks to '%d' failed, must be %s", zone, problem)
}

// RefusedError is a volume that mkfs will not make. Nothing was written.
// errors.Is(err, syscall.EINVAL) holds.
type RefusedError struct{ cause error }

// Error is the reason, with the numbers that were found and expected.
func (e *RefusedError) Error() string { return e.cause.Error() }

// Unwrap returns the reason, and EINVAL.
func (e *RefusedError) Unwrap() []error { return []error{e.cause, syscall.EINVAL} }

func refuse(text string, args ...any) error { return &RefusedError{fmt.Errorf(text, args...)} }
