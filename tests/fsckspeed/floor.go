// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// usedRuns returns the blocks of a metadata device that are not free, as runs
// of at most limit blocks.
func usedRuns(ctx context.Context, meta device.Device, limit uint64) ([]format.Extent, error) {
	_, super, err := block.ReadSuper(meta)
	if err != nil {
		return nil, err
	}
	total := super.TotalMetaBlocks.Get()
	free := make([]bool, total)
	mark := func(e format.Extent) {
		for blkno := e.Start; blkno < e.Start+e.Len; blkno++ {
			free[blkno] = true
		}
	}
	r := block.NewReader(meta, block.Options{FSID: super.Hdr.FSID.Get()})
	for i := range super.MetaAlloc {
		for e, err := range alloc.OpenExtents(r, &super.MetaAlloc[i]).All(ctx) {
			if err != nil {
				return nil, err
			}
			mark(e)
		}
		for _, head := range []format.AllocListHead{super.ServerMetaAvail[i], super.ServerMetaFreed[i]} {
			for blkno, err := range alloc.ListEntries(ctx, r, head) {
				if err != nil {
					return nil, err
				}
				mark(format.Extent{Start: blkno, Len: 1})
			}
		}
	}
	var runs []format.Extent
	for blkno := uint64(format.FirstMetaBlkno); blkno < total; blkno++ {
		if free[blkno] {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1].End()+1 == blkno && runs[n-1].Len < limit {
			runs[n-1].Len++
			continue
		}
		runs = append(runs, format.Extent{Start: blkno, Len: 1})
	}
	return runs, nil
}

// readRuns reads runs of blocks in order with several readers, and computes
// the checksum of each block.
func readRuns(dev device.Device, runs []format.Extent) error {
	var next, wrong atomic.Int64
	var group sync.WaitGroup
	var errs [readers]error
	for reader := range readers {
		group.Go(func() {
			longest := uint64(0)
			for _, e := range runs {
				longest = max(longest, e.Len)
			}
			buf := device.AlignedBuffer(int(longest) * format.LargeBlockSize)
			for i := next.Add(1) - 1; i < int64(len(runs)); i = next.Add(1) - 1 {
				part := buf[:runs[i].Len*format.LargeBlockSize]
				if _, err := dev.ReadAt(part, int64(runs[i].Start)<<format.LargeBlockShift); err != nil {
					errs[reader] = err
					return
				}
				for ; len(part) > 0; part = part[format.LargeBlockSize:] {
					hdr, err := format.View[format.BlockHeader](part)
					if err != nil || hdr.CRC.Get() != format.BlockCRC(part[:format.LargeBlockSize]) {
						wrong.Add(1)
					}
				}
			}
		})
	}
	group.Wait()
	if n := wrong.Load(); n > 0 {
		return fmt.Errorf("%d blocks have a wrong checksum", n)
	}
	return errors.Join(errs[:]...)
}
