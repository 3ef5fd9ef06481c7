// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
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
}

// New returns a Checker. It does no I/O.
func New(opts Options) *Checker {
	opts.Progress = progress.OrDiscard(opts.Progress)
	return &Checker{opts: opts}
}

// TreeID tells apart the trees that hold filesystem items: fs_root is the zero
// TreeID, and a log tree has the mount and the generation of its record.
type TreeID struct{ RID, Nr uint64 }

// Supers checks the supers of both devices, the quorum blocks, and what they
// say about the volume's size and use. It returns the metadata device's super;
// nil if nothing more can be checked, which has been reported then. The error
// is only ever that of the context.
func (c *Checker) Supers(ctx context.Context) (*format.Super, error) { return c.super, ctx.Err() }

// Trees walks all trees and files. It is an error if Supers returned no super;
// otherwise the error is that of the context. Damage is no error.
func (c *Checker) Trees(ctx context.Context) (*Result, error) { return &Result{}, ctx.Err() }

// Result is what Trees found out about the volume, for the checks that build
// on it.
type Result struct {
	Super  *format.Super
	Reader *block.Reader
	// Snapshot is the merged view as far as it can be read: fs_root and the
	// log trees whose records could be.
	Snapshot *forest.Snapshot
	// Unknown are the keys of the merged view about which nothing can be
	// said. It grows as leaves turn out to be unusable.
	Unknown *Unknown
	// LogsUnknown says that the records of some log trees could not be read.
	// Their items and their part of the inode count are missing; all keys
	// are Unknown then.
	LogsUnknown bool
	// FreeDataUnknown says that some free extents of the data device could
	// not be read, so that blocks without an owner may be free.
	FreeDataUnknown bool
	// SearchUnknown says that some entries of search files could not be read.
	SearchUnknown bool
	// DataBlocks is the number of small blocks of the data device, all of
	// which from format.FirstDataBlkno on are owned once. It is the super's
	// unless that is wrong, which has been reported then.
	DataBlocks uint64
}

// FreeExtent is a free extent of the data device.
type FreeExtent struct {
	format.Extent
	// Tree is the log tree whose mount holds the extent; zero for the server.
	Tree TreeID
	// Field is the allocator: "data_alloc", "data_avail" or "data_freed".
	Field string
}

// FreeData yields the free extents of the data device, allocator by allocator.
// Extents that no device can have were reported before and are left out, as
// is what cannot be read; FreeDataUnknown tells. The error is that of the
// context. Each call reads the allocators anew, from the cache if they fit.
func (r *Result) FreeData(ctx context.Context) iter.Seq2[FreeExtent, error] {
	return func(func(FreeExtent, error) bool) {}
}

// Leaf checks a block of fs_root or of a log tree that a reader of the merged
// view has come to, with what at says about its place, and reports whether its
// items can be used. If it could not be read, err is why and at.Block nil.
//
// What is wrong with a leaf is reported by the first call. The keys of a leaf
// that cannot be used are Unknown when the call returns, as are those of single
// items that cannot be used in a leaf that can. Blocks above leaves are known
// from Trees: they are only looked up.
func (c *Checker) Leaf(tree TreeID, at btree.Block, err error) bool { return err == nil }

// SeqWrong reports whether the super's sequence number is behind so many that
// are in use that it is the one that is wrong. It is meaningful once all
// leaves were seen. Finish reports it.
func (c *Checker) SeqWrong() bool { return false }

// Account is how the metadata device's blocks are used, those before
// format.FirstMetaBlkno left out.
type Account struct {
	Total, Used, Free uint64
	// Leaked are neither used nor free; Known of them are those that
	// upstream is known to lose. Both are 0 if parts of the volume could not
	// be read.
	Leaked, Known uint64
}

// Finish reports what can be told once all leaves were seen: blocks with two
// owners or none, and sequence numbers. The error is that of the context.
func (c *Checker) Finish(ctx context.Context) (Account, error) { return Account{}, ctx.Err() }
