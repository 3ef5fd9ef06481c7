// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"
	"syscall"

	"scoutfs/engine/format"
)

// Resize makes the volume use more of its devices: meta is the number of 64 KiB
// blocks of the metadata device, data that of 4 KiB blocks of the data device,
// and 0 leaves a number as it is. The new blocks become free in one commit,
// which has nothing to do with a transaction that may be open.
// The error is EINVAL, and nothing changes, if a number is less than it is, or
// more than the device has (kmod/src/server.c: scoutfs_server_resize_devices).
// Unlike upstream it is also EINVAL if the volume's data_alloc_zone_blocks were
// too small for so many blocks.
func (s *Server) Resize(ctx context.Context, meta, data uint64) error {
	return s.commitApart(ctx, func(_ context.Context, c *Commit) error {
		newMeta, err := growth("metadata", c.Super.TotalMetaBlocks.Get(), meta, uint64(s.pair.Meta.Size()>>format.LargeBlockShift))
		if err != nil {
			return err
		}
		newData, err := growth("data", c.Super.TotalDataBlocks.Get(), data, uint64(s.pair.Data.Size()>>format.SmallBlockShift))
		if err != nil {
			return err
		}
		if newMeta.Len > 0 {
			c.Super.TotalMetaBlocks.Set(meta)
			c.FreeMeta(newMeta)
		}
		if newData.Len > 0 {
			c.Super.TotalDataBlocks.Set(data)
			c.grown = newData
			if zone := c.Super.Volopt.DataAllocZoneBlocks.Get(); c.Super.Volopt.SetBits.Get()&format.VolumeOptDataAllocZoneBlocks != 0 {
				if err := format.CheckDataAllocZoneBlocks(zone, data); err != nil {
					return fmt.Errorf("%w: clear or raise the option first: %w", err, syscall.EINVAL)
				}
			}
		}
		return nil
	})
}

// growth returns the blocks that a device gets.
func growth(device string, total, asked, has uint64) (format.Extent, error) {
	switch {
	case asked == 0 || asked == total:
		return format.Extent{}, nil
	case asked < total:
		return format.Extent{}, fmt.Errorf("%d blocks of the %s device are fewer than the %d it has: %w", asked, device, total, syscall.EINVAL)
	case asked > has:
		return format.Extent{}, fmt.Errorf("%d blocks of the %s device are more than the %d that it has room for: %w", asked, device, has, syscall.EINVAL)
	}
	return format.Extent{Start: total, Len: asked - total}, nil
}

// SetDataAllocZoneBlocks sets the volume option, or clears it with 0, in a
// commit of its own. The error is EINVAL, and nothing changes, if zones of so
// many blocks do not fit the data device (docs/format.md 6.4).
func (s *Server) SetDataAllocZoneBlocks(ctx context.Context, blocks uint64) error {
	return s.commitApart(ctx, func(_ context.Context, c *Commit) error {
		opt := &c.Super.Volopt
		bits := opt.SetBits.Get() &^ format.VolumeOptDataAllocZoneBlocks
		if blocks != 0 {
			if err := format.CheckDataAllocZoneBlocks(blocks, c.Super.TotalDataBlocks.Get()); err != nil {
				return fmt.Errorf("%w: %w", err, syscall.EINVAL)
			}
			bits |= format.VolumeOptDataAllocZoneBlocks
		}
		opt.SetBits.Set(bits)
		opt.DataAllocZoneBlocks.Set(blocks)
		return nil
	})
}
