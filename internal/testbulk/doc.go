// SPDX-License-Identifier: GPL-2.0-or-later

// Package testbulk lays out big sound volumes, for tests and measurements
// that would take a kernel hours to prepare: a million files in seconds.
//
// Nothing is written through a file system. Every item of the volume follows
// from a seed and the number of its file alone, so that each tree is made by
// one walk in key order that builds its blocks bottom-up, and memory does
// not grow with the number of files but for a few bytes for each directory
// and each free extent. The same options make the same volume.
//
// What is in it is what a mount leaves that was in use for a while and was
// unmounted cleanly: directories of very different sizes, files of all types
// with holes, preallocated, released and partly staged extents, hard links,
// extended attributes with all tags, access control lists, quota rules,
// orphans, both indexes, sorted and unsorted search files, fragmented free
// space, and finalized log trees whose items override those of fs_root
// ([Options.LogTrees]). Blocks are not full, and neither the slots in a block
// nor, with [Options.Scatter], the blocks on the device are in key order.
// The blocks of files are accounted for and never written.
package testbulk

import (
	"context"
	"fmt"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/mkfs"
)

// Options say what volume to make.
type Options struct {
	// Files is the number of files that are no directories, from 0 on.
	// Directories are added to them, about one for 60.
	Files uint64
	// Seed tells volumes of the same options apart.
	Seed uint64
	// Scatter places metadata blocks in random order, as on a volume that
	// has been changing for years, and not in the order of their keys.
	Scatter bool
	// LogTrees is how many finalized log trees wait to be merged. At most
	// MaxLogTrees.
	LogTrees int
	// LogShare is how many files of 1024 have changes in log trees; 0 stands
	// for 20.
	LogShare int
	// HugeDirectory is how many files one of the directories has; 0 stands
	// for 100,000 or an eighth of all, whichever is less.
	HugeDirectory uint64
}

// MaxLogTrees bounds Options.LogTrees.
const MaxLogTrees = 16

// Sizes returns how large the devices for a volume have to be, in bytes.
// Most of them stays unwritten.
func Sizes(o Options) (meta, data int64) {
	return int64(metaBlocks(o.Files)) << format.LargeBlockShift, int64(dataBlocks(o.Files)) << format.SmallBlockShift
}

// metaBlocks leaves what the next mount wants to have in reserve.
func metaBlocks(files uint64) uint64 { return 1<<17 + files/12 }

// dataBlocks is two regions, see regions.
func dataBlocks(files uint64) uint64 { return format.FirstDataBlkno + 2*regionBlocks(files) }

func regionBlocks(files uint64) uint64 { return 1<<23 + files*160 }

// Write makes a volume on two devices of the sizes that Sizes returns.
func Write(ctx context.Context, pair device.Pair, o Options) error {
	if o.LogTrees < 0 || o.LogTrees > MaxLogTrees {
		return fmt.Errorf("%d log trees, expected at most %d", o.LogTrees, MaxLogTrees)
	}
	if o.LogShare == 0 {
		o.LogShare = 20
	}
	if o.LogTrees == 0 {
		o.LogShare = 0
	}
	v, err := newVolume(ctx, pair, o)
	if err != nil {
		return err
	}
	defer v.blocks.close()
	for _, step := range []func() error{v.sums, v.fsRoot, v.logTrees, v.srchFiles, v.dataSpace, v.metaSpace, v.blocks.wait, v.writeSuper} {
		if err := step(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// volume is a volume that is being made.
type volume struct {
	*model
	pair   device.Pair
	plan   *mkfs.Plan
	blocks *blockWriter
	super  *format.Super

	// By log tree, with fs_root before the first.
	totals [][totals]format.XattrTotal
	inodes []int64
	logs   []logTree

	free    dataSpace
	extents []format.Extent // free ones of the data device, in order
}
