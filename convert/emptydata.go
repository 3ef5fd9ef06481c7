// SPDX-License-Identifier: GPL-2.0-or-later

package convert

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"scoutfs/engine/device"
	"scoutfs/engine/device/signature"
	"scoutfs/engine/format"
)

// CheckEmptyData reports whether PrepareEmptyData would write a data super.
// It only reads. Without a pair.Data it looks at the volume alone.
func CheckEmptyData(ctx context.Context, pair device.Pair, force bool) (Volume, error) {
	s, err := checkEmptyData(ctx, pair, force)
	if err != nil {
		return Volume{}, err
	}
	return s.volume(), nil
}

// PrepareEmptyData writes a data super for the volume of pair.Meta on
// pair.Data. The volume must have been cleanly unmounted and no file may have
// a block; the device must be large enough, and hold nothing or a data super
// of the same volume, or be forced.
//
// Refusals come before the write, in this order: *SuperError,
// *WrongDeviceError, *VersionError, *InUseError, *DataUsedError,
// *TooSmallError, *ExistingError or the error that kept it from looking.
func PrepareEmptyData(ctx context.Context, pair device.Pair, force bool) (Volume, error) {
	meta, err := checkEmptyData(ctx, pair, force)
	if err != nil {
		return Volume{}, err
	}
	data, err := newDataSuper(meta)
	if err != nil {
		return Volume{}, err
	}
	if err := data.write(ctx, pair.Data); err != nil {
		return Volume{}, err
	}
	return meta.volume(), nil
}

func checkEmptyData(ctx context.Context, pair device.Pair, force bool) (super, error) {
	s, err := readMetaSuper(pair.Meta)
	if err != nil {
		return super{}, err
	}
	if err := checkUnused(ctx, pair.Meta, s); err != nil {
		return super{}, err
	}
	if err := checkNoData(s); err != nil || pair.Data == nil {
		return s, err
	}
	size, needed := uint64(pair.Data.Size()), s.TotalDataBlocks.Get()
	if blocks := size >> format.SmallBlockShift; blocks < needed {
		return super{}, &TooSmallError{Device: pair.Data.Name(), Size: size, Blocks: blocks, Needed: needed}
	}
	if force {
		return s, nil
	}
	return s, checkOverwritable(pair.Data, s.Hdr.FSID.Get())
}

// checkNoData compares the free data blocks with all there are. What mounts
// hold in their log trees counts as used, which errs on the safe side.
func checkNoData(s super) error {
	total, free := s.TotalDataBlocks.Get(), s.DataAlloc.TotalLen.Get()
	if total < format.FirstDataBlkno || free > total-format.FirstDataBlkno {
		return &format.CorruptError{
			Structure: "super block",
			Place:     fmt.Sprintf("blkno %d", format.SuperBlkno),
			Field:     "data_alloc.total_len",
			Found:     strconv.FormatUint(free, 10),
			Expected:  fmt.Sprintf("at most total_data_blocks %d less %d", total, format.FirstDataBlkno),
		}
	}
	if used := total - format.FirstDataBlkno - free; used != 0 {
		return &DataUsedError{used}
	}
	return nil
}

// checkOverwritable looks for what a new data super would destroy.
func checkOverwritable(data device.Device, fsid uint64) error {
	found, err := signature.Probe(data, data.Size())
	if err != nil {
		return err
	}
	block := make([]byte, format.SmallBlockSize)
	if _, err := data.ReadAt(block, superOffset); err != nil {
		return err
	}
	if isDataSuperOf(block, fsid) {
		found = slices.DeleteFunc(found, func(f signature.Found) bool {
			return f.Type == "scoutfs_data"
		})
	}
	if len(found) > 0 {
		return &ExistingError{Device: data.Name(), Found: found}
	}
	return nil
}

// isDataSuperOf does not look at the checksum: a data super that was torn
// when it was written may be written again.
func isDataSuperOf(block []byte, fsid uint64) bool {
	s, err := format.View[format.Super](block)
	return err == nil && s.Hdr.Magic.Get() == format.MagicSuper && s.Hdr.FSID.Get() == fsid && !s.IsMeta()
}

// newDataSuper makes a super with all that identifies the volume, and zeros
// elsewhere (utils/src/prepare_empty_data_device.c).
func newDataSuper(meta super) (super, error) {
	block := make([]byte, format.SmallBlockSize)
	view, err := format.View[format.Super](block)
	if err != nil {
		return super{}, err
	}
	data := super{view, block}
	data.Hdr.Magic.Set(format.MagicSuper)
	data.Hdr.FSID = meta.Hdr.FSID
	data.Hdr.Blkno.Set(format.SuperBlkno)
	data.ID = meta.ID
	data.FmtVers = meta.FmtVers
	data.Flags.Set(meta.Flags.Get() &^ format.SuperFlagMeta)
	data.UUID = meta.UUID
	data.Seq = meta.Seq
	data.TotalMetaBlocks = meta.TotalMetaBlocks
	data.TotalDataBlocks = meta.TotalDataBlocks
	return data, nil
}
