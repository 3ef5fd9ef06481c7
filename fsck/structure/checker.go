// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"sync/atomic"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
	"scoutfs/progress"
)

// Options say what a Checker checks.
type Options struct {
	Meta device.Device
	// Data may be nil: then what only it can tell is left out.
	Data device.Device
	// Report takes the findings. It may be called from many goroutines.
	Report problem.Reporter
	// Progress may be nil. Blocks are counted as bytes, in phases of the
	// names of the steps.
	Progress progress.Sink
	// CacheBytes bounds the cache of blocks and Workers the goroutines that
	// read ahead, as in [block.Options].
	CacheBytes int64
	Workers    int
	// SearchEntries, if not nil, takes the entries of each leaf of the files
	// that a search visits (docs/format.md 8.5), in the order in which they
	// are encoded. The slice is good during the call only. It may be called
	// from many goroutines at once.
	SearchEntries func(entries []format.SrchEntry)
}

// Checker is one check of a volume's structure. Supers, Trees and Finish are
// called once each, in this order; Leaf after Trees, from any number of
// goroutines.
type Checker struct {
	opts  Options
	super *format.Super
	// fsid is what all blocks should carry: the super's unless that is wrong.
	fsid   uint64
	slots  [format.QuorumSlots]*format.QuorumBlock // those that are sound
	others others
	// metaBlocks and dataBlocks are what the devices have room for.
	metaBlocks, dataBlocks uint64
	sizes                  sizes

	reader *block.Reader
	result *Result
	ledger *ledger
	leaves leaves
	seqs   seqs
	// lost says that blocks may belong to something that could not be read.
	lost atomic.Bool
}

// sizes is what is known about the numbers of blocks in the super.
type sizes struct {
	metaWrong, dataWrong bool   // more than the device has, or next to nothing
	metaEnd, dataEnd     uint64 // behind the last block that something refers to
}

// New returns a Checker. It does no I/O.
func New(opts Options) *Checker {
	opts.Progress = progress.OrDiscard(opts.Progress)
	return &Checker{opts: opts}
}

func (c *Checker) report(n problem.Number, place problem.Place, found, expected string) {
	c.opts.Report(problem.Finding{Number: n, Place: place, Found: found, Expected: expected})
}

// TreeID tells apart the trees that hold filesystem items: fs_root is the zero
// TreeID, and a log tree has the mount and the generation of its record.
type TreeID struct{ RID, Nr uint64 }
