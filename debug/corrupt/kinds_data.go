// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// onExtent makes a damage of a change to an extent of a file.
func onExtent(match func(*format.DataExtent) bool, change func(*operation, surgery.Item, *format.DataExtent) error) func(*operation) error {
	return func(op *operation) error {
		it, err := op.fsItem(format.KindDataExtent, func(it surgery.Item) bool {
			e, err := format.ViewExact[format.DataExtent](it.Value)
			return err == nil && match(e)
		})
		if err != nil {
			return err
		}
		e, err := view[format.DataExtent](op, it)
		if err != nil {
			return err
		}
		return change(op, it, e)
	}
}

func isWritten(e *format.DataExtent) bool { return e.Blkno.Get() != 0 && e.Flags == 0 }

func hasBlocks(e *format.DataExtent) bool { return e.Blkno.Get() != 0 }

func isReleased(e *format.DataExtent) bool {
	return e.Blkno.Get() == 0 && e.Flags == format.ExtentOffline
}

// addOffline adds an extent without blocks to a file.
func (op *operation) addOffline(k format.Key) error {
	e := format.DataExtent{Flags: format.ExtentOffline}
	return op.put(k, format.Bytes(&e))
}

func extentKinds() []Kind {
	const (
		extent = "extent of a file"
		blocks = "extent of a file with blocks"
		file   = "regular file"
	)
	return []Kind{
		{
			Name: "extent-flags", Problem: problem.ExtentState, Needs: blocks,
			Does: "Sets a flag of a file's extent that does not exist.",
			apply: onExtent(hasBlocks, func(op *operation, _ surgery.Item, e *format.DataExtent) error {
				e.Flags |= 4 << op.pick(6)
				return nil
			}),
		},
		{
			Name: "extent-offline-written", Problem: problem.ExtentState, Needs: "written extent of a file",
			Does: "Marks an extent as released whose blocks are written.",
			apply: onExtent(isWritten, func(_ *operation, _ surgery.Item, e *format.DataExtent) error {
				e.Flags = format.ExtentOffline
				return nil
			}),
		},
		{
			Name: "extent-nothing", Problem: problem.ExtentState, Needs: "released extent of a file",
			Does: "Clears the state of an extent without blocks.",
			apply: onExtent(isReleased, func(op *operation, it surgery.Item, e *format.DataExtent) error {
				in, _, err := op.inode(it.Key.First)
				if err == nil {
					e.Flags = 0
					in.OfflineBlocks.Set(in.OfflineBlocks.Get() - it.Key.Third)
				}
				return err
			}),
		},
		{
			Name: "extent-overlap", Problem: problem.ExtentOverlap, Needs: extent,
			Does: "Adds an extent to a file that covers part of another.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindDataExtent, anyItem, func(it surgery.Item) error {
					e := it.Key.DataExtent()
					if e.Len < 2 {
						return errNone
					}
					in, _, err := op.inode(it.Key.First)
					if err != nil {
						return err
					}
					in.OfflineBlocks.Set(in.OfflineBlocks.Get() + 1)
					return op.addOffline(format.DataExtentKey(it.Key.First, format.Extent{Start: e.Start + op.rng.Uint64N(e.Len), Len: 1}))
				})
			},
		},
		{
			Name: "extent-empty", Problem: problem.ExtentKey, Needs: file,
			Does: "Adds an extent without length to a file.",
			apply: func(op *operation) error {
				_, it, err := op.someInode(is(format.ModeRegular))
				if err != nil {
					return err
				}
				k := format.DataExtentKey(it.Key.First, format.Extent{Start: 1 << 40, Len: 1})
				k.Third = 0
				return op.addOffline(k)
			},
		},
		{
			Name: "extent-wrap", Problem: problem.ExtentKey, Needs: file,
			Does: "Adds an extent to a file that is longer than its end allows.",
			apply: func(op *operation) error {
				return op.eachFS(format.KindInode, anyItem, func(it surgery.Item) error {
					in, _, err := format.ViewInode(it.Value)
					if err != nil || !is(format.ModeRegular)(it.Key.First, in) {
						return firstError(err, errNone)
					}
					k := format.DataExtentKey(it.Key.First, format.Extent{Start: 1 << 40, Len: 1})
					k.Third = k.Second + 1 + op.some()
					return op.addOffline(k)
				})
			},
		},
		{
			Name: "extent-beyond", Problem: problem.ExtentRange, Needs: blocks,
			Does: "Makes an extent of a file lead beyond the end of the data device, and frees its blocks.",
			apply: onExtent(hasBlocks, func(op *operation, it surgery.Item, e *format.DataExtent) error {
				old := format.Extent{Start: e.Blkno.Get(), Len: it.Key.Third}
				e.Blkno.Set(op.super.TotalDataBlocks.Get() + op.some())
				return op.freeData(old)
			}),
		},
		{
			Name: "extent-static", Problem: problem.ExtentRange, Needs: blocks,
			Does: "Makes an extent of a file lead in front of the first block for data, and frees its blocks.",
			apply: onExtent(hasBlocks, func(op *operation, it surgery.Item, e *format.DataExtent) error {
				old := format.Extent{Start: e.Blkno.Get(), Len: it.Key.Third}
				e.Blkno.Set(1 + uint64(op.pick(format.FirstDataBlkno-1)))
				return op.freeData(old)
			}),
		},
		{
			Name: "extent-past-end", Problem: problem.ExtentPastEnd, Needs: "written extent of a file",
			Does: "Makes a file shorter than its written blocks.",
			apply: func(op *operation) error {
				written := func(it surgery.Item) bool {
					e, err := format.ViewExact[format.DataExtent](it.Value)
					return err == nil && isWritten(e)
				}
				return op.eachFS(format.KindDataExtent, written, func(it surgery.Item) error {
					in, _, err := op.inode(it.Key.First)
					if err != nil || in.Nlink.Get() == 0 {
						return firstError(err, errNone)
					}
					in.Size.Set(it.Key.DataExtent().Start * format.SmallBlockSize)
					return nil
				})
			},
		},
	}
}
